"""Facts about real artists, releases and tracks, written down by hand."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TypedDict

from harmonyhub.domain.music import TrackDescription


@dataclass(frozen=True, slots=True)
class LibraryArtist:
    """One artist of the starter catalogue; `tags` are genres, countries and moods, lower case.

    `prominence` in (0, 1] falls along each page of the library, whose best known artists come
    first; generated listeners find prominent artists more often, and play `best_known`, the
    title of the artist's best known track, most.
    """

    name: str
    tags: tuple[str, ...]
    prominence: float
    best_known: str
    tracks: tuple[TrackDescription, ...]


class _Release(TypedDict):
    year: int
    title: str
    tracks: list[str]


class _Artist(TypedDict):
    tags: list[str]
    best_known: str
    releases: list[_Release]


def load_library() -> tuple[LibraryArtist, ...]:
    """Load all artists, page by page; every track carries its artist's tags and its decade."""
    return tuple(_read_pages())


def _read_pages() -> Iterator[LibraryArtist]:
    folder = files(__package__).joinpath("library")
    for page in sorted(folder.iterdir(), key=lambda file: file.name):
        if not page.name.endswith(".toml"):
            continue
        artists: dict[str, _Artist] = tomllib.loads(page.read_text("utf-8"))
        for place, (name, facts) in enumerate(artists.items()):
            yield LibraryArtist(
                name=name,
                tags=tuple(facts["tags"]),
                prominence=(1 + place) ** -0.4,  # the 16th is found a third as often as the first
                best_known=facts["best_known"],
                tracks=tuple(_describe_tracks(name, facts)),
            )


def _describe_tracks(name: str, facts: _Artist) -> Iterator[TrackDescription]:
    for release in facts["releases"]:
        decade = f"{release['year'] // 10 * 10}s"
        for title in release["tracks"]:
            yield TrackDescription(
                title=title,
                artists=(name,),
                release=release["title"],
                tags=(*facts["tags"], decade),
            )
