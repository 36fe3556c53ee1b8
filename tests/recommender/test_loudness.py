"""How loud artists and own plays are: as held-out listeners have it, the prior where few listen."""

import dataclasses
import hashlib
import io

import numpy as np
import pytest

from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender.blend import OWN_PLAYS, UNHEARD, score_tracks
from harmonyhub.recommender.candidates.factors import Factors
from harmonyhub.recommender.index import FORMAT_VERSION, HEADER, MAGIC, ServingIndex
from harmonyhub.recommender.loudness import PRIOR, Loudness
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.taking_back import NOTHING, lower_terms
from harmonyhub.recommender.terms import Term, TermKind
from harmonyhub.recommender.training import train
from harmonyhub.recommender.verifying import count_verified

N_TRACKS, N_ARTISTS = 400, 40


def train_fans(n_users: int, *, is_shuffled: bool = False) -> ServingIndex:
    """Train on listeners who play some tracks each of three artists; or of three random sets."""
    rng = np.random.default_rng(0)
    artist_of = np.arange(N_TRACKS) % N_ARTISTS
    users, tracks = [], []
    for user in range(n_users):
        own = np.flatnonzero(np.isin(artist_of, rng.choice(N_ARTISTS, 3, replace=False)))
        chosen = rng.choice(own, 12, replace=False)
        users += [user] * 12
        tracks += chosen.tolist()
    named = rng.permutation(artist_of) if is_shuffled else artist_of
    interactions = Interactions(
        user_ids=[UserId(f"u{user}") for user in range(n_users)],
        track_ids=[TrackId(f"t{track}") for track in range(N_TRACKS)],
        user_index=np.array(users, dtype=np.int32),
        track_index=np.array(tracks, dtype=np.int32),
        plays=np.ones(len(users), dtype=np.int32),
        last_played_at=np.full(len(users), 1_700_000_000),
    )
    catalogue = [
        CatalogueEntry(
            TrackId(f"t{track}"), f"Song {track}", f"A{artist}", (ArtistId(f"a{artist}"),)
        )
        for track, artist in enumerate(named)
    ]
    return train(interactions, catalogue)


@pytest.fixture(scope="module")
def of_fans() -> ServingIndex:
    """An index of a place where listeners stay with their artists."""
    return train_fans(300)


def test_artists_are_as_loud_as_listeners_are_true_to_them(of_fans):
    """Where listeners stay with artists these say more than where names say nothing."""
    assert of_fans.loudness.artists > 2 * train_fans(300, is_shuffled=True).loudness.artists


def test_own_plays_keep_up_with_the_news(of_fans):
    """A track that was played often stands beside the best new one, however loud the index is."""
    history = History(
        track_ids=[TrackId(f"t{number}") for number in (0, 1, 2, 40, 41, 42)],
        plays=np.array([6, 1, 1, 1, 1, 1], dtype=np.int32),
        first_played_at=np.full(6, 1_700_000_000),
        last_played_at=np.full(6, 1_700_000_000),
    )
    profile = build_profile(history, of_fans)
    news = score_tracks(UNHEARD, profile, of_fans)
    news[profile.heard] = 0
    known = score_tracks({OWN_PLAYS: 0.5}, profile, of_fans).max()
    assert 0.5 < known / news.max() < 2


def test_few_listeners_choose_nothing():
    """Under 200 listeners the prior holds."""
    assert train_fans(150).loudness == PRIOR


def test_an_index_keeps_what_it_found(of_fans):
    """It is read back as it was; an index of an older release has the prior."""
    loud = dataclasses.replace(of_fans, loudness=Loudness(artists=2.5, familiar=3.5))
    packed = loud.to_bytes()
    assert Loudness(2.5, 3.5) == ServingIndex.from_bytes(packed).loudness
    with np.load(io.BytesIO(packed[HEADER.size :])) as arrays:
        older = {name: arrays[name] for name in arrays.files if name != "loudness"}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **older)
    payload = buffer.getvalue()
    header = HEADER.pack(MAGIC, FORMAT_VERSION, hashlib.sha256(payload).digest())
    assert PRIOR == ServingIndex.from_bytes(header + payload).loudness


def tear(index: ServingIndex) -> ServingIndex:
    """Let factors speak at random, and artists loudly."""
    places = np.random.default_rng(1).normal(size=(N_TRACKS, 8)).astype(np.float32) * 0.4
    torn = Factors(places, np.ones(N_TRACKS, dtype=np.float32))
    return dataclasses.replace(index, factors=torn, loudness=Loudness(artists=3.0))


def test_a_lowered_term_stays_a_reason(of_fans):
    """A term that factors would outweigh claims next to nothing, and is still there."""
    index = tear(of_fans)
    played = np.arange(3, dtype=np.int64)
    history = History([TrackId(f"t{place}") for place in played], played + 1, played, played)
    items = np.arange(N_ARTISTS, N_TRACKS, N_ARTISTS, dtype=np.int32)  # by the artist of the first
    terms = [[Term(TermKind.ARTIST, 1e-6, index.artists_of(0)[0])] for _ in items]
    lowered = lower_terms(terms, items, 1.0, profile=build_profile(history, index), index=index)
    values = {one.value for (one,) in lowered}
    assert {1e-6, NOTHING} == values


def test_reasons_stay_true_where_artists_are_loud(of_fans):
    """Where factors hold tracks down for their artist's other tracks, a share claims less."""
    index = tear(of_fans)
    n_cards = n_true = 0
    for seed in range(20):
        tracks = np.random.default_rng(seed).choice(N_TRACKS, 12, replace=False)
        history = History(
            track_ids=[TrackId(f"t{track}") for track in tracks],
            plays=np.ones(12, dtype=np.int32),
            first_played_at=np.full(12, 1_700_000_000),
            last_played_at=np.full(12, 1_700_000_000),
        )
        request = RecommendationRequest(UserId("u"), ListName.DISCOVER, 20, 1_700_000_000)
        cards = recommend(request, profile=build_profile(history, index), index=index).items
        n_cards += len(cards)
        n_true += count_verified(
            cards,
            list_name=ListName.DISCOVER,
            history=history,
            now=request.now,
            index=index,
        )
    assert (400, 400) == (n_cards, n_true)
