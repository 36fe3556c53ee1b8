"""What the latest training was told; apart from training itself, which needs scipy."""

from dataclasses import dataclass

import msgspec

from harmonyhub.domain.judgements import Judgement
from harmonyhub.wiring.house import House

REPORT = "training"


@dataclass(frozen=True, slots=True)
class LastJudgement:
    """What the latest training was told; `at` is in unix seconds UTC."""

    judgement: Judgement
    at: int


async def keep_judgement(house: House, judgement: Judgement) -> None:
    """Keep what a training was told, for the status page and the metrics."""
    await house.store.reports.put(REPORT, msgspec.to_builtins(judgement), now=house.clock())
    await house.store.counters.add({("trainings", (judgement.verdict.value,)): 1})


async def last_judgement(house: House) -> LastJudgement | None:
    """Load what the latest training was told; None before the first."""
    report = await house.store.reports.get(REPORT)
    if report is None:
        return None
    return LastJudgement(msgspec.convert(report.document, Judgement), report.at)
