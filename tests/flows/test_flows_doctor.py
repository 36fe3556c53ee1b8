"""The doctor asks a running instance over HTTP and compares it with what the sources say."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError, UnavailableError
from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.releases import Instance
from harmonyhub.flows.doctor import examine
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.storage.store import Store
from harmonyhub.web.app import build_app
from harmonyhub.web.server import serve
from harmonyhub.wiring.house import House, furnish, system_clock

Load = Callable[..., Settings]
SECRET = "hunter2hunter2hunter2"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Give what loads the settings that the sources have, on a port of this test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def load(**variables: str) -> Settings:
        environment = {"DATA_DIR": str(tmp_path), "PORT": str(port), **variables}
        named = {f"HARMONYHUB_{name}": text for name, text in environment.items()}
        settings, findings = load_settings(named, folder=tmp_path)
        assert settings is not None, findings
        return settings

    return load


@pytest.fixture
async def running(load: Load, store: Store) -> AsyncIterator[House]:
    """Run the pages of a house with these settings."""
    house = furnish(load(), store)
    ready = asyncio.Event()
    task = asyncio.create_task(
        serve(
            build_app(house),
            host=house.settings.host,
            port=house.settings.port,
            on_ready=ready.set,
        )
    )
    await ready.wait()
    yield house
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def beat(house: House, name: str, *drift: str) -> None:
    """Let another process tell of itself."""
    await house.store.instances.beat(
        Instance(
            name=name,
            release=None,
            configuration_fingerprint="f" * 16,
            drift=drift,
            seen_at=system_clock(),
        )
    )


@pytest.mark.usefixtures("running")
async def test_what_uses_its_sources_is_well(load: Load) -> None:
    """With the same settings nothing differs, and one line says so."""
    found = await examine(load(), target=None)
    assert ((), True) == (found.differences, found.is_well)
    assert "It uses what files and environment say now." in found.as_text()


async def test_a_changed_value_is_named_with_both_places(running: House, load: Load) -> None:
    """A variable that is not loaded is told once, with who still has the old value."""
    await beat(running, "host:7", "HARMONYHUB_LOG_LEVEL")
    found = await examine(load(LOG_LEVEL="debug"), target=None)
    assert not found.is_well
    line = (
        "changed, not loaded: HARMONYHUB_LOG_LEVEL, in use from default, now from environment"
        " (pages, host:7)"
    )
    assert line in found.as_text().splitlines()
    assert "A restart of HarmonyHub loads what has changed." in found.as_text()


@pytest.mark.usefixtures("running")
async def test_a_changed_secret_is_named_without_a_value(load: Load) -> None:
    """A password that the running pages do not have yet is a name and two places."""
    found = await examine(load(ACCESS_PASSWORD=SECRET), target=None)
    assert ["HARMONYHUB_ACCESS_PASSWORD"] == [each.variable for each in found.differences]
    assert SECRET not in f"{found} {found.as_text()}"


async def test_what_is_taken_over_while_running_is_told_by_who_does(
    running: House, load: Load
) -> None:
    """A new alert address is the worker's; while it has not taken it, that is told, no restart."""
    changed = load(ALERT_URLS="json://127.0.0.1:9/x")
    assert (await examine(changed, target=None)).is_well
    await beat(running, "host:7", "HARMONYHUB_ALERT_URLS")
    found = await examine(changed, target=None)
    assert "changed, not loaded: HARMONYHUB_ALERT_URLS (host:7)" in found.as_text().splitlines()
    assert "restart" not in found.as_text()


async def test_processes_that_differ_and_incidents_are_told(running: House, load: Load) -> None:
    """Two configurations in one fleet, and what is open, each on a line."""
    await beat(running, "host:7")
    await running.store.instances.beat(
        replace(
            (await running.store.instances.seen_since(0))[0],
            name="b",
            configuration_fingerprint="0" * 16,
        )
    )
    cause = Finding(
        check_id="HH101", severity=Severity.ERROR, owner=Owner.OPERATOR, message="It fails.", fix=""
    )
    opened = await running.store.incidents.open(
        Diagnosis(causes=(cause,), failing_since=1), now=system_clock()
    )
    found = await examine(load(), target=None)
    assert "the processes differ in their configuration" in found.as_text()
    assert f"open incident {opened.id}: harmonyhub why" in found.as_text()


@pytest.mark.usefixtures("running")
async def test_another_token_is_refused_in_words(load: Load) -> None:
    """Whoever asks with another admin token is told which variables make it right."""
    with pytest.raises(ConfigurationError, match="admin token") as refused:
        await examine(load(ADMIN_TOKEN=SECRET * 2), target=None)
    assert "HARMONYHUB_ADMIN_TOKEN" in refused.value.hint
    assert SECRET not in refused.value.message


async def test_nobody_there_is_told(load: Load) -> None:
    """Where nothing listens the address is named, and how to name another."""
    with pytest.raises(UnavailableError, match="No instance answers") as refused:
        await examine(load(), target="http://127.0.0.1:9")
    assert "--target" in refused.value.hint


async def test_an_address_of_something_else_is_told(load: Load) -> None:
    """What answers but is no HarmonyHub is refused in words, not with a traceback."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UnavailableError, match="no HarmonyHub"):
            await examine(load(), target=f"http://127.0.0.1:{port}")
