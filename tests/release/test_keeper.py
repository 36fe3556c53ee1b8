"""Releases under a keeper: deploys, switches, deaths, with real processes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import httpx2
import pytest

from harmonyhub.domain.errors import ConflictError, NotFoundError
from harmonyhub.domain.releases import GateVerdict, ReleaseState
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.release.keeper import Keeper
from harmonyhub.release.plan import HEARTBEAT_LOST_S
from harmonyhub.release.rollback import roll_back
from harmonyhub.wiring.house import system_clock
from tests.release.conftest import Kept, Load
from tests.tools.fakes import fresh_fake

pytestmark = pytest.mark.slow
State = ReleaseState


async def test_deploys_switch_without_a_failed_request(kept: Kept) -> None:
    """Under steady load two releases follow each other and one rolls back: nothing fails."""
    assert GateVerdict.PASS is (await kept.deploy()).verdict
    load = Load()
    loading = asyncio.create_task(load.run(kept.url))
    second = await kept.deploy(HARMONYHUB_LOG_FORMAT="json")
    assert (GateVerdict.PASS, 2) == (second.verdict, second.number)
    assert ("HARMONYHUB_LOG_FORMAT",) == second.report.changed
    await kept.until(lambda: is_alone(kept, 2), "the first release to end")
    back = await roll_back(kept.store, to=None, owner="test", clock=system_clock)
    await kept.until(lambda: is_alone(kept, 1), "the second release to end")
    loading.cancel()
    await asyncio.wait([loading])

    assert 1 == back.number
    assert {1: State.COMMITTED, 2: State.ROLLED_BACK} == await kept.states()
    assert [] == load.failures
    assert 200 < load.n_sent


async def is_alone(kept: Kept, number: int) -> bool:
    """Whether one release alone runs, and serves."""
    facts = await kept.facts()
    return facts is not None and (facts.serving, [*facts.instances]) == (number, [str(number)])


async def test_candidates_that_die_or_do_not_work_are_refused(
    kept: Kept, bad_code: Callable[[str], None], fails_its_journey: str
) -> None:
    """Neither ever meets a user: the live release goes on, and there is none to return to."""
    await kept.deploy()
    for program, said in (("exit 3", "status 3"), (fails_its_journey, "ready: 500")):
        bad_code(program)
        outcome = await kept.deploy()
        assert GateVerdict.FAIL is outcome.verdict
        assert said in outcome.note
        assert 200 == await ask(kept)
    assert {1: State.COMMITTED, 2: State.REFUSED, 3: State.REFUSED} == await kept.states()
    nowhere = {None: ConflictError, 1: ConflictError, 2: ConflictError, 9: NotFoundError}
    for number, error in nowhere.items():  # none was live before, live, refused, unknown
        with pytest.raises(error):
            await roll_back(kept.store, to=number, owner="test", clock=system_clock)


async def ask(kept: Kept) -> int:
    """Ask the public address for something; the status."""
    async with httpx2.AsyncClient(base_url=kept.url, trust_env=False) as client:
        return (await client.get("/api/v1/users")).status_code


async def test_release_that_turns_bad_in_the_watch_goes_back(kept: Kept) -> None:
    """A live release that dies while it is watched gives the traffic back within seconds."""
    await kept.deploy()
    deploying = asyncio.create_task(kept.deploy(HARMONYHUB_LOG_FORMAT="json"))
    await kept.until(lambda: serves(kept, 2), "the switch")
    await kept.kill(2)
    started = time.monotonic()
    outcome = await deploying
    await kept.until(lambda: serves(kept, 1), "the way back")
    assert time.monotonic() - started < 60
    assert GateVerdict.FAIL is outcome.verdict
    assert "rollback" == kept.steps[-1].name
    assert {1: State.COMMITTED, 2: State.ROLLED_BACK} == await kept.states()
    assert 200 == await ask(kept)


async def serves(kept: Kept, number: int) -> bool:
    """Whether the proxy sends the requests to a release."""
    facts = await kept.facts()
    return facts is not None and facts.serving == number


async def test_deploy_that_ends_after_the_switch_is_rolled_back(kept: Kept) -> None:
    """A release whose deploy fell silent goes back by itself."""
    await kept.deploy()
    deploying = asyncio.create_task(kept.deploy(HARMONYHUB_LOG_FORMAT="json"))
    await kept.until(lambda: serves(kept, 2), "the switch")
    deploying.cancel()
    await asyncio.wait([deploying])
    started = time.monotonic()
    await kept.until(lambda: serves(kept, 1), "the way back")
    assert time.monotonic() - started < HEARTBEAT_LOST_S + 10
    states = await kept.states()
    assert {1: State.COMMITTED, 2: State.ROLLED_BACK} == states


async def test_keeper_that_starts_again_brings_the_committed_release_up(kept: Kept) -> None:
    """After a restart of the machine users have the release that they had before."""
    await kept.deploy()
    await kept.deploy(HARMONYHUB_LOG_FORMAT="json")
    await kept.stop()
    kept.start()
    await kept.until(lambda: is_alone(kept, 2), "the committed release")
    assert 200 == await ask(kept)


async def test_live_process_that_dies_is_started_again(kept: Kept) -> None:
    """A committed release that is killed serves again, under another process id."""
    await kept.deploy()
    before = await kept.pid_of(1)
    await kept.kill(1)

    async def is_back() -> bool:
        facts = await kept.facts()
        instance = None if facts is None else facts.instance(1)
        return instance is not None and instance.is_healthy and instance.pid != before

    await kept.until(is_back, "the release to be started again")
    await kept.until(lambda: answers(kept), "the proxy to see it")


async def answers(kept: Kept) -> bool:
    """Whether the public address answers."""
    return await ask(kept) == 200


async def test_two_deploys_at_once_are_refused(kept: Kept) -> None:
    """The second one says which is on its way."""
    deploying = asyncio.create_task(kept.deploy())
    await kept.until(lambda: serves(kept, 1), "the switch")
    with pytest.raises(ConflictError, match="on its way"):
        await kept.deploy()
    assert GateVerdict.PASS is (await deploying).verdict


async def test_unverified_release_is_held_or_watched(kept: Kept) -> None:
    """A new secret is held while Spotify is down; let pass, it goes back once it is rejected."""
    async with fresh_fake(seed=3) as fake:
        app = (await fake.control.apps())[0]
        spotify = {
            "HARMONYHUB_SPOTIFY_CLIENT_ID": app.client_id,
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET": app.client_secret.reveal(),
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL": fake.accounts_url,
            "HARMONYHUB_SPOTIFY_API_URL": fake.api_url,
        }
        await kept.deploy(**spotify)
        await fake.control.set(Mode.UNAVAILABLE)
        spotify["HARMONYHUB_SPOTIFY_CLIENT_SECRET"] = app.client_secret.reveal()[::-1]
        held = await kept.deploy(**spotify)
        assert (GateVerdict.HOLD, 75) == (held.verdict, held.verdict.exit_status)

        deploying = asyncio.create_task(kept.deploy(accepts_unverified=True, **spotify))
        await kept.until(lambda: serves(kept, 3), "the switch")
        await fake.control.clear()
        outcome = await deploying
    assert GateVerdict.FAIL is outcome.verdict
    assert "HH101" in outcome.note
    expected = {1: State.COMMITTED, 2: State.REFUSED, 3: State.ROLLED_BACK}
    assert expected == await kept.states()
    unverified = await kept.store.releases.get(3)
    assert unverified is not None
    assert unverified.accepted_unverified


async def test_keeper_stops_though_a_library_swallows_the_cancellation(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to stop in the middle of a look, it stops after it."""
    is_looking = asyncio.Event()

    async def look(*_: object) -> None:
        is_looking.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    monkeypatch.setattr(Keeper, "_look", look)
    await is_looking.wait()
    async with asyncio.timeout(10):
        await kept.stop()
    kept.start()
