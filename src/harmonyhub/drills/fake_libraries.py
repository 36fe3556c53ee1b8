"""The drill's hold on what people keep at a fake Spotify, and on the music there is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePlaylist:
    """A playlist as the fake keeps it; `kinds` says for each URI what answers show in its place.

    A kind is `track`, or with hollow answers `local`, `episode`, `removed` or `null`.
    """

    id: str
    name: str
    description: str
    is_public: bool
    snapshot_id: str
    revision: int
    uris: Sequence[str]
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeLibrary:
    """What a person keeps, by bare ids; saved things newest first.

    The `n_hollow_...` are how many of the saved ones answers show as removed, while those are on.
    """

    saved_tracks: Sequence[str]
    saved_albums: Sequence[str]
    followed_artists: Sequence[str]
    playlists: Sequence[FakePlaylist]
    n_hollow_tracks: int
    n_hollow_albums: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeTrack:
    """A track of the fake's music; `artist` is the only one."""

    id: str
    uri: str
    title: str
    artist: str
    release: str
    isrc: str
    duration_ms: int


class LibraryControl:
    """The commands about people, their libraries and the music of a running fake."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def seed_people(
        self,
        user_ids: Iterable[str],
        *,
        allowed_by: str | None = None,
        n_saved_tracks: int | None = None,
        n_saved_albums: int | None = None,
        n_followed: int | None = None,
        n_playlists: int | None = None,
    ) -> None:
        """Make people who consented to nothing yet, to be chosen on the consent page.

        Parameters
        ----------
        allowed_by : str
            The client id of the app that takes them on its allow list, here without end.
        n_saved_tracks, n_saved_albums, n_followed, n_playlists : int
            How much each keeps; if none is named, and for those not named, what the standard
            person keeps: 500, 40, 48, 20.
        """
        command = {
            "user_ids": list(user_ids),
            "allowed_by": allowed_by,
            "n_saved_tracks": n_saved_tracks,
            "n_saved_albums": n_saved_albums,
            "n_followed": n_followed,
            "n_playlists": n_playlists,
        }
        await self._send("POST", "people", command)

    async def people(self) -> tuple[str, ...]:
        """List the people, the five first ones on every app's allow list."""
        return tuple(await self._send("GET", "people"))

    async def library(self, user_id: str) -> FakeLibrary:
        """Read what a person keeps now."""
        return _library(await self._send("GET", f"library?user_id={user_id}"))

    async def set_library(
        self,
        user_id: str,
        *,
        n_saved_tracks: int = 500,
        n_saved_albums: int = 40,
        n_followed: int = 48,
        n_playlists: int = 20,
    ) -> FakeLibrary:
        """Give a person a fresh library of other sizes, in place of the present one."""
        command = {
            "user_id": user_id,
            "n_saved_tracks": n_saved_tracks,
            "n_saved_albums": n_saved_albums,
            "n_followed": n_followed,
            "n_playlists": n_playlists,
        }
        return _library(await self._send("PUT", "library", command))

    async def catalogue(self) -> tuple[FakeTrack, ...]:
        """List all tracks there are."""
        return tuple(FakeTrack(**one) for one in await self._send("GET", "catalogue"))

    async def _send(self, method: str, command: str, document: object = None) -> Any:
        answer = await self._client.request(method, f"/control/{command}", json=document)
        answer.raise_for_status()
        return answer.json()


def _library(document: Mapping[str, Any]) -> FakeLibrary:
    playlists = tuple(FakePlaylist(**one) for one in document["playlists"])
    return FakeLibrary(**{**document, "playlists": playlists})
