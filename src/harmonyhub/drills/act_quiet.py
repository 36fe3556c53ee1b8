"""An act: quiet months, in which hiccups, spent quotas and old consents must wake nobody."""

import asyncio
import random
from collections.abc import Mapping

from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.quiet_events import draw_month
from harmonyhub.drills.quiet_month import replay
from harmonyhub.drills.ratio_alerts import judge_alerts
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground

REQUESTS_PER_S = 10.0


async def play_quiet(
    ground: Ground,  # noqa: ARG001 - one shape for all acts
    *,
    seed: int,
    scale: Scale,
    guards: Guards,
) -> Mapping[str, Figure]:
    """Replay months on the product's rules, or on the error ratio of 2024 without its guards."""
    count = count_pages if Guard.OWNERS in guards else count_ratio_alerts
    seeds = [seed * 1000 + number for number in range(scale.n_months)]
    counted = [await asyncio.to_thread(count, one) for one in seeds]
    return {
        "quiet.false_pages": Figure(
            sum(n_pages for n_pages, _ in counted),
            sum(n_events for _, n_events in counted),
            f"{scale.n_months} months of 30 days; n is the occasions to page for nothing",
        )
    }


def count_pages(seed: int) -> tuple[int, int]:
    """Count the pages of one month by the product's own rules, and the occasions."""
    month = draw_month(random.Random(f"month:{seed}"))  # noqa: S311 - a drill, not a secret
    replayed = replay(month, rng=random.Random(f"replay:{seed}"))  # noqa: S311 - as above
    return len(replayed.pages), month.n_events


def count_ratio_alerts(seed: int) -> tuple[int, int]:
    """Count how often an error ratio of 20 % over 5 minutes fires in the same month."""
    month = draw_month(random.Random(f"month:{seed}"))  # noqa: S311 - a drill, not a secret
    ratio, _ = judge_alerts(month, rate=REQUESTS_PER_S, seed=seed)
    return ratio.n_pages, month.n_events
