"""What was measured of the lists over time; apart from measuring, which needs scipy."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from harmonyhub.domain.judgements import Judgement
from harmonyhub.domain.quality import MethodQuality, Quality, QualityReport, View
from harmonyhub.wiring.house import House

REPORT, TRAINING = "report", "training"
REPORTS_SHOWN, TRAININGS_SHOWN = 20, 60


@dataclass(frozen=True, slots=True)
class TrainingVerdict:
    """What a training was told; `version` is its index, None where that did not go live."""

    judgement: Judgement
    version: str | None
    at: int


@dataclass(frozen=True, slots=True)
class QualityHistory:
    """Reports, one per index, and trainings, each the newest first."""

    reports: tuple[QualityReport, ...]
    trainings: tuple[TrainingVerdict, ...]


async def keep_report(house: House, report: QualityReport) -> None:
    """Keep a report in place of the one before it of the same index."""
    await house.store.quality_log.add(
        REPORT, msgspec.to_builtins(report), version=report.index_version, now=report.at
    )


async def keep_verdict(house: House, judgement: Judgement, *, version: str | None) -> None:
    """Keep what a training was told, for the trend over trainings."""
    await house.store.quality_log.add(
        TRAINING, msgspec.to_builtins(judgement), version=version, now=house.clock()
    )


async def load_quality(house: House) -> QualityHistory:
    """Load what was measured; reports of another release that do not fit are left out."""
    reports = await house.store.quality_log.latest(REPORT, n=REPORTS_SHOWN)
    trainings = await house.store.quality_log.latest(TRAINING, n=TRAININGS_SHOWN)
    return QualityHistory(
        reports=tuple(report for entry in reports if (report := _read(entry.document)) is not None),
        trainings=tuple(
            TrainingVerdict(msgspec.convert(one.document, Judgement), one.version, one.at)
            for one in trainings
        ),
    )


def report_as_json(report: QualityReport) -> dict[str, object]:
    """Give a report as plain JSON values, the metrics under their usual names."""
    return {**asdict(report), "views": [_view(view) for view in report.views]}


def quality_as_json(quality: Quality) -> dict[str, object]:
    """Give the figures of one method under their usual names."""
    return {
        "recall@20": asdict(quality.recall_at_20),
        "recall@50": asdict(quality.recall_at_50),
        "NDCG@100": asdict(quality.ndcg_at_100),
        "MRR@100": asdict(quality.mrr_at_100),
        "spread": asdict(quality.spread),
        "by_length": [asdict(group) for group in quality.by_length],
        "lists": asdict(quality.lists),
    }


def _view(view: View) -> dict[str, object]:
    methods = [_method(view, method) for method in view.methods]
    return {**asdict(view), "methods": methods}


def _method(view: View, method: MethodQuality) -> dict[str, object]:
    return {
        "name": method.name,
        **quality_as_json(method.quality),
        "gain": asdict(method.gain) if method.gain else None,
        "verdict": view.verdict_on(method),
    }


def _read(document: Mapping[str, Any]) -> QualityReport | None:
    try:
        return msgspec.convert(document, QualityReport)
    except msgspec.ValidationError:
        return None
