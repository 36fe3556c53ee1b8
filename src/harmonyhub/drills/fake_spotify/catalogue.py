"""The fake's music: most of the starter catalogue, and some that nothing else knows.

Names of artists, releases and tracks are facts from the starter catalogue. Ids, ISRCs, lengths and
the last digit of a year are made up, each a function of the name. A few tracks are left out, so
that not everything can be found, and some have a live version besides, listed first, so that the
first hit is not always the right one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from harmonyhub.drills.fake_spotify.names import chance, draw, spotify_id
from harmonyhub.sources.starter.library import LibraryArtist, load_library

LEFT_OUT = 0.04
WITH_LIVE_VERSION = 0.05
N_MADE_UP = 240
TRACKS_OF_MADE_UP_ALBUM = 10
ADJECTIVES = ("Silver", "Quiet", "Electric", "Northern", "Paper", "Golden", "Hollow", "Distant")
NOUNS = ("Harbour", "Signals", "Garden", "Machines", "Rivers", "Windows", "Lanterns", "Streets")


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist; `popularity` in [0, 100], which only old apps see."""

    id: str
    name: str
    genres: tuple[str, ...]
    popularity: int


@dataclass(frozen=True, slots=True)
class Album:
    """A release; `year` may be off by the last digit, `kind` is `album`, `single` or so."""

    id: str
    name: str
    artist: Artist
    year: int
    kind: str = "album"


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """A track; `number` counts from 1 on its album."""

    id: str
    name: str
    album: Album
    isrc: str
    duration_ms: int
    is_explicit: bool
    number: int

    @property
    def artist(self) -> Artist:
        """The one artist."""
        return self.album.artist


@dataclass(frozen=True)
class Catalogue:
    """All music there is, by id and by what is searched for."""

    artists: dict[str, Artist] = field(default_factory=dict)
    albums: dict[str, Album] = field(default_factory=dict)
    songs: dict[str, Song] = field(default_factory=dict)
    by_isrc: dict[str, Song] = field(default_factory=dict)
    songs_of: dict[str, list[Song]] = field(default_factory=lambda: defaultdict(list))
    albums_of: dict[str, list[Album]] = field(default_factory=lambda: defaultdict(list))

    def add_artist(self, artist: Artist) -> None:
        """Take an artist up."""
        self.artists[artist.id] = artist

    def add_album(self, album: Album, titles: Sequence[str], *, isrc_start: str) -> None:
        """Take an album up, with its tracks in order."""
        self.albums[album.id] = album
        self.albums_of[album.artist.id].append(album)
        for number, title in enumerate(titles, start=1):
            song = _song(title, album=album, number=number, isrc=self._free_isrc(isrc_start, title))
            self.songs[song.id] = song
            self.by_isrc[song.isrc] = song
            self.songs_of[album.id].append(song)

    def _free_isrc(self, start: str, title: str) -> str:
        number = draw(start, title, below=100_000)
        while f"{start}{number:05}" in self.by_isrc:
            number = (number + 1) % 100_000
        return f"{start}{number:05}"


@cache
def load_catalogue() -> Catalogue:
    """Load all music, at the first request that needs it: it takes a tenth of a second."""
    catalogue = Catalogue()
    for known in load_library():
        _add_known(catalogue, known)
    _add_made_up(catalogue)
    return catalogue


def _add_known(catalogue: Catalogue, known: LibraryArtist) -> None:
    artist = _artist(known.name, known.tags, popularity=round(90 * known.prominence))
    catalogue.add_artist(artist)
    for title, decade, songs in _releases(known):
        live = [f"{song} - Live" for song in songs if _draws(WITH_LIVE_VERSION, artist, song)]
        kept = [song for song in songs if not _draws(LEFT_OUT, artist, f"without {song}")]
        year = decade + draw("year", artist.name, title, below=10)
        for name, tracks in ((f"{title} (Live)", live), (title, kept)):
            if tracks:
                album = Album(spotify_id("album", f"{artist.name}: {name}"), name, artist, year)
                catalogue.add_album(album, tracks, isrc_start=f"QZHH1{year % 100:02}")


def _draws(share: float, artist: Artist, what: str) -> bool:
    return draw(artist.name, what, below=1000) < share * 1000


def _releases(known: LibraryArtist) -> Iterator[tuple[str, int, list[str]]]:
    """Walk over an artist's releases: title, decade, titles of tracks."""
    releases: dict[tuple[str, int], list[str]] = defaultdict(list)
    for track in known.tracks:
        decade = int(track.tags[-1].removesuffix("s"))
        releases[track.release or track.title, decade].append(track.title)
    for (title, decade), songs in releases.items():
        yield title, decade, songs


def _add_made_up(catalogue: Catalogue) -> None:
    for start in range(0, N_MADE_UP, TRACKS_OF_MADE_UP_ALBUM):
        rng = chance("made up", start)
        name = f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
        artist = _artist(name, ("made up",), popularity=10)
        catalogue.add_artist(artist)
        title = f"{rng.choice(ADJECTIVES)} Album {start // TRACKS_OF_MADE_UP_ALBUM + 1}"
        album = Album(spotify_id("album", f"{name}: {title}"), title, artist, 2019)
        numbers = range(start + 1, start + 1 + TRACKS_OF_MADE_UP_ALBUM)
        titles = [f"{rng.choice(NOUNS)} {number}" for number in numbers]
        catalogue.add_album(album, titles, isrc_start="XXFAK20")


def _artist(name: str, genres: tuple[str, ...], *, popularity: int) -> Artist:
    return Artist(spotify_id("artist", name), name, genres, popularity)


def _song(title: str, *, album: Album, number: int, isrc: str) -> Song:
    name = f"{album.artist.name}: {album.name}: {title}"
    return Song(
        id=spotify_id("track", name),
        name=title,
        album=album,
        isrc=isrc,
        duration_ms=150_000 + draw("length", name, below=250_000),
        is_explicit=draw("explicit", name, below=100) < 6,
        number=number,
    )
