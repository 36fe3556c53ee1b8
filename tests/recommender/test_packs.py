"""Knowledge packs: what goes in comes out, and what is damaged or foreign never does."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.domain.errors import DamagedInputError, UnknownFormatError
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.knowledge import PackFacts
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import EvidenceKind, ListName, RecommendationRequest
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.knowledge import Knowledge, place_knowledge
from harmonyhub.recommender.pack_learning import N_KEPT, learn_pack_neighbours
from harmonyhub.recommender.packs import FORMAT_VERSION, HEADER, MAGIC, Pack
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.training import train

NOW = 1_700_000_000
FACTS = PackFacts(
    name="open",
    version="1",
    licence="CC0-1.0",
    source="a dump",
    made_by="HarmonyHub",
    created_at=NOW,
    n_listeners=48,
    n_tracks=3,
    n_pairs=9,
    n_neighbours=2,
)


@pytest.fixture
def pack() -> Pack:
    """Give a pack of three tracks."""
    near = sparse.csr_matrix(np.array([[0, 1, 0], [0, 0, 0.5], [0, 0, 0]], dtype=np.float32))
    tracks = [
        TrackDescription(title="One", artists=("A", "B"), isrc="GBAYE0601498"),
        TrackDescription(title="Two", artists=("C",)),
        TrackDescription(title="Zwölf", artists=("Ç",), recording_mbid="0" * 8),
    ]
    return Pack(FACTS, tracks, near)


def test_a_pack_comes_back_as_it_was(pack: Pack) -> None:
    """Names, ids, origin, licence and neighbours; the same pack is the same bytes."""
    data = pack.to_bytes()
    back = Pack.from_bytes(data)
    assert (pack.facts, list(pack.tracks)) == (back.facts, list(back.tracks))
    np.testing.assert_array_equal(pack.neighbours.toarray(), back.neighbours.toarray())
    assert data == back.to_bytes()


def test_no_bit_may_be_wrong_and_no_byte_may_lack(pack: Pack) -> None:
    """A flipped bit anywhere, or a lost end, is an error that says what it is."""
    data = pack.to_bytes()
    for place in range(0, len(data), 97):
        hurt = bytearray(data)
        hurt[place] ^= 1
        with pytest.raises((DamagedInputError, UnknownFormatError)):
            Pack.from_bytes(bytes(hurt))
    for length in (HEADER.size, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedInputError, match="cut off"):
            Pack.from_bytes(data[:length])


def test_foreign_files_and_later_formats_are_named(pack: Pack, world: Any) -> None:
    """A serving index, a text and a pack of a later release are no packs."""
    for foreign in (b"", b"user,artist,track\n", world.index.to_bytes()):
        with pytest.raises(UnknownFormatError, match="no knowledge pack"):
            Pack.from_bytes(foreign)
    later = MAGIC + (FORMAT_VERSION + 1).to_bytes(4, "little") + pack.to_bytes()[12:]
    with pytest.raises(UnknownFormatError, match="format version 2"):
        Pack.from_bytes(later)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("indices", np.array([1, 99], dtype=np.int32)),
        ("indices", np.array([-1, 2], dtype=np.int32)),
        ("data", np.array([np.nan, 1], dtype=np.float16)),
        ("data", np.array([-1, 1], dtype=np.float16)),
        ("lengths", np.array([2, 2, -2], dtype=np.int32)),
        ("lengths", np.array([1, 1], dtype=np.int32)),
        ("tracks", np.frombuffer(b'[["One",["A"]],["",["C"]],["Z",["E"]]]', dtype=np.uint8)),
        ("facts", np.frombuffer(b'{"name": 3}', dtype=np.uint8)),
    ],
)
def test_a_checksum_makes_nonsense_no_truer(pack: Pack, part: str, value: Any) -> None:
    """A file whose checksum fits, but which says what cannot be, is refused too."""
    with np.load(io.BytesIO(pack.to_bytes()[HEADER.size :])) as arrays:
        parts = dict(arrays)
    parts[part] = value
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **parts)
    with pytest.raises(DamagedInputError):
        Pack.from_bytes(_sealed(buffer.getvalue()))


def _sealed(payload: bytes) -> bytes:
    import hashlib

    return HEADER.pack(MAGIC, FORMAT_VERSION, hashlib.sha256(payload).digest()) + payload


def test_a_pack_speaks_less_where_people_here_have_listened() -> None:
    """With ten listeners here a played track says half by the pack, with many nothing."""
    near = sparse.csr_matrix(np.ones((3, 3), dtype=np.float32))
    places = np.array([2, 0, -1], dtype=np.int32)
    placed = place_knowledge(near, places, listeners=np.array([0, 5, 10, 0], dtype=np.int32))
    expected = np.zeros((4, 4), dtype=np.float32)
    expected[0, 2], expected[2, 0] = 1, 0.5
    np.testing.assert_allclose(expected, placed.toarray())
    many = place_knowledge(near, places, listeners=np.full(4, 1_000, dtype=np.int32))
    assert 0 == many.nnz


@pytest.fixture(scope="module")
def lonely(make_world: Callable[..., Any]) -> tuple[Any, ServingIndex, History]:
    """Give a listener alone on a server with what thirty others taught, and without artists."""
    town = make_world(11, n_users=30, n_tracks=100, n_artists=100, n_heard=20)
    plays = sparse.csr_matrix(
        (town.interactions.plays, (town.interactions.user_index, town.interactions.track_index)),
        shape=(30, 100),
    )
    near = learn_pack_neighbours(plays[1:], seed=0, on_block=lambda _: None)
    mine = town.interactions.user_index == 0
    own = replace(
        town.interactions,
        user_index=town.interactions.user_index[mine],
        track_index=town.interactions.track_index[mine],
        plays=town.interactions.plays[mine],
        last_played_at=town.interactions.last_played_at[mine],
    )
    bare = [replace(entry, tags=(), artist_ids=(), release_id=None) for entry in town.catalogue]
    index = train(own, bare)
    placed = place_knowledge(near, np.arange(100, dtype=np.int32), listeners=index.listeners)
    return town, replace(index, knowledge=[Knowledge("open", 29, placed)]), town.history(0)


def ask(index: ServingIndex, history: History) -> Any:
    """Ask for what is new."""
    request = RecommendationRequest(UserId("u0"), ListName.DISCOVER, n=10, now=NOW)
    return recommend(request, profile=build_profile(history, index), index=index)


def test_one_listener_alone_gets_what_others_play(
    lonely: tuple[Any, ServingIndex, History],
) -> None:
    """Without a pack there is nothing to go by; with one, a full list whose reasons name it."""
    _, index, history = lonely
    assert not ask(replace(index, knowledge=()), history).items
    answer = ask(index, history)
    assert 10 == len(answer.items)
    assert "the knowledge pack open (29 listeners)" in answer.based_on
    for item in answer.items:
        evidence = item.reasons[0].evidence
        assert (EvidenceKind.ELSEWHERE, "open") == (evidence.kind, evidence.pack)
        assert "people elsewhere play both" in item.reasons[0].text
        assert evidence.n_plays > 0


def test_a_reason_from_elsewhere_is_what_the_score_loses(
    lonely: tuple[Any, ServingIndex, History],
) -> None:
    """Without the played track that is named, the score is lower by just the share that is told."""
    _, index, history = lonely
    for item in ask(index, history).items[:3]:
        evidence = item.reasons[0].evidence
        kept = np.array([one != evidence.track_id for one in history.track_ids])
        without = History(
            track_ids=[one for one in history.track_ids if one != evidence.track_id],
            plays=history.plays[kept],
            first_played_at=history.first_played_at[kept],
            last_played_at=history.last_played_at[kept],
        )
        place = index.places([item.track.id])[0]
        near = index.knowledge[0].neighbours
        profile = build_profile(without, index)
        left = float(near[profile.items, place].T.toarray()[0] @ profile.weights)
        assert item.score * (1 - evidence.share) == pytest.approx(left, rel=1e-3, abs=1e-5)


def test_an_index_keeps_its_knowledge(lonely: tuple[Any, ServingIndex, History]) -> None:
    """Stored and loaded, it gives the same list with the same reasons."""
    _, index, history = lonely
    back = ServingIndex.from_bytes(index.to_bytes())
    assert ask(index, history) == ask(back, history)


def test_a_pack_holds_so_many_neighbours_and_no_more(make_world: Callable[..., Any]) -> None:
    """Rows are cut, and every neighbour shares a listener with its track."""
    town = make_world(2, n_users=60, n_tracks=150, n_artists=20, n_heard=60)
    plays = sparse.csr_matrix(
        (town.interactions.plays, (town.interactions.user_index, town.interactions.track_index)),
        shape=(60, 150),
    )
    near = learn_pack_neighbours(plays, seed=0, on_block=lambda _: None)
    assert N_KEPT == np.diff(near.indptr).max()
    shared = (plays > 0).astype(int).T @ (plays > 0).astype(int)
    assert (shared.toarray()[near.nonzero()] > 0).all()
