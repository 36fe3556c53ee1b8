"""All that a user played, whoever told it: what imports brought and what synchronizations add."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from harmonyhub.domain.history import History, join_histories
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.listen_reading import Listen, ListenReader, Place


@dataclass(frozen=True, slots=True)
class Played:
    """A user's whole history; no training will ever know the tracks of `only_synced` by it."""

    history: History
    only_synced: frozenset[TrackId]


@guarded
class AllPlays:
    """Reads imported and synchronized plays as one history, for their listener's eyes."""

    def __init__(self, database: Database) -> None:
        tracks = database["tracks"]
        self._imported = ListenReader(database["listens"], tracks)
        self._synced = ListenReader(database["synced_plays"], tracks)

    @within(READ_S)
    async def history(self, user_id: UserId) -> Played:
        """Read all that a user played, added up by track."""
        imported = await self._imported.history(user_id)
        synced = await self._synced.history(user_id)
        return Played(
            history=join_histories(imported, synced) if synced.track_ids else imported,
            only_synced=frozenset(synced.track_ids) - frozenset(imported.track_ids),
        )

    @within(READ_S)
    async def recent(self, user_id: UserId, *, n: int, before: Place | None = None) -> list[Listen]:
        """List the latest plays, newest first and by track within a second.

        With a place, what lies before it in time; page by page, each play comes once.
        """
        imported = await self._imported.recent(user_id, n=n, before=before)
        synced = await self._synced.recent(user_id, n=n, before=before)
        return list(islice(merge(imported, synced, key=_order), n))

    @within(READ_S)
    async def plays_of(self, *, user_id: UserId, track_id: TrackId) -> list[int]:
        """List when a user played a track: unix seconds UTC, newest first."""
        imported = await self._imported.plays_of(user_id=user_id, track_id=track_id)
        synced = await self._synced.plays_of(user_id=user_id, track_id=track_id)
        return sorted([*imported, *synced], reverse=True)

    async def export(self, user_id: UserId) -> AsyncIterator[Listen]:
        """Stream all plays of a user, newest first."""
        synced = self._synced.stream(user_id)
        upcoming = await anext(synced, None)
        async for listen in self._imported.stream(user_id):
            while upcoming is not None and upcoming.played_at > listen.played_at:
                yield upcoming
                upcoming = await anext(synced, None)
            yield listen
        while upcoming is not None:
            yield upcoming
            upcoming = await anext(synced, None)


def _order(listen: Listen) -> tuple[int, TrackId]:
    return -listen.played_at, listen.track_id
