"""Drum patterns of rock and of electronic music, and how a bar of one is played."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.arrangement import (
    CLAP,
    CLOSED_HAT,
    CRASH,
    DRUMS,
    KICK,
    OPEN_HAT,
    RIDE,
    SHAKER,
    SIDE_STICK,
    SNARE,
    TAMBOURINE,
    Note,
)  # fmt: skip
from training.harmony_plan import Meter

STEPS = 4  # of a beat, in the patterns below
CHINA, BELL, SPLASH, LOW_TOM, MID_TOM, HIGH_TOM = 52, 53, 55, 41, 45, 48
ACCENT, PLAIN, GHOST = 112.0, 96.0, 62.0
QUARTERS, OFFBEATS = "x...x...x...x...", "..x...x...x...x."
EIGHTHS, SIXTEENTHS = "x.x.x.x.x.x.x.x.", "x" * 16


@dataclass(frozen=True, slots=True)
class Pattern:
    """One bar in sixteenths: what is struck hard (x) or softly (o); `share` of all sections."""

    name: str
    share: float
    kicks: Sequence[str]
    snares: Sequence[str]


BACKBEAT, HALF_TIME = "....x.......x...", "........x......."
ROCK = (
    Pattern("backbeat", 0.36, (
        "x.......x.......", "x.....x.x.......", "x..x....x.x.....", "x.x.....x.x.....",
        "x.....x...x.....", "x..x..x...x.....", "x......xx.x.....", "x.......x.x...x.",
        "x.x...x.x.x...x.", "x...x...x...x...", "x.....x.x.....x.", "..x...x.x.......",
        "x..x..x.x..x..x.",
    ), (BACKBEAT, BACKBEAT, BACKBEAT, "....x..o.o..x...", "....x.......x..o")),
    Pattern("polka", 0.17, (QUARTERS, QUARTERS, "x..xx..xx..xx..x", "x...x..xx...x..x",
                            "x..xx...x..xx...", "x...x...x..xx...", "x...x...x...x..x"),
            (OFFBEATS, OFFBEATS, "..x...x...x...xx", "..x...x...x..xx.")),
    Pattern("d-beat", 0.07, ("x..x.x..x..x.x..", "x..xx...x..xx...", "x..xx.x.x..xx.x."),
            (OFFBEATS,)),
    Pattern("double kick", 0.09, (EIGHTHS, SIXTEENTHS, "x.xxx.xxx.xxx.xx", "xxx.xxx.xxx.xxx."),
            (BACKBEAT, BACKBEAT, HALF_TIME, OFFBEATS)),
    Pattern("blast", 0.05, (EIGHTHS, QUARTERS, SIXTEENTHS),
            (EIGHTHS, OFFBEATS, ".x.x.x.x.x.x.x.x")),
    Pattern("half-time", 0.08, (
        "x.........x.....", "x.....x.........", "x..x......x..x..", "x.x...........x.",
    ), (HALF_TIME,)),
    Pattern("on the beat", 0.04, (QUARTERS, "x.......x.......", "x.x...x.x.x...x."), (QUARTERS,)),
    Pattern("together", 0.02, ("x...x...x...x...", "x.x.x...x.x.x..."), (BACKBEAT,)),
    Pattern("toms", 0.05, (QUARTERS, "x.......x.......", EIGHTHS), ("."*16,)),
    Pattern("breakdown", 0.05, (
        "x..x..x...x.x...", "x.xx..x..x.x....", "x...x.xx....x.x.", "xx.x..xx..x.....",
    ), (HALF_TIME, BACKBEAT)),
    Pattern("syncopated", 0.02, ("x..x..x..x..x.x.", "..x..x..x.x..x.."),
            ("....x..x....x...", BACKBEAT)),
)  # fmt: skip
ELECTRONIC = (
    Pattern("four", 0.46, (QUARTERS, QUARTERS, QUARTERS, "x...x...x...x..x", "x...x...x...x.x."),
            (BACKBEAT, BACKBEAT, "."*16, "....x..o....x.o.")),
    Pattern("breakbeat", 0.16, (
        "x.x.......xx....", "x.........x.....", "x.x....x..x.....", "x..x......x..x..",
    ), ("....x..o.o..x..o", "....x.......x...", "....x..x.x..x...", "....x.....x..x..")),
    Pattern("half-time", 0.14, ("x.........x.....", "x.......x....x..", "x..x......x.x..."),
            (HALF_TIME,)),
    Pattern("two-step", 0.08, ("x.........x.....", "x......x..x....."), (BACKBEAT,)),
    Pattern("dembow", 0.06, (QUARTERS, "x.......x......."), ("...x..x....x..x.",)),
    Pattern("sparse", 0.1, ("x...............", "x.......x......."), ("."*16, HALF_TIME)),
)  # fmt: skip
ROCK_CYMBALS = (
    EIGHTHS,
    EIGHTHS,
    EIGHTHS,
    QUARTERS,
    QUARTERS,
    OFFBEATS,
    SIXTEENTHS,
    "x.xxx.xxx.xxx.xx",
)
ELECTRONIC_CYMBALS = (OFFBEATS, OFFBEATS, EIGHTHS, SIXTEENTHS, "..x...x...x...xx",
                      "oxoxoxoxoxoxoxox", "." * 16, QUARTERS)  # fmt: skip


class DrumPart:
    """The drums of one section; drawn once, so that the section can return."""

    def __init__(
        self, rng: np.random.Generator, patterns: Sequence[Pattern], *, is_fast: bool = False
    ) -> None:
        """Draw a pattern; in fast music cymbals keep to eighths."""
        shares = np.array([pattern.share for pattern in patterns])
        self.pattern = patterns[int(rng.choice(len(patterns), p=shares / shares.sum()))]
        is_rock = patterns is ROCK
        self.kick = str(rng.choice(self.pattern.kicks))
        self.snare = str(rng.choice(self.pattern.snares))
        self.strokes = str(rng.choice(ROCK_CYMBALS if is_rock else ELECTRONIC_CYMBALS))
        if is_fast:
            self.strokes = EIGHTHS if self.strokes.count("x") > 8 else self.strokes
        cymbals = (
            (CLOSED_HAT, OPEN_HAT, RIDE, BELL, CRASH, CHINA, CRASH)
            if is_rock
            else (CLOSED_HAT, CLOSED_HAT, OPEN_HAT, SHAKER, TAMBOURINE)
        )
        self.cymbal = int(rng.choice(cymbals))
        self.snare_key = int(rng.choice([SNARE, 40] if is_rock else [SNARE, CLAP, 40, SIDE_STICK]))
        self.toms = [int(rng.choice([LOW_TOM, MID_TOM, HIGH_TOM])) for _ in range(16)]
        self.cymbal_gain = float(rng.uniform(0.55, 1.05))
        # Under loud guitars a bass drum may hardly be heard.
        self.kick_gain = float(rng.uniform(0.4, 1.1) if is_rock else rng.uniform(0.8, 1.1))
        self.swing = float(rng.uniform(0.1, 1 / 3)) if rng.random() < 0.08 else 0.0
        self.variation = float(rng.choice([0.0, 0.05, 0.15]))
        self.has_crash = rng.random() < 0.75
        self.rolls = rng.random() < 0.15  # a faster snare before the next section

    def play(
        self,
        rng: np.random.Generator,
        start: int,
        meter: Meter,
        *,
        is_first: bool,
        is_last: bool,
        layers: frozenset[str] = frozenset({"kick", "snare", "cymbal"}),
    ) -> list[Note]:
        """Write the bar that starts at this beat; first bars get a crash and last ones a fill."""
        hits: list[tuple[float, int, float]] = []
        fill_from = meter.n_beats - self._fill_beats(rng, meter) if is_last else meter.n_beats
        rows = (("kick", self.kick, KICK, self.kick_gain),
                ("snare", self.snare, self.snare_key, 1.0),
                ("cymbal", self.strokes, self.cymbal, self.cymbal_gain))  # fmt: skip
        for layer, row, key, gain in rows:
            if layer not in layers:
                continue
            for step in range(meter.n_beats * STEPS):
                stroke = row[step % 16]
                may_vary = layer == "kick" and step % 2 == 0 and step > 0
                if rng.random() < self.variation * may_vary:
                    stroke = "." if stroke == "x" else "x"
                at = place_step(step, meter, swing=self.swing)
                if stroke == "." or at is None or at >= fill_from:
                    continue
                loud = GHOST if stroke == "o" else ACCENT if step % STEPS == 0 else PLAIN
                hits.append((at, key, loud * gain))
        if self.pattern.name == "toms" and "snare" in layers:
            places = [
                (step / STEPS, self.toms[step % 16]) for step in range(0, meter.n_beats * STEPS, 2)
            ]
            hits += [(at, tom, PLAIN) for at, tom in places if at < fill_from]
        hits += self._fill(rng, fill_from, meter)
        if is_first and self.has_crash:
            hits.append((0.0, int(rng.choice([CRASH, CRASH, 57, CHINA, SPLASH])), 115.0))
        return [
            Note(start + at, 0.2, key, loud + rng.normal(0, 5), DRUMS) for at, key, loud in hits
        ]

    def _fill_beats(self, rng: np.random.Generator, meter: Meter) -> int:
        return int(min(rng.choice([0, 1, 1, 2, 4]), meter.n_beats))

    def _fill(
        self, rng: np.random.Generator, fill_from: float, meter: Meter
    ) -> list[tuple[float, int, float]]:
        if fill_from >= meter.n_beats:
            return []
        step = float(rng.choice([1 / 2, 1 / 4, 1 / 4])) if meter.n_parts == 2 else 1 / 3
        places = np.arange(fill_from, meter.n_beats - 1e-6, step)
        places = places[rng.random(len(places)) < (1.0 if self.rolls else 0.8)]
        keys = rng.choice([SNARE, HIGH_TOM, MID_TOM, LOW_TOM, KICK], size=len(places))
        if self.rolls:
            keys[:] = SNARE
        return [(float(at), int(key), PLAIN + 8) for at, key in zip(places, keys, strict=True)]


def place_step(step: int, meter: Meter, *, swing: float = 0.0) -> float | None:
    """Beat of a sixteenth; in beats of three parts the fourth falls away, an eighth may swing."""
    beat, part = divmod(step, STEPS)
    if meter.n_parts == 3:
        return None if part == 3 else beat + part / 3
    late = swing * {0: 0.0, 1: 0.5, 2: 1.0, 3: 0.5}[part] / 2
    return beat + part / STEPS + late
