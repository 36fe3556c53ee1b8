"""Shortlists of large catalogues: the lists of the whole scan without the scan, never shorter."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender import shortlist, similarity
from harmonyhub.recommender.candidates.popular import Popular
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.mixing import Mix
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import Profile, apply_feedback, build_profile
from harmonyhub.recommender.similar import compare_together

N_TRACKS = 120
NOW, PLAYED = 1_700_000_000, 1_690_000_000
USER = UserId("u")
PLAIN = Knobs()


@pytest.fixture(scope="module")
def index(train_world, make_world) -> ServingIndex:
    """Train an index of neighbours and factors on listeners of six tastes."""
    rng = np.random.default_rng(6)
    tastes = rng.dirichlet(np.full(6, 0.3), 250) @ rng.dirichlet(np.full(N_TRACKS, 0.2), 6)
    users, tracks = np.nonzero(rng.random((250, N_TRACKS)) < 12 * tastes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "fit_mix", lambda *_, **__: Mix(10.0, near=0.5, factors=3.0))
        return train_world(
            make_world(1, n_tracks=N_TRACKS).catalogue,
            users=users.tolist(),
            tracks=tracks.tolist(),
            plays=[3] * len(users),
            last=[PLAYED] * len(users),
        ).index


@pytest.fixture
def short(monkeypatch) -> None:
    """Take the index for a large one, with shortlists of a third of it."""
    monkeypatch.setattr(shortlist, "SCAN_MAX", N_TRACKS - 1)
    monkeypatch.setattr(shortlist, "MIN_NEAR", 10)
    monkeypatch.setattr(shortlist, "SIZE", N_TRACKS // 3)


def listen(index: ServingIndex, seed: int) -> Profile:
    """Make the profile of nine drawn tracks."""
    tracks = np.sort(np.random.default_rng(seed).choice(N_TRACKS, 9, replace=False)).tolist()
    played = np.full(9, PLAYED, dtype=np.int64)
    ids = [index.track_ids[track] for track in tracks]
    return build_profile(History(ids, np.full(9, 4, dtype=np.int32), played, played), index)


def ask(index: ServingIndex, profile: Profile, n: int = 6, knobs: Knobs = PLAIN, **more) -> list:
    """Ask for discoveries, as tracks with their scores and reasons."""
    request = RecommendationRequest(USER, ListName.DISCOVER, n, NOW, knobs=knobs)
    return list(recommend(request, profile=profile, index=index, **more).items)


def is_scanned(profile: Profile) -> bool:
    """Whether the factors were asked about all tracks."""
    return "of_all" in vars(profile.similar)


@pytest.mark.parametrize("seed", range(5))
def test_a_shortlist_gives_the_list_of_the_scan(index, seed, request):
    """The same tracks, scores and reasons, though the factors are asked about few tracks."""
    scanned = listen(index, seed)
    expected = ask(index, scanned)
    request.getfixturevalue("short")
    profile = listen(index, seed)
    found = ask(index, profile)
    assert [one.track for one in expected] == [one.track for one in found]
    for one, other in zip(expected, found, strict=True):
        assert one.score == pytest.approx(other.score, rel=1e-5)
        assert [why.text for why in one.reasons] == [why.text for why in other.reasons]
    assert is_scanned(scanned)
    assert not is_scanned(profile)


@pytest.mark.usefixtures("short")
def test_what_runs_out_is_filled_from_all_tracks(index):
    """Where everything on the shortlist is refused, the list is as long as the scan makes it."""
    profile = listen(index, 1)
    best = ask(index, profile, n=40)
    never = [Feedback(USER, one.track.id, FeedbackKind.NEVER, at=0) for one in best]
    again = ask(index, profile, feedback=never)
    assert len(again) == 6
    assert not {one.track.id for one in again} & {one.track.id for one in best}


@pytest.mark.usefixtures("short")
def test_knobs_are_turned_on_all_tracks(index):
    """A steered list may hold any track of the catalogue, so no shortlist stands for it."""
    profile = listen(index, 2)
    ask(index, profile, knobs=Knobs(rare=1.0))
    assert is_scanned(profile)


@pytest.mark.usefixtures("short")
def test_few_neighbours_are_no_shortlist(index, monkeypatch):
    """Where neighbours lead to too few tracks, the factors are asked about all."""
    monkeypatch.setattr(shortlist, "MIN_NEAR", N_TRACKS)
    profile = listen(index, 3)
    assert len(ask(index, profile)) == 6
    assert is_scanned(profile)


def test_few_neighbours_leave_what_was_heard(index, monkeypatch, request):
    """Rediscover lists the loved tracks where neighbours lead to too few tracks, too."""
    wish = RecommendationRequest(USER, ListName.REDISCOVER, 9, NOW)
    expected = recommend(wish, profile=listen(index, 3), index=index).items
    request.getfixturevalue("short")
    monkeypatch.setattr(shortlist, "MIN_NEAR", N_TRACKS)
    assert expected == recommend(wish, profile=listen(index, 3), index=index).items
    assert len(expected) > 6


@pytest.mark.usefixtures("short")
def test_what_says_something_of_every_track_chooses_none(index, monkeypatch):
    """Tags and popularity are asked about the chosen tracks alone."""
    asked = []
    monkeypatch.setattr(Popular, "score", lambda *asking: asked.append(asking[-1]))
    assert len(ask(index, listen(index, 4))) == 6
    assert [len(items) for items in asked] == [N_TRACKS // 3]


@pytest.mark.usefixtures("short")
def test_where_little_leads_to_tracks_the_best_known_are_scored_too(index, monkeypatch):
    """A shortlist is as long as it may be: factors may lead to what nothing else leads to."""
    asked = []
    monkeypatch.setattr(Popular, "score", lambda *asking: asked.append(asking[-1]))
    monkeypatch.setattr(shortlist, "SIZE", N_TRACKS - 10)
    ask(index, listen(index, 4))
    assert [len(np.unique(items)) for items in asked] == [N_TRACKS - 10]


def test_histories_compared_together_are_compared_as_alone(index):
    """One product of several histories gives each its own similarity, none of another's."""
    nobody = build_profile(
        History([], np.zeros(0, np.int32), *np.zeros((2, 0), dtype=np.int64)), index
    )
    alone = [listen(index, seed).similar for seed in range(3)] + [nobody.similar]
    together = [replace(one) for one in alone]
    compare_together(together)
    for one, other in zip(alone, together, strict=True):
        assert "of_all" in vars(other)
        assert np.allclose(one.of_all, other.of_all, atol=1e-5)
    compare_together([])


def test_some_are_scored_like_all_after_feedback(index):
    """Feedback moves the taste: similarity of some tracks stays that of all, and is taken back."""
    profile = listen(index, 4)
    liked = [Feedback(USER, index.track_ids[7], FeedbackKind.MORE, at=0)]
    told = apply_feedback(profile, liked, index)
    some = np.arange(0, N_TRACKS, 7, dtype=np.int32)
    assert np.allclose(told.similar.at(some), told.similar.of_all[some], atol=1e-5)
    assert not np.allclose(profile.similar.of_all, told.similar.of_all, atol=1e-3)
