"""Whom the watch tells: the first contact at once, the second where nobody answers."""

from dataclasses import dataclass
from typing import Self

from harmonyhub.settings.model import Settings
from harmonyhub.telemetry.notify import Notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """The two contacts and how long the first one has; made anew when the settings change."""

    first: Notifier
    second: Notifier
    escalate_after_s: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the contacts of the settings; without an address a contact is never told."""
        return cls(
            first=Notifier(settings.alert_urls),
            second=Notifier(settings.alert_escalation_urls),
            escalate_after_s=settings.alert_escalate_after_s,
        )
