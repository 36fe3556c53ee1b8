"""The ledger of releases: numbered without gaps, code and configuration never changed."""

import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from pymongo import DESCENDING
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.releases import ConfigurationEntry, GateVerdict, Release, ReleaseState
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.vault import Vault, required

LEDGER = "release_ledger"  # "releases" are those of the artists
POINTER: Document = {"_id": "live-release"}
CARRIES_TRAFFIC = frozenset({ReleaseState.LIVE, ReleaseState.COMMITTED})
HAS_ENDED = frozenset({ReleaseState.REFUSED, ReleaseState.RETIRED, ReleaseState.ROLLED_BACK})
MAJORITY = WriteConcern(w="majority", j=True)
# Ids have the shape of secrets: one may stand in the other's place, and then nobody knows it.
LOOKS_LIKE_A_SECRET = re.compile(r"[0-9A-Fa-f]{24,}")


@guarded
class Releases:
    """All releases.

    A `Release` that is read never holds a secret's text, nor one that looks like it;
    `configuration` does.
    """

    def __init__(self, database: Database, vault: Vault | None) -> None:
        self._database = database
        self._releases = database.get_collection(LEDGER, write_concern=MAJORITY)
        self._vault = vault

    async def append(self, release: Release) -> Release:
        """Add a release under the next number, whatever number it has; its secrets are sealed.

        Returns
        -------
        Release
            As stored: with its number, and without the texts of secrets.
        """
        while True:
            newest = await self._releases.find_one({}, {"_id": 1}, sort=[("_id", DESCENDING)])
            number = int(newest["_id"]) + 1 if newest else 1
            try:
                await self._releases.insert_one(self._write(replace(release, number=number)))
            except DuplicateKeyError:
                continue  # another process took this number
            return await self._must_get(number)

    @within(READ_S)
    async def get(self, number: int) -> Release | None:
        """Load a release."""
        document = await self._releases.find_one({"_id": number})
        return _read(document) if document else None

    @within(READ_S)
    async def latest(self, limit: int) -> list[Release]:
        """List the newest releases, the newest first."""
        cursor = self._releases.find().sort("_id", DESCENDING).limit(limit)
        return [_read(document) async for document in cursor]

    @within(READ_S)
    async def last_that_worked(self) -> Release | None:
        """Load the newest release that stayed, however many were taken back since.

        The one that is committed now comes before those that it has replaced.
        """
        for state in (ReleaseState.COMMITTED, ReleaseState.RETIRED):
            document = await self._releases.find_one(
                {"state": state.value}, sort=[("_id", DESCENDING)]
            )
            if document is not None:
                return _read(document)
        return None

    @within(READ_S)
    async def count_by_verdict(self) -> Mapping[GateVerdict, int]:
        """Count all releases by what the gate said of them."""
        return {
            verdict: await self._releases.count_documents({"verdict": verdict.value})
            for verdict in GateVerdict
        }

    @within(READ_S)
    async def live(self) -> Release | None:
        """Load the release that carries the traffic; None if none does."""
        pointer = await self._database["meta"].find_one(POINTER)
        release = await self.get(pointer["number"]) if pointer else None
        return release if release and release.state in CARRIES_TRAFFIC else None

    async def set_state(
        self, number: int, state: ReleaseState, *, now: int, note: str = ""
    ) -> Release:
        """Write down what became of a release; a note replaces the former one.

        Raises
        ------
        NotFoundError
            If there is no such release.
        """
        fields: Document = {"state": state.value}
        if note:
            fields["note"] = note
        if state in HAS_ENDED:
            fields["ended_at"] = now
        await self._releases.update_one({"_id": number}, {"$set": fields})
        return await self._must_get(number)

    async def switch_live(self, number: int, *, now: int) -> Release:
        """Let a release carry the traffic and retire the one before it, both or neither.

        Raises
        ------
        NotFoundError
            If there is no such release.
        """
        async with self._database.client.start_session() as session:

            async def switch(session: AsyncClientSession) -> None:
                await _switch(self._database, number, now=now, session=session)

            await session.with_transaction(
                switch, read_concern=ReadConcern("snapshot"), write_concern=MAJORITY
            )
        return await self._must_get(number)

    @within(READ_S)
    async def configuration(self, number: int) -> Mapping[str, Secret | str]:
        """Open the configuration of a release: the variables that were set, by name.

        Raises
        ------
        NotFoundError
            If there is no such release.
        ConfigurationError
            If its secrets were sealed with another key.
        """
        document = await self._releases.find_one({"_id": number})
        if document is None:
            raise _no_such(number)
        environment: dict[str, Secret | str] = {}
        for entry in document["configuration"]:
            name = entry["name"]
            if entry["sealed"] is not None:
                vault = required(self._vault)
                text = vault.open(entry["sealed"], purpose=purpose(number, name))
                environment[name] = Secret(text) if entry["is_secret"] else text
            elif entry["text"] is not None:
                environment[name] = entry["text"]
        return environment

    async def _must_get(self, number: int) -> Release:
        release = await self.get(number)
        if release is None:
            raise _no_such(number)
        return release

    def _write(self, release: Release) -> Document:
        document: Document = msgspec.to_builtins(release)
        document["_id"] = document.pop("number")
        document["configuration"] = [
            self._write_entry(entry, release.number) for entry in release.configuration
        ]
        return document

    def _write_entry(self, entry: ConfigurationEntry, number: int) -> Document:
        document: Document = {**msgspec.to_builtins(entry), "sealed": None}
        if entry.text is not None and (entry.is_secret or LOOKS_LIKE_A_SECRET.search(entry.text)):
            document["text"] = None
            document["sealed"] = required(self._vault).seal(
                entry.text, purpose=purpose(number, entry.name)
            )
        return document


async def _switch(
    database: Database, number: int, *, now: int, session: AsyncClientSession
) -> None:
    ledger = database[LEDGER]
    # Two switches at once both write the pointer, so one of them runs again after the other.
    before = await database["meta"].find_one_and_update(
        POINTER, {"$set": {"number": number}}, upsert=True, session=session
    )
    release = await ledger.find_one({"_id": number}, session=session)
    if release is None:
        raise _no_such(number)
    fields: Document = {"state": ReleaseState.LIVE.value, "live_at": now, "ended_at": 0}
    if before and before["number"] != number:
        await ledger.update_one(
            {
                "_id": before["number"],
                "state": {"$in": [state.value for state in CARRIES_TRAFFIC]},
            },
            {"$set": {"state": ReleaseState.RETIRED.value, "ended_at": now}},
            session=session,
        )
        if release["live_at"] == 0:  # a rollback does not make the bad one the predecessor
            fields["replaced"] = before["number"]
    await ledger.update_one({"_id": number}, {"$set": fields}, session=session)


def purpose(number: int, variable: str) -> str:
    """Name what a secret of a release is sealed for."""
    return f"release:{number}:{variable}"


def _read(document: Document) -> Release:
    return msgspec.convert({**document, "number": document["_id"]}, Release)


def _no_such(number: int) -> NotFoundError:
    return NotFoundError(
        f"There is no release {number}.", hint="`harmonyhub releases` lists the ledger."
    )
