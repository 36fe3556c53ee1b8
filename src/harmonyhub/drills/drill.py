"""The drill: every act in a process of its own, twice, with the guards on and off."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.drills.scorecard import Figure, Scorecard
from harmonyhub.storage.parent_death import die_with_parent

# The longest first.
ACTS = ("alerts", "gate", "rejection", "release", "prometheus", "exposure", "quiet")
BASELINE = ("rejection", "alerts", "release", "gate", "prometheus", "exposure", "quiet")
# What only computes gives way to what measures how long something takes.
COMPUTES = frozenset({"gate", "quiet"})
AT_ONCE = 3  # acts wait much: two cores are busy with three
PLAY_S = 240.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What one process measured."""

    act: str
    is_guarded: bool
    figures: Mapping[str, Figure]
    seconds: float


async def run_drill(
    *, seed: int, is_short: bool, say: Say, acts: Sequence[str] = ACTS
) -> Scorecard:
    """Play acts and put their figures together.

    Parameters
    ----------
    seed : int
        Draws every fault, its moment and the upstream's words.
    is_short : bool
        Few cases of each kind, to see that everything works.
    say : callable
        Told of each act that ends.

    Raises
    ------
    UnavailableError
        If an act cannot be played, as where HAProxy is not installed.
    """
    started = time.monotonic()
    slots = asyncio.Semaphore(AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="harmonyhub-drill-") as folder:

        async def play(act: str, *, is_guarded: bool) -> Played:
            async with slots:
                played = await _play(
                    act, seed=seed, is_short=is_short, is_guarded=is_guarded, folder=Path(folder)
                )
            guards = "guards on" if is_guarded else "guards off"
            say(f"{act}, {guards}: {len(played.figures)} figures in {played.seconds:.0f} s")
            return played

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(play(act, is_guarded=is_guarded))
                    for is_guarded in (True, False)
                    for act in (ACTS if is_guarded else BASELINE)
                    if act in acts
                ]
        except ExceptionGroup as several:
            # The first act that cannot be played ends the others; what it says is the cause.
            raise several.exceptions[0] from several
        played = [task.result() for task in tasks]
    return Scorecard(
        seed=seed,
        seconds=time.monotonic() - started,
        figures=merge([each.figures for each in played if each.is_guarded]),
        baseline=merge([each.figures for each in played if not each.is_guarded]),
    )


def merge(parts: Sequence[Mapping[str, Figure]]) -> dict[str, Figure]:
    """Put the figures of acts together; a count that several acts give is added up."""
    merged: dict[str, Figure] = {}
    for part in parts:
        for key, figure in part.items():
            before = merged.get(key)
            if before is None:
                merged[key] = figure
            else:
                notes = [note for note in (before.note, figure.note) if note]
                merged[key] = Figure(
                    before.value + figure.value, before.n + figure.n, "; ".join(notes)
                )
    return merged


async def _play(act: str, *, seed: int, is_short: bool, is_guarded: bool, folder: Path) -> Played:
    started = time.monotonic()
    own_folder = folder / f"{act}-{'on' if is_guarded else 'off'}"
    arguments = [act, f"--seed={seed}", f"--folder={own_folder}"]
    arguments += ["--short"] * is_short + ["--guards-off"] * (not is_guarded)
    gives_way = act in COMPUTES or not is_guarded
    process = await asyncio.create_subprocess_exec(
        *(("nice",) if gives_way else ()),
        sys.executable,
        "-m",
        "harmonyhub.drills.play",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        async with asyncio.timeout(PLAY_S):
            output, log = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Played(
        act=act,
        is_guarded=is_guarded,
        figures=_read(output, log, act=act),
        seconds=time.monotonic() - started,
    )


def _read(output: bytes, log: bytes, *, act: str) -> dict[str, Figure]:
    lines = output.decode().splitlines()
    document: dict[str, Any] = (
        json.loads(lines[-1]) if lines else {"error": log.decode()[-2000:], "hint": ""}
    )
    if "error" in document:
        raise UnavailableError(
            f"The act {act} could not be played: {document['error']}", hint=document["hint"]
        )
    return {name: Figure(**figure) for name, figure in document.items()}
