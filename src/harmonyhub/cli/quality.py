"""The command `evaluate`: how good the lists are, of this instance or on a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import ProgressLine, as_json_option, print_json, run_in_house
from harmonyhub.domain.jobs import Progress

if TYPE_CHECKING:
    from harmonyhub.domain.quality import (
        Estimate,
        ListShape,
        Quality,
        QualityReport,
        ServedLists,
        View,
    )
    from harmonyhub.recommender.evaluation import EvaluationReport
    from harmonyhub.wiring.house import House

NAME_WIDTH, FIGURE_WIDTH = 20, 22


@click.command()
@click.option(
    "--interactions",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parquet file with columns user, item, plays and optionally time (unix seconds).",
)
@click.option("--seed", default=0, show_default=True, help="Which users are held out.")
@as_json_option
def evaluate(path: Path | None, seed: int, *, as_json: bool) -> None:
    """Measure how good the lists are, beside what is simpler.

    Without a file: of this very instance. A training that has not seen the last fifth of each
    history is asked for it, and the lists that it makes are looked at; the live index stays. The
    report is kept for the page Quality.

    With a file: users are held out of training, a fifth of what each played is hidden, and the
    recommender sees the rest.
    """
    if path is None:
        report = _evaluate_instance(seed)
        if as_json:
            from harmonyhub.flows.quality_log import report_as_json

            print_json(report_as_json(report))
        else:
            _print_report(report)
        return
    from harmonyhub.flows.evaluate import evaluate_file
    from harmonyhub.flows.evaluate import report_as_json as file_report_as_json

    line = ProgressLine()
    line(Progress(message="training without the held-out users, then scoring them"))
    found = evaluate_file(path, seed=seed)
    line.close()
    if as_json:
        print_json(file_report_as_json(found))
    else:
        _print_file_report(found)


def _evaluate_instance(seed: int) -> "QualityReport":
    from harmonyhub.flows.quality import run_evaluation

    line = ProgressLine()

    async def flow(house: "House") -> "QualityReport":
        try:
            return await run_evaluation(house, on_progress=line, seed=seed)
        finally:
            line.close()

    return run_in_house("evaluate", flow)


def _print_file_report(report: "EvaluationReport") -> None:
    click.echo(f"{report.n_users:,} users, {report.n_items:,} items, {report.n_pairs:,} pairs")
    for name, part in (("validation", report.validation), ("test", report.test)):
        click.secho(f"\n{name}: {part.n_users:,} users", bold=True)
        _print_methods((("HarmonyHub", part.recommender), ("most popular", part.most_popular)))


def _print_report(report: "QualityReport") -> None:
    click.echo(
        f"{report.n_users:,} listeners, {report.n_listens:,} listens, {report.n_tracks:,} tracks"
    )
    for note in report.notes:
        click.echo(f"! {note}")
    for view in report.views:
        _print_view(view)
    for served in report.lists:
        _print_served(served)


def _print_view(view: "View") -> None:
    click.secho(f"\n{view.question}", bold=True)
    click.echo(f"{view.n_users:,} listeners, {view.n_hidden:,} tracks to be found")
    _print_methods((method.name, method.quality) for method in view.methods)
    for method in view.methods:
        if method.gain is not None:
            click.echo(
                f"beside {method.name}: NDCG@100 {method.gain.mean:+.3f} "
                f"({method.gain.low:+.3f} to {method.gain.high:+.3f}), {view.verdict_on(method)}"
            )


def _print_methods(methods: "Iterable[tuple[str, Quality]]") -> None:
    known = list(methods)
    heads = ("recall@20", "recall@50", "NDCG@100", "MRR@100")
    click.echo(" " * NAME_WIDTH + "".join(f"{head:>{FIGURE_WIDTH}}" for head in heads))
    for name, one in known:
        found = (one.recall_at_20, one.recall_at_50, one.ndcg_at_100, one.mrr_at_100)
        click.echo(
            f"{name:<{NAME_WIDTH}}" + "".join(f"{_say(each):>{FIGURE_WIDTH}}" for each in found)
        )
    for name, one in known:
        click.echo(f"{name}: {_say_shape(one.lists)}")
    ours = known[0][1]
    spread = ours.spread
    click.echo(
        f"listeners: NDCG@100 of the tenth {spread.p10:.3f}, quarter {spread.p25:.3f}, "
        f"half {spread.p50:.3f}, three quarters {spread.p75:.3f}, nine tenths {spread.p90:.3f}; "
        f"nothing found for {spread.nothing_found:.1%}"
    )
    for group in ours.by_length:
        click.echo(
            f"histories of {group.shortest:,} to {group.longest:,} tracks "
            f"({group.n_users:,}): NDCG@100 {_say(group.ndcg_at_100)}"
        )


def _print_served(served: "ServedLists") -> None:
    click.secho(f"\nThe list {served.name} as served", bold=True)
    click.echo(f"{served.n_lists:,} lists, {served.n_tracks:,} tracks; {_say_shape(served.shape)}")
    click.echo(
        f"recall@20 {_say(served.recall_at_20)}; at most {served.most_of_release} of a release "
        f"and {served.most_of_artist} of an artist in a list, {served.n_over_caps:,} over the caps"
    )
    click.echo(f"{served.n_verified:,} of {served.n_checked:,} checked cards have true reasons")


def _say_shape(shape: "ListShape") -> str:
    parts = [
        f"coverage@20 {shape.coverage:.3f}",
        f"Gini {shape.gini:.3f}",
        f"novelty {_say(shape.novelty_bits)} bits",
        f"diversity {_say(shape.diversity)}"
        + (f" by {shape.diversity_by}" if shape.diversity_by else ": no tags, no artists"),
        f"popularity lift {_say(shape.popularity_lift)}",
        f"repeats {_say(shape.repeat_rate)}",
    ]
    return ", ".join(parts)


def _say(one: "Estimate | None") -> str:
    return "-" if one is None else f"{one.mean:.3f} ({one.low:.3f}-{one.high:.3f})"
