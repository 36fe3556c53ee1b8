"""Measures the shipped recommender on a table of interactions."""

from dataclasses import asdict
from pathlib import Path

from harmonyhub.recommender.evaluation import EvaluationReport, Quality, arrange_pairs, evaluate
from harmonyhub.sources.interaction_table import read_interaction_table


def evaluate_file(path: Path, *, seed: int) -> EvaluationReport:
    """Hold users out of the table, train on the rest, and measure the lists they would get."""
    table = read_interaction_table(path)
    pairs = arrange_pairs(table.users, table.items, table.plays)
    return evaluate(pairs, seed=seed)


def report_as_json(report: EvaluationReport) -> dict[str, object]:
    """Give the report as plain JSON values, the metrics under their usual names."""
    facts: dict[str, object] = {
        "users": report.n_users,
        "items": report.n_items,
        "pairs": report.n_pairs,
        "seed": report.seed,
    }
    for name, part in (("validation", report.validation), ("test", report.test)):
        facts[name] = {
            "users": part.n_users,
            "harmonyhub": _metrics(part.recommender),
            "most_popular": _metrics(part.most_popular),
        }
    return facts


def _metrics(quality: Quality) -> dict[str, object]:
    return {
        "recall@20": asdict(quality.recall_at_20),
        "recall@50": asdict(quality.recall_at_50),
        "NDCG@100": asdict(quality.ndcg_at_100),
    }
