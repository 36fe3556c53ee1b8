"""The watch on a real store, a fake Spotify and a sink: what it tells, and when it is over."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harmonyhub.domain.errors import StoreUnavailableError
from harmonyhub.domain.incidents import EventKind
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.process import FakeApp, FakeSpotify
from harmonyhub.drills.sink import Message, Sink
from harmonyhub.flows.watch import Watch
from harmonyhub.settings.load import load_settings, survey_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish
from tests.tools.fakes import fresh_fake, fresh_sink

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
KEY = b"k" * 32


@dataclass
class Post:
    """A house with credentials in a file, its watch, and the sink that its alerts go to."""

    house: House
    watch: Watch
    fake: FakeSpotify
    sink: Sink
    secret_file: Path

    async def look(self, n_times: int = 1) -> None:
        """Look again and again, each time with a probe."""
        for _ in range(n_times):
            self.watch._due.pop("probe", None)
            await self.watch.look()

    async def messages(self, contact: str = "first") -> tuple[Message, ...]:
        """List what a contact was told."""
        return await self.sink.messages(contact=contact)

    async def app(self) -> FakeApp:
        """Give the app as the dashboard has it."""
        return (await self.fake.control.apps())[0]

    def write_secret(self, value: str) -> None:
        """Write the file that the variable names."""
        self.secret_file.write_text(f"{value}\n", encoding="utf-8")


@pytest.fixture
async def post(
    store: Store, mongodb_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    """Give a watch whose first look has found everything in order."""
    async with fresh_fake(seed=5) as fake, fresh_sink() as sink:
        app = (await fake.control.apps())[0]
        secret_file = tmp_path / "secret"
        secret_file.write_text(app.client_secret.reveal() + "\n", encoding="utf-8")
        secret_file.chmod(0o600)
        environment = {
            "HARMONYHUB_DATA_DIR": str(tmp_path / "data"),
            "HARMONYHUB_ENCRYPTION_KEY": base64.b64encode(bytes(range(32))).decode(),
            "HARMONYHUB_SPOTIFY_CLIENT_ID": app.client_id,
            f"{SECRET}_FILE": str(secret_file),
            "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
            "HARMONYHUB_ALERT_URLS": sink.address("first"),
            "HARMONYHUB_ALERT_ESCALATION_URLS": sink.address("second"),
            "HARMONYHUB_ALERT_ESCALATE_AFTER_S": "60",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        settings, findings = load_settings(environment, folder=tmp_path)
        assert settings is not None, findings
        house = replace(furnish(settings, store), mongodb_uri=Secret(mongodb_uri))
        house = replace(house, settings=replace(settings, mongodb_database=store._database.name))
        made = Post(house, Watch(house, owner="me", key=KEY), fake, sink, secret_file)
        await made.look()
        yield made
        assert house.spotify is not None
        await house.spotify.aclose()


async def test_health_is_silent(post: Post) -> None:
    """A house in order opens no incident and sends nothing."""
    await post.look(3)
    assert () == await post.messages()
    assert [] == await post.house.store.incidents.current()


async def test_a_revoked_secret_is_told_once_by_name(post: Post) -> None:
    """One message names the variable; looking on sends no second one."""
    await post.fake.control.rotate_secret((await post.app()).client_id)
    await post.look(4)
    (message,) = await post.messages()
    assert "failure" == message.kind
    assert SECRET in message.title
    assert f"{SECRET}, from file {post.secret_file}" in message.body
    (incident,) = await post.house.store.incidents.current()
    assert [SECRET] == [cause.variable for cause in incident.diagnosis.causes]


async def test_a_corrected_file_ends_it_without_a_restart(post: Post) -> None:
    """The right secret in the file is tried, taken over, and the end is told."""
    rotated = await post.fake.control.rotate_secret((await post.app()).client_id)
    await post.look()
    post.write_secret(rotated.client_secret.reveal())
    await post.watch.follow_sources()
    await post.look()
    assert ["failure", "success"] == [message.kind for message in await post.messages()]
    assert [] == await post.house.store.incidents.current()


async def test_a_wrong_new_secret_is_told_and_not_used(post: Post) -> None:
    """A rejected new value is told by name while the one in use stays in use."""
    good = (await post.app()).client_secret.reveal()
    post.write_secret("0123456789abcdef" * 2)
    await post.watch.follow_sources()
    await post.look()
    (message,) = await post.messages()
    assert f"The new value of {SECRET} is not accepted" in message.body
    assert post.house.spotify is not None
    assert good == post.house.spotify.credentials.client_secret.reveal()
    post.write_secret(good)
    await post.watch.follow_sources()
    await post.look()
    assert ["failure", "success"] == [message.kind for message in await post.messages()]


async def test_a_value_that_nobody_could_judge_is_tried_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret written while Spotify is down is taken over once Spotify answers."""
    monkeypatch.setattr("harmonyhub.flows.watch.SWAP_AGAIN_S", 0.0)
    fresh = (await post.fake.control.rotate_secret((await post.app()).client_id)).client_secret
    await post.fake.control.set(Mode.UNAVAILABLE)
    post.write_secret(fresh.reveal())
    await post.watch.follow_sources()
    assert post.house.spotify is not None
    assert fresh.reveal() != post.house.spotify.credentials.client_secret.reveal()
    await post.fake.control.clear()
    await post.watch.follow_sources()
    assert fresh.reveal() == post.house.spotify.credentials.client_secret.reveal()


async def test_a_spoilt_file_is_told_while_the_service_goes_on(post: Post) -> None:
    """A file that became unusable is told before the next start would stumble over it."""
    post.write_secret("abc")
    assert survey_settings()[0] is None
    await post.watch.follow_sources()
    await post.look()
    (message,) = await post.messages()
    assert SECRET in message.title


@pytest.mark.parametrize("mode", [Mode.QUOTA, Mode.UNAVAILABLE, Mode.CAPTIVE_PORTAL])
async def test_the_fault_of_others_wakes_nobody(post: Post, mode: Mode) -> None:
    """Quota, an upstream that is down and a captive portal send nothing."""
    await post.fake.control.set(mode, seconds=3600)
    await post.look(5)
    assert () == await post.messages()


async def test_silence_calls_the_second_contact(post: Post) -> None:
    """Without an acknowledgement the second contact is told, once."""
    await post.fake.control.rotate_secret((await post.app()).client_id)
    await post.look()
    started = post.house.clock()
    later = replace(post.house, clock=lambda: started + 61)
    post.watch._house = later
    post.watch._telling._house = later
    await post.look(2)
    (message,) = await post.messages("second")
    assert "not acknowledged" in message.title


async def test_a_message_that_does_not_arrive_is_sent_again(post: Post) -> None:
    """A contact that refuses is tried again until it takes the message."""
    await post.sink.refuse(60)
    await post.fake.control.rotate_secret((await post.app()).client_id)
    await post.look()
    (incident,) = await post.house.store.incidents.current()
    assert 0 == incident.notified_at
    await post.sink.refuse(0)
    started = post.house.clock()
    later = replace(post.house, clock=lambda: started + 3)
    post.watch._house = later
    post.watch._telling._house = later
    await post.look()
    (incident,) = await post.house.store.incidents.current()
    assert 0 < incident.notified_at
    kinds = [event.kind for event in incident.timeline]
    assert EventKind.NOT_DELIVERED in kinds


async def test_of_two_watches_one_looks(post: Post) -> None:
    """Two processes on one database tell once."""
    other = Watch(post.house, owner="another", key=KEY)
    await post.fake.control.rotate_secret((await post.app()).client_id)
    await asyncio.gather(post.look(), other.look())
    await other.look()
    assert 1 == len(await post.messages())


async def test_a_silent_mongodb_is_told_and_written_down_later(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time of an election people are told; the incident is kept once MongoDB is back."""
    monkeypatch.setattr("harmonyhub.flows.watch.STORE_SILENT_S", 0.0)
    error = StoreUnavailableError("MongoDB does not answer.")
    await post.watch._look_without_store(error, since=time.monotonic())
    (message,) = await post.messages()
    assert "MongoDB does not answer" in message.title
    await post.look()
    (incident,) = await post.house.store.incidents.recent(5)
    assert "HH201" == incident.diagnosis.causes[0].check_id
    assert not incident.is_open


async def test_a_wrong_clock_is_told(post: Post) -> None:
    """A clock that differs from Spotify's by minutes is told although every call succeeds."""
    await post.fake.control.set(Mode.CLOCK_SKEW, seconds=-900)
    await post.look(2)
    (message,) = await post.messages()
    assert message.title.startswith("HarmonyHub: The clock of this machine is")


async def test_an_upstream_that_is_down_wakes_nobody(post: Post) -> None:
    """What fails at the address that always worked is diagnosed, and told to nobody."""
    await post.fake.control.set(Mode.UNAVAILABLE)
    await post.look(4)
    assert () == await post.messages()
