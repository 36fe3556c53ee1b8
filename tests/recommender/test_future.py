"""Listeners' own future: what is hidden, from whom, and what is found of it."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, ListenColumns
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender.future import plan_future
from harmonyhub.recommender.future_quality import (
    OURS,
    POPULAR,
    REPLAY,
    measure_views,
    say_limits,
    score_ways,
)
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.served_lists import measure_served
from harmonyhub.recommender.training import train
from harmonyhub.recommender.verifying import count_verified

N_TRACKS, N_TASTES = 120, 4


def listens_of(rows):
    """Make columns of (user, track, time) rows."""
    users, tracks, times = (np.array(column) for column in zip(*rows, strict=True))
    return ListenColumns(
        user_ids=[UserId(f"u{user}") for user in range(users.max() + 1)],
        track_ids=[TrackId(f"t{track}") for track in range(N_TRACKS)],
        user_index=users.astype(np.int32),
        track_index=tracks.astype(np.int32),
        played_at=times.astype(np.int64),
    )


def draw_town(n_users, seed=3):
    """Draw listeners who each play tracks of one taste, old ones and new ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        taste = np.flatnonzero(np.arange(N_TRACKS) % N_TASTES == user % N_TASTES)
        order = rng.permutation(taste)
        rows += [(user, order[rng.integers(0, 6 + line // 4)], 1_000 + line) for line in range(60)]
    return listens_of(rows)


CATALOGUE = [
    CatalogueEntry(
        id=TrackId(f"t{track}"),
        title=f"Song {track}",
        artist=f"Band {track // 2}",
        artist_ids=(ArtistId(f"a{track // 2}"),),
    )
    for track in range(N_TRACKS)
]


def test_the_last_fifth_of_each_history_is_hidden():
    """Of twenty dated listens sixteen are given; what has no date counts as past."""
    rows = [(0, track, 100 + track) for track in range(20)] + [(0, 30, 0)]
    plan = plan_future(listens_of(rows))
    [listener] = plan.seen
    assert {f"t{track}" for track in (*range(16), 30)} == set(listener.given.track_ids)
    assert {f"t{track}" for track in range(16, 20)} == listener.future
    assert 17 == plan.training.plays.sum() == listener.given.plays.sum()


def test_a_second_is_never_cut_in_two():
    """Listens of the second of the cut are all future, and repeats of the past stay in it."""
    rows = [(0, track % 8, 100 + min(track, 15)) for track in range(20)]
    [listener] = plan_future(listens_of(rows)).seen
    assert 15 == listener.given.plays.sum()
    assert {"t7", "t0", "t1", "t2", "t3"} == listener.future


def test_of_a_short_history_nothing_is_hidden():
    """Nineteen dated listens stay whole in training; alone, they are refused in words."""
    short = [(1, track, 100 + track) for track in range(19)]
    long = [(0, track, 100 + track) for track in range(20)]
    plan = plan_future(listens_of(long + short))
    assert (1, 1, 16 + 19) == (plan.n_able, len(plan.seen), plan.training.plays.sum())
    with pytest.raises(RefusedInputError, match="no listener has 20 listens"):
        plan_future(listens_of([(0, track, time) for _, track, time in short]))


def test_unseen_listeners_leave_no_trace_in_training():
    """Of a hundred listeners ten are hidden as a whole, and nobody is both seen and unseen."""
    plan = plan_future(draw_town(100))
    assert (90, 10) == (len(plan.seen), len(plan.unseen))
    assert 90 == len(np.unique(plan.training.user_index))


def test_taste_is_found_and_what_is_simpler_is_not():
    """Where tastes are, we find new tracks that most popular does not, seen before or not."""
    plan = plan_future(draw_town(100))
    index = train(plan.training, CATALOGUE)
    done = []
    every, new, unseen = measure_views(
        index, plan, rng=np.random.default_rng(0), on_done=done.append
    )
    assert list(range(1, 101)) == done
    assert [OURS, POPULAR, REPLAY] == [method.name for method in every.methods]
    for view in (new, unseen):
        ours, popular = view.methods
        assert (OURS, POPULAR) == (ours.name, popular.name)
        assert ours.quality.ndcg_at_100.low > popular.quality.ndcg_at_100.high
        assert popular.gain.mean == pytest.approx(
            ours.quality.ndcg_at_100.mean - popular.quality.ndcg_at_100.mean
        )
        assert 0 == ours.quality.lists.repeat_rate.mean
    assert 1 == every.methods[2].quality.lists.repeat_rate.mean
    assert "we find more" == new.verdict_on(new.methods[1])
    few = replace(new, n_users=9)
    assert "too few listeners to tell" == few.verdict_on(few.methods[1])


def test_the_history_again_is_by_plays_then_by_time():
    """The most played track comes first, of equal ones the latest; nothing unheard is there."""
    plan = plan_future(listens_of([(0, min(at, 9), 100 + at) for at in range(25)]))
    [listener] = plan.seen
    again = score_ways(train(plan.training, CATALOGUE), listener)[REPLAY]
    assert [9, 8, 7, 6] == np.argsort(-again)[:4].tolist()
    assert 10 == np.count_nonzero(again)


def test_few_listeners_are_told_what_cannot_be_said():
    """Three listeners get figures and three sentences of what those do not tell."""
    plan = plan_future(draw_town(3))
    short, alone, unseen = say_limits(plan, 4)
    assert short.startswith("3 of 4 listeners")
    assert "these listeners alone" in alone
    assert "never seen" in unseen


def test_served_lists_keep_their_caps_and_their_word():
    """The lists of the pipeline are within the caps, and all checked reasons are true."""
    plan = plan_future(draw_town(12))
    index = train(plan.training, CATALOGUE)
    for_you, discover = measure_served(
        index, plan.seen, rng=np.random.default_rng(0), on_done=lambda _: None
    )
    for served in (for_you, discover):
        assert (12, 0) == (served.n_lists, served.n_over_caps)
        assert served.most_of_artist <= 3
        assert served.n_checked == served.n_verified > 0
    assert 0 == discover.shape.repeat_rate.mean < for_you.shape.repeat_rate.mean


def test_a_false_reason_is_found(world):
    """A share that claims too much, or plays that were not, do not pass."""
    history = world.history(0)
    request = RecommendationRequest(UserId("u"), ListName.DISCOVER, 20, world.now)
    cards = recommend(request, profile=build_profile(history, world.index), index=world.index).items
    ask = {"list_name": ListName.DISCOVER, "history": history, "index": world.index}
    ask["now"] = world.now
    assert len(cards) == count_verified(cards, **ask)

    def tell(card, **changes):
        first, *others = card.reasons
        told = replace(first, evidence=replace(first.evidence, **changes))
        return replace(card, reasons=(told, *others))

    bold = [tell(card, share=1.0) for card in cards if len(card.reasons) > 1]
    assert bold
    assert 0 == count_verified(bold, **ask)
    assert 0 == count_verified([tell(card, n_plays=9_999) for card in cards], **ask)
    assert 0 == count_verified([replace(card, reasons=()) for card in cards], **ask)
