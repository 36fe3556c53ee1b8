"""Logs: the two formats, what they carry, and what they never carry."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import pytest

from harmonyhub.telemetry.logs import configure_logs

SENTINEL = 'hunter"2\\p\u00e9/x'


@dataclass(frozen=True)
class Wanted:
    """Settings of logs, as the real ones offer them."""

    log_level: str = "info"
    log_format: str = "text"
    secrets: tuple[str, ...] = ()

    def secret_values(self) -> tuple[str, ...]:
        """Return what must not be logged."""
        return self.secrets


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    """Give the process its own logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_text_is_one_line_with_extras() -> None:
    """A record is time, level, logger, message and its extras on one line."""
    stream = io.StringIO()
    configure_logs(Wanted(), stream=stream)
    logging.getLogger("harmonyhub.jobs").info("job %s done", 7, extra={"n_tracks": 12, "kind": "x"})
    time, rest = stream.getvalue().split(" ", maxsplit=1)
    assert "INFO    harmonyhub.jobs: job 7 done n_tracks=12 kind=x\n" == rest
    assert datetime.fromisoformat(time).tzinfo is not None


def test_json_is_one_object_per_line() -> None:
    """A record is one JSON object; numbers stay numbers, and line ends stay inside."""
    stream = io.StringIO()
    configure_logs(Wanted(log_format="json"), stream=stream)
    logging.getLogger("a").warning("one\ntwo", extra={"n": 3, "ratio": float("nan"), "ok": True})
    logging.getLogger("a").warning("three")
    first, second = map(json.loads, stream.getvalue().splitlines())
    time = first.pop("time")
    assert {
        "level": "warning",
        "logger": "a",
        "message": "one\ntwo",
        "n": 3,
        "ratio": "nan",
        "ok": True,
    } == first
    assert time.endswith("Z")
    assert "three" == second["message"]


def test_json_extras_cannot_pose_as_the_record() -> None:
    """An extra named like a field of ours does not replace it."""
    stream = io.StringIO()
    configure_logs(Wanted(log_format="json"), stream=stream)
    logging.getLogger("a").error("real", extra={"level": "debug", "time": "never"})
    line = json.loads(stream.getvalue())
    assert ("error", "real") == (line["level"], line["message"])
    assert line["time"] != "never"


def test_level_counts() -> None:
    """Records below the level are not written; debug ones are when asked for."""
    for level, expected in [("warning", 0), ("debug", 1)]:
        stream = io.StringIO()
        configure_logs(Wanted(log_level=level), stream=stream)
        logging.getLogger("a").debug("x")
        assert expected == len(stream.getvalue().splitlines())


def test_configured_twice_writes_once() -> None:
    """A second call replaces the first: no record is doubled."""
    stream = io.StringIO()
    configure_logs(Wanted(), stream=stream)
    configure_logs(Wanted(), stream=stream)
    logging.getLogger("a").error("x")
    assert 1 == len(stream.getvalue().splitlines())


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_are_masked_everywhere(log_format: str) -> None:
    """Message, arguments, extras and tracebacks show the mask in a secret's place."""
    stream = io.StringIO()
    uri = f"mongodb://user:{SENTINEL}@db/"
    configure_logs(Wanted(log_format=log_format, secrets=(SENTINEL, uri)), stream=stream)
    logger = logging.getLogger("a")
    logger.error(f"key {SENTINEL}")  # noqa: G004 - what people write, too
    logger.error("key %s", SENTINEL, extra={"uri": uri, "error": RuntimeError(SENTINEL)})
    logger.error("key %r in https://example.net/?key=%s", SENTINEL, quote(SENTINEL, safe=""))
    try:
        raise RuntimeError(SENTINEL)
    except RuntimeError:
        logger.exception("failed")
    text = stream.getvalue()
    assert "hunter" not in text
    assert "user" not in text
    assert 7 == text.count("***")
    assert "RuntimeError" in text


def test_foreign_text_cannot_forge_a_line() -> None:
    """Line ends and terminal codes in a message are written as escapes; other scripts stay."""
    stream = io.StringIO()
    configure_logs(Wanted(), stream=stream)
    logging.getLogger("a").info("Bj\u00f6rk \u97f3\u697d\n2026 ERROR forged\x1b[31m")
    assert stream.getvalue().endswith("a: Bj\u00f6rk \u97f3\u697d\\n2026 ERROR forged\\x1b[31m\n")
    assert 1 == stream.getvalue().count("\n")


def test_traceback_keeps_its_lines() -> None:
    """An exception is written below its record, over several lines."""
    stream = io.StringIO()
    configure_logs(Wanted(), stream=stream)
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("a").exception("failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("a: failed")
    assert "ValueError: why" == lines[-1]
