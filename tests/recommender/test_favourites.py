"""Favourites speak for their listener at once, and every sentence of them is a true term."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.favourites import Favour, FavouriteArtist, Favourites, FavouriteTrack
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.recommendations import (
    Evidence,
    EvidenceKind,
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import apply_feedback, build_profile

USER = UserId("u")
TRACK_FAVOURS = [favour for favour in Favour if favour is not Favour.FOLLOWED]
NO_PLAYS = History(
    track_ids=[],
    plays=np.zeros(0, dtype=np.int32),
    first_played_at=np.zeros(0, dtype=np.int64),
    last_played_at=np.zeros(0, dtype=np.int64),
)


def ask(world, history, favourites, list_name=ListName.DISCOVER, n=20, **more):
    """Ask for a list with favourites."""
    request = RecommendationRequest(USER, list_name, n, world.now)
    profile = build_profile(history, world.index, favourites)
    return recommend(request, profile=profile, index=world.index, **more)


def keep(world, *places: int, favour: Favour = Favour.SAVED) -> Favourites:
    """Make favourites of tracks of the catalogue."""
    return Favourites(
        tracks=tuple(
            FavouriteTrack(id=world.catalogue[place].id, favour=favour) for place in places
        )
    )


def draw_favourites(world, rng: np.random.Generator) -> Favourites:
    """Draw known and unknown favourite tracks, and favourite artists."""
    catalogue = world.catalogue
    known = [
        FavouriteTrack(id=catalogue[place].id, favour=TRACK_FAVOURS[rng.integers(5)])
        for place in rng.choice(len(catalogue), 8, replace=False)
    ]
    unknown = [
        FavouriteTrack(
            id=TrackId(f"tnew{k}"),
            favour=TRACK_FAVOURS[rng.integers(5)],
            artist_ids=catalogue[rng.integers(len(catalogue))].artist_ids,
            tags=catalogue[rng.integers(len(catalogue))].tags,
        )
        for k in range(5)
    ]
    artists = {catalogue[place].artist_ids[0] for place in rng.choice(len(catalogue), 4)}
    favours = [Favour.FOLLOWED, Favour.TOP_WEEKS]
    return Favourites(
        tracks=tuple(known + unknown),
        artists=tuple(
            FavouriteArtist(id=artist, favour=favours[rng.integers(2)])
            for artist in sorted(artists)
        ),
    )


def is_behind(world, evidence: Evidence, track: FavouriteTrack | str) -> bool:
    """Tell whether a track is among those that a piece of evidence is about."""
    track_id = track if isinstance(track, str) else track.id
    entry = next((one for one in world.catalogue if one.id == track_id), None)
    artist_ids = entry.artist_ids if entry else getattr(track, "artist_ids", ())
    tags = entry.tags if entry else getattr(track, "tags", ())
    if evidence.artist_id is not None:
        return evidence.artist_id in artist_ids
    if evidence.tag is not None:
        return evidence.tag in tags
    return evidence.track_id == track_id


def without(world, history: History, favourites: Favourites, evidence: Evidence):
    """Take what a piece of evidence is about out of plays and favourites."""
    stays = np.array(
        [not is_behind(world, evidence, track_id) for track_id in history.track_ids], dtype=bool
    )
    less = History(
        track_ids=[one for one, kept in zip(history.track_ids, stays, strict=True) if kept],
        plays=history.plays[stays],
        first_played_at=history.first_played_at[stays],
        last_played_at=history.last_played_at[stays],
    )
    return less, Favourites(
        tracks=tuple(one for one in favourites.tracks if not is_behind(world, evidence, one)),
        artists=tuple(one for one in favourites.artists if one.id != evidence.artist_id),
    )


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 20),
    user=st.integers(-1, 11),
    list_name=st.sampled_from([ListName.FOR_YOU, ListName.DISCOVER, ListName.REDISCOVER]),
)
def test_without_its_evidence_a_score_falls_by_the_share(make_world, seed, user, list_name):
    """Whatever the reason, without those plays and favourites the score is lower by its share."""
    world = make_world(seed)
    history = world.history(user) if user >= 0 else NO_PLAYS
    favourites = draw_favourites(world, np.random.default_rng(seed))
    for item in ask(world, history, favourites, list_name, n=5).items:
        for reason in item.reasons:
            if reason.evidence.kind is EvidenceKind.POPULAR:
                continue
            less, fewer = without(world, history, favourites, reason.evidence)
            again = ask(world, less, fewer, list_name, n=len(world.catalogue))
            scores = {other.track.id: other.score for other in again.items}
            allowed = item.score * (1 - reason.evidence.share) + 1e-4 * item.score
            is_itself = is_behind(world, reason.evidence, item.track.id)
            assert is_itself or scores.get(item.track.id, 0.0) <= allowed


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 20), user=st.integers(-1, 11))
def test_a_reason_counts_the_favourites_behind_it(make_world, seed, user):
    """The number of favourites is that of the tracks that the evidence is about."""
    world = make_world(seed)
    history = world.history(user) if user >= 0 else NO_PLAYS
    favourites = draw_favourites(world, np.random.default_rng(seed))
    for item in ask(world, history, favourites, n=10).items:
        for reason in item.reasons:
            if reason.evidence.kind is EvidenceKind.POPULAR:
                continue
            behind = [one for one in favourites.tracks if is_behind(world, reason.evidence, one)]
            assert len(behind) == reason.evidence.n_favourites
            followed = {one.id for one in favourites.artists}
            is_followed = reason.evidence.artist_id in followed
            assert is_followed is (reason.evidence.kind is EvidenceKind.FOLLOWED)


def test_favourites_alone_make_a_list(world):
    """Nobody has to have played anything here: what is saved leads to what others play with it."""
    played = [int(item) for item in np.argsort(-world.index.listeners)[:3]]
    listed = ask(world, NO_PLAYS, keep(world, *played))
    kinds = Counter(one.reasons[0].evidence.kind for one in listed.items)
    assert kinds[EvidenceKind.SAVED] > 0
    assert listed.based_on.startswith("No plays of your own yet; 3 favourite tracks at Spotify; ")


@pytest.mark.parametrize("favour", TRACK_FAVOURS)
def test_discover_leaves_favourites_out(world, favour):
    """What is saved, in a playlist or played most elsewhere is no news."""
    places = list(range(0, 120, 3))
    listed = ask(world, NO_PLAYS, keep(world, *places, favour=favour), n=100)
    assert not {world.catalogue[place].id for place in places} & {x.track.id for x in listed.items}
    assert listed.items


@pytest.mark.parametrize(
    ("favour", "n_plays", "text"),
    [
        (Favour.SAVED, 0, "You saved “Song 0” by Artist 0 at Spotify; the same"),
        (
            Favour.SAVED,
            3,
            "You saved “Song 0” by Artist 0 at Spotify, and you played it 3 times, last on",
        ),
        (
            Favour.TOP_WEEKS,
            0,
            "“Song 0” by Artist 0 is among what you played most in the last four weeks at Spotify",
        ),
        (
            Favour.IN_PLAYLIST,
            0,
            "You have “Song 0” by Artist 0 in a playlist of yours at Spotify; the same",
        ),
    ],
)
def test_the_sentence_says_what_is_kept(train_world, make_world, favour, n_plays, text):
    """Each kind of favourite has its words; plays are told with it, for both feed the term."""
    catalogue = make_world(1, n_artists=3).catalogue[:6]
    catalogue = [catalogue[0], *[one for one in catalogue[1:] if one.artist != catalogue[0].artist]]
    world = train_world(
        catalogue, users=[0, 0, 1, 1], tracks=[0, 1, 0, 1], plays=[3, 4, 1, 2], last=[86_400] * 4
    )
    history = NO_PLAYS
    if n_plays:
        history = History(
            track_ids=[catalogue[0].id],
            plays=np.array([n_plays], dtype=np.int32),
            first_played_at=np.array([86_400]),
            last_played_at=np.array([86_400]),
        )
    reasons = [
        reason.text
        for item in ask(world, history, keep(world, 0, favour=favour)).items
        for reason in item.reasons
    ]
    wanted = text.replace("Artist 0", catalogue[0].artist).replace("Song 0", catalogue[0].title)
    assert any(reason.startswith(wanted) for reason in reasons), reasons


def test_a_followed_artist_is_a_reason(world):
    """It says that the listener follows, and counts all else that speaks for the artist."""
    entry = world.catalogue[5]
    unknown = FavouriteTrack(id=TrackId("tnew"), favour=Favour.SAVED, artist_ids=entry.artist_ids)
    follows = FavouriteArtist(id=entry.artist_ids[0], favour=Favour.FOLLOWED)
    texts = [
        reason.text
        for favourites in (Favourites((), (follows,)), Favourites((unknown,), (follows,)))
        for item in ask(world, NO_PLAYS, favourites).items
        for reason in item.reasons
        if reason.evidence.kind is EvidenceKind.FOLLOWED
    ]
    name = entry.artist
    assert {
        f"You follow {name} at Spotify.",
        f"You follow {name} at Spotify and saved one of their tracks there.",
    } == set(texts)


def test_never_silences_a_favourite(world):
    """Of a saved track with "never" nothing is concluded any more."""
    place = int(np.argmax(world.index.listeners))
    profile = build_profile(NO_PLAYS, world.index, keep(world, place))
    said = Feedback(USER, world.catalogue[place].id, FeedbackKind.NEVER, at=0)
    told = apply_feedback(profile, [said], world.index)
    assert profile.similar.of_all.sum() > 0
    assert 0 == told.similar.of_all.sum() + told.artist_weights.sum() + told.tag_weights.sum()


def test_tracks_that_only_spotify_told_are_not_promised(world):
    """No training will know them, so they are not counted as coming with the next."""
    history = History(
        track_ids=[TrackId("timported"), TrackId("tsynced")],
        plays=np.ones(2, dtype=np.int32),
        first_played_at=np.zeros(2, dtype=np.int64),
        last_played_at=np.zeros(2, dtype=np.int64),
    )
    told = Favourites(only_synced=frozenset({TrackId("tsynced")}))
    assert 1 == build_profile(history, world.index, told).n_unknown_tracks


def test_unknown_artists_are_passed_over(world):
    """An artist whom nobody here plays adds nothing and breaks nothing."""
    stranger = FavouriteArtist(id=ArtistId("anobody"), favour=Favour.FOLLOWED)
    with_stranger = ask(world, world.history(0), Favourites((), (stranger,)))
    assert ask(world, world.history(0), Favourites()) == with_stranger
