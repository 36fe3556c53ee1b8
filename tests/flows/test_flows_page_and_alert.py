"""What the page tells a listener and what the alert tells the operator are of one cause."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harmonyhub.checks.live import check_live
from harmonyhub.domain.connection_report import Trouble, tell_trouble
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.incident_text import diagnosis_text
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.spotify_messages import MESSAGES
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.drills.fake_spotify.modes import Mode, Surface
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.connection import load_connection
from harmonyhub.flows.diagnosing import diagnose_house, subject_of
from harmonyhub.flows.watch import SPOTIFY_LIVE
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish
from harmonyhub.wiring.spotify import Spotify
from tests.conftest import SetClock
from tests.tools.fakes import fresh_fake

# More than the three that may be refused at once before it is not the users.
N_USERS = 5
# The clock of the house stands, which is what HH106 looks at.
LOOKED_AT = tuple(each for each in SPOTIFY_LIVE if each.check.id != "HH106")


@dataclass
class Street:
    """A house with connected listeners, its fake Spotify and its clock."""

    house: House
    fake: FakeSpotify
    clock: SetClock

    @property
    def spotify(self) -> Spotify:
        """The door to Spotify."""
        assert self.house.spotify is not None
        return self.house.spotify

    async def fail(self, mode: Mode, *, surface: Surface | None = None) -> None:
        """Let Spotify fail, and the house meet it: by a probe, and by what listeners need."""
        wait_s = 20 if mode is Mode.RATE_LIMIT else 3600
        await self.fake.control.set(mode, surface=surface, seconds=wait_s)
        await self.spotify.probe()
        if mode is Mode.FOREIGN_APP:
            for number in range(1, N_USERS + 1):
                await self.spotify.refresh_user(f"u-{number}")

    async def page(self) -> Trouble:
        """Read what the page says to a listener whose consent is good."""
        self.clock.now += 1  # what a process knows is a second old at most
        trouble = tell_trouble(await load_connection(self.house, UserId(f"u-{N_USERS}")))
        assert trouble is not None
        return trouble

    async def diagnosis(self) -> Diagnosis:
        """Look as the watch does, what is nobody's fault here included."""
        results = await check_live(subject_of(self.house, self.house.settings), checks=LOOKED_AT)
        found = await diagnose_house(
            self.house,
            results=results,
            state=await self.house.store.upstreams.load("spotify"),
            confirmed_only=False,
        )
        assert found is not None
        return found


@pytest.fixture
async def street(
    store: Store, mongodb_uri: str, tmp_path: Path, clock: SetClock
) -> AsyncIterator[Street]:
    """Give a house of five connected listeners whose tokens have to be refreshed."""
    async with fresh_fake(seed=11) as fake:
        (app,) = await fake.control.apps()
        environment = {
            "HARMONYHUB_DATA_DIR": str(tmp_path),
            "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
            "HARMONYHUB_MONGODB_DATABASE": store._database.name,
            **fake.variables(app),
        }
        settings, findings = load_settings(environment, folder=tmp_path)
        assert settings is not None, findings
        house = replace(furnish(settings, store, clock=clock), mongodb_uri=Secret(mongodb_uri))
        for user in await fake.control.seed_users(N_USERS, prefix="u"):
            token = UserToken(
                user_id=user.user_id,
                client_id=app.client_id,
                state=TokenState.ACTIVE,
                consented_at=clock() - 86_400,
                access_expires_at=0,
            )
            await store.tokens.save(
                token, refresh_token=user.refresh_token, access_token=user.access_token
            )
        street = Street(house, fake, clock)
        await street.spotify.probe()
        yield street
        await street.spotify.aclose()


@pytest.mark.parametrize(
    ("mode", "surface", "outcome"),
    [
        (Mode.SECRET_REVOKED, None, Outcome.CLIENT_REJECTED),
        (Mode.FOREIGN_APP, None, Outcome.FOREIGN_APP),
        (Mode.PREMIUM_LAPSED, None, Outcome.PREMIUM_LAPSED),
        (Mode.QUOTA, None, Outcome.QUOTA_EXCEEDED),
        (Mode.RATE_LIMIT, None, Outcome.RATE_LIMITED),
        (Mode.UNAVAILABLE, Surface.ACCOUNTS, Outcome.UPSTREAM_FAILED),
        (Mode.CAPTIVE_PORTAL, Surface.ACCOUNTS, Outcome.INTERCEPTED),
        (Mode.RESET, Surface.ACCOUNTS, Outcome.CONNECTION_LOST),
    ],
)
async def test_page_and_alert_say_the_same(
    street: Street, mode: Mode, surface: Surface | None, outcome: Outcome
) -> None:
    """The outcome, its owner and the check agree; only the operator's faults wake anybody."""
    street.clock.now += 120
    await street.fail(mode, surface=surface)
    trouble, diagnosis = await street.page(), await street.diagnosis()
    (cause, *_) = diagnosis.causes

    assert outcome is trouble.outcome
    assert MESSAGES[outcome].check_id == cause.check_id
    assert outcome.owner is cause.owner
    assert (outcome.owner is Owner.OPERATOR) == ("operator's" in trouble.whose)
    title, body = diagnosis_text(diagnosis)
    assert cause.message.rstrip(".") in title
    assert f"docs/runbooks/{cause.check_id}.md" in body
