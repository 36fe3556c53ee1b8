"""Has files measured in processes of their own, so that no file harms another or the service."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import msgspec

from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.audio_files import FoundFile, name_of
from harmonyhub.domain.errors import AudioError
from harmonyhub.domain.sound_tags import HeardTags
from harmonyhub.flows.measuring_orders import (
    LENGTH_BYTES,
    Answer,
    Identified,
    Measured,
    Order,
    Refused,
    Tagged,
    Task,
    frame,
)
from harmonyhub.storage.parent_death import die_with_parent

MODULE = "harmonyhub.flows.measuring_child"
MEMORY_BYTES = 2 << 30  # of addresses: libraries map 470 MB, and 6 hours of audio need 540 MB
MB = 1_000_000
LIMIT_HINT = "See whether a player takes it; copy or encode it again."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take: seconds of processor time, and of time."""

    cpu_s: int
    wall_s: float


def limits_of(file: FoundFile) -> Limits:
    """Give a file its limits by its size.

    A MB of mp3 is a minute of audio and takes a second, of flac a tenth of that; a slow machine
    needs five times as long. Beside others that want its core a gentle process gets a tenth.
    """
    cpu_s = min(60 + 10 * file.size_bytes // MB, 3600)
    return Limits(cpu_s=cpu_s, wall_s=20.0 * cpu_s)


class FileMeasurer(Protocol):
    """What measures files one after the other; an asynchronous context manager."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def identify(self, file: FoundFile) -> Identified:
        """Read what tells a file's audio from any other, and its tags."""

    async def measure(self, file: FoundFile) -> TrackAnalysis:
        """Analyse a file, or raise why it cannot be."""

    async def measure_basics(self, file: FoundFile) -> TrackAnalysis:
        """Make the basic analysis of a file; errors as `measure`."""

    async def tag(self, file: FoundFile) -> HeardTags | None:
        """Hear a file's tags alone, None where no networks are installed; errors as `measure`."""


class Measurer:
    """One process that measures files one after the other; a context manager.

    It starts with the first order, and another follows one that a file has ended. It
    tags what it measures where `data_dir` has the networks for it.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        limits: Callable[[FoundFile], Limits] = limits_of,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._data_dir = data_dir
        self._limits = limits
        self._memory_bytes = memory_bytes
        self._child: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._end()

    @property
    def pid(self) -> int | None:
        """The process that measures now; None before the first order."""
        return None if self._child is None else self._child.pid

    async def identify(self, file: FoundFile) -> Identified:
        """Read what tells a file's audio from any other, and its tags; errors as `measure`."""
        answer = await self._ask(file, Task.IDENTIFY)
        if not isinstance(answer, Identified):
            raise AudioError(f"{name_of(file.path)} was not identified", hint=LIMIT_HINT)
        return answer

    async def measure(self, file: FoundFile) -> TrackAnalysis:
        """Analyse a file.

        Raises
        ------
        AudioError
            If it cannot be decoded, takes more than its limits, or ends the process.
        """
        return await self._measure(file, Task.MEASURE)

    async def measure_basics(self, file: FoundFile) -> TrackAnalysis:
        """Make the basic analysis of a file; errors as `measure`."""
        return await self._measure(file, Task.BASICS)

    async def tag(self, file: FoundFile) -> HeardTags | None:
        """Hear a file's tags alone, None where no networks are installed; errors as `measure`."""
        answer = await self._ask(file, Task.TAG)
        if not isinstance(answer, Tagged):
            raise AudioError(f"{name_of(file.path)} was not tagged", hint=LIMIT_HINT)
        return answer.heard_tags

    async def _measure(self, file: FoundFile, task: Task) -> TrackAnalysis:
        answer = await self._ask(file, task)
        if not isinstance(answer, Measured):
            raise AudioError(f"{name_of(file.path)} was not measured", hint=LIMIT_HINT)
        return answer.analysis

    async def _ask(self, file: FoundFile, task: Task) -> Answer:
        limits = self._limits(file)
        order = Order(path=os.fsencode(file.path), cpu_s=limits.cpu_s, task=task)
        child = self._child = self._child or await self._start()
        try:
            async with asyncio.timeout(limits.wall_s):
                answer = await _exchange(child, order)
        except TimeoutError:
            await self._end()
            raise _over_time(file, limits.wall_s, "time") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            status = await child.wait()
            self._child = None
            raise _died(file, status, limits) from None
        if isinstance(answer, Refused):
            raise AudioError(answer.message, hint=answer.hint)
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULE,
            str(self._memory_bytes),
            *([] if self._data_dir is None else [str(self._data_dir)]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which ends all in order
            preexec_fn=die_with_parent,
        )

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()  # it holds nothing that could be lost
            await child.wait()


async def _exchange(child: asyncio.subprocess.Process, order: Order) -> Answer:
    assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
    child.stdin.write(frame(order))
    await child.stdin.drain()
    length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
    packed = await child.stdout.readexactly(length)
    answer: Answer = msgspec.msgpack.decode(packed, type=Answer)
    return answer


def _over_time(file: FoundFile, seconds: float, what: str) -> AudioError:
    return AudioError(
        f"{name_of(file.path)} took more than {seconds:g} s of {what} and was given up",
        hint=LIMIT_HINT,
    )


def _died(file: FoundFile, status: int, limits: Limits) -> AudioError:
    if status == -signal.SIGXCPU:
        return _over_time(file, limits.cpu_s, "processor time")
    cause = f"signal {-status}" if status < 0 else f"exit status {status}"
    return AudioError(
        f"{name_of(file.path)} ended the process that measured it ({cause})",
        hint="Signal 9 comes when the machine runs out of memory; else the file is damaged.",
    )
