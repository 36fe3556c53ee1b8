"""The ledger of calls to an upstream: what each app spent, by hour; it survives restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pymongo import UpdateOne, WriteConcern

from harmonyhub.domain.budget import (
    ASSUMED_DAILY_CALLS,
    DAY_S,
    LEARNED_FOR_S,
    WINDOW_S,
    Spending,
    learn,
)
from harmonyhub.domain.upstreams import Observation
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within

HOUR_S = 3600
SLICE_S = 5  # the window of 30 s is counted in slices: at most 5 s too long
SLICES_KEPT_S = 300
HOURS_KEPT_S = 35 * DAY_S


@dataclass(frozen=True, slots=True)
class HourOfCalls:
    """The calls of one app in one hour, from `at` (unix seconds UTC) on.

    `n_by_operation` counts outcomes by operation; `n_counted` those that Spotify's quota counts.
    """

    at: int
    n_counted: int
    n_by_operation: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@guarded
class ApiCalls:
    """The calls of all apps, named by their client ids. Times are unix seconds UTC."""

    def __init__(self, database: Database) -> None:
        # A count lost at a crash is one call of thousands: no wait for the journal.
        self._calls = database.get_collection("api_calls", write_concern=WriteConcern(w=1))
        self._allowances = database["api_allowances"]

    @within(WRITE_S)
    async def note(self, client_id: str, seen: Observation, *, is_counted: bool) -> None:
        """Write one call down that left; `is_counted` if the upstream's quota counts it."""
        hour, part = seen.at - seen.at % HOUR_S, seen.at - seen.at % SLICE_S
        of_hour = {"n": int(is_counted), f"by.{seen.operation}.{seen.outcome.value}": 1}
        updates = [_add(client_id, "hour", at=hour, increments=of_hour, kept_s=HOURS_KEPT_S)]
        if is_counted:
            updates.append(
                _add(client_id, "slice", at=part, increments={"n": 1}, kept_s=SLICES_KEPT_S)
            )
        await self._calls.bulk_write(updates, ordered=False)

    @within(READ_S)
    async def spending(self, client_id: str, *, now: int) -> Spending:
        """Add up what an app spent."""
        since = {"hour": now - DAY_S - HOUR_S, "slice": now - WINDOW_S - SLICE_S}
        n_spent = dict.fromkeys(since, 0)
        wanted = [{"kind": kind, "at": {"$gt": at}} for kind, at in since.items()]
        async for found in self._calls.find({"app": client_id, "$or": wanted}, {"kind": 1, "n": 1}):
            n_spent[found["kind"]] += found["n"]
        known = await self._allowances.find_one({"_id": client_id})
        is_learned = known is not None and known["at"] > now - LEARNED_FOR_S
        return Spending(
            n_in_window=n_spent["slice"],
            n_in_day=n_spent["hour"],
            daily_calls=known["calls"] if known and is_learned else ASSUMED_DAILY_CALLS,
            is_learned=is_learned,
        )

    @within(WRITE_S)
    async def learn_allowance(self, client_id: str, *, now: int) -> int:
        """Remember how many calls a day there are, after the upstream said that they are spent."""
        spent = await self.spending(client_id, now=now)
        calls = learn(spent.n_in_day)
        await self._allowances.replace_one(
            {"_id": client_id}, {"calls": calls, "at": now}, upsert=True
        )
        return calls

    @within(READ_S)
    async def hours(self, client_id: str, *, since: int) -> list[HourOfCalls]:
        """List the hours in which an app made calls, the latest first."""
        wanted = {"app": client_id, "kind": "hour", "at": {"$gt": since - HOUR_S}}
        return [
            HourOfCalls(found["at"], found["n"], found.get("by", {}))
            async for found in self._calls.find(wanted).sort("at", -1)
        ]

    @within(READ_S)
    async def knows(self, client_id: str) -> bool:
        """Tell whether an app made calls in the last month."""
        return await self._calls.find_one({"app": client_id}, {"_id": 1}) is not None

    @within(READ_S)
    async def apps(self) -> list[str]:
        """List the apps that made calls in the last month."""
        return sorted(await self._calls.distinct("app"))


def _add(
    client_id: str, kind: str, *, at: int, increments: Mapping[str, int], kept_s: int
) -> UpdateOne:
    expires = datetime.fromtimestamp(at + kept_s, tz=UTC)
    once: Document = {"app": client_id, "kind": kind, "at": at, "expires": expires}
    return UpdateOne(
        {"_id": f"{client_id}:{kind}:{at}"},
        {"$inc": dict(increments), "$setOnInsert": once},
        upsert=True,
    )
