"""Makes damaged audio files from a seed, and analyses many under limits of time and memory.

    python -m tests.tools.damaged_files FOLDER --files 10000

Prints one line a file that crashed, hung or got no clear answer, then how many there were of each
outcome; exits with 1 if there was such a file.
"""

import argparse
import json
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from harmonyhub.analysis.track import analyse_file, to_json_object
from harmonyhub.domain.errors import AudioError

LIMIT_S = 20  # for one file of half a second
LIMIT_BYTES = 1500 << 20  # of addresses; the libraries alone map 800 MB
SEED = 6
Damage = Callable[[np.random.Generator, bytearray, list[bytes]], bytearray]
SUFFIXES = ("mp3", "flac", "ogg", "opus", "m4a", "wav", "aiff", "txt")


def make_damaged(number: int, sources: list[bytes]) -> tuple[str, bytes]:
    """Give name and bytes of one damaged file; the number decides all of it.

    Parameters
    ----------
    number : int
        Formats and kinds of damage take turns, so that any run of numbers holds them all.
    sources : list of bytes
        Whole files, one a format.
    """
    rng = np.random.default_rng([SEED, number])
    content = bytearray(sources[number % len(sources)])
    kind = DAMAGES[number // len(sources) % len(DAMAGES)]
    damaged = kind(rng, content, sources)
    if rng.random() < 0.2:  # two kinds at once
        second = DAMAGES[int(rng.integers(len(DAMAGES)))]
        damaged = second(rng, damaged, sources) if damaged else damaged
    return f"{kind.__name__.strip('_')}.{rng.choice(SUFFIXES)}", bytes(damaged)


def _truncate(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    return content[: int(rng.integers(0, len(content) + 1))]


def _flip(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    """Change some bytes anywhere, and some among the first 200."""
    for place in rng.integers(0, len(content), int(rng.integers(1, 60))):
        content[place] = int(rng.integers(256))
    for place in rng.integers(0, min(200, len(content)), int(rng.integers(0, 6))):
        content[place] = int(rng.integers(256))
    return content


def _splice(rng: np.random.Generator, content: bytearray, sources: list[bytes]) -> bytearray:
    """Go on with the rest of a file of another format."""
    other = sources[int(rng.integers(len(sources)))]
    head = content[: int(rng.integers(1, len(content) + 1))]
    return head + other[int(rng.integers(len(other))) :]


def _zero(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    start = int(rng.integers(len(content)))
    length = int(rng.integers(1, len(content)))
    content[start : start + length] = bytes(len(content[start : start + length]))
    return content


def _declare(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    """Write huge or negative sizes into the header, where sizes are."""
    for place in rng.integers(0, min(400, len(content)), int(rng.integers(1, 5))):
        huge = (b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7), b"\xff\xff\xff\x7f")
        value = huge[int(rng.integers(len(huge)))][: int(rng.choice([2, 3, 4, 8]))]
        content[place : place + len(value)] = value
    return content


def _repeat(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    start = int(rng.integers(len(content)))
    piece = content[start : start + int(rng.integers(1, 3000))]
    return content[:start] + piece * int(rng.integers(2, 12)) + content[start:]


def _drop(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    start = int(rng.integers(len(content)))
    del content[start : start + int(rng.integers(1, 2000))]
    return content


def _fill(rng: np.random.Generator, content: bytearray, _: list[bytes]) -> bytearray:
    """Keep the first bytes, by which a format is told, and fill the rest with noise."""
    keep = int(rng.integers(0, min(64, len(content)) + 1))
    return content[:keep] + rng.bytes(len(content) - keep)


DAMAGES: tuple[Damage, ...] = (_truncate, _flip, _splice, _zero, _declare, _repeat, _drop, _fill)


def try_file(path: Path) -> str:
    """Analyse one file; say "analysed", "refused" or what is wrong with the answer."""
    try:
        said = json.dumps(to_json_object(analyse_file(path)), allow_nan=False)
    except AudioError as error:
        is_clear = (
            bool(error.hint) and path.name in str(error) and str(path.parent) not in str(error)
        )
        return "refused" if is_clear else f"unclear: {error}"
    except Exception as error:  # noqa: BLE001 - what the search is for
        return f"crashed: {type(error).__name__}: {error}"
    return "analysed" if said else "nothing said"


def run(folder: Path, numbers: range) -> Counter[str]:
    """Try all numbers, each under the limits; a process that dies is followed by another."""
    outcomes: Counter[str] = Counter()
    at = numbers.start
    while at < numbers.stop:
        command = [sys.executable, "-m", "tests.tools.damaged_files", str(folder)]
        command += ["--child", f"{at}", "--files", f"{numbers.stop}"]
        child = subprocess.run(command, capture_output=True, text=True, check=False)
        answers = [line.split("\t") for line in child.stdout.splitlines()]
        for number, name, said in (answer for answer in answers if len(answer) == 3):
            outcomes[said.partition(":")[0]] += 1
            if said not in ("analysed", "refused"):
                _say(f"{number} {name}: {said}")
        if child.returncode:
            at = int(answers[-1][0]) if answers else at
            _say(f"{at} ended its process ({child.returncode}): {child.stderr[-300:]}")
            outcomes["ended its process"] += 1
        at = numbers.stop if not child.returncode else at + 1
    return outcomes


def _run_child(folder: Path, numbers: range) -> None:
    """Try the numbers one by one in this process, each announced before it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    sources = [path.read_bytes() for path in sorted(folder.glob("source.*"))]
    for number in numbers:
        name, content = make_damaged(number, sources)
        path = folder / f"child-{numbers.start}-{name}"
        path.write_bytes(content)
        _say(f"{number}")
        signal.alarm(LIMIT_S)  # unhandled, so that it ends a loop in C too
        _say(f"{number}\t{name}\t{try_file(path)}")
        path.unlink()


def _say(line: str) -> None:
    """Write at once: the parent must know where a child that died was."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run them, or be the child that runs some."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--child", type=int)
    arguments = parser.parse_args()
    if arguments.child is not None:
        _run_child(arguments.folder, range(arguments.child, arguments.files))
        return
    begun = time.monotonic()
    outcomes = run(arguments.folder, range(arguments.files))
    _say(f"{dict(outcomes)} in {time.monotonic() - begun:.0f} s")
    sys.exit(bool(set(outcomes) - {"analysed", "refused"}))


if __name__ == "__main__":
    main()
