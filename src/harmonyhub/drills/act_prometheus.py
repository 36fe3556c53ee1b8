"""The act of those who have Prometheus: from a fault to the message that Alertmanager sends."""

import asyncio
import random
from collections.abc import Mapping

from harmonyhub.drills.act_alerts import p95
from harmonyhub.drills.alert_reading import reading
from harmonyhub.drills.at_run_time import NEVER_S, Opening, inject
from harmonyhub.drills.faults_in_values import PORT
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.monitoring import monitoring, require_programs
from harmonyhub.drills.quiet_events import draw_month
from harmonyhub.drills.ratio_alerts import judge_alerts
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.service import Service
from harmonyhub.drills.site import Ground
from harmonyhub.settings.secret import Secret

FAULTS = ("secret-revoked", "premium-lapsed")
CONTACT = "alertmanager"
ALERT_S = 40.0  # twice the target: a late message is measured, not missed
N_USERS = 60
REQUESTS_PER_S = 10.0


async def play_prometheus(
    ground: Ground,
    *,
    seed: int,
    scale: Scale,  # noqa: ARG001 - one shape for all acts
    guards: Guards,
) -> Mapping[str, Figure]:
    """Run a service for each fault, watched by both as they are shipped.

    Raises
    ------
    UnavailableError
        If Prometheus or Alertmanager is not installed.
    """
    if not guards.on:
        return {"alert.prometheus_p95_s": _rehearse_baseline(seed)}
    require_programs()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                _play_fault(
                    ground.site(f"prometheus{number}", seed=seed + number),
                    fault,
                    seed=seed,
                    guards=guards,
                )
            )
            for number, fault in enumerate(FAULTS)
        ]
    told = dict(zip(FAULTS, (task.result() for task in tasks), strict=True))
    note = ", ".join(f"{fault} {seconds:.1f} s" for fault, seconds in told.items())
    return {"alert.prometheus_p95_s": Figure(p95(list(told.values())), len(told), note)}


async def _play_fault(opening: Opening, fault: str, *, seed: int, guards: Guards) -> float:
    """Let a fault appear; the seconds until Alertmanager's message."""
    async with (
        opening as site,
        Service.start(site, guards=guards, n_users=N_USERS) as service,
        monitoring(
            site.folder / "monitoring",
            service_port=int(service.configuration[PORT]),
            admin_token=Secret(site.good["HARMONYHUB_ADMIN_TOKEN"]),
            webhook=f"http://127.0.0.1:{site.sink.port}/{CONTACT}",
        ),
        reading(site.sink) as mailbox,
    ):
        lived = await inject(
            service, mailbox, seed=seed, only=(fault,), contact=CONTACT, timeout_s=ALERT_S
        )
    return NEVER_S if lived.failing_s is None else lived.failing_s


def _rehearse_baseline(seed: int) -> Figure:
    """Tell when an error ratio of 20 % over 5 minutes fires after a secret was revoked."""
    month = draw_month(random.Random(f"month:{seed}"))  # noqa: S311 - a drill, not a secret
    ratio, _ = judge_alerts(month, rate=REQUESTS_PER_S, seed=seed)
    seconds = NEVER_S if ratio.detects_s is None else ratio.detects_s
    return Figure(
        seconds, 1, f"an error ratio at {REQUESTS_PER_S:.0f} requests a second, simulated"
    )
