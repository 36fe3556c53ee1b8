"""Listens: idempotence, duplicates over sources, histories in columns."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.listens import Ledger, LedgerState, Outcome, SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.listen_reading import Place
from harmonyhub.storage.listens import NewListen
from harmonyhub.storage.other_sources import SPANS, spans
from harmonyhub.storage.store import Store

ADA, BOB = UserId("ada"), UserId("bob")
KEPT, DUPLICATE = Outcome.KEPT, Outcome.DUPLICATE
SONG, OTHER = TrackId("tsong"), TrackId("tother")


@pytest.fixture(autouse=True)
async def users(store: Store) -> None:
    """Make two users."""
    for user_id in (ADA, BOB):
        await store.users.ensure(user_id, now=1)


async def add(
    store: Store,
    plays: Sequence[tuple[TrackId, int]],
    *,
    ledger: str = "one",
    source: SourceKind = SourceKind.SPOTIFY_EXTENDED,
    user_id: UserId = ADA,
) -> list[Outcome]:
    """Store plays as the lines 1, 2 ... of an import."""
    return await store.listens.add(
        user_id=user_id,
        ledger_id=LedgerId(ledger),
        source=source,
        listens=[
            NewListen(number=number, track_id=track_id, played_at=at, played_ms=200_000)
            for number, (track_id, at) in enumerate(plays, start=1)
        ],
    )


async def test_same_batch_again_has_the_same_outcomes(store: Store) -> None:
    """A batch that a crash cut off is run again and counts as it would have."""
    plays = [(SONG, 1_000), (SONG, 2_000), (SONG, 1_000)]
    assert [KEPT, KEPT, DUPLICATE] == await add(store, plays)
    assert [KEPT, KEPT, DUPLICATE] == await add(store, plays)
    assert 2 == await store.listens.count(ADA)


async def test_batch_that_broke_off_is_completed(store: Store) -> None:
    """Half of a batch stored before a crash changes nothing in the outcomes of the whole."""
    plays = [(SONG, 1_000), (OTHER, 2_000), (SONG, 3_000)]
    await add(store, plays[:2])
    assert [KEPT, KEPT, KEPT] == await add(store, plays)


async def test_same_file_twice_adds_nothing(store: Store) -> None:
    """The second import of the same file is all duplicates."""
    plays = [(SONG, 1_000), (OTHER, 2_000)]
    await add(store, plays, ledger="one")
    assert [DUPLICATE, DUPLICATE] == await add(store, plays, ledger="two")
    assert 2 == await store.listens.count(ADA)


async def test_concurrent_imports_of_the_same_file_keep_each_listen_once(
    store: Store, mongodb_uri: str
) -> None:
    """Two imports at once share the listens: each is KEPT in exactly one of them."""
    plays = [(SONG, 1_000 * number) for number in range(1, 1_501)]
    async with await Store.connect(mongodb_uri, database=store._database.name) as second:
        one, two = await asyncio.gather(
            add(store, plays, ledger="one"), add(second, plays, ledger="two")
        )
    assert [{KEPT, DUPLICATE}] * len(plays) == [set(pair) for pair in zip(one, two, strict=True)]
    assert len(plays) == await store.listens.count(ADA)


@pytest.mark.parametrize(("apart_s", "outcome"), [(120, DUPLICATE), (-120, DUPLICATE), (121, KEPT)])
async def test_other_source_tells_the_same_play(
    store: Store, apart_s: int, outcome: Outcome
) -> None:
    """Two sources that disagree by two minutes at most told the same play."""
    await add(store, [(SONG, 10_000)])
    again = [(SONG, 10_000 + apart_s)]
    assert [outcome] == await add(store, again, ledger="two", source=SourceKind.LASTFM)


async def test_same_source_may_play_again_soon(store: Store) -> None:
    """Within one source, a play a minute later is another play."""
    assert [KEPT, KEPT] == await add(store, [(SONG, 10_000), (SONG, 10_060)])


async def test_other_track_at_the_same_time_is_no_duplicate(store: Store) -> None:
    """Another source's play of another track at that time is kept."""
    await add(store, [(SONG, 10_000)])
    assert [KEPT] == await add(store, [(OTHER, 10_030)], ledger="2", source=SourceKind.LASTFM)


async def test_unknown_times_are_no_plays_at_the_same_time(store: Store) -> None:
    """Playlists without times: the track counts once per source, never against a real play."""
    assert [KEPT] == await add(store, [(SONG, 0)], source=SourceKind.EXPORTIFY)
    assert [KEPT] == await add(store, [(SONG, 60)], ledger="two")


@pytest.mark.slow
async def test_history_adds_up_by_track_across_batches(store: Store) -> None:
    """Plays, first and last time per track are right where they span many reads of the index."""
    rng = np.random.default_rng(7)
    times = rng.permutation(np.arange(1, 25_001) * 7)
    tracks = [SONG if number % 5 else OTHER for number in range(len(times))]
    await add(store, [(track, int(time)) for track, time in zip(tracks, times, strict=True)])
    await add(store, [(SONG, 1)], user_id=BOB, ledger="bob")

    history = await store.listens.history(ADA)

    facts = {
        track: (plays, first, last)
        for track, plays, first, last in zip(
            history.track_ids,
            history.plays.tolist(),
            history.first_played_at.tolist(),
            history.last_played_at.tolist(),
            strict=True,
        )
    }
    of_song = [int(time) for time, track in zip(times, tracks, strict=True) if track == SONG]
    of_other = [int(time) for time, track in zip(times, tracks, strict=True) if track == OTHER]
    assert {
        SONG: (20_000, min(of_song), max(of_song)),
        OTHER: (5_000, min(of_other), max(of_other)),
    } == facts


async def test_empty_history_and_no_interactions(store: Store) -> None:
    """A user without listens has an empty history, not an error."""
    history = await store.listens.history(ADA)
    interactions = await store.listens.interactions()
    assert (0, [], 0) == (history.n_listens, list(history.track_ids), len(interactions.plays))


async def test_interactions_hold_each_pair_once(store: Store) -> None:
    """Everyone's listens become triples that name user, track and plays."""
    await add(store, [(SONG, 1_000), (SONG, 2_000), (OTHER, 3_000)])
    await add(store, [(SONG, 9_000)], user_id=BOB, ledger="two")
    found = await store.listens.interactions()
    triples = {
        (found.user_ids[user], found.track_ids[track]): (plays, last)
        for user, track, plays, last in zip(
            found.user_index, found.track_index, found.plays, found.last_played_at, strict=True
        )
    }
    assert {(ADA, SONG): (2, 2_000), (ADA, OTHER): (1, 3_000), (BOB, SONG): (1, 9_000)} == triples


async def test_recent_pages_backwards_with_names(store: Store) -> None:
    """The latest listens come first, with title and artist, and a time goes further back."""
    (track_id,) = await store.tracks.resolve(
        [TrackDescription(title="Sinnerman", artists=("Nina Simone", "Guest"))]
    )
    await add(store, [(track_id, 1_000), (track_id, 2_000), (track_id, 3_000)])
    newest = await store.plays.recent(ADA, n=2)
    older = await store.plays.recent(ADA, n=2, before=Place(newest[-1].played_at))
    assert [3_000, 2_000] == [listen.played_at for listen in newest]
    assert [(1_000, "Sinnerman", "Nina Simone, Guest", 200_000)] == [
        (one.played_at, one.title, one.artist, one.played_ms) for one in older
    ]


async def test_pages_miss_nothing_within_a_second(store: Store) -> None:
    """Page by page every listen comes once, also where many share a second or have no time."""
    tracks = [TrackId(f"t{number:02}") for number in (5, 3, 8, 1, 9, 2, 7)]
    plays = [(track, at) for at in (0, 2_000, 3_000) for track in tracks]
    await add(store, [*plays, (SONG, 2_500)])
    for n in (1, 2, 3, 5, 7, 22, 30):
        seen: list[tuple[int, TrackId]] = []
        place = None
        while found := await store.plays.recent(ADA, n=n, before=place):
            assert len(found) <= n
            seen += [(-listen.played_at, listen.track_id) for listen in found]
            place = Place(found[-1].played_at, found[-1].track_id)
        assert sorted([(-at, track) for track, at in [*plays, (SONG, 2_500)]]) == seen


async def test_plays_of_a_track_are_newest_first(store: Store) -> None:
    """The times of one track's plays are the user's own only."""
    await add(store, [(SONG, 1_000), (SONG, 2_000), (OTHER, 5_000)])
    await add(store, [(SONG, 7_000)], user_id=BOB, ledger="two")
    assert [2_000, 1_000] == await store.plays.plays_of(user_id=ADA, track_id=SONG)


async def test_kept_group_of_a_ledger_and_export(store: Store) -> None:
    """The kept lines of an import are told apart from those of others; an export has them all."""
    await store.ledgers.open(
        Ledger(
            id=LedgerId("one"),
            user_id=ADA,
            file_name="f.zip",
            source=None,
            state=LedgerState.RUNNING,
            started_at=1,
        )
    )
    await add(store, [(SONG, 1_000), (SONG, 2_000)])
    await add(store, [(SONG, 3_000)], ledger="two")
    rows = [row async for row in store.listens.of_ledger(LedgerId("one"))]
    assert [(2, 2_000), (1, 1_000)] == [(row.number, row.played_at) for row in rows]
    everything = [listen.played_at async for listen in store.plays.export(ADA)]
    assert [3_000, 2_000, 1_000] == everything


async def test_listens_of_nobody_are_refused(store: Store) -> None:
    """A listen cannot be stored for a user that was never made."""
    with pytest.raises(NotFoundError):
        await add(store, [(SONG, 1)], user_id=UserId("nobody"))


def test_spans_leave_out_the_widest_gaps() -> None:
    """However scattered the times are, the ranges are few and cover every time."""
    times = [number * 10_000 for number in range(1_000)]
    ranges = spans(times)
    assert SPANS == len(ranges)
    assert all(any(start <= time <= end for start, end in ranges) for time in times)
    assert [(5, 5), (1_000, 1_010)] == spans([5, 1_000, 1_010])
