"""Gives a secret a new value: tried first, written whole, taken over by what runs."""

import asyncio
import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.checks.subject import Subject
from harmonyhub.domain.errors import ConfigurationError, ConflictError, NotFoundError
from harmonyhub.domain.findings import Severity, Verdict, describe
from harmonyhub.flows.reloading import RELOADED
from harmonyhub.settings.keys import ENCRYPTION_KEY_FILE, KEY_BYTES, encryption_key
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import named_file
from harmonyhub.settings.registry import BY_NAME, Variable
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.shapes import decode_key
from harmonyhub.storage.embedded import borrow
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import open_house, system_clock

ENCRYPTION_KEY = "HARMONYHUB_ENCRYPTION_KEY"
ALIVE_S = 60
NEXT_KEY_SUFFIX = ".next"

# What tries a new value before it is written.
TRIED_BY = {
    "HARMONYHUB_SPOTIFY_CLIENT_SECRET": ("HH1",),
    "HARMONYHUB_MONGODB_URI": ("HH2",),
    "HARMONYHUB_ALERT_URLS": ("HH601",),
    "HARMONYHUB_ALERT_ESCALATION_URLS": ("HH601",),
}


async def rotate_secret(settings: Settings, name: str, value: Secret) -> str:
    """Try a new value of a secret, and write it to the file that the variable names.

    Returns
    -------
    str
        What was done, and whether a restart is needed.

    Raises
    ------
    NotFoundError
        If there is no such secret.
    ConfigurationError
        If it does not come from a file, or the new value is refused; the file stays as it is.
    """
    variable = _find(name)
    path = named_file(settings.provenance(variable.field))
    if path is None:
        raise ConfigurationError(
            f"{name} does not come from a file ({settings.provenance(variable.field)}).",
            hint=f"Put it into a file of its own and name that in {variable.file_name}.",
        )
    try:
        parsed = variable.shape.parse(value.reveal())
    except ValueError:
        raise ConfigurationError(
            f"The new value must be {variable.shape.description}; nothing was written.",
            hint=variable.obtain,
        ) from None
    await _try(_with(settings, variable, Secret(str(parsed))), name)
    await asyncio.to_thread(_write, path, value)
    if name in RELOADED:
        return f"{name} is written; what runs takes it over within a second."
    return f"{name} is written; it is in force after a restart."


async def rotate_encryption_key(settings: Settings, *, say: Callable[[str], None]) -> str:
    """Make a new encryption key and seal everything again with it; the service must not run.

    The new key lies beside the old one until all is sealed: after a crash the same command goes on.

    Raises
    ------
    ConflictError
        If a process of HarmonyHub runs: it would go on with the old key.
    ConfigurationError
        If the key comes from the environment, where it cannot be written.
    """
    path = settings.data_dir / ENCRYPTION_KEY_FILE
    if settings.encryption_key is not None:
        named = named_file(settings.provenance("encryption_key"))
        if named is None:
            raise ConfigurationError(
                f"{ENCRYPTION_KEY} does not come from a file.",
                hint=f"Put it into a file of its own and name that in {ENCRYPTION_KEY}_FILE.",
            )
        path = named
    async with open_house(settings, owner="harmonyhub secrets rotate", say=say) as house:
        now = house.clock()
        alive = await house.store.instances.seen_since(now - ALIVE_S)
        if alive:
            names = ", ".join(instance.name for instance in alive)
            raise ConflictError(
                f"HarmonyHub runs, or did a minute ago: {names}.",
                hint="Stop it, wait a minute, and run this again.",
            )
        assert house.mongodb_uri is not None  # noqa: S101 - open_house tells it
        old, new_text = encryption_key(settings), await asyncio.to_thread(_next_key, path)
        say("sealing tokens, releases and known good values again ...")
        async with await Store.connect(
            house.mongodb_uri.reveal(),
            database=settings.mongodb_database,
            vault=Vault(decode_key(new_text.reveal())),
        ) as store:
            n_sealed = await store.reseal(Vault(old))
    next_path = _next_path(path)
    await asyncio.to_thread(next_path.replace, path)
    return f"{path} holds a new key; {n_sealed} documents are sealed again. Back the file up."


def _with(settings: Settings, variable: Variable, value: Secret) -> Settings:
    changes: dict[str, Any] = {variable.field: value}
    return replace(settings, **changes)


def _find(name: str) -> Variable:
    variable = BY_NAME.get(name)
    if variable is None or not variable.is_secret:
        known = ", ".join(sorted(each.name for each in BY_NAME.values() if each.is_secret))
        raise NotFoundError(f"There is no secret {name}.", hint=f"There are: {known}.")
    return variable


async def _try(settings: Settings, name: str) -> None:
    """See that the new value works, before it takes the place of one that does."""
    wanted = TRIED_BY.get(name)
    if wanted is None:
        return
    checks = tuple(each for each in LIVE if each.check.id.startswith(wanted))
    async with borrow(settings.data_dir) as uri:
        subject = Subject(
            settings=settings, clock=system_clock, mongodb_uri=Secret(uri) if uri else None
        )
        results = await check_live(subject, checks=checks)
    refused = [
        each.finding
        for each in results
        if each.verdict in {Verdict.FAILED, Verdict.UNVERIFIED}
        and each.finding is not None
        and each.finding.severity is Severity.ERROR
    ]
    if refused:
        raise ConfigurationError(
            "\n".join(
                ["the new value does not work; nothing was written.", *map(describe, refused)]
            ),
            hint="The value in use stays in use.",
            findings=refused,
        )


def _write(path: Path, value: Secret) -> None:
    """Replace the file as a whole, with the rights that it had."""
    mode = path.stat().st_mode & 0o777
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(value.reveal() + "\n")
            file.flush()
            os.fsync(descriptor)
        Path(draft).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(draft).unlink()
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}.",
            hint="Let this user write the file and its folder.",
        ) from error


def _next_path(path: Path) -> Path:
    return path.with_name(path.name + NEXT_KEY_SUFFIX)


def _next_key(path: Path) -> Secret:
    """Give the key to seal with: one that a former try left, else a new one."""
    next_path = _next_path(path)
    if not next_path.exists():
        next_path.touch(mode=0o600)
        _write(next_path, Secret(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()))
    return Secret(next_path.read_text(encoding="ascii").strip())
