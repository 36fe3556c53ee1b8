"""Asks an analyser about pieces, and keeps what a peer said: it says the same another time."""

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.pieces.analysers import REPOSITORY, Analyser, one_thread

PIECE_LIMIT_S = 900  # of time, on a busy machine too; the slowest needs 12 s of processor time
Answer = dict[str, Any]
"""What an analyser says of one file; a name is missing where it does not say.

`tempo` (BPM or None), `beats`, `downbeats`, `borders` (s), `beats_per_bar`, `key` (tonic as name or
number, mode), `chords` and `parts` (start, end, label),
`loudness` (LUFS).
"""
Span = tuple[float, float, str]
Reply = dict[str, Any]
"""`seconds` of processor time, and an `answer` or an `error` in words."""


class Asker:
    """A process that answers for one analyser; started again where it dies."""

    def __init__(self, analyser: Analyser, python: Path) -> None:
        self._command = [str(python), "-m", "benchmarks.pieces.peers.serve", analyser.module]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def ask(self, path: Path) -> Reply:
        """Give its reply; a death and a silence are errors too."""
        process = self._process = self._process or subprocess.Popen(
            self._command,
            cwd=REPOSITORY,
            env=one_thread(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        limit = threading.Timer(PIECE_LIMIT_S, process.kill)
        limit.start()
        try:
            process.stdin.write(f"{path.resolve()}\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            limit.cancel()
        if line:
            return json.loads(line)
        self._end()
        return {"error": f"its process ended with {process.returncode}", "seconds": 0.0}

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Shelf:
    """Replies of an analyser that are kept in a folder, until it or the audio changes."""

    def __init__(self, folder: Path, analyser: Analyser) -> None:
        self._folder = folder / analyser.module
        self._stamp = analyser.stamp

    def get(self, audio: Path) -> Reply | None:
        """Give what was said of just this audio."""
        place = self._folder / f"{audio.name}.json"
        if not place.is_file():
            return None
        kept = json.loads(place.read_text())
        return kept["reply"] if kept["stamp"] == self._of(audio) else None

    def put(self, audio: Path, reply: Reply) -> None:
        """Keep a reply."""
        self._folder.mkdir(parents=True, exist_ok=True)
        place = self._folder / f"{audio.name}.json"
        place.write_text(json.dumps({"stamp": self._of(audio), "reply": reply}))

    def _of(self, audio: Path) -> str:
        facts = audio.stat()
        return f"{self._stamp} {facts.st_size} {facts.st_mtime_ns}"
