"""What every command shares: settings, an open house, output for people or for machines."""

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.errors import ConflictError, HarmonyHubError
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.jobs import Progress

if TYPE_CHECKING:
    from harmonyhub.domain.recommendations import Recommendation
    from harmonyhub.wiring.house import House

Result = TypeVar("Result")

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for machines."
)
user_option = click.option(
    "--user", "user", default="local", show_default=True, help="Whose data: any short name."
)
engine_option = click.option(
    "--engine",
    type=click.Choice([name.value for name in EngineName]),
    callback=lambda _context, _parameter, name: EngineName(name) if name else None,
    help="What computes: this process, one process per core, or Ray; the result is the same "
    "bytes.  [default: pool where it is worth it]",
)


class NamedTrack(Protocol):
    """Whatever says which track it is."""

    @property
    def id(self) -> TrackId:
        """Its id."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def artist(self) -> str:
        """All artist names in one line."""


class OutputPath(click.Path):
    """A file to write, in a folder that can be written to: known before any work is done."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Give the path, or refuse it as a mistake of usage."""
        path = Path(super().convert(value, param, ctx))  # type: ignore[arg-type]  # a path here
        if not path.parent.is_dir():
            self.fail(f"There is no folder {path.parent}; make it first.", param, ctx)
        if not os.access(path.parent, os.W_OK):
            self.fail(f"Nothing can be written to the folder {path.parent}.", param, ctx)
        return path


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file.

    Raises
    ------
    ConflictError
        If there is one.
    """
    if path.exists():
        raise ConflictError(f"{path} exists.", hint="Name a file that does not exist yet.")


def print_track(number: int, track: NamedTrack, *, because: Iterable[str] = ()) -> None:
    """Print one track of a list, and below it why it is there."""
    click.secho(f"{number:>3}  {track.title}", bold=True, nl=False)
    click.echo(f" · {track.artist}   [{track.id}]")
    for reason in because:
        click.secho(f"       {reason}", dim=True)


def print_cards(cards: "Iterable[Recommendation]") -> None:
    """Print a list of recommendations, each with its reasons."""
    for number, card in enumerate(cards, start=1):
        print_track(number, card.track, because=[reason.text for reason in card.reasons])


def say(message: str) -> None:
    """Tell a person what goes on, on standard error."""
    click.secho(message, dim=True, err=True)


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON object on one line, for machines."""
    line = json.dumps(value, ensure_ascii=False)
    # Names of files are bytes of any kind, JSON is UTF-8.
    click.echo(line.encode("utf-8", "replace"))


@asynccontextmanager
async def opened_house(owner: str) -> AsyncIterator["House"]:
    """Open the house for one command, with the settings of the environment."""
    from harmonyhub.settings.load import read_settings
    from harmonyhub.telemetry.logs import configure_logs
    from harmonyhub.wiring.house import open_house

    settings = read_settings()
    configure_logs(settings)
    async with open_house(settings, owner=f"harmonyhub {owner}", say=say) as house:
        yield house


@contextmanager
def telling_refusal() -> Iterator[None]:
    """Tell the first contact where a service does not start or run, before the error goes on."""
    import asyncio

    try:
        yield
    except HarmonyHubError as error:
        from harmonyhub.flows.refusal import tell_refusal

        asyncio.run(tell_refusal(error))
        raise


def run_in_house(owner: str, flow: Callable[["House"], Awaitable[Result]]) -> Result:
    """Open the house, run one flow in it, close it."""
    import asyncio

    async def run() -> Result:
        async with opened_house(owner) as house:
            return await flow(house)

    return asyncio.run(run())


class ProgressLine:
    """One line on the terminal that follows a job; silent where nobody watches."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        if not self._is_watched:
            return
        line = describe_progress(progress)
        click.echo("\r" + line.ljust(self._width), nl=False, err=True)
        self._width = len(line)

    def close(self) -> None:
        """Leave the line, so that what follows starts on a fresh one."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
            self._width = 0


BAR_WIDTH = 24


def describe_progress(progress: Progress) -> str:
    """Say how far it is in one line, with a bar where the total is known."""
    if progress.total:
        filled = BAR_WIDTH * progress.done // progress.total
        bar = "█" * filled + "·" * (BAR_WIDTH - filled)
        return f"{bar} {progress.done:,}/{progress.total:,} {progress.unit}  {progress.message}"
    if progress.done:
        return f"{progress.message}: {progress.done:,} {progress.unit}"
    return f"{progress.message} ..."
