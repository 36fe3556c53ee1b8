"""Structured logs on standard error: lines for people or JSON for machines, without secrets."""

import json
import logging
import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol, TextIO
from urllib.parse import quote

MASK = "***"
# What logging itself puts into every record; everything else came in with `extra=`.
OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogSettings(Protocol):
    """The settings that logs need; settings and telemetry stand on one floor and never meet."""

    @property
    def log_level(self) -> str:
        """One of debug, info, warning, error."""

    @property
    def log_format(self) -> str:
        """Text or json."""

    def secret_values(self) -> Sequence[str]:
        """Return every string that must never be logged."""


def configure_logs(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send all logs of this process to one stream (standard error), masking every secret."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    formatter = JsonFormatter if settings.log_format == "json" else TextFormatter
    handler.setFormatter(formatter(secrets=settings.secret_values()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # It tells of every request: the health of each release is asked for five times a second.
    logging.getLogger("httpx2").setLevel(max(root.level, logging.WARNING))
    # It tells every command with all that is written: hundreds of lines a second, listeners' data.
    logging.getLogger("pymongo").setLevel(max(root.level, logging.INFO))


class _MaskingFormatter(logging.Formatter):
    """Masks secrets in what is written, tracebacks included, which a filter would not see."""

    def __init__(self, *, secrets: Sequence[str]) -> None:
        super().__init__()
        forms = {form for secret in secrets if secret for form in _written_forms(secret)}
        # The longest first: a password may be part of an address that is a secret as a whole.
        self._secrets = sorted(forms, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """Replace every secret in a text."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def read_time(self, record: logging.LogRecord) -> str:
        """Give the record's time in UTC, to the millisecond."""
        moment = datetime.fromtimestamp(record.created, tz=UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def read_extras(self, record: logging.LogRecord) -> dict[str, object]:
        """Give what came in with `extra=`: numbers and truth values as such, else text."""
        return {
            name: value if _is_json_number(value) else self.mask(str(value))
            for name, value in vars(record).items()
            if name not in OWN_ATTRIBUTES and value is not None
        }

    def read_error(self, record: logging.LogRecord) -> str:
        """Give the traceback and stack of a record, or nothing."""
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return self.mask("\n".join(parts))


class TextFormatter(_MaskingFormatter):
    """One line per record for a terminal: time, level, logger, message, name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; foreign line ends and terminal codes in it cannot forge another."""
        extras = [f"{name}={value}" for name, value in self.read_extras(record).items()]
        head = f"{self.read_time(record)} {record.levelname:<7} {record.name}:"
        line = _escape(" ".join([head, self.mask(record.getMessage()), *extras]))
        error = self.read_error(record)
        return f"{line}\n{error}" if error else line


class JsonFormatter(_MaskingFormatter):
    """One JSON object per line: time, level, logger, message, what came as extra, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; secrets are masked before JSON escapes could hide them."""
        error = self.read_error(record)
        return json.dumps(
            {
                **self.read_extras(record),
                "time": self.read_time(record),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": self.mask(record.getMessage()),
                **({"error": error} if error else {}),
            },
            ensure_ascii=False,
        )


def _written_forms(secret: str) -> tuple[str, ...]:
    """Give the forms a value takes in texts of others: as it is, in a repr, in a URL."""
    return secret, repr(secret)[1:-1], quote(secret, safe="")


def _is_json_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _escape(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
