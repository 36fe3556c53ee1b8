"""What follows what in the lists: after the seeds, and after the latest plays while they last."""

import dataclasses

import numpy as np
import pytest

from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.domain.knobs import Seeds
from harmonyhub.domain.recommendations import (
    EvidenceKind,
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.blend import SESSION_S
from harmonyhub.recommender.candidates import sequence
from harmonyhub.recommender.candidates.next_tracks import N_KEPT, learn_next
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.periodic import make_list
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.training import train
from harmonyhub.recommender.verifying import count_verified

N_TRACKS, N_LISTENERS = 60, 240
PLAY_S, EVENING_S = 240, 86_400
START = 1_700_000_000


def pairs_of(evenings: list[list[int]], *, play_s: int = PLAY_S) -> Interactions:
    """Let one listener per evening play some tracks, one after the other."""
    users = np.repeat(np.arange(len(evenings)), [len(one) for one in evenings])
    places = np.concatenate([np.arange(len(one)) for one in evenings])
    return Interactions(
        user_ids=[UserId(f"u{user}") for user in range(len(evenings))],
        track_ids=[TrackId(f"t{track}") for track in range(N_TRACKS)],
        user_index=users.astype(np.int32),
        track_index=np.concatenate(evenings).astype(np.int32),
        plays=np.ones(len(users), dtype=np.int32),
        last_played_at=(START + users * EVENING_S + places * play_s).astype(np.int64),
    )


def draw_evenings(n_listeners: int, seed: int = 0) -> list[list[int]]:
    """Let each listener play a run of the tracks in their order, with gaps."""
    rng = np.random.default_rng(seed)
    evenings = []
    for _ in range(n_listeners):
        steps = rng.choice([1, 1, 1, 2, 7], 12)
        evenings.append(np.unique((rng.integers(N_TRACKS) + np.cumsum(steps)) % N_TRACKS).tolist())
    return evenings


@pytest.fixture(scope="module")
def index() -> ServingIndex:
    """An index of listeners who go through the catalogue in its order."""
    catalogue = [
        CatalogueEntry(TrackId(f"t{track}"), f"Song {track}", "", ()) for track in range(N_TRACKS)
    ]
    return train(pairs_of(draw_evenings(N_LISTENERS)), catalogue)


def play(tracks: list[int], *, last_at: int) -> History:
    """Play tracks one after the other, the last one at a moment."""
    times = last_at - PLAY_S * np.arange(len(tracks))[::-1]
    ids = [TrackId(f"t{track}") for track in tracks]
    return History(ids, np.ones(len(tracks), np.int32), times, times)


def discover(index: ServingIndex, history: History, *, now: int, feedback=()):
    """Ask for what is new."""
    request = RecommendationRequest(UserId("u"), ListName.DISCOVER, 20, now)
    profile = build_profile(history, index)
    return recommend(request, profile=profile, index=index, feedback=feedback).items


def kinds_of(cards) -> set[EvidenceKind]:
    """Name the kinds of evidence of some cards."""
    return {reason.evidence.kind for card in cards for reason in card.reasons}


def test_the_strongest_follower_came_right_after():
    """What comes after at once leads; what came before less; an evening apart is nothing."""
    pairs = pairs_of([[0, 1, 2]] * 3 + [[3, 4]])
    often = dataclasses.replace(pairs, plays=np.full(len(pairs.plays), 16, dtype=np.int32))
    after = learn_next(often, N_TRACKS)
    assert after[0, 1] > after[0, 2] > after[0, 0] == 0
    assert after[1, 2] > after[1, 0] > 0
    assert 0 == learn_next(pairs_of([[0, 1, 2]], play_s=sequence.TOGETHER_S + 1), N_TRACKS).nnz


def test_one_listener_is_no_habit():
    """What one listener played next counts for far less than what ten did."""
    after = learn_next(pairs_of([[0, 1]] + [[10, 11]] * 10), N_TRACKS)
    assert after[10, 11] > 3 * after[0, 1] > 0


def test_what_few_play_next_is_not_learned():
    """Under 200 listeners an order is chance, and the index has none."""
    catalogue = [CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", "", ()) for n in range(N_TRACKS)]
    assert 0 == train(pairs_of(draw_evenings(150)), catalogue).follows.nnz


def test_without_dates_nothing_follows():
    """Plays that have no date say nothing of an order, and do not disturb those that have one."""
    pairs = pairs_of([[0, 1, 2], [3, 4, 5]])
    undated = dataclasses.replace(pairs, last_played_at=np.zeros(6, dtype=np.int64))
    assert 0 == learn_next(undated, N_TRACKS).nnz
    is_first = pairs.user_index == 0
    half = dataclasses.replace(pairs, last_played_at=np.where(is_first, pairs.last_played_at, 0))
    after = learn_next(half, N_TRACKS)
    assert after[0, 1] > 0
    assert 0 == after[3, 4] == after[2, 3]


def test_a_track_keeps_its_likeliest_followers_alone():
    """Each row is bounded, and the strongest of a row is 1 on average."""
    evenings = [[0, *range(20 * part + 1, 20 * part + 20)] for part in range(3)]
    after = learn_next(pairs_of(evenings), N_TRACKS)
    assert N_KEPT == np.diff(after.indptr)[0] == np.diff(after.indptr).max()
    peaks = after.max(axis=1).toarray().ravel()
    assert peaks[peaks > 0].mean() == pytest.approx(1)


def test_over_the_budget_the_latest_plays_are_learned_from(monkeypatch):
    """Where all pairs would be too many, the last plays of everybody stay."""
    pairs = pairs_of([list(range(10)), list(range(10, 20))])
    monkeypatch.setattr(sequence, "MOST_PAIRS", 2 * 3 * 2 + 1)
    after = learn_next(pairs, N_TRACKS)
    assert {7, 8, 9, 17, 18, 19} == set(after.nonzero()[0].tolist())
    assert after[7, 8] > 0
    assert after[18, 19] > 0


def test_more_like_a_track_begins_with_what_is_played_after_it(index):
    """The next track stands before the one before, and says so; the asked one is no reply."""
    request = RecommendationRequest(
        UserId("u"), ListName.MORE_LIKE_THIS, 5, START, seeds=Seeds(track_ids=(TrackId("t20"),))
    )
    nobody = build_profile(play([], last_at=START), index)
    cards = recommend(request, profile=nobody, index=index).items
    assert cards[0].track.id in {"t21", "t22"}
    assert not {"t18", "t19", "t20"}.intersection(card.track.id for card in cards[:2])
    why = [reason.text for reason in cards[0].reasons]
    assert any(text.endswith("people play this soon after it.") for text in why)


def test_what_follows_counts_while_a_listener_listens(index):
    """Half an hour after the last play the list no longer follows it."""
    history = play([5, 6, 7, 8], last_at=START)
    listening = discover(index, history, now=START + SESSION_S)
    assert "t9" == listening[0].track.id
    assert EvidenceKind.PLAYED_NEXT in kinds_of(listening)
    assert EvidenceKind.PLAYED_NEXT not in kinds_of(discover(index, history, now=START + 3_600))


@pytest.mark.parametrize("name", KeptListName)
def test_a_list_that_is_kept_does_not_follow_a_moment(index, name):
    """Who listens at midnight gets no day or week of what follows those plays."""
    period = period_at(name, START)
    history = play([5, 6, 7, 8], last_at=period.starts_at - 60)
    cards = make_list(
        name,
        period,
        user_id=UserId("u"),
        profile=build_profile(history, index),
        feedback=[],
        index=index,
        given=[],
    ).items
    assert cards
    assert EvidenceKind.PLAYED_NEXT not in kinds_of(cards)


def test_the_latest_play_says_most(index):
    """Of two runs the one played last leads, whichever it is."""
    first, second = [5, 6, 7, 8], [35, 36, 37, 38]
    for run, following in ((first + second, {"t39", "t40"}), (second + first, {"t9", "t10"})):
        cards = discover(index, play(run, last_at=START), now=START)
        assert cards[0].track.id in following


def test_nothing_is_concluded_from_a_track_that_is_unwanted(index):
    """After "less" of the last track it leads nowhere."""
    history = play([5, 6, 7, 8], last_at=START)
    less = Feedback(UserId("u"), TrackId("t8"), FeedbackKind.LESS, at=START)
    cards = discover(index, history, now=START, feedback=[less])
    named = {reason.evidence.track_id for card in cards for reason in card.reasons}
    assert "t7" in named
    assert "t8" not in named


@pytest.mark.parametrize("seed", range(5))
def test_reasons_of_a_session_are_true(index, seed):
    """Without the play that a card names its score falls by what the reason claims."""
    [evening] = draw_evenings(1, seed=100 + seed)
    history = play(evening, last_at=START)
    cards = discover(index, history, now=START)
    asked = {"list_name": ListName.DISCOVER, "history": history, "now": START, "index": index}
    assert EvidenceKind.PLAYED_NEXT in kinds_of(cards)
    assert len(cards) == count_verified(cards, **asked)


def test_the_index_keeps_what_follows(index):
    """It is there again after a load; an index without it loads too, and has none."""
    again = ServingIndex.from_bytes(index.to_bytes())
    assert 0 == abs(again.follows - index.follows).max()
    none = dataclasses.replace(index, follows=index.follows * 0)
    none.follows.eliminate_zeros()
    bare = ServingIndex.from_bytes(none.to_bytes())
    assert (N_TRACKS, N_TRACKS, 0) == (*bare.follows.shape, bare.follows.nnz)
    assert discover(bare, play([5, 6], last_at=START), now=START)
