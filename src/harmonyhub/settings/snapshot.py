"""A whole configuration as values that can be kept, compared and started again."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import PREFIX, VARIABLES, Variable
from harmonyhub.settings.secret import Secret

# Where a process listens and which release it is differ between processes of one configuration.
OF_THE_PROCESS = frozenset({f"{PREFIX}RELEASE", f"{PREFIX}HOST", f"{PREFIX}PORT"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable of a configuration; `text` is None where it was not set."""

    name: str
    provenance: str
    is_secret: bool
    text: Secret | str | None

    def reveal(self) -> str | None:
        """Return the text, of a secret too; never pass that on to a message."""
        return self.text.reveal() if isinstance(self.text, Secret) else self.text


def snapshot(settings: Settings) -> tuple[Entry, ...]:
    """Take every variable of the registry; an environment of the texts loads the same settings."""
    return tuple(_entry(variable, settings) for variable in VARIABLES)


def _entry(variable: Variable, settings: Settings) -> Entry:
    provenance = settings.provenance(variable.field)
    value = getattr(settings, variable.field)
    text: Secret | str | None
    if provenance == "default" or value is None:
        text = None
    elif isinstance(value, Secret):
        text = value
    else:
        text = value.value if isinstance(value, StrEnum) else str(value)
    return Entry(variable.name, provenance, variable.is_secret, text)


def fingerprints(settings: Settings, key: bytes) -> dict[str, str]:
    """Give 8 hex digits per variable that change with its value; "" where it is not set."""
    return {
        entry.name: "" if (text := entry.reveal()) is None else Secret(text).fingerprint(key)
        for entry in snapshot(settings)
    }


def configuration_fingerprint(settings: Settings, key: bytes) -> str:
    """Give 16 hex digits over all variables but those that differ between processes."""
    digest = blake2b(key=key, digest_size=8)
    for entry in snapshot(settings):
        text = entry.reveal()
        if entry.name not in OF_THE_PROCESS and text is not None:
            digest.update(f"{entry.name}={len(text)}:{text}\n".encode())
    return digest.hexdigest()


def changed_names(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Name the variables whose fingerprints differ; one that is missing counts as not set."""
    return tuple(name for name in sorted({*old, *new}) if old.get(name, "") != new.get(name, ""))
