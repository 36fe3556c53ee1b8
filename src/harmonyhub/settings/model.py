"""The settings of one process: typed, frozen, and able to say where each value came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harmonyhub.domain.findings import Finding
from harmonyhub.settings.embedded import alert_secrets, uri_passwords
from harmonyhub.settings.secret import Secret


class LogLevel(StrEnum):
    """The least severe log record that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """Logs as lines to read, or as one JSON object per line."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; one field per variable of the registry, by its name without the prefix.

    `provenances` says for each field where its value came from; `warnings` are the findings that
    do not stand in the way of a start.
    """

    data_dir: Path
    music_dir: Path | None
    host: str
    port: int
    mongodb_uri: Secret | None
    mongodb_database: str
    access_password: Secret | None
    base_url: str | None
    encryption_key: Secret | None
    admin_token: Secret | None
    log_level: LogLevel
    log_format: LogFormat
    spotify_client_id: str | None
    spotify_client_secret: Secret | None
    spotify_redirect_uri: str | None
    spotify_api_url: str
    spotify_accounts_url: str
    alert_urls: Secret | None
    alert_escalation_urls: Secret | None
    alert_escalate_after_s: int
    release: int | None
    provenances: Mapping[str, str] = field(repr=False)
    warnings: tuple[Finding, ...] = field(repr=False)

    def provenance(self, field_name: str) -> str:
        """Tell where a field's value came from: "environment", ".env line 7", "default" ..."""
        return self.provenances[field_name]

    def secret_values(self) -> tuple[str, ...]:
        """Return every string that must never be logged, the longest first.

        The password inside `mongodb_uri` counts too, as written and percent-decoded: drivers
        quote it without the rest. So do the parts of alert addresses that are secrets.
        """
        own = (
            self.access_password,
            self.admin_token,
            self.encryption_key,
            self.mongodb_uri,
            self.spotify_client_secret,
        )
        values = {secret.reveal() for secret in own if secret is not None}
        if self.mongodb_uri is not None:
            values |= uri_passwords(self.mongodb_uri.reveal())
        for urls in (self.alert_urls, self.alert_escalation_urls):
            if urls is not None:
                values |= {urls.reveal()} | alert_secrets(urls.reveal())
        return tuple(sorted(values, key=lambda value: (-len(value), value)))
