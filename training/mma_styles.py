"""Draws what the research data's composer is to play, in the styles of `mma`."""

import csv
import re
from pathlib import Path

import numpy as np

LIBRARY = Path("/usr/share/mma/lib")
COLUMNS = (
    "id", "groove", "lift", "beats_per_bar", "pulse", "tempo", "genre", "harmony", "mode", "twist",
)  # fmt: skip
GENRES = (
    "rock", "metal", "electronic", "jazz", "blues", "folk", "country", "latin", "pop", "rnb",
    "classical", "reggae", "waltz", "hiphop", "ambient",
)  # fmt: skip
FRAGMENT = re.compile("End|Intro|Fill|Tag|Break|Count", re.IGNORECASE)  # a bar or two, no style
HARMONIES = ("triads", "pop", "seventh", "jazz", "modal", "blues")
HARMONY_SHARES = (0.22, 0.24, 0.22, 0.16, 0.1, 0.06)
TWISTS = ("none", "modulate", "ritard", "accel", "drift", "step")
TWIST_SHARES = (0.5, 0.16, 0.08, 0.06, 0.12, 0.08)


def find_grooves() -> list[tuple[str, int, int]]:
    """List (groove, beats a bar, pulse) of all styles that are installed."""
    found = []
    for path in sorted(LIBRARY.glob("*/*.mma")):
        text = path.read_text(errors="replace")
        meters = re.findall(r"^\s*Time\s+(\d+)", text, re.IGNORECASE | re.MULTILINE)
        grooves = re.findall(r"^\s*DefGroove\s+(\S+)", text, re.IGNORECASE | re.MULTILINE)
        if len(set(meters)) != 1 or int(meters[0]) not in (2, 3, 4, 5, 6):
            continue
        n_beats, pulse = int(meters[0]), 1
        is_compound = "68" in path.stem or n_beats == 6 or "sixeight" in path.stem.lower()
        if is_compound and n_beats == 6:
            pulse = 3
        if n_beats == 2 and not is_compound:
            continue
        prefix = "" if path.parent.name == "stdlib" else f"{path.parent.name}/{path.stem}:"
        found += [
            (prefix + groove, n_beats, pulse) for groove in grooves if not FRAGMENT.search(groove)
        ]
    return found


def draw_tempo(rng: np.random.Generator, groove: str, *, n_beats: int, pulse: int) -> int:
    """Draw felt beats per minute that suit the name of a groove."""
    name = groove.lower()
    if pulse == 3:
        return int(rng.integers(46, 96))
    if "slow" in name or "ballad" in name:
        return int(rng.integers(52, 92))
    if "fast" in name or "metal" in name or "dnb" in name:
        return int(rng.integers(140, 200))
    if n_beats == 3:
        return int(rng.integers(84, 186))
    return int(np.clip(rng.lognormal(np.log(112), 0.28), 56, 196))


def write_specs(path: Path, *, n_pieces: int, seed: int) -> None:
    """Write `n_pieces` specifications; meters other than four get a third of them."""
    rng = np.random.default_rng(seed)
    grooves = find_grooves()
    odd = [groove for groove in grooves if groove[1:] != (4, 1)]
    common = [groove for groove in grooves if groove[1:] == (4, 1)]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(n_pieces):
            pool = odd if odd and rng.random() < 0.3 else common
            groove, n_beats, pulse = pool[rng.integers(len(pool))]
            siblings = [other for other in pool if _family(other[0]) == _family(groove)]
            lift = siblings[rng.integers(len(siblings))]
            lift = lift[0] if lift[1:] == (n_beats, pulse) else groove
            writer.writerow(
                (f"m{number:04}", groove, lift, n_beats, pulse,
                 draw_tempo(rng, groove, n_beats=n_beats, pulse=pulse), rng.choice(GENRES),
                 rng.choice(HARMONIES, p=HARMONY_SHARES), rng.choice(["major", "minor"]),
                 rng.choice(TWISTS, p=TWIST_SHARES))
            )  # fmt: skip


def _family(groove: str) -> str:
    """Styles of one file belong together; in the standard library the first letters tell."""
    file, colon, _ = groove.partition(":")
    return file if colon else groove[:5]
