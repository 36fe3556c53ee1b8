"""A start that is refused: told once an hour by its cause, and only what is known of it."""

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from harmonyhub.domain.errors import (
    ConfigurationError,
    ConflictError,
    HarmonyHubError,
    StoreUnavailableError,
)
from harmonyhub.drills.sink import Sink
from harmonyhub.flows import refusal
from harmonyhub.flows.refusal import tell_refusal
from harmonyhub.settings.load import read_settings
from tests.tools.fakes import fresh_sink

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
DEAD = "mongodb://somebody:hunter2hunter2@127.0.0.1:9/"  # nobody listens on "discard"
SetUp = Callable[..., HarmonyHubError]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Give somebody who can be told."""
    async with fresh_sink() as sink:
        yield sink


@pytest.fixture
def start(sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Give what sets variables and tells the error of the settings, if they have one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HARMONYHUB_ALERT_URLS", sink.address("first"))
    monkeypatch.setenv("HARMONYHUB_ENCRYPTION_KEY", base64.b64encode(bytes(32)).decode())

    def set_up(**variables: str) -> HarmonyHubError:
        for name, value in variables.items():
            monkeypatch.setenv(f"HARMONYHUB_{name}", value)
        try:
            read_settings()
        except ConfigurationError as error:
            return error
        return StoreUnavailableError("MongoDB does not answer.")

    return set_up


async def test_a_wrong_setting_is_told_with_a_title_for_strangers(start: SetUp, sink: Sink) -> None:
    """Title and body name the variable, and nothing claims that pages are served."""
    await tell_refusal(start(SPOTIFY_CLIENT_ID="f" * 32, SPOTIFY_CLIENT_SECRET="hunter2hunter2"))
    (message,) = await sink.messages()
    assert message.title.startswith("HarmonyHub does not run: ")
    assert SECRET in message.title
    assert "HH009" in message.body
    for untrue in ("pages keep working", "Users:", "Since:", "hunter2"):
        assert untrue not in message.title + message.body


async def test_it_is_told_once_and_again_after_an_hour(
    start: SetUp, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts it every few seconds with the same fault is told once an hour."""
    error = start(PORT="none")
    for _ in range(3):
        await tell_refusal(error)
    assert 1 == len(await sink.messages())
    now = refusal.system_clock()
    monkeypatch.setattr(refusal, "system_clock", lambda: now + 3601)
    await tell_refusal(error)
    assert 2 == len(await sink.messages())


async def test_another_cause_is_told_at_once(start: SetUp, sink: Sink) -> None:
    """What is wrong in another way is no repetition."""
    await tell_refusal(start(PORT="none"))
    await tell_refusal(start(PORT="8000", LOG_LEVEL="loud"))
    assert ["HARMONYHUB_PORT", "HARMONYHUB_LOG_LEVEL"] == [
        next(word for word in each.title.split() if word.startswith("HARMONYHUB_"))
        for each in await sink.messages()
    ]


async def test_a_message_that_did_not_arrive_is_sent_at_the_next_start(
    start: SetUp, sink: Sink
) -> None:
    """Only what somebody took counts as told."""
    error = start(PORT="none")
    await sink.refuse(60)
    await tell_refusal(error)
    await sink.refuse(0)
    await tell_refusal(error)
    assert [True, False] == [each.is_refused for each in await sink.messages()]


async def test_a_mongodb_that_does_not_answer_is_the_cause(start: SetUp, sink: Sink) -> None:
    """An address that nobody answers at is told with its variable and without its password."""
    await tell_refusal(start(MONGODB_URI=DEAD))
    (message,) = await sink.messages()
    assert "HH201" in message.body
    assert "HARMONYHUB_MONGODB_URI, from environment" in message.body
    assert "hunter2" not in message.title + message.body


async def test_a_spotify_that_is_down_never_stops_a_start(start: SetUp, sink: Sink) -> None:
    """Where Spotify does not answer either, MongoDB is named alone."""
    error = start(
        MONGODB_URI=DEAD,
        SPOTIFY_CLIENT_ID="f" * 32,
        SPOTIFY_CLIENT_SECRET="0123456789abcdef" * 2,
        SPOTIFY_ACCOUNTS_URL="http://127.0.0.1:9",
        SPOTIFY_API_URL="http://127.0.0.1:9/v1",
    )
    await tell_refusal(error)
    (message,) = await sink.messages()
    assert "HH10" not in message.body
    assert "MongoDB" in message.title


async def test_an_embedded_mongodb_that_does_not_start_is_told(start: SetUp, sink: Sink) -> None:
    """No check asks a server that this process starts: there the error itself is the cause."""
    start()
    error = StoreUnavailableError("MongoDB ended at its start with status 14.", hint="See its log.")
    await tell_refusal(error)
    (message,) = await sink.messages()
    assert "status 14" in message.title
    assert "See its log." in message.body


async def test_a_second_start_by_mistake_wakes_nobody(start: SetUp, sink: Sink) -> None:
    """The data folder in use by one that runs is no reason to call anybody."""
    start()
    assert await tell_refusal(ConflictError("harmonyhub up runs here already.")) is None
    assert () == await sink.messages()


async def test_without_an_address_nobody_is_told(
    start: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked at where nobody could be told."""
    error = start(PORT="none")
    monkeypatch.delenv("HARMONYHUB_ALERT_URLS")
    assert await tell_refusal(error) is None
