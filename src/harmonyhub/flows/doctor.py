"""Asks a running instance what it uses, and compares that with what its sources say now."""

from dataclasses import dataclass
from typing import Any

import httpx2

from harmonyhub.domain.errors import ConfigurationError, UnavailableError
from harmonyhub.flows.reloading import RELOADED
from harmonyhub.settings.keys import admin_token, encryption_key, fingerprint_key
from harmonyhub.settings.model import Settings
from harmonyhub.settings.snapshot import OF_THE_PROCESS, fingerprints, snapshot

ASK_S = 5.0
KNOWN_BY = {"settings", "instances", "incidents", "configuration_fingerprint"}
PAGES = "pages"  # whom we ask; everybody else is known by the name of host and process


@dataclass(frozen=True, slots=True)
class Difference:
    """A variable whose value in use is not the one that its source has now."""

    variable: str
    in_use_from: str
    now_from: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What a running instance uses; `drift` by process, as each tells of itself."""

    target: str
    version: str
    release: int | None
    pid: int
    configuration_fingerprint: str
    differences: tuple[Difference, ...]
    drift: dict[str, tuple[str, ...]]
    fingerprints_in_use: dict[str, str]
    incidents: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether it uses what the sources say, and no incident is open."""
        return not (self.differences or self.incidents or any(self.drift.values()))

    def as_text(self) -> str:
        """Say it on one screen."""
        release = "no release of the ledger" if self.release is None else f"release {self.release}"
        who = f"{self.target}: HarmonyHub {self.version}, {release}, process {self.pid}"
        lines = [f"{who}, configuration {self.configuration_fingerprint}"]
        not_loaded = self._not_loaded()
        lines += [f"changed, not loaded: {text}" for text in not_loaded.values()]
        if not_loaded.keys() - RELOADED:
            lines.append("A restart of HarmonyHub loads what has changed.")
        lines += [f"open incident {each}: harmonyhub why" for each in self.incidents]
        if len(set(self.fingerprints_in_use.values())) > 1:
            said = ", ".join(f"{name} {mark}" for name, mark in self.fingerprints_in_use.items())
            lines.append(f"the processes differ in their configuration: {said}")
        if self.is_well:
            lines.append("It uses what files and environment say now.")
        return "\n".join(lines)

    def _not_loaded(self) -> dict[str, str]:
        """Say of each variable that has changed where it did, and who still has the old value."""
        origins = {
            each.variable: f", in use from {each.in_use_from}, now from {each.now_from}"
            for each in self.differences
        }
        owners = {name: [PAGES] for name in origins}
        for process, names in self.drift.items():
            for name in names:
                owners.setdefault(name, []).append(process)
        return {
            name: f"{name}{origins.get(name, '')} ({', '.join(owners[name])})"
            for name in sorted(owners)
        }


async def examine(settings: Settings, *, target: str | None) -> Examination:
    """Ask the instance at an address, or the one that the settings describe.

    Raises
    ------
    ConfigurationError
        If it does not take our admin token.
    UnavailableError
        If nobody answers there.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = (target or f"http://{host}:{settings.port}").rstrip("/")
    state = await _ask(address, settings)
    key = fingerprint_key(encryption_key(settings))
    now_from = {entry.name: entry.provenance for entry in snapshot(settings)}
    marks = fingerprints(settings, key)
    return Examination(
        target=address,
        version=state["version"],
        release=state["release"],
        pid=state["pid"],
        configuration_fingerprint=state["configuration_fingerprint"],
        differences=tuple(
            Difference(each["name"], each["provenance"], now_from[each["name"]])
            for each in state["settings"]
            if each["name"] in marks
            # What is taken over while running, the worker tells of itself, in its drift.
            and each["name"] not in OF_THE_PROCESS | RELOADED
            and each["fingerprint"] != marks[each["name"]]
        ),
        drift={each["name"]: tuple(each["drift"]) for each in state["instances"]},
        fingerprints_in_use={
            each["name"]: each["configuration_fingerprint"] for each in state["instances"]
        },
        incidents=tuple(each["id"] for each in state["incidents"]),
    )


async def _ask(address: str, settings: Settings) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {admin_token(settings).reveal()}"}
    try:
        async with httpx2.AsyncClient(timeout=ASK_S, trust_env=False) as client:
            answer = await client.get(f"{address}/admin/v1/state", headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise UnavailableError(
            f"No instance answers at {address}: {type(error).__name__}.",
            hint="See that it runs, or name another address with --target.",
        ) from error
    if answer.status_code == 401:
        raise ConfigurationError(
            f"The instance at {address} does not take our admin token.",
            hint="Set HARMONYHUB_ADMIN_TOKEN, or HARMONYHUB_DATA_DIR, as the instance has it.",
        )
    if answer.status_code != 200:
        raise UnavailableError(
            f"{address} answered {answer.status_code}.", hint="Its log says why."
        )
    try:
        state = answer.json()
    except ValueError:
        state = None
    if not isinstance(state, dict) or not state.keys() >= KNOWN_BY:
        raise UnavailableError(
            f"What answers at {address} is no HarmonyHub of this version.",
            hint="Name another address with --target.",
        )
    return state
