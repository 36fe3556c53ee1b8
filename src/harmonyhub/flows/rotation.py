"""Gives a secret a new value: tried first, written whole, taken over by what runs."""

import asyncio
import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.checks.subject import Subject
from harmonyhub.domain.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    UnavailableError,
)
from harmonyhub.domain.findings import Result, Severity, Verdict, describe
from harmonyhub.flows.reloading import RELOADED
from harmonyhub.settings.keys import KEY_BYTES, encryption_key, key_file, next_key_file
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import named_file
from harmonyhub.settings.registry import BY_NAME, Variable
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.shapes import decode_key
from harmonyhub.storage.embedded import borrow
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import House, open_house, system_clock

ENCRYPTION_KEY = "HARMONYHUB_ENCRYPTION_KEY"
ALIVE_S = 20  # a process tells every 5 s that it is there

# What tries a new value before it is written.
TRIED_BY = {
    "HARMONYHUB_SPOTIFY_CLIENT_SECRET": ("HH1",),
    "HARMONYHUB_MONGODB_URI": ("HH2",),
    "HARMONYHUB_ALERT_URLS": ("HH601",),
    "HARMONYHUB_ALERT_ESCALATION_URLS": ("HH601",),
}


def find_secret_file(settings: Settings, name: str) -> Path:
    """Give the file that holds a secret.

    Raises
    ------
    NotFoundError
        If there is no such secret.
    ConfigurationError
        If it does not come from a file.
    """
    variable = _find(name)
    provenance = settings.provenance(variable.field)
    path = named_file(provenance)
    if path is None:
        place = "is not set" if provenance == "default" else f"comes from {provenance}"
        raise ConfigurationError(
            f"{name} {place}; it can be changed in a file of its own only.",
            hint=f"Put it into a file of its own and name that in {variable.file_name}.",
        )
    return path


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
    UnavailableError
        If the new value could not be tried; the file stays as it is.
    """
    path, variable = find_secret_file(settings, name), _find(name)
    try:
        parsed = variable.shape.parse(value.reveal())
    except ValueError:
        raise ConfigurationError(
            f"The new value must be {variable.shape.description}; nothing was written.",
            hint=variable.obtain,
        ) from None
    await _try(_with(settings, variable, Secret(str(parsed))), name)
    await asyncio.to_thread(_write, path, value, like=path)
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
        If the key comes from the environment, where it cannot be written, or is not the one that
        the database was written with.
    """
    path = key_file(settings) or find_secret_file(settings, ENCRYPTION_KEY)
    async with open_house(settings, owner="harmonyhub secrets rotate", say=say) as house:
        await _refuse_while_running(house)
        next_path = next_key_file(path)
        n_sealed = await _reseal(house, path, next_path, say=say)
        # Whoever started meanwhile has the old key and may have sealed with it.
        await _refuse_while_running(house)
    await asyncio.to_thread(next_path.replace, path)
    return f"{path} holds a new key; {n_sealed} documents are sealed again. Back the file up."


async def _refuse_while_running(house: House) -> None:
    alive = await house.store.instances.seen_since(house.clock() - ALIVE_S)
    if alive:
        names = ", ".join(instance.name for instance in alive)
        raise ConflictError(
            f"HarmonyHub runs, or did {ALIVE_S} seconds ago: {names}.",
            hint=f"Stop it, wait {ALIVE_S} seconds, and run this again.",
        )


async def _reseal(house: House, path: Path, next_path: Path, *, say: Callable[[str], None]) -> int:
    assert house.mongodb_uri is not None  # noqa: S101 - open_house tells it
    new_text = await asyncio.to_thread(_next_key, next_path, like=path)
    say("sealing tokens, releases and known good values again ...")
    async with await Store.connect(
        house.mongodb_uri.reveal(),
        database=house.settings.mongodb_database,
        vault=Vault(decode_key(new_text.reveal())),
    ) as store:
        return await store.reseal(Vault(encryption_key(house.settings)))


def _with(settings: Settings, variable: Variable, value: Secret) -> Settings:
    origins = {**settings.provenances, variable.field: "the new value"}
    changes: dict[str, Any] = {variable.field: value, "provenances": origins}
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
    _refuse(results)


def _refuse(results: Iterable[Result]) -> None:
    """Keep a value out that does not work, or of which nobody can say whether it does."""
    found = {
        verdict: [
            each.finding
            for each in results
            if each.verdict is verdict
            and each.finding is not None
            and each.finding.severity is Severity.ERROR
        ]
        for verdict in (Verdict.FAILED, Verdict.UNVERIFIED)
    }
    hint = "The value in use stays in use."
    if refused := found[Verdict.FAILED]:
        raise ConfigurationError(
            "\n".join(
                ["the new value does not work; nothing was written.", *map(describe, refused)]
            ),
            hint=hint,
            findings=refused,
        )
    if unsure := found[Verdict.UNVERIFIED]:
        raise UnavailableError(
            "\n".join(
                ["the new value could not be tried; nothing was written.", *map(describe, unsure)]
            ),
            hint=f"{hint} Run this again when that answers.",
        )


def _write(path: Path, value: Secret, *, like: Path) -> None:
    """Replace the file as a whole, with the rights and the owner of another."""
    path = path.resolve()  # a link stays one
    draft: str | None = None
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            _take_rights(descriptor, like)
            file.write(value.reveal() + "\n")
            file.flush()
            os.fsync(descriptor)
        Path(draft).replace(path)
    except OSError as error:
        if draft is not None:
            Path(draft).unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or type(error).__name__}.",
            hint="Let this user write the file and its folder.",
        ) from error


def _take_rights(descriptor: int, like: Path) -> None:
    wanted, made = like.stat(), os.fstat(descriptor)
    os.fchmod(descriptor, wanted.st_mode & 0o777)
    if (wanted.st_uid, wanted.st_gid) != (made.st_uid, made.st_gid):
        # Root rotates what a service of another user reads.
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)


def _next_key(next_path: Path, *, like: Path) -> Secret:
    """Give the key to seal with: one that a former try left, else a new one."""
    if not next_path.exists():
        text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        _write(next_path, Secret(text), like=like)
    return Secret(next_path.read_text(encoding="ascii").strip())
