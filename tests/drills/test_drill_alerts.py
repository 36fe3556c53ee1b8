"""The act of the alerts can fail: without a guard its figure misses the target."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harmonyhub.drills.alert_reading import Mailbox, reading
from harmonyhub.drills.at_run_time import NEVER_S, inject, most_within, recover
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.lost_tokens import play_foreign_app
from harmonyhub.drills.past_gate import play_past_gate
from harmonyhub.drills.service import Service
from harmonyhub.drills.site import Ground
from harmonyhub.drills.unguarded import unguarded

ALL = Guards.all()
REVOKED, DOWN = "secret-revoked", "unavailable"


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Give a ground of this test's own."""
    async with Ground.open(tmp_path / "ground") as ground:
        yield ground


async def count_lost(ground: Ground, guards: Guards) -> int:
    """Count the consents that cannot be used after all users were rejected at once."""
    async with ground.site("lost", seed=3) as site:
        with unguarded(guards):
            losses = await play_foreign_app(site)
    return losses.n_before - losses.n_after


@pytest.mark.slow
async def test_no_consent_is_lost(ground: Ground) -> None:
    """When every refresh is rejected and then set right, all users are synchronized again."""
    assert 0 == await count_lost(ground, ALL)


@pytest.mark.parametrize("guard", [Guard.QUARANTINE, Guard.BRAKE])
@pytest.mark.slow
async def test_consents_are_lost_without(ground: Ground, guard: Guard) -> None:
    """Where rejected consents are deleted, or all users are rejected one by one, some are lost."""
    assert await count_lost(ground, ALL.without(guard)) > 0


@pytest.mark.slow
async def test_a_variable_is_not_named_without_proof(ground: Ground) -> None:
    """Faults are named with the counterfactual, and not all of them without it."""
    async with ground.site("named", seed=3) as site:
        with unguarded(ALL.without(Guard.PROOF)):
            told = await play_past_gate(site, seed=3, n_single=12, n_double=0)
    assert not all(each.is_named for each in told)


@asynccontextmanager
async def running(
    ground: Ground, name: str, guards: Guards
) -> AsyncIterator[tuple[Service, Mailbox]]:
    """Run a service of four users on a site of its own, and read what its operator is told."""
    async with (
        ground.site(name, seed=3) as site,
        Service.start(site, guards=guards, n_users=4, commands=("work",)) as service,
        reading(site.sink) as mailbox,
    ):
        yield service, mailbox


async def alert_after(ground: Ground, name: str, *, guards: Guards, fault: str) -> float | None:
    """Let a fault appear, and give the seconds until somebody is told."""
    async with running(ground, name, guards) as (service, mailbox):
        return (await inject(service, mailbox, seed=3, only=(fault,))).alert_s


async def recovery_after(
    ground: Ground, name: str, *, guards: Guards
) -> tuple[float | None, float]:
    """Revoke the secret, and give the seconds until somebody is told and until it is over."""
    async with running(ground, name, guards) as (service, mailbox):
        lived = await inject(service, mailbox, seed=3, only=(REVOKED,))
        return lived.alert_s, await recover(service)


async def calls_after(ground: Ground, name: str, *, guards: Guards) -> int:
    """Revoke the secret, and count the most token calls in a minute after the alert."""
    async with running(ground, name, guards) as (service, mailbox):
        await inject(service, mailbox, seed=3, only=(REVOKED,))
        since = time.time()
        assert await mailbox.wait_for_alert(("nobody",), timeout_s=12) is None
        calls = await service.token_calls(since=since)
    return most_within([call.at for call in calls], window_s=60)


@pytest.mark.slow
async def test_a_revoked_secret_is_told_and_set_right_in_time(ground: Ground) -> None:
    """Somebody is told within the target, and the right secret in its file ends it within its."""
    alert_s, recovery_s = await recovery_after(ground, "told", guards=ALL)
    assert alert_s is not None
    assert alert_s <= 5
    assert recovery_s <= 2


@dataclass(frozen=True, slots=True)
class Lived:
    """What services lived through that ran side by side: most of it is waiting for nothing."""

    told_of_outage_s: float | None
    told_without_probe_s: float | None
    told_without_owners_s: float | None
    calls_without_latch: int
    recovered_without_reload_s: float


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Run them all at once: none of these figures is a time that a busy machine would spoil."""
    folder = tmp_path_factory.mktemp("lived")

    async def play() -> Lived:
        async with Ground.open(folder) as ground:
            outage, no_probe, no_owners, no_latch, (_, no_reload) = await asyncio.gather(
                alert_after(ground, "outage", guards=ALL, fault=DOWN),
                alert_after(ground, "probe", guards=ALL.without(Guard.PROBE), fault=REVOKED),
                alert_after(ground, "owners", guards=ALL.without(Guard.OWNERS), fault=DOWN),
                calls_after(ground, "latch", guards=ALL.without(Guard.LATCH)),
                recovery_after(ground, "reload", guards=ALL.without(Guard.RELOAD)),
            )
        return Lived(
            told_of_outage_s=outage,
            told_without_probe_s=no_probe,
            told_without_owners_s=no_owners,
            calls_without_latch=no_latch,
            recovered_without_reload_s=no_reload,
        )

    return asyncio.run(play())


@pytest.mark.slow
def test_an_upstream_that_is_down_is_not_told(lived: Lived) -> None:
    """Nobody is woken for what only the upstream can mend."""
    assert lived.told_of_outage_s is None


@pytest.mark.slow
def test_nobody_is_told_in_time_without_the_probe(lived: Lived) -> None:
    """Access tokens live an hour: without a probe a revoked secret is not met for long."""
    assert lived.told_without_probe_s is None


@pytest.mark.slow
def test_somebody_is_woken_for_nothing_without_owners(lived: Lived) -> None:
    """Where every failure is taken for the operator's, an upstream that is down pages."""
    assert lived.told_without_owners_s is not None


@pytest.mark.slow
def test_calls_go_on_without_the_latch(lived: Lived) -> None:
    """Rejected credentials are tried more than twice a minute where nothing stops them."""
    assert lived.calls_without_latch > 2


@pytest.mark.slow
def test_a_service_never_recovers_by_itself_without_reload(lived: Lived) -> None:
    """The right secret in its file changes nothing where the file is not read again."""
    assert NEVER_S == lived.recovered_without_reload_s
