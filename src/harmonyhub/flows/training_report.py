"""What the latest training was told; apart from training itself, which needs scipy."""

from dataclasses import dataclass

import msgspec

from harmonyhub.domain.judgements import Judgement
from harmonyhub.flows.quality_log import keep_verdict
from harmonyhub.wiring.house import House

REPORT = "training"


@dataclass(frozen=True, slots=True)
class LastJudgement:
    """What the latest training was told; `at` is in unix seconds UTC."""

    judgement: Judgement
    at: int


async def keep_judgement(house: House, judgement: Judgement, *, version: str | None = None) -> None:
    """Keep what a training was told, for the status page, the quality page and the metrics.

    Parameters
    ----------
    version : str or None
        Its index; None where that did not go live.
    """
    await keep_verdict(house, judgement, version=version)
    await house.store.reports.put(REPORT, msgspec.to_builtins(judgement), now=house.clock())
    await house.store.counters.add({("trainings", (judgement.verdict.value,)): 1})


async def last_judgement(house: House) -> LastJudgement | None:
    """Load what the latest training was told; None before the first."""
    report = await house.store.reports.get(REPORT)
    if report is None:
        return None
    return LastJudgement(msgspec.convert(report.document, Judgement), report.at)
