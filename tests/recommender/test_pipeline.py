"""The lists: what may stand in them, how much of what, and what they say of themselves."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, History
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import NO_KNOBS, Seeds
from harmonyhub.domain.recommendations import (
    EvidenceKind,
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile

USER = UserId("u")
DAY_S = 86_400
NOTHING = History(
    track_ids=[],
    plays=np.zeros(0, dtype=np.int32),
    first_played_at=np.zeros(0, dtype=np.int64),
    last_played_at=np.zeros(0, dtype=np.int64),
)


def ask(world, history=NOTHING, list_name=ListName.FOR_YOU, *, n=20, **more):
    """Ask for a list the way the house does."""
    seeds = Seeds(tuple(more.pop("tracks", ())), tuple(more.pop("artists", ())))
    knobs = more.pop("knobs", NO_KNOBS)
    now = more.pop("now", world.now)
    request = RecommendationRequest(USER, list_name, n, now, seeds, knobs)
    profile = build_profile(history, world.index)
    return recommend(request, profile=profile, index=world.index, **more)


def ids(listed) -> list[TrackId]:
    """List the track ids of an answer."""
    return [item.track.id for item in listed.items]


def head(history: History, n: int) -> History:
    """Cut a history to its first tracks."""
    return History(
        track_ids=list(history.track_ids)[:n],
        plays=history.plays[:n],
        first_played_at=history.first_played_at[:n],
        last_played_at=history.last_played_at[:n],
    )


def said(track_id: TrackId, kind: FeedbackKind, **more) -> Feedback:
    """Say something of a track."""
    return Feedback(USER, track_id, kind, at=0, **more)


@pytest.mark.parametrize("list_name", [ListName.FOR_YOU, ListName.DISCOVER, ListName.REDISCOVER])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), user=st.integers(0, 11), data=st.data())
def test_never_and_snooze_act_on_the_very_next_list(make_world, list_name, seed, user, data):
    """A refused track is gone from the next list, and back when the word is taken back."""
    world = make_world(seed)
    history = world.history(user)
    before = ids(ask(world, history, list_name))
    if not before:
        return
    track_id = data.draw(st.sampled_from(before))
    never = said(track_id, FeedbackKind.NEVER)
    snooze = said(track_id, FeedbackKind.SNOOZE, until=world.now + 1)
    assert track_id not in ids(ask(world, history, list_name, feedback=[never]))
    assert track_id not in ids(ask(world, history, list_name, feedback=[snooze]))
    over = said(track_id, FeedbackKind.SNOOZE, until=world.now)
    assert before == ids(ask(world, history, list_name, feedback=[over]))
    assert before == ids(ask(world, history, list_name, feedback=[]))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 20),
    user=st.integers(0, 11),
    list_name=st.sampled_from([ListName.FOR_YOU, ListName.DISCOVER, ListName.REDISCOVER]),
    n=st.integers(1, 45),
)
def test_pages_keep_the_caps(make_world, seed, user, list_name, n):
    """No page of 20 holds more than three tracks of an artist or two of a release."""
    world = make_world(seed)
    entries = {entry.id: entry for entry in world.catalogue}
    listed = ids(ask(world, world.history(user), list_name, n=n))
    assert len(set(listed)) == len(listed) <= n
    for start in range(0, len(listed), 20):
        page = [entries[track_id] for track_id in listed[start : start + 20]]
        assert max(Counter(a for e in page for a in e.artist_ids).values()) <= 3
        assert max(Counter(e.release_id for e in page).values()) <= 2


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), user=st.integers(0, 11), order=st.randoms())
def test_the_same_question_gets_the_same_answer(make_world, seed, user, order):
    """Lists are deterministic and do not depend on the order of the history."""
    world = make_world(seed)
    history = world.history(user)
    shuffled = list(range(len(history.track_ids)))
    order.shuffle(shuffled)
    mixed = History(
        track_ids=[history.track_ids[place] for place in shuffled],
        plays=history.plays[shuffled],
        first_played_at=history.first_played_at[shuffled],
        last_played_at=history.last_played_at[shuffled],
    )
    assert ask(world, history) == ask(world, mixed)


def test_discover_holds_nothing_heard(world):
    """Discover never repeats what was played."""
    history = world.history(0)
    listed = ids(ask(world, history, ListName.DISCOVER))
    assert listed
    assert set() == set(listed) & set(history.track_ids)


def test_for_you_is_news_with_a_familiar_quarter(world):
    """Of twenty tracks for you five are known ones."""
    history = world.history(0)
    listed = ids(ask(world, history))
    assert (20, 5) == (len(listed), len(set(listed) & set(history.track_ids)))


def test_scores_fall_within_a_page(world):
    """The best track of a page stands first."""
    scores = [item.score for item in ask(world, world.history(0)).items]
    assert sorted(scores, reverse=True) == scores


def test_rediscover_takes_loved_tracks_that_rested(world):
    """Rediscover holds tracks of three plays or more, unheard for ninety days."""
    history = world.history(0)
    facts = dict(
        zip(history.track_ids, zip(history.plays, history.last_played_at, strict=True), strict=True)
    )
    listed = ids(ask(world, history, ListName.REDISCOVER))
    assert listed
    for track_id in listed:
        plays, last = facts[track_id]
        assert plays >= 3
        assert last <= history.last_played_at.max() - 90 * DAY_S


def test_rediscover_adapts_to_a_short_history(world):
    """Of a history of thirty days a track rests after ten."""
    track_ids = [entry.id for entry in world.catalogue[:3]]
    first = np.full(3, world.now - 30 * DAY_S)
    last = world.now - np.array([12, 9, 0]) * DAY_S
    history = History(track_ids, np.full(3, 5, dtype=np.int32), first, last)
    assert [track_ids[0]] == ids(ask(world, history, ListName.REDISCOVER))


def test_rediscover_says_why_it_is_empty_without_dates(world):
    """A history without dates cannot tell what rested, and says so."""
    history = replace(world.history(0), last_played_at=np.zeros(15, dtype=np.int64))
    listed = ask(world, history, ListName.REDISCOVER)
    assert () == listed.items
    assert "no dated plays" in listed.based_on


def test_without_a_history_what_others_play_is_listed(world):
    """A newcomer gets the popular tracks, and is told that they are that."""
    listed = ask(world)
    top = world.index.popularity.max()
    assert top == world.index.popularity[world.index.place_of[listed.items[0].track.id]]
    assert "No plays of your own yet" in listed.based_on
    kinds = {reason.evidence.kind for item in listed.items for reason in item.reasons}
    assert {EvidenceKind.POPULAR} == kinds


def test_three_listens_already_personalize(world):
    """The first card of a listener with three tracks rests on one of the three."""
    history = head(world.history(0), 3)
    listed = ask(world, history, ListName.DISCOVER)
    assert listed.items[0].reasons[0].evidence.track_id in set(history.track_ids)


def test_basis_counts_plays_tracks_and_listeners(world):
    """The sentence names the plays, the tracks, the last day and the listeners learned from."""
    history = world.history(0)
    basis = ask(world, history).based_on
    assert basis.startswith(f"{history.n_listens:,} plays of 15 tracks up to 2023-")
    assert basis.endswith("similar tracks learned from 12 listeners.")


def test_tracks_newer_than_the_training_are_counted(world):
    """Unknown tracks change no score, but the sentence counts them."""
    history = world.history(0)
    more = History(
        track_ids=[*history.track_ids, TrackId("new-1"), TrackId("new-2")],
        plays=np.append(history.plays, [5, 5]).astype(np.int32),
        first_played_at=np.append(history.first_played_at, [1, 1]),
        last_played_at=np.append(history.last_played_at, [1, 1]),
    )
    listed = ask(world, more, ListName.DISCOVER)
    assert ids(ask(world, history, ListName.DISCOVER)) == ids(listed)
    assert "2 of your tracks came after the last training" in listed.based_on
    assert build_profile(more, world.index).n_unknown_tracks == 2


def test_discover_is_honestly_empty_when_all_is_heard(make_world):
    """Who has heard the whole catalogue is told so, and For you falls back to known tracks."""
    world = make_world(3, n_users=2, n_tracks=10, n_artists=10, n_heard=10)
    listed = ask(world, world.history(0), ListName.DISCOVER)
    assert () == listed.items
    assert "you have heard all 10 tracks" in listed.based_on
    assert len(ask(world, world.history(0)).items) == 10


def test_one_artist_alone_fills_the_list(make_world, train_world):
    """Where the catalogue is one artist's, the caps do not cut the list short."""
    catalogue = make_world(1, n_artists=1).catalogue[:20]
    world = train_world(catalogue, users=[0], tracks=[0], plays=[5], last=[1])
    assert len(ask(world, world.history(0), ListName.DISCOVER).items) == 19


def test_other_versions_of_heard_songs_are_no_news(make_world, train_world):
    """A remaster of a heard song is not discovered; a list holds one version of a song."""
    first, second, third = make_world(1, n_artists=1).catalogue[:3]
    catalogue = [
        replace(first, title="Angel"),
        replace(second, title="Angel - 2019 Remaster"),
        replace(third, title="Teardrop"),
    ]
    world = train_world(catalogue, users=[0, 1], tracks=[0, 1], plays=[5, 5], last=[1, 1])
    assert [third.id] == ids(ask(world, world.history(0), ListName.DISCOVER))


def test_less_lowers_the_track_and_its_artist(world):
    """After "less" the track and its artist's other tracks score lower, all else does not rise."""
    history = world.history(0)
    n = len(world.catalogue)
    before = {item.track.id: item.score for item in ask(world, history, n=n).items}
    artists = {entry.id: entry.artist_ids[0] for entry in world.catalogue}
    target = next(iter(before))
    after = {
        item.track.id: item.score
        for item in ask(world, history, n=n, feedback=[said(target, FeedbackKind.LESS)]).items
    }
    assert after.get(target, 0) < 0.5 * before[target]
    same = [t for t in after if t != target and artists[t] == artists[target] and t in before]
    assert all(after[t] < before[t] for t in same)
    assert all(after[t] <= before[t] + 1e-5 for t in after if t in before)


def test_more_raises_what_goes_with_the_track(world):
    """After "more" the tracks that go with it score higher."""
    history = world.history(0)
    before = ask(world, history, ListName.DISCOVER)
    target = before.items[0].track.id
    place = world.index.place_of[target]
    after = ask(world, history, ListName.DISCOVER, feedback=[said(target, FeedbackKind.MORE)])
    near = world.index.neighbours[place].toarray().ravel()
    old = {item.track.id: item.score for item in before.items}
    raised = [
        i for i in after.items if i.track.id in old and near[world.index.place_of[i.track.id]]
    ]
    assert raised
    assert all(item.score > old[item.track.id] for item in raised)


def test_what_was_just_shown_steps_back(world):
    """A track shown a moment ago scores 30 % lower; after a month it is as before."""
    history = world.history(0)
    top = ask(world, history).items[0]
    now = {
        i.track.id: i.score for i in ask(world, history, last_shown={top.track.id: world.now}).items
    }
    assert now[top.track.id] == pytest.approx(0.7 * top.score)
    month = ask(world, history, last_shown={top.track.id: world.now - 30 * DAY_S})
    assert month.items[0].score == pytest.approx(top.score)


def test_more_like_this_leaves_the_asked_track_out(world):
    """The asked track is no answer to itself."""
    seed = world.history(0).track_ids[0]
    listed = ids(ask(world, list_name=ListName.MORE_LIKE_THIS, tracks=[seed]))
    assert listed
    assert seed not in listed


def test_more_like_this_falls_back_to_artist_and_tags(world):
    """A track that nobody played is answered by its artist and tags, trained or not."""
    unplayed = int(np.flatnonzero(world.index.listeners == 0)[0])
    inside = world.catalogue[unplayed]
    outside = CatalogueEntry(TrackId("x"), "X", "Artist 1", (ArtistId("a1"),), tags=("dub",))
    for seed in (inside, outside):
        listed = ask(world, list_name=ListName.MORE_LIKE_THIS, tracks=[seed.id], seeds=[seed])
        kinds = {reason.evidence.kind for item in listed.items for reason in item.reasons}
        assert EvidenceKind.SAME_ARTIST in kinds
        assert kinds <= {EvidenceKind.SAME_ARTIST, EvidenceKind.SHARED_TAG}


def test_more_like_nothing_known_is_empty_and_says_so(world):
    """An unknown track of which nothing is known gets an empty list with the reason."""
    listed = ask(world, list_name=ListName.MORE_LIKE_THIS, tracks=[TrackId("nobody-knows")])
    assert () == listed.items
    assert "is not in the last training" in listed.based_on


def test_more_like_this_without_a_track_is_refused(world):
    """The question "more like what?" has no answer."""
    with pytest.raises(RefusedInputError):
        ask(world, list_name=ListName.MORE_LIKE_THIS)


@pytest.mark.parametrize("list_name", list(ListName))
def test_an_empty_catalogue_answers_with_an_empty_list(train_world, list_name):
    """Before anything was imported every list is empty and says what to do."""
    world = train_world([], users=[], tracks=[], plays=[], last=[])
    listed = ask(world, list_name=list_name, tracks=[TrackId("t")])
    assert () == listed.items
    assert "import a listening history" in listed.based_on
