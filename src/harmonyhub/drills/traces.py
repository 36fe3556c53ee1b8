"""Keeps what a drill would otherwise leave nowhere: log lines, command lines, messages told."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from harmonyhub.drills.sink import Sink

LOOK_EVERY_S = 1.0
PRODUCT = "harmonyhub"


@asynccontextmanager
async def kept_traces(folder: Path) -> AsyncIterator[None]:
    """Write this process's log and the command lines of all processes into files, to be searched.

    Processes are looked at every second; what starts and ends in between is not seen.
    """
    handler = logging.FileHandler(folder / "drill.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger(PRODUCT)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    looking = asyncio.create_task(_keep_command_lines(folder / "command-lines.txt"))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()


async def keep_messages(sink: Sink, path: Path) -> None:
    """Write down everything that a sink was told."""
    messages = [asdict(message) for message in await sink.messages()]
    text = json.dumps(messages, ensure_ascii=False)
    await asyncio.to_thread(path.write_text, text, encoding="utf-8")


async def _keep_command_lines(path: Path) -> None:
    seen: set[bytes] = set()
    while True:
        new = read_command_lines() - seen
        seen |= new
        with path.open("ab") as file:
            file.writelines(line + b"\n" for line in sorted(new))
        await asyncio.sleep(LOOK_EVERY_S)


def read_command_lines() -> set[bytes]:
    """Read the command lines of all processes of this machine, as everybody on it may."""
    lines = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.add(path.read_bytes())
        except OSError:
            continue  # it has ended meanwhile
    return lines
