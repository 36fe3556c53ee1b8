"""Commands of the listener: import, train, recommend, export."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harmonyhub.cli.session import (
    OutputPath,
    ProgressLine,
    as_json_option,
    engine_option,
    opened_house,
    print_cards,
    print_json,
    refuse_existing,
    run_in_house,
    say,
    user_option,
)
from harmonyhub.cli.steering import make_wish, wish_options
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import ListName

if TYPE_CHECKING:
    from harmonyhub.domain.factor_origin import FactorOrigin
    from harmonyhub.domain.listens import Ledger
    from harmonyhub.flows.recommend import Answer
    from harmonyhub.flows.train import TrainingResult
    from harmonyhub.storage.models import ModelRecord
    from harmonyhub.wiring.house import House


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@user_option
@as_json_option
def import_(files: tuple[Path, ...], user: str, *, as_json: bool) -> None:
    """Bring a listening history in, from the file alone.

    FILE is what the service gave you: Spotify's "Extended streaming history" or "Account data"
    (the ZIP as downloaded, or single JSON files), a ListenBrainz export, a Last.fm CSV or JSON,
    or an Exportify CSV. The same file twice adds nothing; an import that broke off goes on.
    """

    async def flow(house: "House") -> list["Ledger"]:
        return [await _import_one(house, user=UserId(user), path=path) for path in files]

    for ledger in run_in_house("import", flow):
        if as_json:
            print_json(ledger_as_json(ledger))
        else:
            _print_ledger(ledger)
    if not as_json:
        click.echo("Next: harmonyhub train, then harmonyhub recommend --user " + user)


async def _import_one(house: "House", *, user: UserId, path: Path) -> "Ledger":
    from harmonyhub.flows.imports import open_ledger, run_import

    line = ProgressLine()
    ledger = await open_ledger(house, user_id=user, file_name=path.name)
    try:
        return await run_import(house, ledger=ledger, path=path, on_progress=line)
    finally:
        line.close()


def ledger_as_json(ledger: "Ledger") -> dict[str, object]:
    """Give a ledger as one object with its counts at the top."""
    tally = ledger.tally
    return {
        "ledger": ledger.id,
        "user": ledger.user_id,
        "file": ledger.file_name,
        "source": ledger.source.value if ledger.source else None,
        "state": ledger.state.value,
        "note": ledger.note,
        "lines": tally.lines,
        **asdict(tally),
    }


def _print_ledger(ledger: "Ledger") -> None:
    tally = ledger.tally
    kind = ledger.source.value if ledger.source else "unknown kind"
    click.echo(f"{ledger.file_name} ({kind}): {ledger.state.value}")
    if ledger.note:
        click.echo(f"  {ledger.note}")
    for name, count in asdict(tally).items():
        click.echo(f"  {count:>11,}  {name.replace('_', ' ')}")
    click.echo(f"  {tally.lines:>11,}  lines read")


@click.command()
@click.option("--back", is_flag=True, help="Do not train: make the index before the live one live.")
@click.option("--even-if-worse", is_flag=True, help="Make it live though it serves people worse.")
@click.option(
    "--factors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parquet table of item factors learned elsewhere, instead of our own.",
)
@click.option("--own-factors", is_flag=True, help="Give up factors that were brought before.")
@engine_option
@as_json_option
def train(*, back: bool, as_json: bool, **how: Any) -> None:
    """Learn from all listens; the new index goes live when it is whole and no worse.

    It is judged against the live one on listens that neither learned from. A worse one is dropped
    and says by how much, with exit status 1.
    """
    from harmonyhub.domain.errors import RefusedIndexError

    if how["factors"] and how["own_factors"]:
        raise click.UsageError("--factors brings others, --own-factors gives them up: choose one.")
    if back:
        _go_back(as_json=as_json)
        return
    try:
        result = run_in_house("train", partial(_train, **how))
    except RefusedIndexError as error:
        if as_json:
            print_json({"version": None, "judgement": asdict(error.judgement)})
        raise
    if as_json:
        print_json(asdict(result))
    else:
        click.echo(
            f"Learned from {result.n_listens:,} listens of {result.n_tracks:,} tracks by "
            f"{result.n_users:,} listeners. Live now: {result.version}.\n{result.judgement.why}"
        )
        _print_origin(result.factors)


def _print_origin(factors: "FactorOrigin | None") -> None:
    if factors is None:
        return
    unknown = f", {factors.n_unknown:,} others are not known here" if factors.n_unknown else ""
    click.echo(
        f"Factors of {factors.n_tracks:,} tracks are those of {factors.file_name}{unknown}; "
        f"their weight is {factors.weight:.3g}."
    )


async def _train(house: "House", **how: Any) -> "TrainingResult":
    from harmonyhub.flows.train import run_training

    line = ProgressLine()
    try:
        return await run_training(house, on_progress=line, **how)
    finally:
        line.close()


def _go_back(*, as_json: bool) -> None:
    async def flow(house: "House") -> "ModelRecord":
        return await house.store.models.restore()

    record = run_in_house("train", flow)
    if as_json:
        print_json(asdict(record))
        return
    trained = datetime.fromtimestamp(record.trained_at, tz=UTC)
    click.echo(f"Live now: {record.version} of {trained:%Y-%m-%d %H:%M} UTC.")


@click.command()
@user_option
@click.option(
    "--list",
    "list_name",
    type=click.Choice([name.value for name in ListName]),
    default=ListName.FOR_YOU.value,
    show_default=True,
    help="Which list.",
)
@click.option("-n", "n", type=click.IntRange(1, 500), default=20, show_default=True)
@wish_options
@as_json_option
def recommend(
    *, user: str, list_name: str, n: int, as_json: bool, **options: "str | float | tuple[str, ...]"
) -> None:
    """Recommend tracks, each with the reasons that made its score.

    The options from --words to --without-track steer the list; docs/steering.md explains them.
    Several --track and --artist with --list more-like-this make a radio.
    """
    from harmonyhub.flows.recommend import answer_as_json
    from harmonyhub.flows.recommend import recommend as recommend_flow

    wanted = ListName(list_name)
    wish = make_wish(wanted, options)

    async def flow(house: "House") -> "Answer":
        if await house.serving.current() is None:
            say("no model yet: training one first")
            await _train(house)
        return await recommend_flow(
            house,
            user_id=UserId(user),
            list_name=wanted,
            n=n,
            wish=wish,
        )

    answer = run_in_house("recommend", flow)
    if as_json:
        print_json(answer_as_json(answer))
    else:
        _print_answer(answer)


def _print_answer(answer: "Answer") -> None:
    print_cards(answer.items)
    for clause in answer.not_understood:
        click.secho(f"\nNot understood: {clause}", fg="yellow")
    if answer.relaxed:
        click.echo(f"\nToo few tracks fit all of that, so: {'; '.join(answer.relaxed)}.")
    click.echo(f"\nBased on: {answer.based_on}")
    freshness = answer.freshness
    if freshness.model_trained_at:
        trained = datetime.fromtimestamp(freshness.model_trained_at, tz=UTC)
        click.echo(f"Model of {trained:%Y-%m-%d %H:%M} UTC. {freshness.note}")
    else:
        click.echo(freshness.note)


@click.command()
@user_option
@click.option("--output", "-o", type=OutputPath(), help="File to write; else standard output.")
@click.option(
    "--interactions", type=OutputPath(), help="Everyone's plays as a Parquet table, into this file."
)
@click.option("--with-names", is_flag=True, help="Users of that table keep their names.")
@click.option(
    "--for-training", is_flag=True, help="That table without what our trainings are judged by."
)
@click.option("--factors", type=OutputPath(), help="The live index's factors, as Parquet.")
@as_json_option
def export(
    *,
    user: str,
    output: Path | None,
    interactions: Path | None,
    with_names: bool,
    for_training: bool,
    factors: Path | None,
    as_json: bool,
) -> None:
    """Give a user's ledgers, feedback and listens back, as JSON lines.

    With --interactions or --factors: tables that Spark, pandas and our own `evaluate` read.
    """
    import asyncio

    tables = [path for path in (interactions, factors) if path is not None]
    if tables and output is not None:
        raise click.UsageError("--output is for one user's data; name the table's own file.")
    if (with_names or for_training) and interactions is None:
        raise click.UsageError("--with-names and --for-training go with --interactions.")
    for path in [*tables, *([output] if output else [])]:
        refuse_existing(path)
    if tables:
        how = {"with_names": with_names, "for_training": for_training}
        _export_tables(interactions, factors, how=how, as_json=as_json)
        return
    n_objects = asyncio.run(_export(UserId(user), output))
    if output is not None:
        if as_json:
            print_json({"user": user, "file": str(output), "objects": n_objects})
        else:
            click.echo(f"{n_objects:,} objects in {output}")


def _export_tables(
    interactions: Path | None, factors: Path | None, *, how: dict[str, bool], as_json: bool
) -> None:
    from harmonyhub.flows.export_tables import export_factors, export_interactions

    async def flow(house: "House") -> dict[Path, int]:
        n_rows = {}
        if interactions is not None:
            n_rows[interactions] = await export_interactions(house, interactions, **how)
        if factors is not None:
            n_rows[factors] = await export_factors(house, factors)
        return n_rows

    for path, n_rows in run_in_house("export", flow).items():
        if as_json:
            print_json({"file": str(path), "rows": n_rows})
        else:
            click.echo(f"{n_rows:,} rows in {path}")


async def _export(user: UserId, output: Path | None) -> int:
    from harmonyhub.flows.export import export_user

    n_objects = 0
    async with opened_house("export") as house:
        lines = await export_user(house, user)
        with click.open_file(str(output) if output else "-", "wb") as sink:
            async for line in lines:
                sink.write(line)
                n_objects += 1
    return n_objects
