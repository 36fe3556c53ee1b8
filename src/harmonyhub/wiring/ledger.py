"""Opens the ledger of releases: the store with its vault, and no more of the house."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding, describe
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import ENV_FILE, read_env_file
from harmonyhub.settings.registry import FILE_SUFFIX, PREFIX
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import Say, _find_mongodb

NEEDED = frozenset(
    PREFIX + name
    for name in (
        "DATA_DIR",
        "HOST",
        "PORT",
        "ACCESS_PASSWORD",  # without it no address beyond loopback may be listened on
        "MONGODB_URI",
        "MONGODB_DATABASE",
        "ENCRYPTION_KEY",
        "LOG_LEVEL",
        "LOG_FORMAT",
    )
)


@dataclass(frozen=True, slots=True)
class LedgerHouse:
    """What keeper, deploy and rollback need; `server` where this process keeps MongoDB."""

    settings: Settings
    store: Store
    fingerprint_key: bytes
    mongodb_uri: Secret
    server: EmbeddedServer | None


def read_ledger_settings(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """Read the few settings that lead to the ledger, whatever else is wrong.

    After a reboot the committed release must come up though a line of `.env` about something
    else is wrong by now, and a deploy must reach the ledger to refuse that line.

    Raises
    ------
    ConfigurationError
        If one of these few is wrong itself.
    """
    origin, _ = read_env_file(folder / ENV_FILE)
    from_file = {name: raw.text for name, raw in origin.bindings.items() if _is_needed(name)}
    from_environment = {name: text for name, text in environ.items() if _is_needed(name)}
    for name in from_environment:
        # The environment counts, in whichever of the two forms a variable is set there.
        variable = name.removesuffix(FILE_SUFFIX)
        from_file.pop(variable, None)
        from_file.pop(variable + FILE_SUFFIX, None)
    settings, findings = load_settings(
        from_file | from_environment, folder=folder, env_file=Path(os.devnull)
    )
    if settings is None:
        raise _refuse(findings)
    return settings


@asynccontextmanager
async def open_ledger(
    settings: Settings, *, owner: str, is_keeper: bool = False, say: Say = lambda _: None
) -> AsyncIterator[LedgerHouse]:
    """Open the store that holds the ledger, and close it at the end.

    Parameters
    ----------
    is_keeper : bool
        Whether this process keeps the embedded server and brings the database to its schema.
        A deploy does neither: its code may be newer than the one that runs.
    """
    found = _find_mongodb(settings, owner=owner, is_exclusive=is_keeper, say=say)
    async with found as (uri, server):
        key = encryption_key(settings)
        async with await Store.connect(
            uri, database=settings.mongodb_database, vault=Vault(key)
        ) as store:
            if is_keeper:
                await store.migrate()
            yield LedgerHouse(
                settings=settings,
                store=store,
                fingerprint_key=fingerprint_key(key),
                mongodb_uri=Secret(uri),
                server=server,
            )


def _is_needed(name: str) -> bool:
    return name.removesuffix(FILE_SUFFIX) in NEEDED


def _refuse(findings: list[Finding]) -> ConfigurationError:
    return ConfigurationError(
        "\n".join(["the settings that lead to the ledger are wrong.", *map(describe, findings)]),
        hint="docs/settings.md describes every setting.",
        findings=findings,
    )
