"""Measures the shipped recommender on a table of interactions."""

from pathlib import Path

from harmonyhub.flows.quality_log import quality_as_json
from harmonyhub.recommender.evaluation import EvaluationReport, arrange_pairs, evaluate
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
            "harmonyhub": quality_as_json(part.recommender),
            "most_popular": quality_as_json(part.most_popular),
        }
    return facts
