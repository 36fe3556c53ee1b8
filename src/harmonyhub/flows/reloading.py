"""Secrets that change under a running service: seen within a second, tried, then taken."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from harmonyhub.domain.findings import Finding, Severity
from harmonyhub.settings.load import survey_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.snapshot import changed_names, fingerprints

log = logging.getLogger(__name__)

Survey = Callable[[], tuple[Settings | None, list[Finding]]]

RELOADED = frozenset(
    {
        "HARMONYHUB_SPOTIFY_CLIENT_ID",
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET",
        "HARMONYHUB_ALERT_URLS",
        "HARMONYHUB_ALERT_ESCALATION_URLS",
        "HARMONYHUB_ALERT_ESCALATE_AFTER_S",
    }
)
"""What a running process takes over; everything else needs a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How files and environment differ from what this process uses.

    Attributes
    ----------
    settings : Settings or None
        What they say now; None where that is an error.
    changed : tuple of str
        The variables that differ; empty while `settings` is None.
    findings : tuple of Finding
        The errors of what they say now.
    """

    settings: Settings | None
    changed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Sources:
    """The places that the settings of this process came from, looked at again and again.

    Parameters
    ----------
    key : bytes
        Of the fingerprints; see `settings.keys.fingerprint_key`.
    """

    def __init__(self, settings: Settings, *, key: bytes, survey: Survey = survey_settings) -> None:
        self._key = key
        self._survey = survey
        self._in_use = fingerprints(settings, key)
        self._tried: tuple[str, ...] = ()

    def look(self) -> Drift:
        """Read the sources again; takes about a millisecond."""
        settings, findings = self._survey()
        if settings is None:
            errors = (each for each in findings if each.severity is Severity.ERROR)
            return Drift(settings=None, findings=tuple(errors))
        changed = changed_names(self._in_use, fingerprints(settings, self._key))
        return Drift(settings=settings, changed=changed)

    def is_new(self, drift: Drift) -> bool:
        """Tell whether these very values were not tried yet, and take them for tried."""
        if drift.settings is None:
            return False
        seen = tuple(sorted(fingerprints(drift.settings, self._key).items()))
        tried, self._tried = self._tried, tuple(map("=".join, seen))
        return self._tried != tried

    def take(self, settings: Settings, names: frozenset[str]) -> None:
        """Note that this process uses the values of these variables now."""
        latest = fingerprints(settings, self._key)
        self._in_use |= {name: latest[name] for name in names}
