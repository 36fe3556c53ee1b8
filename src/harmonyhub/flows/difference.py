"""Compares two configurations: releases of the ledger, files, or what is set now."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.load import read_texts
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House

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


async def compare(house: House, old: str, new: str) -> tuple[Change, ...]:
    """Give the variables that differ between two configurations, by name.

    Parameters
    ----------
    old, new : str
        Each a number of the ledger, a file of NAME=VALUE lines, or "." for what is set now.

    Raises
    ------
    NotFoundError
        If there is no such release or file.
    """
    key = fingerprint_key(encryption_key(house.settings))
    before, after = await _load(house, old, key), await _load(house, new, key)
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if _value(before.get(name)) != _value(after.get(name))
    )


async def _load(house: House, which: str, key: bytes) -> Mapping[str, Setting]:
    if which.isdecimal():
        release = await house.store.releases.get(int(which))
        if release is None:
            raise NotFoundError(f"There is no release {which}.", hint="harmonyhub releases")
        return {
            entry.name: Setting(
                entry.provenance,
                f"secret {entry.fingerprint}" if entry.is_secret else str(entry.text),
            )
            for entry in release.configuration
            if entry.fingerprint
        }
    path = None if which == NOW else Path(which)
    if path is not None and not path.is_file():
        raise NotFoundError(
            f"There is no file {which}.",
            hint='Give a number of the ledger, a file of NAME=VALUE lines, or "." for now.',
        )
    raws = await asyncio.to_thread(read_texts, path)
    return {name: Setting(raw.provenance, _show(name, raw.text, key)) for name, raw in raws.items()}


def _show(name: str, text: str, key: bytes) -> str:
    return f"secret {Secret(text).fingerprint(key)}" if BY_NAME[name].is_secret else text


def _value(setting: Setting | None) -> str | None:
    return None if setting is None else setting.shown


def _say(setting: Setting | None) -> str:
    return "not set" if setting is None else f"{setting.shown} (from {setting.provenance})"
