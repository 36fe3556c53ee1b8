"""Looks at a database before anybody depends on it: the server, our rights, the encryption key."""

import uuid
from dataclasses import dataclass

from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from harmonyhub.domain.errors import ConfigurationError, StoreUnavailableError
from harmonyhub.storage.documents import Database
from harmonyhub.storage.vault import CHECK_PURPOSE, CHECK_TEXT, Vault


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself.

    `replica_set` is its name, None for a server by itself, which has no transactions; `now` is
    the server's clock in unix seconds UTC.
    """

    version: str
    replica_set: str | None
    is_primary: bool
    now: int


async def server_facts(database: Database) -> ServerFacts:
    """Ask the server what it is."""
    hello = await database.client.admin.command("hello")
    build = await database.client.admin.command("buildInfo")
    return ServerFacts(
        version=build["version"],
        replica_set=hello.get("setName"),
        is_primary=hello["isWritablePrimary"],
        now=int(hello["localTime"].timestamp()),
    )


async def probe_write(database: Database) -> None:
    """Write a small document, read it back as most members have it, and remove it.

    Raises
    ------
    ConfigurationError
        If our user may not.
    StoreUnavailableError
        If it did not come back as it was written.
    """
    probes = database.get_collection(
        "probes",
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("majority"),
    )
    probe = {"_id": uuid.uuid4().hex, "text": uuid.uuid4().hex}
    await probes.insert_one(dict(probe))
    try:
        found = await probes.find_one({"_id": probe["_id"]})
    finally:
        await probes.delete_one({"_id": probe["_id"]})
    if found != probe:
        raise StoreUnavailableError(
            "MongoDB did not give back what was just written.",
            hint="See that the replica set is healthy: rs.status().",
        )


async def check_vault(database: Database, vault: Vault) -> bool:
    """Tell whether this database was written with this key; the first who asks decides."""
    meta = database["meta"]
    while (document := await meta.find_one({"_id": "vault-check"})) is None:
        sealed = vault.seal(CHECK_TEXT, purpose=CHECK_PURPOSE)
        try:
            await meta.insert_one({"_id": "vault-check", "sealed": sealed})
        except DuplicateKeyError:
            continue  # another process was first; its value is what counts
    try:
        return vault.open(document["sealed"], purpose=CHECK_PURPOSE) == CHECK_TEXT
    except ConfigurationError:
        return False
