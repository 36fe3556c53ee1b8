"""Reasons are terms of the score: taking the evidence away takes the share away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import NO_KNOBS, Seeds
from harmonyhub.domain.recommendations import (
    Evidence,
    EvidenceKind,
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile

USER = UserId("u")


def ask(world, history: History, list_name: ListName = ListName.DISCOVER, n: int = 20, **more):
    """Ask for a list the way the house does."""
    seeds = Seeds(tuple(more.pop("tracks", ())), tuple(more.pop("artists", ())))
    knobs = more.pop("knobs", NO_KNOBS)
    request = RecommendationRequest(USER, list_name, n, world.now, seeds, knobs)
    profile = build_profile(history, world.index)
    return recommend(request, profile=profile, index=world.index, **more)


def without(history: History, track_ids: set[TrackId]) -> History:
    """Take tracks out of a history."""
    keep = np.array([track_id not in track_ids for track_id in history.track_ids])
    return History(
        track_ids=[t for t in history.track_ids if t not in track_ids],
        plays=history.plays[keep],
        first_played_at=history.first_played_at[keep],
        last_played_at=history.last_played_at[keep],
    )


def tracks_behind(world, evidence: Evidence) -> set[TrackId]:
    """Name the tracks whose plays a piece of evidence is about."""
    match evidence.kind:
        case EvidenceKind.SAME_ARTIST:
            return {e.id for e in world.catalogue if evidence.artist_id in e.artist_ids}
        case EvidenceKind.SHARED_TAG:
            return {e.id for e in world.catalogue if evidence.tag in e.tags}
        case _:
            return {evidence.track_id}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 20),
    user=st.integers(0, 11),
    list_name=st.sampled_from([ListName.FOR_YOU, ListName.DISCOVER, ListName.REDISCOVER]),
)
def test_without_its_evidence_a_score_falls_by_the_share(make_world, seed, user, list_name):
    """Whatever the reason, the score without those plays is lower by at least its share."""
    world = make_world(seed)
    history = world.history(user)
    for item in ask(world, history, list_name, n=5).items:
        for reason in item.reasons:
            if reason.evidence.kind is EvidenceKind.POPULAR:
                continue
            less = without(history, tracks_behind(world, reason.evidence))
            again = ask(world, less, list_name, n=len(world.catalogue))
            scores = {other.track.id: other.score for other in again.items}
            allowed = item.score * (1 - reason.evidence.share) + 1e-4 * item.score
            is_itself = item.track.id in tracks_behind(world, reason.evidence)
            assert is_itself or scores.get(item.track.id, 0.0) <= allowed


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), user=st.integers(0, 11), list_name=st.sampled_from(list(ListName)))
def test_every_recommendation_has_one_to_three_reasons(make_world, seed, user, list_name):
    """Each card has 1 to 3 reasons, the strongest first, and their shares are fractions."""
    world = make_world(seed)
    history = world.history(user)
    seeds = {"tracks": [history.track_ids[0]]}
    more = seeds if list_name is ListName.MORE_LIKE_THIS else {}
    for item in ask(world, history, list_name, **more).items:
        shares = [reason.evidence.share for reason in item.reasons]
        assert 1 <= len(shares) <= 3
        assert sorted(shares, reverse=True) == shares
        assert all(0 < share <= 1 for share in shares)
        assert sum(shares) <= 1 + 1e-6
        assert item.score > 0


def test_a_reason_states_the_plays_of_the_history(world):
    """Counts and dates of the evidence are those of the listener's own plays."""
    history = world.history(0)
    plays = dict(zip(history.track_ids, history.plays.tolist(), strict=True))
    last = dict(zip(history.track_ids, history.last_played_at.tolist(), strict=True))
    found = [
        reason.evidence
        for item in ask(world, history).items
        for reason in item.reasons
        if reason.evidence.kind is EvidenceKind.SIMILAR_TRACK
    ]
    assert found
    for evidence in found:
        assert plays[evidence.track_id] == evidence.n_plays
        assert last[evidence.track_id] == evidence.last_played_at


def test_an_artist_reason_adds_up_the_plays_of_the_artist(train_world, make_world):
    """An artist reason counts all played tracks of the artist and names the last date."""
    catalogue = make_world(1, n_artists=1).catalogue[:4]
    world = train_world(
        catalogue, users=[0, 0, 1], tracks=[0, 1, 2], plays=[3, 4, 1], last=[86_400, 172_800, 1]
    )
    listed = ask(world, world.history(0))
    reason = next(
        r
        for item in listed.items
        for r in item.reasons
        if r.evidence.kind is EvidenceKind.SAME_ARTIST
    )
    assert reason.text == "You played 2 tracks by Artist 0 7 times, last on 1970-01-03."
    assert (7, 172_800) == (reason.evidence.n_plays, reason.evidence.last_played_at)


def test_more_becomes_a_reason_of_its_own(world):
    """After "more" on a played track its neighbours say that the listener asked for it."""
    history = world.history(0)
    target = ask(world, history).items[0].reasons[0].evidence.track_id
    said = Feedback(USER, target, FeedbackKind.MORE, at=world.now)
    listed = ask(world, history, feedback=[said])
    kinds = {r.evidence.kind for item in listed.items for r in item.reasons}
    assert EvidenceKind.LIKED in kinds


@pytest.mark.parametrize("is_heard", [True, False])
def test_more_like_this_names_the_seed(world, is_heard):
    """The reasons of "more like this" name the asked track, heard or not."""
    history = world.history(0)
    heard = set(history.track_ids)
    played = np.flatnonzero(world.index.listeners)
    seed = next(t for i in played if ((t := world.catalogue[i].id) in heard) is is_heard)
    listed = ask(world, history, ListName.MORE_LIKE_THIS, tracks=[seed])
    seeds = {
        r.evidence.track_id
        for item in listed.items
        for r in item.reasons
        if r.evidence.kind is EvidenceKind.SEED
    }
    assert {seed} == seeds
