"""The last configuration of each upstream that was seen to work, sealed."""

from collections.abc import Mapping
from dataclasses import dataclass

from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within
from harmonyhub.storage.vault import Vault, required


@dataclass(frozen=True, slots=True)
class KnownGood:
    """Values by the name of their variable; when they last worked, and in which release."""

    values: Mapping[str, Secret]
    at: int
    release: int | None


@guarded
class KnownGoodValues:
    """One configuration per upstream."""

    def __init__(self, database: Database, vault: Vault | None) -> None:
        self._known_good = database["known_good"]
        self._vault = vault

    @within(WRITE_S)
    async def remember(
        self, upstream: str, values: Mapping[str, Secret], *, now: int, release: int | None
    ) -> None:
        """Keep the values that just worked, in place of the former ones."""
        vault = required(self._vault)
        sealed = {
            name: vault.seal(value.reveal(), purpose=purpose(upstream, name))
            for name, value in values.items()
        }
        await self._known_good.replace_one(
            {"_id": upstream}, {"values": sealed, "at": now, "release": release}, upsert=True
        )

    @within(READ_S)
    async def load(self, upstream: str) -> KnownGood | None:
        """Open the values that worked last; None if none ever did."""
        document = await self._known_good.find_one({"_id": upstream})
        if document is None:
            return None
        vault = required(self._vault)
        values = {
            name: Secret(vault.open(sealed, purpose=purpose(upstream, name)))
            for name, sealed in document["values"].items()
        }
        return KnownGood(values=values, at=document["at"], release=document["release"])


def purpose(upstream: str, variable: str) -> str:
    """Name what a value is sealed for."""
    return f"known-good:{upstream}:{variable}"
