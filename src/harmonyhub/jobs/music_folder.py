"""Watches the music folder: what is new or has changed there becomes a job."""

import asyncio
from pathlib import Path

from harmonyhub.domain.audio_files import FoundFile
from harmonyhub.flows.music_folder import submit_music_folder
from harmonyhub.jobs.loops import repeat
from harmonyhub.sources.music_folder import find_audio
from harmonyhub.wiring.house import House

IDLE_S = 5.0
LOOK_S = 60.0  # asking is all that works: folders of other machines tell nobody of changes
LOOK_SHARE = 20  # a folder that takes long to list is listed more rarely
AGAIN_S = 3600  # what was put off, or failed, is tried again

Mark = tuple[int, int]
"""How many files there are, and a number that changes with any of them."""
NOTHING: Mark = (0, 0)


async def watch_music_folder(house: House) -> None:
    """Queue a look through the folder whenever it changed, until cancelled."""
    folder = house.settings.music_dir
    if folder is None:
        return
    await repeat(FolderWatch(house, folder).look, what="watching the music folder", idle_s=IDLE_S)


class FolderWatch:
    """What of a folder was seen last, and when to look again."""

    def __init__(self, house: House, folder: Path) -> None:
        self._house = house
        self._folder = folder
        self._seen: Mark | None = None
        self._was_new = False
        self._submitted_at = 0
        self._next_look = 0.0

    async def look(self) -> bool:
        """List the folder if it is time, and queue a job where it has changed.

        A second one follows when it lies still: the first leaves out what may still be written to.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        if began < self._next_look:
            return False
        mark = await asyncio.to_thread(mark_folder, self._folder)
        self._next_look = loop.time() + max(LOOK_S, LOOK_SHARE * (loop.time() - began))
        is_new = mark != self._seen
        is_due = self._house.clock() - self._submitted_at >= AGAIN_S
        # An empty folder is one that is not mounted, or has nothing to do.
        if mark != NOTHING and (is_new or self._was_new or is_due):
            await submit_music_folder(self._house)
            self._submitted_at = self._house.clock()
        self._seen, self._was_new = mark, is_new
        return False


def mark_folder(folder: Path) -> Mark:
    """Count the audio files of a folder, and mix their names, sizes and times."""
    n_files, mixed = 0, 0
    for file in find_audio(folder):
        n_files += 1
        mixed ^= hash(_facts(file))
    return n_files, mixed


def _facts(file: FoundFile) -> tuple[str, int, int]:
    return str(file.path), file.size_bytes, file.mtime_ns
