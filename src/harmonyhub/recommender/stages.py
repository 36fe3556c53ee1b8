"""Stages: pure functions of what all shards share and of one shard, which an engine runs."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Shard = TypeVar("Shard")
Result = TypeVar("Result")
Stage = Callable[[Shared, Shard], Result]


class Engine(Protocol):
    """Runs a stage over shards; the results are the same bytes, whatever runs it."""

    def map(
        self, stage: Stage[Shared, Shard, Result], shards: Sequence[Shard], *, shared: Shared
    ) -> Iterator[Result]:
        """Give the result of each shard, in the order of the shards.

        Few shards are worked on ahead of the one that is waited for, so that memory is bounded by
        them and not by their number. Closing the iterator gives the others up.

        Parameters
        ----------
        stage : callable
            A function of a module, so that another process finds it; it writes to no argument.
        shared : object
            What all shards read. Its arrays cannot be written to in other processes.

        Raises
        ------
        Exception
            What the stage raised, with a note that names the stage and the shard.
        UnavailableError
            If a process that worked on a shard died.
        """
        ...


class Inline:
    """One shard after the other, right here."""

    def map(
        self, stage: Stage[Shared, Shard, Result], shards: Sequence[Shard], *, shared: Shared
    ) -> Iterator[Result]:
        """Give the result of each shard, in order."""
        for number, shard in enumerate(shards):
            yield run_shard(stage, shard, shared=shared, number=number)


INLINE = Inline()


def run_shard(
    stage: Stage[Shared, Shard, Result], shard: Shard, *, shared: Shared, number: int
) -> Result:
    """Run a stage on one shard; what goes wrong says where."""
    with _Naming(name_shard(stage, number)):
        return stage(shared, shard)


def name_shard(stage: Callable[..., object], number: int) -> str:
    """Say which shard of which stage it is."""
    return f"shard {number} of {getattr(stage, '__name__', stage)}"


class _Naming:
    """Adds a note to whatever passes through, and lets it pass."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"This happened in {self._name}.")
