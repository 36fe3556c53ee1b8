"""The engine of one machine: a pool of processes that read what they share from one file."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.recommender.stages import Result, Shard, Shared, Stage, name_shard, run_shard
from harmonyhub.storage.parent_death import die_with_parent
from harmonyhub.wiring.shared_file import read_shared, write_shared

NICENESS = 10  # a training must not slow pages down
AHEAD = 2  # shards in flight per process: one is worked on while the next one waits
DIED = "Most often memory was short. Give it more, or train with --engine inline, which needs less."


class PoolEngine:
    """Runs stages in processes; use it as a context manager.

    The processes are started anew, not forked: the threads of this one could hold a lock.

    Parameters
    ----------
    n_workers : int
        Processes, 1 or more. Each took 130 MB of its own on 350,000 pairs; what is shared lies in a
        file of the temporary folder, and in memory once.
    """

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._pool = ProcessPoolExecutor(
            n_workers, mp_context=get_context("spawn"), initializer=_begin
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def map(
        self, stage: Stage[Shared, Shard, Result], shards: Sequence[Shard], *, shared: Shared
    ) -> Iterator[Result]:
        """Give the result of each shard, in order."""
        with TemporaryDirectory(prefix="harmonyhub-stage-") as folder:
            path = Path(folder) / "shared"
            write_shared(shared, path)
            waiting: deque[tuple[int, Future[Result]]] = deque()
            try:
                for number, shard in enumerate(shards):
                    task = self._pool.submit(_run, str(path), stage, shard=shard, number=number)
                    waiting.append((number, task))
                    if len(waiting) > AHEAD * self.n_workers:
                        yield _result(stage, *waiting.popleft())
                while waiting:
                    yield _result(stage, *waiting.popleft())
            except BrokenProcessPool as error:  # already when a shard was handed in
                raise _death(name_shard(stage, number)) from error
            finally:
                for _, task in waiting:
                    task.cancel()


def _begin() -> None:
    """End with the parent, and let whoever waits for a page go first."""
    die_with_parent()
    os.nice(NICENESS)


def _result(stage: Stage[Any, Any, Result], number: int, task: Future[Result], /) -> Result:
    try:
        return task.result()
    except BrokenProcessPool as error:
        raise _death(name_shard(stage, number)) from error


def _death(name: str) -> UnavailableError:
    return UnavailableError(f"A process died at or after {name}.", hint=DIED)


def _run(path: str, stage: Stage[Any, Any, Result], *, shard: object, number: int) -> Result:
    return run_shard(stage, shard, shared=_open(path), number=number)


@lru_cache(maxsize=1)
def _open(path: str) -> Any:
    return read_shared(Path(path))
