"""What friends play: a term of the score where there are any, with reasons that are true."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import EvidenceKind, ListName, RecommendationRequest
from harmonyhub.recommender.candidates.friends import Friends
from harmonyhub.recommender.people import TOLD_PLAYS, FriendPlays, read_friend
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.verifying import take_out

ANNA = UserId("anna")
FRIENDS = {UserId("ben"): 3, UserId("carla"): 5}


def ask(world, histories: dict[UserId, History], list_name=ListName.DISCOVER, n=120):
    """Ask for a list of listener 0 of a world, with friends of some histories."""
    friends = tuple(read_friend(name, one, world.index) for name, one in histories.items())
    profile = replace(world.profile(0), friends=friends)
    request = RecommendationRequest(ANNA, list_name, n, world.now)
    return recommend(request, profile=profile, index=world.index)


@pytest.mark.parametrize("list_name", [ListName.DISCOVER, ListName.FOR_YOU])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_the_friends_plays_a_score_falls_by_the_share(make_world, seed, list_name):
    """Take the named friends' plays of the track away, and the score is lower by the share."""
    world = make_world(seed)
    histories = {name: world.history(user) for name, user in FRIENDS.items()}
    n_seen = 0
    for card in ask(world, histories, list_name, n=15).items:
        for evidence in (reason.evidence for reason in card.reasons):
            if evidence.kind is not EvidenceKind.FRIENDS:
                continue
            n_seen += 1
            track = frozenset([card.track.id])
            for name, history in histories.items():
                plays = dict(zip(history.track_ids, history.plays.tolist(), strict=True))
                is_named = plays.get(card.track.id, 0) >= TOLD_PLAYS
                assert is_named == (name in evidence.people)
            less = {name: take_out(one, track) for name, one in histories.items()}
            scores = {one.track.id: one.score for one in ask(world, less, list_name).items}
            expected = card.score * (1 - evidence.share)
            assert scores.get(card.track.id, 0.0) == pytest.approx(expected, rel=1e-3, abs=1e-6)
            assert 0 == evidence.n_plays
    assert n_seen


def test_friends_of_whom_nothing_may_be_told_change_no_score(world):
    """What was played once or twice is as if it were not there; other lists hear no friends."""
    history = world.history(3)
    rare = replace(history, plays=np.minimum(history.plays, TOLD_PLAYS - 1))
    plain = ask(world, {})
    assert plain.items == ask(world, {UserId("ben"): rare}).items
    assert plain.items != ask(world, {UserId("ben"): history}).items
    rediscovered = ask(world, {}, ListName.REDISCOVER)
    assert rediscovered.items == ask(world, {UserId("ben"): history}, ListName.REDISCOVER).items


def test_a_list_says_how_many_friends_it_hears(world):
    """The line of what it is based on counts the friends of whom something is told."""
    histories = {name: world.history(user) for name, user in FRIENDS.items()}
    assert "what 2 friends play" in ask(world, histories).based_on
    assert "friend" not in ask(world, {}).based_on


def test_many_friends_do_not_drown_a_history(world):
    """What they play is added up and divided by the root of their number, told or not."""
    item, play, weight = (np.array([value]) for value in (3, 5, 0.5))
    friends = [FriendPlays(UserId(f"f{n}"), item, play, weight) for n in range(3)]
    silent = FriendPlays(UserId("silent"), item[:0], play[:0], weight[:0])
    profile = replace(world.profile(0), friends=(*friends, silent))
    scores = Friends().score(profile, world.index)
    assert 1.5 / 2 == pytest.approx(scores[3])
    assert 1 == np.count_nonzero(scores)
