"""Profiles: what feedback does to the weights is what a new start would do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import Feedback, FeedbackKind
from harmonyhub.recommender.profile import apply_feedback, build_profile

USER = UserId("u")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10), user=st.integers(0, 11), places=st.sets(st.integers(0, 14)))
def test_muting_tracks_equals_never_having_played_them(make_world, seed, user, places):
    """After "never" the sums are those of the history without the track."""
    world = make_world(seed)
    history = world.history(user)
    kept = np.array([place not in places for place in range(15)])
    less = History(
        track_ids=[t for t, is_kept in zip(history.track_ids, kept, strict=True) if is_kept],
        plays=history.plays[kept],
        first_played_at=history.first_played_at[kept],
        last_played_at=history.last_played_at[kept],
    )
    said = [Feedback(USER, history.track_ids[p], FeedbackKind.NEVER, at=0) for p in sorted(places)]
    expected = build_profile(less, world.index)
    actual = apply_feedback(world.profile(user), said, world.index)
    assert np.allclose(expected.similar.of_all, actual.similar.of_all, atol=3e-5)
    for name in ("artist_weights", "tag_weights"):
        assert np.allclose(getattr(expected, name), getattr(actual, name), atol=3e-5)


def test_more_of_an_unheard_track_counts_for_its_artist(world):
    """A liked track that was never played speaks, without becoming a played one."""
    entry = next(e for e in world.catalogue if e.id not in set(world.history(0).track_ids))
    before = world.profile(0)
    said = Feedback(USER, entry.id, FeedbackKind.MORE, at=0)
    after = apply_feedback(before, [said], world.index)
    artist = world.index.artist_place_of[entry.artist_ids[0]]
    assert after.artist_weights[artist] == before.artist_weights[artist] + 2
    assert np.array_equal(before.heard, after.heard)


def test_snooze_changes_no_weight(world):
    """A snooze only filters."""
    profile = world.profile(0)
    said = Feedback(USER, world.history(0).track_ids[0], FeedbackKind.SNOOZE, at=0, until=9)
    assert apply_feedback(profile, [said], world.index) is profile
