"""Commands about knowledge packs: build, install, list, remove."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import (
    OutputPath,
    ProgressLine,
    as_json_option,
    print_json,
    run_in_house,
)
from harmonyhub.domain.errors import ConflictError

if TYPE_CHECKING:
    from harmonyhub.domain.knowledge import InstalledPack
    from harmonyhub.wiring.house import House


@click.group()
def knowledge() -> None:
    """Bring in what others play together, so that one listener alone gets it too.

    A pack is one file with its origin and licence inside. docs/knowledge.md says which listens can
    be made into one, and what of them a pack tells.
    """


@knowledge.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--name", required=True, help="Lower case letters, digits, dots and dashes.")
@click.option("--version", "version", required=True, help="As you count: 2026.11.")
@click.option("--licence", required=True, help="Of the listens: CC0-1.0.")
@click.option("--source", required=True, help="Where they came from, in words or an address.")
@click.option("--min-listeners", default=3, show_default=True, type=click.IntRange(1))
@click.option("--output", required=True, type=OutputPath())
@as_json_option
def build(
    *,
    files: tuple[Path, ...],
    name: str,
    version: str,
    licence: str,
    source: str,
    min_listeners: int,
    output: Path,
    as_json: bool,
) -> None:
    """Learn a pack from FILES of listens: ListenBrainz dumps, CSV, or our own exports.

    Tracks that fewer than --min-listeners people play are left out, for those people's sake.
    """
    import msgspec

    from harmonyhub.flows.build_pack import build_pack
    from harmonyhub.flows.knowledge import PackLabel
    from harmonyhub.wiring.house import system_clock

    if output.exists():
        raise ConflictError(f"{output} exists.", hint="Name another file, or move that one away.")
    line = ProgressLine()
    try:
        pack, tally = build_pack(
            files,
            PackLabel(name, version, licence, source),
            now=system_clock(),
            min_listeners=min_listeners,
            on_progress=line,
        )
    finally:
        line.close()
    n_bytes = output.write_bytes(pack.to_bytes())
    if as_json:
        lines = msgspec.to_builtins(tally)
        print_json(
            {"file": str(output), "bytes": n_bytes, **lines, **msgspec.to_builtins(pack.facts)}
        )
        return
    facts = pack.facts
    click.echo(
        f"{tally.lines:,} lines read, {tally.used:,} used, {tally.left_out:,} left out.\n"
        f"{output}: {facts.n_tracks:,} tracks of {facts.n_listeners:,} listeners, "
        f"{facts.n_neighbours:,} neighbours, {n_bytes / 1e6:.1f} MB."
    )


@knowledge.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json_option
def install(file: Path, *, as_json: bool) -> None:
    """Install the pack FILE, in place of one of its name; trainings use it from now on."""
    installed = run_in_house("knowledge", partial(_install, data=file.read_bytes()))
    _print([installed], as_json=as_json)
    if not as_json:
        click.echo("Next: harmonyhub train.")


async def _install(house: "House", *, data: bytes) -> "InstalledPack":
    from harmonyhub.flows.knowledge import install_pack

    line = ProgressLine()
    try:
        return await install_pack(house, data, on_progress=line)
    finally:
        line.close()


@knowledge.command("list")
@as_json_option
def list_packs(*, as_json: bool) -> None:
    """List the installed packs with origin and licence."""

    async def flow(house: "House") -> "list[InstalledPack]":
        return await house.store.packs.list_all()

    _print(run_in_house("knowledge", flow), as_json=as_json)


@knowledge.command()
@click.argument("name")
@as_json_option
def remove(name: str, *, as_json: bool) -> None:
    """Remove the pack NAME; the next training is without it. Its tracks stay known."""

    async def flow(house: "House") -> None:
        await house.store.packs.remove(name)

    run_in_house("knowledge", flow)
    if as_json:
        print_json({"removed": name})
    else:
        click.echo(f"{name} is removed. Next: harmonyhub train.")


def _print(packs: "list[InstalledPack]", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        print_json({"packs": [msgspec.to_builtins(pack) for pack in packs]})
        return
    if not packs:
        click.echo("No knowledge pack is installed.")
    for pack in packs:
        facts = pack.facts
        made = datetime.fromtimestamp(facts.created_at, tz=UTC)
        click.echo(
            f"{facts.name} {facts.version}: {facts.n_tracks:,} tracks of {facts.n_listeners:,} "
            f"listeners, made {made:%Y-%m-%d} by {facts.made_by}\n"
            f"  from {facts.source}; licence {facts.licence}\n  sha256 {pack.sha256}"
        )
