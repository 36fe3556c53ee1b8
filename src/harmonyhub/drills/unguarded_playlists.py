"""Turns off, in this process, what keeps consents and playlists whole, to see what it is worth."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.playlists import MAY_HAVE_HAPPENED, PushedPlaylist
from harmonyhub.domain.upstreams import Observation
from harmonyhub.drills.unguarded import replaced
from harmonyhub.flows.playlist_writing import MOST_TRIES, PlaylistWriter
from harmonyhub.sources.spotify.requests import ApiRequest
from harmonyhub.storage.pushed_playlists import PushedPlaylists
from harmonyhub.storage.tokens import Tokens

Value = TypeVar("Value")


def without_looking() -> AbstractContextManager[None]:
    """Every call is made again after a lost answer, as most clients do."""

    async def repeat(
        writer: PlaylistWriter, request: ApiRequest[Value]
    ) -> tuple[Observation, Value | None]:
        for _ in range(MOST_TRIES):
            seen, value = await writer._send(request)  # noqa: SLF001 - in its place
            if value is not None:
                return seen, value
            if seen.outcome not in MAY_HAVE_HAPPENED and not await writer.wait(seen):
                break
        raise writer.problem(seen)

    return replaced(PlaylistWriter, "_try", repeat)


@contextmanager
def without_lease() -> Iterator[None]:
    """Whoever comes works on a playlist, and nobody notices another."""
    keep = PushedPlaylists.keep

    async def take(
        playlists: PushedPlaylists, user_id: UserId, id_: str, *, now: int
    ) -> PushedPlaylist | None:
        del now
        return await playlists.get(user_id, id_)

    async def keep_anyway(
        playlists: PushedPlaylists, push: PushedPlaylist, *, now: int, **changes: Any
    ) -> PushedPlaylist:
        known = await playlists.get(push.user_id, push.id)
        fence = known.fence if known else push.fence
        return await keep(playlists, push, now=now, **{**changes, "fence": fence})

    with replaced(PushedPlaylists, "claim", take), replaced(PushedPlaylists, "keep", keep_anyway):
        yield


def without_refresh_lock() -> AbstractContextManager[None]:
    """Two workers refresh one consent at the same time."""

    async def let_in(_: Tokens, __: str, ___: str, **____: int) -> bool:
        return True

    return replaced(Tokens, "lock_refresh", let_in)
