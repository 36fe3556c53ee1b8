"""`check --live --spotify-user` as a person runs it: an address to open, a way back, a table."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from harmonyhub.drills.process import FakeSpotify
from tests.journeys.conftest import clean_environment, free_port
from tests.tools.fakes import fresh_fake

LIMIT_S = 60


@dataclass
class Terminal:
    """A terminal in a folder of its own, set up for a fake Spotify."""

    folder: Path
    fake: FakeSpotify
    port: int
    variables: dict[str, str]

    async def run(self, *arguments: str) -> Process:
        """Start the command."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "harmonyhub", "check", "--live", "--spotify-user", *arguments),
            cwd=self.folder,
            env=clean_environment() | {"HOME": str(self.folder)} | self.variables,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )

    async def address(self, process: Process) -> str:
        """Read which address is to be opened."""
        assert process.stderr is not None
        async with asyncio.timeout(LIMIT_S):
            while True:
                line = (await process.stderr.readline()).decode()
                assert line, "the command ended without an address"
                if found := re.search(r"http://\S+/authorize\S+", line):
                    return found[0]


async def decide(url: str, decision: str = "agree") -> str:
    """Decide on the consent page as Anna: where that leads to."""
    async with httpx2.AsyncClient() as client:
        answer = await client.post(url, data={"user": "anna", "decision": decision})
    return str(answer.headers["location"])


async def end(process: Process, typed: str = "") -> tuple[int, str, str]:
    """Wait for the end: status, output, errors."""
    async with asyncio.timeout(LIMIT_S):
        out, errors = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """Give a terminal."""
    port = free_port()
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        callback = f"http://127.0.0.1:{port}/spotify/callback"
        variables = {"HARMONYHUB_PORT": str(port), **fake.variables(app, redirect_uri=callback)}
        yield Terminal(tmp_path, fake, port, variables)


@pytest.mark.slow
async def test_it_listens_for_the_person_to_come_back(terminal: Terminal) -> None:
    """Nothing else runs there: the browser comes to the command itself."""
    process = await terminal.run()
    location = await decide(await terminal.address(process))
    async with httpx2.AsyncClient() as client:
        answer = await client.get(location)
    status, out, errors = await end(process)

    assert "Go back to the terminal" in answer.text
    assert (0, True) == (status, "it may write them" in out), errors
    assert "code=" not in out + errors


@pytest.mark.slow
async def test_beside_a_running_service_the_address_is_pasted(terminal: Terminal) -> None:
    """Its port is taken: the person copies the address, and the port alone is complained of."""
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", terminal.port):
        process = await terminal.run("--json")
        location = await decide(await terminal.address(process))
        status, out, errors = await end(process, typed=f"{location}\n")
    found = json.loads(out)

    assert 78 == status, errors
    assert {"development"} == {found["spotify_user"]["abilities"]["mode"]}
    failed = [one["check_id"] for one in found["results"] if one["verdict"] == "failed"]
    assert ["HH502"] == failed


@pytest.mark.slow
async def test_a_consent_that_is_not_given_is_said(terminal: Terminal) -> None:
    """What the checks found before is printed all the same."""
    process = await terminal.run()
    location = await decide(await terminal.address(process), "cancel")
    async with httpx2.AsyncClient() as client:
        await client.get(location)
    status, out, errors = await end(process)

    assert (65, True) == (status, out.startswith("All checks passed"))
    assert "press Agree on Spotify's page" in errors
