"""Lists for all users, on all cores, a wave of users at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import msgspec

from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.recommendations import ListName, RecommendationList
from harmonyhub.recommender.batch import Batch, Listener, list_shard
from harmonyhub.recommender.stages import Engine
from harmonyhub.wiring.engines import opened_engine
from harmonyhub.wiring.favourites import load_favourites
from harmonyhub.wiring.house import House
from harmonyhub.wiring.serving import LiveModel

WAVE = 1_000  # users whose histories and lists are held at once
SHARD = 20  # users: about a tenth of a second
PAIRS_PER_LIST = 100  # what one list costs, in pairs to learn from

Lists = list[tuple[UserId, RecommendationList]]


async def recommend_all(
    house: House,
    *,
    list_name: ListName,
    n: int,
    engine: EngineName | None = None,
    on_progress: Callable[[Progress], None],
) -> AsyncIterator[bytes]:
    """Make the list of every user, one JSON object a line, newline included, in order of names.

    They are the lists of the pages. None is stored as shown: whoever sends them out knows whether
    they were seen.

    Raises
    ------
    NotFoundError
        If nothing was trained yet.
    """
    model = await house.serving.current()
    if model is None:
        raise NotFoundError("There is no model yet.", hint="Train one first: harmonyhub train.")
    users = await house.store.users.list_all()
    # A copy without what requests keep beside the index, which no other process can read.
    batch = Batch(replace(model.index), list_name, n, house.clock())
    encode = msgspec.json.Encoder().encode
    with opened_engine(engine, n_pairs=len(users) * PAIRS_PER_LIST) as opened:
        for start in range(0, len(users), WAVE):
            listeners = [await _load(house, one, model) for one in users[start : start + WAVE]]
            for user_id, listed in await asyncio.to_thread(_list_wave, opened, batch, listeners):
                head = {"user": user_id, "list": list_name, "model": model.record.version}
                yield encode(head | msgspec.to_builtins(listed)) + b"\n"
            done = start + len(listeners)
            on_progress(Progress(done, len(users), unit="users", message="recommending"))


async def _load(house: House, user_id: UserId, model: LiveModel) -> Listener:
    played = await house.store.plays.history(user_id)
    favourites = await load_favourites(
        house.store, user_id, known=model.index.place_of, only_synced=played.only_synced
    )
    feedback = await house.store.feedback.current(user_id)
    return Listener(user_id, played.history, favourites, tuple(feedback))


def _list_wave(engine: Engine, batch: Batch, listeners: Sequence[Listener], /) -> Lists:
    shards = [listeners[start : start + SHARD] for start in range(0, len(listeners), SHARD)]
    return [one for listed in engine.map(list_shard, shards, shared=batch) for one in listed]
