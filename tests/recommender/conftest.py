"""Small worlds of generated listeners for the tests of the recommender."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest

from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import ArtistId, ReleaseId, TrackId, UserId
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.training import train

DAY_S = 86_400
NOW = 1_700_000_000
TAGS = ("ambient", "dub", "house", "jazz", "soul")


@dataclass(frozen=True)
class World:
    """Listeners, a catalogue and the index trained on both."""

    interactions: Interactions
    catalogue: list[CatalogueEntry]
    index: ServingIndex
    now: int = NOW

    def history(self, user: int) -> History:
        """Return what one listener played."""
        mine = self.interactions.user_index == user
        last = self.interactions.last_played_at[mine]
        return History(
            track_ids=[self.catalogue[i].id for i in self.interactions.track_index[mine]],
            plays=self.interactions.plays[mine],
            first_played_at=last - 30 * DAY_S,
            last_played_at=last,
        )

    def profile(self, user: int) -> Profile:
        """Return one listener's profile."""
        return build_profile(self.history(user), self.index)


@lru_cache(maxsize=64)
def generate_world(
    seed: int, *, n_users: int = 12, n_tracks: int = 120, n_artists: int = 20, n_heard: int = 15
) -> World:
    """Draw a world in which listeners have tastes: each prefers one part of the catalogue."""
    rng = np.random.default_rng(seed)
    artist = rng.integers(0, n_artists, n_tracks)
    catalogue = [
        CatalogueEntry(
            id=TrackId(f"t{track}"),
            title=f"Song {track}",
            artist=f"Artist {artist[track]}",
            artist_ids=(ArtistId(f"a{artist[track]}"),),
            release_id=ReleaseId(f"r{artist[track]}-{track % 3}"),
            tags=tuple(sorted(set(rng.choice(TAGS, 2).tolist()))) if track % 4 else (),
        )
        for track in range(n_tracks)
    ]
    users, tracks = [], []
    for user in range(n_users):
        likes = np.exp(-(((np.arange(n_tracks) - rng.integers(n_tracks)) / 25.0) ** 2)) + 1e-3
        heard = rng.choice(n_tracks, min(n_heard, n_tracks), replace=False, p=likes / likes.sum())
        tracks += sorted(heard.tolist())
        users += [user] * len(heard)
    return build_world(
        catalogue,
        users=users,
        tracks=tracks,
        plays=rng.integers(1, 20, len(users)).tolist(),
        last=(NOW - rng.integers(1, 700, len(users)) * DAY_S).tolist(),
    )


def build_world(
    catalogue: list[CatalogueEntry],
    *,
    users: list[int],
    tracks: list[int],
    plays: list[int],
    last: list[int],
) -> World:
    """Train on given pairs."""
    interactions = Interactions(
        user_ids=[UserId(f"u{user}") for user in range(max(users, default=-1) + 1)],
        track_ids=[entry.id for entry in catalogue],
        user_index=np.array(users, dtype=np.int32),
        track_index=np.array(tracks, dtype=np.int32),
        plays=np.array(plays, dtype=np.int32),
        last_played_at=np.array(last, dtype=np.int64),
    )
    return World(interactions, catalogue, train(interactions, catalogue))


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    """Give `generate_world`."""
    return generate_world


@pytest.fixture(scope="session")
def train_world() -> Callable[..., World]:
    """Give `build_world`."""
    return build_world


@pytest.fixture(scope="session")
def world() -> World:
    """Give one world that no test changes."""
    return generate_world(7)
