"""Compares two configurations: releases of the ledger, files, or what is set now."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError, NotFoundError
from harmonyhub.domain.findings import describe
from harmonyhub.settings.catalogue import BAD_ENV_FILE
from harmonyhub.settings.keys import KEY_BYTES, encryption_key, fingerprint_key
from harmonyhub.settings.load import read_texts
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import Raw, read_env_file
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.releases import Releases

NOW = "."


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of one side; `shown` is its value, of a secret its keyed fingerprint."""

    provenance: str
    shown: str


@dataclass(frozen=True, slots=True)
class Change:
    """A variable that differs; None on the side where it is not set."""

    variable: str
    old: Setting | None
    new: Setting | None

    def as_text(self) -> str:
        """Say it on one line."""
        return f"{self.variable}: {_say(self.old)} -> {_say(self.new)}"

    def as_json(self) -> dict[str, object]:
        """Give it as plain JSON values."""
        sides = {"old": self.old, "new": self.new}
        return {
            "variable": self.variable,
            **{
                name: None if side is None else {"provenance": side.provenance, "value": side.shown}
                for name, side in sides.items()
            },
        }


async def compare(
    old: str, new: str, *, key: bytes, ledger: Releases | None = None
) -> tuple[Change, ...]:
    """Give the variables that differ between two configurations, by name.

    Parameters
    ----------
    old, new : str
        Each a number of the ledger, a file of NAME=VALUE lines, or "." for what is set now.
    key : bytes
        Of the fingerprints that stand for secrets.
    ledger : Releases, optional
        Where numbers are looked up; without it only files can be compared.

    Raises
    ------
    NotFoundError
        If there is no such release or file.
    """
    sides = [await _load(which, ledger=ledger) for which in (old, new)]
    hidden = {raw.text for side in sides for raw in side.values() if _is_secret(raw.name)}

    def show(raw: Raw | None) -> Setting | None:
        if raw is None:
            return None
        # Id and secret may be swapped on one side: the other one tells that it is a secret.
        is_hidden = _is_secret(raw.name) or raw.text in hidden
        shown = f"secret {Secret(raw.text).fingerprint(key)}" if is_hidden else raw.text
        return Setting(raw.provenance, shown)

    changes = (
        Change(name, show(sides[0].get(name)), show(sides[1].get(name)))
        for name in sorted({*sides[0], *sides[1]})
    )
    return tuple(each for each in changes if _value(each.old) != _value(each.new))


def key_of_fingerprints(settings: Settings | None) -> bytes:
    """Give the key of this place; without sound settings one that serves this comparison only."""
    if settings is None:
        return secrets.token_bytes(KEY_BYTES)
    return fingerprint_key(encryption_key(settings))


def is_number(which: str) -> bool:
    """Tell whether this side is a release of the ledger."""
    return which.isdecimal()


async def _load(which: str, *, ledger: Releases | None) -> Mapping[str, Raw]:
    if is_number(which):
        raws = await _load_release(int(which), ledger)
    else:
        raws = await asyncio.to_thread(_read, None if which == NOW else Path(which))
    return {name: replace(raw, text=_as_taken(raw)) for name, raw in raws.items()}


async def _load_release(number: int, ledger: Releases | None) -> Mapping[str, Raw]:
    release = await ledger.get(number) if ledger is not None else None
    if release is None or ledger is None:
        raise NotFoundError(f"There is no release {number}.", hint="harmonyhub releases")
    # The fingerprints in the ledger are older than the key where that was rotated.
    texts = await ledger.configuration(number)
    return {
        entry.name: Raw(entry.name, _plain(texts[entry.name]), entry.provenance)
        for entry in release.configuration
        if entry.name in texts
    }


def _read(path: Path | None) -> dict[str, Raw]:
    if path is None:
        return read_texts()
    if not path.is_file():
        raise NotFoundError(
            f"There is no file {path}.",
            hint='Give a number of the ledger, a file of NAME=VALUE lines, or "." for now.',
        )
    _, findings = read_env_file(path, must_exist=True)
    spoilt = [each for each in findings if each.check_id == BAD_ENV_FILE.id]
    if spoilt:
        raise ConfigurationError(
            "\n".join([f"{path} cannot be compared.", *map(describe, spoilt)]), findings=spoilt
        )
    return read_texts(path)


def _plain(text: Secret | str) -> str:
    return text.reveal() if isinstance(text, Secret) else text


def _as_taken(raw: Raw) -> str:
    """Write a value as the settings take it, so that DEBUG and debug do not differ."""
    try:
        value = BY_NAME[raw.name].shape.parse(raw.text)
    except (KeyError, ValueError):
        return raw.text
    return value.value if isinstance(value, StrEnum) else str(value)


def _is_secret(name: str) -> bool:
    return name not in BY_NAME or BY_NAME[name].is_secret  # one of another version may be secret


def _value(setting: Setting | None) -> str | None:
    return None if setting is None else setting.shown


def _say(setting: Setting | None) -> str:
    return "not set" if setting is None else f"{setting.shown} (from {setting.provenance})"
