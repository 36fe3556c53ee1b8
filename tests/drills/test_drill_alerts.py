"""The act of the alerts can fail: without a guard its figure misses the target."""

import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harmonyhub.drills.alert_reading import reading
from harmonyhub.drills.at_run_time import NEVER_S, inject, most_within, recover
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.lost_tokens import play_foreign_app
from harmonyhub.drills.past_gate import play_past_gate
from harmonyhub.drills.service import Service
from harmonyhub.drills.site import Ground
from harmonyhub.drills.unguarded import unguarded

ALL = Guards.all()


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


async def alert_after(ground: Ground, *, guards: Guards, fault: str) -> float | None:
    """Run a service, let a fault appear, and give the seconds until somebody is told."""
    async with (
        ground.site("run", seed=3) as site,
        Service.start(site, guards=guards, n_users=4, commands=("work",)) as service,
        reading(site.sink) as mailbox,
    ):
        return (await inject(service, mailbox, seed=3, only=(fault,))).alert_s


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "is_told"), [("secret-revoked", True), ("unavailable", False)])
async def test_a_running_service_tells_what_must_be_told(
    ground: Ground, *, fault: str, is_told: bool
) -> None:
    """A revoked secret is told within the target; an upstream that is down is not."""
    alert_s = await alert_after(ground, guards=ALL, fault=fault)
    assert is_told == (alert_s is not None)
    assert alert_s is None or alert_s <= 5


@pytest.mark.slow
async def test_nobody_is_told_in_time_without_the_probe(ground: Ground) -> None:
    """Access tokens live an hour: without a probe a revoked secret is not met for long."""
    assert (
        await alert_after(ground, guards=ALL.without(Guard.PROBE), fault="secret-revoked") is None
    )


@pytest.mark.slow
async def test_somebody_is_woken_for_nothing_without_owners(ground: Ground) -> None:
    """Where every failure is taken for the operator's, an upstream that is down pages."""
    guards = ALL.without(Guard.OWNERS)
    assert await alert_after(ground, guards=guards, fault="unavailable") is not None


@pytest.mark.slow
async def test_calls_go_on_without_the_latch(ground: Ground) -> None:
    """Rejected credentials are tried more than twice a minute where nothing stops them."""
    async with (
        ground.site("run", seed=3) as site,
        Service.start(
            site, guards=ALL.without(Guard.LATCH), n_users=4, commands=("work",)
        ) as service,
        reading(site.sink) as mailbox,
    ):
        await inject(service, mailbox, seed=3, only=("secret-revoked",))
        since = time.time()
        assert await mailbox.wait_for_alert(("nobody",), timeout_s=12) is None
        calls = await service.token_calls(since=since)
    assert most_within([call.at for call in calls], window_s=60) > 2


@pytest.mark.slow
@pytest.mark.parametrize("is_guarded", [True, False])
async def test_a_service_recovers_by_itself_only_with_reload(
    ground: Ground, *, is_guarded: bool
) -> None:
    """The right secret in its file ends it within the target, or never without reading it."""
    guards = ALL if is_guarded else ALL.without(Guard.RELOAD)
    async with (
        ground.site("run", seed=3) as site,
        Service.start(site, guards=guards, n_users=4, commands=("work",)) as service,
        reading(site.sink) as mailbox,
    ):
        await inject(service, mailbox, seed=3, only=("secret-revoked",))
        seconds = await recover(service)
    assert seconds <= 2 if is_guarded else seconds == NEVER_S


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("prometheus-alertmanager") is None,
    reason="needs the Debian packages prometheus and prometheus-alertmanager",
)
async def test_prometheus_tells_within_its_target(ground: Ground) -> None:
    """As shipped, Prometheus and Alertmanager tell of both faults within 20 s."""
    from harmonyhub.drills.act_prometheus import play_prometheus
    from harmonyhub.drills.scale import Scale

    figures = await play_prometheus(ground, seed=3, scale=Scale.short(), guards=ALL)
    assert figures["alert.prometheus_p95_s"].value <= 20
