"""Commands for all users at once: recommend-all."""

from pathlib import Path

import click

from harmonyhub.cli.session import (
    OutputPath,
    ProgressLine,
    as_json_option,
    engine_option,
    opened_house,
    print_json,
    refuse_existing,
)
from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.recommendations import ListName

LISTS = [name.value for name in ListName if name is not ListName.MORE_LIKE_THIS]


@click.command("recommend-all")
@click.option("--output", "-o", type=OutputPath(), required=True, help="File to write.")
@click.option(
    "--list",
    "list_name",
    type=click.Choice(LISTS),
    default=ListName.FOR_YOU.value,
    show_default=True,
    help="Which list.",
)
@click.option("-n", "n", type=click.IntRange(1, 500), default=20, show_default=True)
@engine_option
@as_json_option
def recommend_all(
    *, output: Path, list_name: str, n: int, engine: EngineName | None, as_json: bool
) -> None:
    """Recommend to every user, as JSON lines in one file.

    The lists are those of the pages, with their reasons. They do not count as shown.
    """
    import asyncio

    refuse_existing(output)
    n_lists = asyncio.run(_write_all(output, ListName(list_name), n=n, engine=engine))
    if as_json:
        print_json({"file": str(output), "lists": n_lists})
    else:
        click.echo(f"{n_lists:,} lists in {output}")


async def _write_all(
    output: Path, list_name: ListName, *, n: int, engine: EngineName | None
) -> int:
    import asyncio

    from harmonyhub.flows.recommend_all import recommend_all as recommend_all_flow

    line, n_lists = ProgressLine(), 0
    part = output.with_name(output.name + ".part")  # what breaks off is not taken for whole
    try:
        async with opened_house("recommend-all") as house:
            lists = recommend_all_flow(
                house,
                list_name=list_name,
                n=n,
                engine=engine,
                on_progress=line,
            )
            with click.open_file(str(part), "wb") as sink:
                async for one in lists:
                    sink.write(one)
                    n_lists += 1
        await asyncio.to_thread(part.rename, output)
    finally:
        line.close()
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return n_lists
