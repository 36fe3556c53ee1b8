"""What the web process holds in memory: the live index and the tastes of recent users."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harmonyhub.domain.favourites import NO_FAVOURITES, Favourites
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.paths import WayBy
from harmonyhub.domain.recommendations import Feedback
from harmonyhub.storage.models import ModelRecord
from harmonyhub.storage.store import Store
from harmonyhub.wiring.favourites import load_favourites

if TYPE_CHECKING:
    from harmonyhub.recommender.closeness import TrackGraph
    from harmonyhub.recommender.index import ServingIndex
    from harmonyhub.recommender.profile import Profile

POINTER_CHECK_S = 1.0  # how long a finished training may wait to be seen
TASTES_KEPT = 256  # at 100,000 tracks one takes 0.6 MB, 1.4 where a list needed all of them


@dataclass(frozen=True, slots=True)
class LiveModel:
    """The serving index and the record of the training that made it."""

    record: ModelRecord
    index: "ServingIndex"


@dataclass(frozen=True, slots=True)
class Taste:
    """One user's profile against one index, and the feedback in force.

    Of friends it only says whether there are any: who has none never asks for them.
    """

    revision: int | None
    model_version: str
    profile: "Profile"
    feedback: tuple[Feedback, ...]
    n_listens: int
    history_until: int | None
    has_friends: bool


class Serving:
    """The live index: swapped as a whole when a training has stored a newer one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: LiveModel | None = None
        self._checked_at = float("-inf")
        self._loading = asyncio.Lock()
        self._graphs: dict[tuple[str, WayBy], TrackGraph] = {}
        self._building = asyncio.Lock()

    async def current(self) -> LiveModel | None:
        """Return the live model, or None before the first training.

        While one request loads a newer index, all others go on with the one they have.
        """
        if self._live is not None:
            is_due = time.monotonic() - self._checked_at >= POINTER_CHECK_S
            if not is_due or self._loading.locked():
                return self._live
        async with self._loading:
            await self._refresh()
        return self._live

    async def graph(self, model: LiveModel, by: WayBy) -> "TrackGraph":
        """Return the graph that paths go over, built when a model's first one is asked for."""
        from harmonyhub.recommender.closeness import build_graph  # noqa: PLC0415 - as below

        async with self._building:
            version = model.record.version
            if (version, by) not in self._graphs:
                graph = await asyncio.to_thread(build_graph, model.index, by)
                kept = {key: one for key, one in self._graphs.items() if key[0] == version}
                self._graphs = {**kept, (version, by): graph}
            return self._graphs[version, by]

    async def _refresh(self) -> None:
        # Here, since `harmonyhub up` builds a house without ever serving: scipy is 15 MB.
        from harmonyhub.recommender.index import ServingIndex  # noqa: PLC0415

        record = await self._store.models.current()
        if record is not None and (
            self._live is None or record.version != self._live.record.version
        ):
            data = await self._store.models.load(record.version)
            index = await asyncio.to_thread(ServingIndex.from_bytes, data)
            self._live = LiveModel(record=record, index=index)
        self._checked_at = time.monotonic()


class Tastes:
    """Profiles of recent users; a user's revision tells when one is out of date."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[UserId, Taste] = OrderedDict()

    async def of(self, user_id: UserId, model: LiveModel) -> Taste:
        """Load what the user played and said; one small query where nothing changed."""
        revision = await self._store.users.revision(user_id)
        taste = self._kept.get(user_id)
        if (
            taste is None
            or taste.revision != revision
            or taste.model_version != model.record.version
        ):
            taste = await self._load(user_id, model=model, revision=revision)
            self._kept[user_id] = taste
            while len(self._kept) > TASTES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(user_id)
        return taste

    def forget(self, user_id: UserId) -> None:
        """Drop what is kept of one user: who goes through all users keeps none in memory."""
        self._kept.pop(user_id, None)

    async def _load(self, user_id: UserId, *, model: LiveModel, revision: int | None) -> Taste:
        from harmonyhub.recommender.profile import build_profile  # noqa: PLC0415 - as above

        history, favourites = await self._gather(user_id, model)
        feedback = await self._store.feedback.current(user_id)
        profile = await asyncio.to_thread(build_profile, history, model.index, favourites)
        last = int(history.last_played_at.max()) if len(history.track_ids) else 0
        return Taste(
            revision=revision,
            model_version=model.record.version,
            profile=profile,
            feedback=tuple(feedback),
            n_listens=history.n_listens,
            history_until=last or None,
            has_friends=bool(await self._store.friendships.friends_of(user_id)),
        )

    async def _gather(self, user_id: UserId, model: LiveModel) -> tuple[History, Favourites]:
        played = await self._store.plays.history(user_id)
        favourites = await load_favourites(
            self._store,
            user_id,
            known=model.index.place_of,
            only_synced=played.only_synced,
        )
        return played.history, favourites


class SharedTastes(Tastes):
    """What friends may be told of: imported plays alone, as Spotify's word is its listener's own.

    What they said is with it, so that a list for all keeps to it; nobody is told.
    """

    async def _gather(self, user_id: UserId, model: LiveModel) -> tuple[History, Favourites]:
        del model
        return await self._store.listens.history(user_id), NO_FAVOURITES
