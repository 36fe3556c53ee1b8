"""The engine of a cluster: Ray, from the extra `cluster`."""

import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from harmonyhub.domain.errors import ConfigurationError, UnavailableError
from harmonyhub.recommender.stages import Result, Shard, Shared, Stage, name_shard, run_shard

AHEAD = 2  # shards in flight per processor of the cluster
# Read by Ray alone, when it is imported: tell nobody, listen on loopback only.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class RayEngine:
    """Runs stages as tasks of a Ray that is started on this machine; use it as a context manager.

    Raises
    ------
    ConfigurationError
        If Ray is not installed.
    """

    def __init__(self, n_workers: int) -> None:
        os.environ.update(QUIET)
        self._log_records = logging.getLogRecordFactory()
        try:
            import ray  # noqa: PLC0415 - an extra that most do not install
        except ImportError as error:
            raise ConfigurationError(
                "Ray is not installed.",
                hint="Install it where HarmonyHub runs: "
                f"{sys.executable} -m pip install --require-hashes -r requirements/cluster.txt",
            ) from error
        finally:
            self._keep_logs_plain()
        self.n_workers = n_workers
        self._ray: Any = ray

    def __enter__(self) -> Self:
        self._ray.init(
            num_cpus=self.n_workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        self._keep_logs_plain()
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    def map(
        self, stage: Stage[Shared, Shard, Result], shards: Sequence[Shard], *, shared: Shared
    ) -> Iterator[Result]:
        """Give the result of each shard, in order."""
        task = self._ray.remote(_run)
        everywhere = self._ray.put(shared)
        waiting: deque[tuple[int, Any]] = deque()
        try:
            for number, shard in enumerate(shards):
                waiting.append((number, task.remote(everywhere, stage, shard, number)))
                if len(waiting) > AHEAD * self.n_workers:
                    yield self._result(stage, *waiting.popleft())
            while waiting:
                yield self._result(stage, *waiting.popleft())
        finally:
            for _, one in waiting:
                self._ray.cancel(one)

    def place(self, kind: Callable[..., object], /, *arguments: object) -> Any:
        """Make an object in a process of its own, on one processor; `ask` calls its methods."""
        return self._ray.remote(kind).options(num_cpus=1).remote(*arguments)

    async def ask(self, placed: Any, method: str, /, *arguments: object) -> Any:
        """Call a method of a placed object; its errors are raised here as they are there."""
        hint = "Look at the memory of the machines; the same command goes on from here."
        with self._telling(f"the process of {method}", hint=hint):
            return await getattr(placed, method).remote(*arguments)

    def dismiss(self, placed: Any, /) -> None:
        """End the process of a placed object."""
        self._ray.kill(placed)

    def _keep_logs_plain(self) -> None:
        """Undo that Ray adds a field of its own to every log record of this process."""
        logging.setLogRecordFactory(self._log_records)

    def _result(self, stage: Stage[Any, Any, Result], number: int, found: object, /) -> Result:
        hint = "Look at the memory of the machines, or train with --engine pool."
        with self._telling(name_shard(stage, number), hint=hint):
            result: Result = self._ray.get(found)
        return result

    @contextmanager
    def _telling(self, what: str, *, hint: str) -> Iterator[None]:
        """Raise the errors of a task as they are there, and say what was lost where it has none."""
        try:
            yield
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            raise UnavailableError(
                f"Ray lost {what}: {type(error).__name__}.", hint=hint
            ) from error


def _run(shared: Any, stage: Stage[Any, Any, Result], /, *place: Any) -> Result:
    shard, number = place
    return run_shard(stage, shard, shared=shared, number=number)
