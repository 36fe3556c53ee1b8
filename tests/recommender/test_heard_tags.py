"""Tags heard in audio beside those that sources tell: one vocabulary, and words that are true."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.history import CatalogueEntry, History
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import (
    EvidenceKind,
    ListName,
    RecommendationList,
    RecommendationRequest,
)
from harmonyhub.domain.sound import SoundFacts, TrackSound
from harmonyhub.domain.sound_tags import MSD, MTT, TAGS_VERSION, HeardTags
from harmonyhub.recommender.candidates.factors import Factors
from harmonyhub.recommender.closeness import build_graph
from harmonyhub.recommender.group import recommend_group
from harmonyhub.recommender.group_reasons import Member
from harmonyhub.recommender.heard_tags import lay_heard_tags
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.path import explain_step
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.tag_kinds import find_kinds
from harmonyhub.recommender.taking_back import lower_terms
from harmonyhub.recommender.terms import Term, TermKind
from harmonyhub.recommender.verifying import count_verified
from harmonyhub.recommender.words import understand

NOW = 1_700_000_000
USER = UserId("ada")
TOLD = {
    "told": ("metal",), "told-too": ("metal",), "rap": ("hip hop",), "heavy": ("heavy metal",),
    "other": ("folk", "sea"),
}  # fmt: skip
HEARD = {
    "heard": {"metal": 0.8},
    "heard-too": {"metal": 0.5, "guitar": 0.3},
    "beat": {"hip-hop": 0.6},
    "told-too": {"metal": 0.9},
    "keys": {"piano": 0.9},
}
TRACKS = ("told", "told-too", "heard", "heard-too", "rap", "beat", "keys", "heavy", "other")


def sounds_like(track: str, scores: Mapping[str, float]) -> TrackSound:
    """Say that the networks gave these scores, and 0 to all other tags."""
    heard = HeardTags(
        TAGS_VERSION,
        n_excerpts=4,
        scores={
            "msd": [scores.get(name, 0.0) for name in MSD],
            "mtt": [scores.get(name, 0.0) for name in MTT],
        },
    )
    nothing = SoundFacts(None, None, None, None, None, None, None, heard)
    return TrackSound(TrackId(track), nothing, None)


def entry(track: str) -> CatalogueEntry:
    """Describe a track that nothing but its tags ties to another."""
    return CatalogueEntry(
        TrackId(track), track.title(), f"By {track}", (ArtistId(track),), tags=TOLD.get(track, ())
    )


@pytest.fixture(scope="module")
def plain(train_world) -> ServingIndex:
    """Give an index of nine tracks of which one listener played one."""
    catalogue = [entry(track) for track in TRACKS]
    world = train_world(catalogue, users=[0], tracks=[8], plays=[3], last=[NOW])
    return world.index


@pytest.fixture(scope="module")
def index(plain) -> ServingIndex:
    """Give the same index after the analysis heard five of the tracks."""
    return lay_heard_tags(plain, [sounds_like(*one) for one in HEARD.items()])


def weight(index: ServingIndex, track: str, tag: str) -> float:
    """Read how much a tag says of a track."""
    return float(index.item_tags[index.place_of[TrackId(track)], index.tag_place_of[tag]])


def played(*tracks: str) -> History:
    """Give the history of somebody who played these tracks four times each."""
    n = len(tracks)
    at = np.full(n, NOW, dtype=np.int64)
    return History([TrackId(one) for one in tracks], np.full(n, 4, dtype=np.int32), at, at)


def ask(index: ServingIndex, history: History, knobs: Knobs | None = None) -> RecommendationList:
    """Ask for unheard tracks."""
    request = RecommendationRequest(USER, ListName.DISCOVER, 8, NOW)
    if knobs is not None:
        request = replace(request, knobs=knobs)
    return recommend(request, profile=build_profile(history, index), index=index)


def listed(found: RecommendationList) -> list[str]:
    """Name the tracks of a list in order."""
    return [one.track.id for one in found.items]


def test_an_index_is_the_same_bytes_where_nothing_was_heard(plain) -> None:
    """Analyses without the networks, or in which they heard nothing to tell, change nothing."""
    unheard = [TrackSound(TrackId("keys"), SoundFacts(*[None] * 7), None), sounds_like("rap", {})]
    unknown = sounds_like("of-no-catalogue", {"metal": 0.9})
    assert plain.to_bytes() == lay_heard_tags(plain, [*unheard, unknown]).to_bytes()


def test_heard_and_told_are_one_vocabulary(index) -> None:
    """A heard tag takes the told spelling; one that nobody told is new, once."""
    assert [*dict.fromkeys(index.tags)] == list(index.tags)
    assert "hip hop" in index.tags
    assert "hip-hop" not in index.tags
    assert weight(index, "beat", "hip hop") > 0
    assert {"guitar", "piano"} < set(index.tags)


def test_a_heard_tag_counts_by_its_score(index, plain) -> None:
    """Alone it has its score for a share; who has told tags alone keeps their shares."""
    assert pytest.approx(0.8) == weight(index, "heard", "metal")
    assert 0.5 > weight(index, "heard-too", "metal") + weight(index, "heard-too", "guitar") > 0.3
    assert pytest.approx(1) == weight(index, "told-too", "metal")
    for tag in TOLD["other"]:
        assert pytest.approx(weight(plain, "other", tag)) == weight(index, "other", tag)


def test_bytes_hold_which_tags_were_heard(index, plain) -> None:
    """Read back, a heard tag is told apart; what was told and heard counts as told."""
    again = ServingIndex.from_bytes(index.to_bytes())
    metal = again.tag_place_of["metal"]
    places = again.places([TrackId(one) for one in ("heard", "heard-too", "told", "told-too")])
    assert [True, True, False, False] == again.is_heard(places, metal).tolist()
    assert "heard_entries" not in plain.to_bytes().decode("latin-1")
    assert not ServingIndex.from_bytes(plain.to_bytes()).is_heard(places, metal).any()


SENTENCES = [
    (["told"], "heard", "The analysis hears “metal” in it, a tag of a track"),
    (["heard-too"], "heard", "The analysis hears “metal” in it, as in a track"),
    (["told", "heard-too"], "heard", "The analysis hears “metal” in it, the tag or the sound of 2"),
    (["heavy"], "heard", "The analysis hears “metal” in it, a kind of which is a tag of a track"),
    (["heavy", "heard-too"], "heard", "The analysis hears “metal” in it, which or a kind of which"),
    (["told-too"], "told", "Tagged “metal”, like a track"),
    (["heard"], "told", "Tagged “metal”, which the analysis hears in a track"),
    (["told-too", "heard"], "told", "Tagged “metal”, the tag or the sound of 2 tracks"),
]


@pytest.mark.parametrize(("history", "card", "sentence"), SENTENCES)
def test_a_reason_says_who_says_so(index, history: Sequence[str], card: str, sentence: str) -> None:
    """Tagged is what a source told, heard what the analysis heard, of both ends of a reason."""
    (found,) = (one for one in ask(index, played(*history)).items if card == one.track.id)
    (reason,) = (one for one in found.reasons if one.evidence.tag == "metal")
    assert reason.text.startswith(sentence)
    kind = EvidenceKind.HEARD_TAG if card == "heard" else EvidenceKind.SHARED_TAG
    assert (kind, 4 * len(history)) == (reason.evidence.kind, reason.evidence.n_plays)


def test_never_heard_tracks_are_found_and_reasons_hold(index) -> None:
    """What sounds like a told taste is listed, the surer the higher; every reason proves true."""
    history = played("told")
    found = ask(index, history)
    assert ["told-too", "heard", "heard-too"] == listed(found)[:3]
    assert "keys" not in listed(found)[:3]
    n_true = count_verified(
        found.items, list_name=ListName.DISCOVER, history=history, index=index, now=NOW
    )
    assert len(found.items) == n_true


def test_a_heard_tag_is_found_by_its_kinds(index) -> None:
    """Who plays heavy metal gets what sounds like metal; a told tag finds its own word alone."""
    history = played("heavy")
    found = ask(index, history)
    assert ["heard", "heard-too"] == listed(found)[:2]
    (reason,) = found.items[0].reasons
    assert (EvidenceKind.HEARD_TAG, 4) == (reason.evidence.kind, reason.evidence.n_plays)
    n_true = count_verified(
        found.items, list_name=ListName.DISCOVER, history=history, index=index, now=NOW
    )
    assert len(found.items) == n_true
    assert [] == listed(ask(index, played("heard-too"), Knobs(with_tags=("heavy metal",))))


def test_kinds_end_with_the_word() -> None:
    """After a blank or a hyphen, as words and not as letters; a tag is no kind of itself."""
    tags = ("metal", "heavy metal", "synth-pop", "pop", "metallic", "britpop", "indie pop")
    assert {0: [1], 3: [2, 6]} == find_kinds(tags, range(len(tags)))


def test_knobs_and_words_reach_heard_tags(index) -> None:
    """A tag asked for holds what was heard too, one left out leaves it out, words know it."""
    history = played("told", "rap")
    asked = ask(index, history, Knobs(with_tags=("metal",)))
    assert {"told-too", "heard", "heard-too"} == set(listed(asked))
    assert "tagged or heard as “metal”" in asked.based_on
    assert "tagged “folk”" in ask(index, history, Knobs(with_tags=("folk",))).based_on
    barred = ask(index, history, Knobs(without_tags=("metal",)))
    assert {"beat", "other"} == set(listed(barred))
    assert ("piano",) == understand("calm piano", index).knobs.with_tags


def test_a_list_for_several_says_so_too(index) -> None:
    """The words hold for whoever plays it, wherever their tracks have the tag from."""
    profile = build_profile(played("told"), index)
    members = [Member(USER, profile), Member(UserId("ben"), profile)]
    request = RecommendationRequest(USER, ListName.DISCOVER, 8, NOW)
    found = recommend_group(request, members=members, index=index).items
    told = {one.track.id: one.reasons[0] for one in found}
    many = "the tag or the sound of what you and ben play."
    kinds = "which or a kind of which is"
    assert f"The analysis hears “metal” in it, {kinds} {many}" == told["heard"].text
    assert EvidenceKind.HEARD_TAG is told["heard"].evidence.kind
    assert f"Tagged “metal”, {many}" == told["told-too"].text


@pytest.mark.parametrize(
    ("before", "item", "text"),
    [("told", "told-too", "Tagged “metal”, like “Told” by By told."),
     ("told", "heard", "The analysis hears “metal” in it, a tag of “Told” by By told."),
     ("heard-too", "heard", "The analysis hears “metal” in it, as in “Heard-Too” by By heard-too."),
     ("heard", "told", "Tagged “metal”, which the analysis hears in “Heard” by By heard.")],
)  # fmt: skip
def test_a_step_of_a_path_says_so_too(index, before: str, item: str, text: str) -> None:
    """A step by a tag says at each end whether it is told or heard."""
    one, other = index.places([TrackId(before), TrackId(item)]).tolist()
    step = explain_step(one, other, graph=build_graph(index), index=index)
    assert text == step.text
    assert (step.evidence.kind is EvidenceKind.HEARD_TAG) == (item == "heard")


def test_a_heard_tag_gives_back_what_factors_hold(index) -> None:
    """Where factors hold a track down for the plays of a tag, heard or told claims as little."""
    places = np.random.default_rng(1).normal(size=(index.n_tracks, 8)).astype(np.float32)
    torn = replace(index, factors=Factors(places, np.ones(index.n_tracks, dtype=np.float32)))
    profile = build_profile(played("told", "heard-too", "rap"), torn)
    items = torn.places([TrackId("heard"), TrackId("told-too")])
    metal = torn.tag_place_of["metal"]
    told, heard = (
        lower_terms([[Term(kind, 9.0, metal)]] * 2, items, 1.0, profile=profile, index=torn)
        for kind in (TermKind.TAG, TermKind.HEARD_TAG)
    )
    values = [[one.value for (one,) in lowered] for lowered in (told, heard)]
    assert values[0] == values[1]
    assert 9.0 > min(values[0])
