"""The self-test with a real person: every way once, nothing left over, each failure named."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from harmonyhub.checks.formats import walk_as_json, walk_as_text
from harmonyhub.checks.spotify_walk import (
    READS,
    WRITES,
    Consent,
    WalkReport,
    ask_consent,
    read_code,
    walk,
)
from harmonyhub.domain.errors import ConfigurationError, RefusedInputError
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Fault, Mode
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.operations import REMOVE_FROM_LIBRARY
from tests.tools.fakes import fresh_fake
from tests.tools.spotify_contract import NEW_APPS, judge, load_contract

REDIRECT_URI = "http://127.0.0.1:8000/spotify/callback"
CONSENT = Consent("https://accounts.spotify.com/authorize", Secret("state"), Secret("verifier"))


@dataclass
class Person:
    """Somebody at the fake, and the settings of the app that they are asked for."""

    fake: FakeSpotify
    settings: Settings
    user_id: str

    async def walk(self) -> WalkReport:
        """Agree on the consent page, and walk."""
        consent = ask_consent(self.settings)
        query = parse_qs(urlsplit(consent.url).query)
        code = await self.fake.control.issue_code(
            self.user_id,
            client_id=query["client_id"][0],
            redirect_uri=REDIRECT_URI,
            challenge=query["code_challenge"][0],
            scopes=query["scope"][0].split(),
        )
        return await walk(
            self.settings, Secret(code), verifier=consent.verifier, clock=lambda: int(time.time())
        )


@pytest.fixture
async def person(tmp_path: Path) -> AsyncIterator[Person]:
    """Give a person with lists and playlists, at a fake of seed 7."""
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        settings, findings = load_settings(
            {
                "HARMONYHUB_DATA_DIR": str(tmp_path),
                **fake.variables(app, redirect_uri=REDIRECT_URI),
            },
            folder=tmp_path,
        )
        assert settings is not None, findings
        await fake.control.seed_people(["mia"], allowed_by=app.client_id)
        yield Person(fake, settings, "mia")


async def test_every_way_once_and_nothing_left_over(person: Person) -> None:
    """All steps pass in at most 20 calls, and the playlists are what they were."""
    before = await person.fake.control.library("mia")
    report = await person.walk()
    after = await person.fake.control.library("mia")

    assert [] == [step for step in report.steps if not step.is_passed]
    assert READS | WRITES <= {step.name for step in report.steps}
    assert (0, "", before.playlists) == (report.exit_status, report.leftover, after.playlists)
    assert ("development", 10, True) == (
        report.abilities.mode,
        report.abilities.search_page_size,
        report.abilities.writes_playlists,
    )
    assert 20 >= sum((await person.fake.control.counts()).values())
    assert "it may write them" in walk_as_text(report)


async def test_the_walk_keeps_the_contract(person: Person, shared: Path) -> None:
    """Every request and every answer of it."""
    await person.fake.control.set_hollow(is_hollow=False)
    await person.fake.control.record()
    await person.walk()

    exchanges = await person.fake.control.exchanges()
    assert len(exchanges) > 10
    assert [] == judge(exchanges, load_contract(shared / NEW_APPS))


async def test_an_app_of_the_extended_mode_is_told_apart(person: Person) -> None:
    """By what its answers hold, without asking for anything that new apps may not."""
    await person.fake.control.change_app(
        (await person.fake.control.apps())[0].client_id, mode="extended"
    )
    report = await person.walk()

    assert ("extended", 50) == (report.abilities.mode, report.abilities.search_page_size)


@pytest.mark.parametrize(
    ("mode", "outcome", "status"),
    [
        (Mode.SECRET_REVOKED, Outcome.CLIENT_REJECTED, 78),
        (Mode.PREMIUM_LAPSED, Outcome.PREMIUM_LAPSED, 78),
        (Mode.NOT_ALLOWED, Outcome.USER_NOT_ALLOWED, 78),
        (Mode.QUOTA, Outcome.QUOTA_EXCEEDED, 75),
        (Mode.UNAVAILABLE, Outcome.UPSTREAM_FAILED, 75),
    ],
)
async def test_a_failure_is_named(
    person: Person, mode: Mode, outcome: Outcome, status: int
) -> None:
    """The walk ends at the first call without which nothing goes on, and says whose fault it is."""
    await person.fake.control.set(mode, seconds=30_000)
    report = await person.walk()

    assert (outcome, status) == (report.steps[-1].seen.outcome, report.exit_status)
    assert outcome.value in walk_as_text(report)
    assert outcome.value in str(walk_as_json(report))


async def test_a_playlist_that_could_not_be_removed_is_named(person: Person) -> None:
    """Its id is told, so that the person finds it."""
    await person.fake.control.strike(Fault.UNAVAILABLE, operation=REMOVE_FROM_LIBRARY.name, times=9)
    report = await person.walk()

    assert report.leftover
    assert f"The playlist {report.leftover} is left over" in walk_as_text(report)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://127.0.0.1:8000/spotify/callback",
        "http://127.0.0.1:8000/spotify/callback?code=abc",
        "http://127.0.0.1:8000/spotify/callback?code=abc&state=another",
        "http://127.0.0.1:8000/spotify/callback?error=access_denied&state=state",
        "http://127.0.0.1:8000/spotify/callback?state=state",
    ],
)
def test_an_address_without_our_answer_is_refused(address: str) -> None:
    """With what to do next."""
    with pytest.raises(RefusedInputError) as refused:
        read_code(address, CONSENT)
    assert refused.value.hint


def test_the_code_of_an_address() -> None:
    """As a person pastes it, blanks around it."""
    address = " http://127.0.0.1:8000/spotify/callback?code=a%2Bb&state=state \n"

    assert Secret("a+b") == read_code(address, CONSENT)


def test_what_is_missing_for_a_sign_in_is_named(tmp_path: Path) -> None:
    """Every variable at once."""
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None
    with pytest.raises(ConfigurationError, match=r"CLIENT_ID, .*CLIENT_SECRET, .*REDIRECT_URI"):
        ask_consent(settings)
