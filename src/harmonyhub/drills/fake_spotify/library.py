"""What a person keeps at Spotify: saved tracks and albums, followed artists, own playlists.

Made at the first look, the same for the same seed and name, and from then on as it was changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harmonyhub.drills.fake_spotify.catalogue import Song, load_catalogue
from harmonyhub.drills.fake_spotify.listening import taste_of
from harmonyhub.drills.fake_spotify.names import chance, spotify_id
from harmonyhub.drills.fake_spotify.playlists import Item, ItemKind, Playlist

SAVED_UNTIL = 1_764_547_200  # 2025-12-01: what was there before the fake started is older
EVERY_S = 40_000  # between two things saved, on average
# One sync of all of it stays under 45 calls: 10 + 1 + 1 + 1 + 20 pages beside the rest.
ITEMS_LEAST, ITEMS_MOST = 8, 50
HOLLOW_ALBUMS, HOLLOW_TRACKS, HOLLOW_PLAYLISTS = 12, 60, 8  # every so many-th
NAMES = (
    "Morning",
    "Night drive",
    "Kitchen",
    "Running",
    "Sunday",
    "Rain",
    "For Ida",
    "Loud",
    "Slow",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much a person keeps; the defaults are the standard person's."""

    n_saved_tracks: int = 500
    n_saved_albums: int = 40
    n_followed: int = 48
    n_playlists: int = 20


class Saved(NamedTuple):
    """Something saved; a removed one is hollow in answers, where they are."""

    id: str
    added_at: int
    is_removed: bool = False


@dataclass(slots=True)
class Library:
    """One person's, newest first but for playlists."""

    tracks: list[Saved] = field(default_factory=list)
    albums: list[Saved] = field(default_factory=list)
    artists: list[str] = field(default_factory=list)
    playlists: list[Playlist] = field(default_factory=list)


def make_library(seed: int, user_id: str, sizes: Sizes) -> Library:
    """Make what a person keeps from their taste and from chance."""
    catalogue, taste = load_catalogue(), taste_of(seed, user_id)
    songs = _some_songs(seed, user_id, sizes.n_saved_tracks)
    albums = list(dict.fromkeys(song.album.id for song in taste.songs))
    artists = [artist.id for artist in taste.artists]
    artists = list(dict.fromkeys([*artists, *catalogue.artists]))
    return Library(
        tracks=list(_dated((song.id for song in songs), user_id, every=HOLLOW_TRACKS)),
        albums=list(_dated(albums[: sizes.n_saved_albums], user_id, every=HOLLOW_ALBUMS)),
        artists=artists[: sizes.n_followed],
        playlists=[_playlist(seed, user_id, number) for number in range(sizes.n_playlists)],
    )


def _some_songs(seed: int, user_id: str, n_songs: int) -> Sequence[Song]:
    """Draw different tracks, most of them from the person's taste; over and over if too few."""
    rng, liked = chance("saved", seed, user_id), list(taste_of(seed, user_id).songs)
    rng.shuffle(liked)
    known = {song.id for song in liked}
    rest = [song for song in load_catalogue().songs.values() if song.id not in known]
    rng.shuffle(rest)
    every = liked + rest
    return [every[place % len(every)] for place in range(n_songs)]


def _dated(ids: Iterator[str] | Sequence[str], user_id: str, *, every: int) -> Iterator[Saved]:
    rng, at = chance("dates", user_id), SAVED_UNTIL
    for place, id_ in enumerate(ids):
        at -= 1 + int(rng.expovariate(1 / EVERY_S))
        yield Saved(id_, at, is_removed=place % every == every // 2)


def _playlist(seed: int, user_id: str, number: int) -> Playlist:
    rng = chance("playlist", seed, user_id, number)
    songs = taste_of(seed, user_id).songs
    is_bare = number % HOLLOW_PLAYLISTS == HOLLOW_PLAYLISTS // 2
    chosen = rng.sample(songs, k=min(len(songs), rng.randint(ITEMS_LEAST, ITEMS_MOST)))
    made_at = SAVED_UNTIL - rng.randrange(3 * 365 * 86_400)
    kinds = dict.fromkeys(range(len(chosen)), ItemKind.TRACK)
    for kind in (ItemKind.LOCAL, ItemKind.EPISODE, ItemKind.REMOVED, ItemKind.NULL):
        if rng.random() < 0.25:
            kinds[rng.randrange(len(chosen))] = kind
    return Playlist(
        id=spotify_id("playlist", f"{seed}:{user_id}:{number}"),
        owner_id=user_id,
        name=NAMES[number % len(NAMES)] + (f" {number // len(NAMES) + 1}" if number >= 9 else ""),
        description="" if rng.random() < 0.5 else "Made up",
        is_public=rng.random() < 0.5,
        has_no_images=is_bare,
        items=[
            Item(kinds[place], song.id, made_at + 60 * place) for place, song in enumerate(chosen)
        ],
    )
