"""Reasons are kept with the profile: the same when asked again, others once the profile changes."""

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationList,
    RecommendationRequest,
)
from harmonyhub.recommender import explaining
from harmonyhub.recommender.pipeline import recommend

USER = UserId("u")


def ask(world, profile, list_name: ListName = ListName.DISCOVER, **more) -> RecommendationList:
    """Ask for ten tracks."""
    request = RecommendationRequest(USER, list_name, 10, world.now)
    return recommend(request, profile=profile, index=world.index, **more)


@pytest.mark.parametrize("kept_max", [explaining.KEPT_MAX, 10])
def test_reasons_asked_for_again_are_those_of_a_fresh_profile(world, monkeypatch, kept_max):
    """Other lists between, and room for one list only, change no reason."""
    monkeypatch.setattr(explaining, "KEPT_MAX", kept_max)
    profile = world.profile(2)
    for list_name in (*ListName,) * 2:
        if list_name is not ListName.MORE_LIKE_THIS:
            assert ask(world, world.profile(2), list_name) == ask(world, profile, list_name)
    assert all(len(kept) <= kept_max for kept in profile.reasons.values())


def test_reasons_follow_what_is_said(world):
    """A track that was named as a reason is named no more once it is refused."""
    profile = world.profile(2)
    named = ask(world, profile).items[0].reasons[0].evidence.track_id
    assert named is not None
    said = [Feedback(USER, named, FeedbackKind.NEVER, at=0)]
    again = ask(world, profile, feedback=said).items
    assert again
    assert all(why.evidence.track_id != named for one in again for why in one.reasons)
