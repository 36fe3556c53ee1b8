"""Which database and which key belong to this data folder: a start with others is refused."""

import asyncio
import json
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding, Owner, Severity, describe
from harmonyhub.settings.keys import key_file, next_key_file
from harmonyhub.settings.model import Settings
from harmonyhub.storage.store import Store

FILE = "database.json"
URI, DATABASE, KEY = (
    "HARMONYHUB_MONGODB_URI",
    "HARMONYHUB_MONGODB_DATABASE",
    "HARMONYHUB_ENCRYPTION_KEY",
)


async def refuse_other_database(settings: Settings, store: Store) -> None:
    """See that this is the database of the last start; nothing is written to it before.

    Raises
    ------
    ConfigurationError
        If it is another one, or an empty one: listeners would find their house empty.
    """
    known = await asyncio.to_thread(_read, settings.data_dir / FILE)
    if known is None or known["identity"] == await store.identity():
        return
    variable = DATABASE if known["database"] != settings.mongodb_database else URI
    raise _refuse(
        Finding(
            check_id="HH202",
            severity=Severity.ERROR,
            owner=Owner.OPERATOR,
            message=f"{variable} leads to another database than the one in use until now.",
            fix=f"Put {variable} back. If you moved on purpose, remove"
            f" {settings.data_dir / FILE} and start again.",
            variable=variable,
            provenance=settings.provenance(variable.removeprefix("HARMONYHUB_").lower()),
            evidence=f"until now it was the database {known['database']!r} with another identity",
        )
    )


async def refuse_other_key(settings: Settings, store: Store) -> None:
    """See that what is stored sealed opens with our key.

    While a new key waits beside ours nothing is refused: sealing again broke off, or goes on.

    Raises
    ------
    ConfigurationError
        If it does not: users' consents could not be read, and new ones not by anybody else.
    """
    path = key_file(settings)
    is_changing = path is not None and await asyncio.to_thread(next_key_file(path).exists)
    if is_changing or await store.check_vault():
        return
    raise _refuse(
        Finding(
            check_id="HH206",
            severity=Severity.ERROR,
            owner=Owner.OPERATOR,
            message=f"{KEY} is not the key that this database was written with.",
            fix=f"Put the former {KEY} back, or its file `encryption.key` from a backup.",
            variable=KEY,
            provenance=settings.provenance("encryption_key"),
            evidence="the check value in the database does not open",
        )
    )


async def remember_database(settings: Settings, store: Store) -> None:
    """Note which database belongs to this data folder, for the next start."""
    known = {"identity": await store.identity(), "database": settings.mongodb_database}
    await asyncio.to_thread(_write, settings.data_dir / FILE, known)


def _refuse(finding: Finding) -> ConfigurationError:
    return ConfigurationError(
        "\n".join(["this is not the place that it was started in before.", describe(finding)]),
        hint=f"docs/runbooks/{finding.check_id}.md says more.",
        findings=[finding],
    )


def _read(path: Path) -> dict[str, str] | None:
    try:
        known = json.loads(path.read_bytes())
        return {"identity": str(known["identity"]), "database": str(known["database"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # the first start, or a file that says nothing: nothing to compare with


def _write(path: Path, known: dict[str, str]) -> None:
    if _read(path) == known:
        return
    path.parent.mkdir(parents=True, exist_ok=True)  # nothing else may have been written there yet
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(json.dumps(known) + "\n", encoding="utf-8")
    draft.replace(path)
