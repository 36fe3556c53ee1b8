"""Piano that does not mark its beats: rests, ties, broken figures, rolled chords, late melodies."""

import numpy as np

from training.arrangement import Arrangement, Note, list_spans, voice_chord
from training.harmony_plan import CHORD_NOTES, SCALES, Bar, Chord, Meter

# What one beat holds, in quarters or thirds of it: a note (x), a rest (.), or the note before (-).
CELLS = {
    2: ("x---", "x-x-", "xxxx", "x-xx", "xxx-", "x--x", ".-x-", ".xxx", "--x-", "----", "..xx",
        "x.x.", "-xxx", "---x"),
    3: ("x--", "xxx", "x-x", ".xx", "--x", "---", "x..", "-xx", ".-x"),
}  # fmt: skip
CALM = {2: (3, 3, 1, 1, 0.5, 1, 1, 0.5, 1, 1, 0.5, 1, 0.7, 0.3),
        3: (2.5, 3, 2, 1, 0.7, 0.7, 0.7, 0.7, 0.4)}  # fmt: skip
LEFT = ("alberti", "up", "wave", "tenths", "block", "oompah", "offbeat", "bass", "none", "answer",
        "octaves", "cells", "after")  # fmt: skip
# Which of the chord's tones, from the lowest, are struck in turn.
FIGURES = {"alberti": (0, 2, 1, 2), "up": (0, 1, 2, 3), "wave": (0, 1, 2, 3, 2, 1),
           "tenths": (0, 2, 4, 2)}  # fmt: skip
HIGHEST = 96


class _Hands:
    """How one section is played: a bar or two of rhythm that return, and a figure of the left."""

    def __init__(self, rng: np.random.Generator, meter: Meter) -> None:
        self.meter = meter
        # One piece in four runs on: mostly sixteenths; others breathe.
        self.is_running = rng.random() < 0.25
        self.motifs = [self._draw_bar(rng) for _ in range(int(rng.choice([1, 2, 2, 4])))]
        self.left_motif = self._draw_bar(rng)
        self.left = str(rng.choice(LEFT))
        self.is_fine = rng.random() < 0.4
        self.return_chance = float(rng.uniform(0.5, 1.0))
        self.silences = float(rng.choice([0.0, 0.05, 0.2]))
        self.chords = float(rng.choice([0.0, 0.1, 0.5]))
        self.low, self.register = int(rng.integers(36, 52)), int(rng.integers(64, 82))
        self.loud = float(rng.uniform(45, 90))
        self.is_pedalled = rng.random() < 0.5
        self.last = self.register

    def _draw_bar(self, rng: np.random.Generator) -> str:
        cells, weights = CELLS[self.meter.n_parts], np.array(CALM[self.meter.n_parts])
        if self.is_running:
            weights = weights * np.array([1 + 4 * (cell.count("x") > 2) for cell in cells])
        return "".join(rng.choice(cells, p=weights / weights.sum(), size=self.meter.n_beats))

    def play_right(
        self, rng: np.random.Generator, bar: Bar, *, number: int, rolls: float
    ) -> list[Note]:
        """Write the right hand of a bar."""
        if rng.random() < self.silences:
            return []
        row = self.motifs[number % len(self.motifs)]
        if rng.random() > self.return_chance:
            row = self._draw_bar(rng)
        spans = list_spans(bar, self.meter)
        scale = {(bar.tonic + step) % 12 for step in SCALES[bar.mode]}
        start, notes = number * self.meter.n_beats, []
        for at, length in _read(row, self.meter):
            chord = next(c for begin, end, c in spans if begin <= at + 1e-6 < end)
            tones = {(chord.root + step) % 12 for step in CHORD_NOTES[chord.quality]}
            self.last = self._step(rng, tones if rng.random() < 0.45 else scale | tones)
            loud = self.loud + 14 + rng.normal(0, 6)
            held = length * (1.0 if rng.random() < 0.8 else 0.5)
            notes.append(Note(start + at, held, self.last, loud, 1))
            if rng.random() < self.chords:
                below = [p for p in range(self.last - 12, self.last - 2) if p % 12 in tones]
                doubled = below[-2:] if start + at > 1 else []
                notes += [Note(start + at - rolls * rank, held, p, loud - 10, 1)
                          for rank, p in enumerate(doubled, start=1)]  # fmt: skip
        return notes

    def _step(self, rng: np.random.Generator, pool: set[int]) -> int:
        reach = [p for p in range(self.last - 9, self.last + 10)
                 if p % 12 in pool and p != self.last and p < HIGHEST]  # fmt: skip
        pull = np.array([1 / (1 + abs(p - self.last)) * np.exp(-abs(p - self.register) / 7)
                         for p in reach])  # fmt: skip
        return int(rng.choice(reach, p=pull / pull.sum()))

    def play_left(
        self, rng: np.random.Generator, bar: Bar, *, number: int, rolls: float
    ) -> list[Note]:
        """Write the left hand of a bar."""
        start, notes = number * self.meter.n_beats, []
        for begin, end, chord in list_spans(bar, self.meter):
            for at, length, pitch in self._figure(rng, chord, begin=begin, end=end):
                shift = rolls * rng.integers(0, 4) if self.left in ("block", "oompah") else 0.0
                held = end - at if self.is_pedalled else length
                loud = self.loud + rng.normal(0, 6) + (5 if at == 0 else 0)
                notes.append(Note(start + at + shift, held, pitch, loud, 0))
        return notes

    def _figure(
        self, rng: np.random.Generator, chord: Chord, *, begin: float, end: float
    ) -> list[tuple[float, float, int]]:
        tones, n_parts = voice_chord(chord, self.low), self.meter.n_parts
        part = 1 / n_parts / (2 if self.is_fine and n_parts == 2 else 1)
        beats, steps = np.arange(begin, end - 1e-6), np.arange(begin, end - 1e-6, part)
        top = tones[1:]
        hits: list[tuple[float, float, int]] = []
        match self.left:
            case "alberti" | "up" | "wave" | "tenths":
                order, reach = FIGURES[self.left], tones + [tone + 12 for tone in tones]
                hits = [(at, part, reach[order[i % len(order)]]) for i, at in enumerate(steps)]
            case "block":
                hits = [(begin, end - begin, tone) for tone in tones]
            case "oompah":
                hits = [(b, 0.8, t) for i, b in enumerate(beats)
                        for t in (tones[:1] if i == 0 else top)]  # fmt: skip
            case "offbeat":
                hits = [(b, 0.5, tones[0]) for b in beats[:: int(rng.choice([1, 2]))]]
                hits += [(b + 1 / 2, 0.4, t) for b in beats for t in top]
            case "after":  # nothing on the beat
                hits = [(b + 1 / n_parts + i * part / 2, 0.4, t)
                        for b in beats for i, t in enumerate(tones[:3])]  # fmt: skip
            case "bass":
                hits = [(begin, end - begin, tones[0] - 12)]
            case "octaves":
                hits = [(at, part, tones[0] - 12 * (i % 2 == 0)) for i, at in enumerate(steps)]
            case "cells" | "answer":
                row = self.left_motif if self.left == "cells" else self.motifs[0]
                hits = [(at, length, int(rng.choice(tones)))
                        for at, length in _read(row, self.meter) if begin <= at < end]  # fmt: skip
        return [(float(at), length, pitch) for at, length, pitch in hits]


def _read(row: str, meter: Meter) -> list[tuple[float, float]]:
    """Give beat and length of the notes of a row."""
    fine = 4 if meter.n_parts == 2 else 3
    hits = []
    for place, sign in enumerate(row):
        if sign == "x":
            length = 1 + len(row[place + 1 :]) - len(row[place + 1 :].lstrip("-"))
            hits.append((place / fine, length / fine))
    return hits


def arrange_free_piano(rng: np.random.Generator, bars: list[Bar], meter: Meter) -> Arrangement:
    """Write two hands; phrases swell, and some bars wait."""
    hands = {name: _Hands(rng, meter) for name in dict.fromkeys(bar.section for bar in bars)}
    rolls = float(rng.choice([0.0, 0.02, 0.06]))
    notes: list[Note] = []
    swell = rng.uniform(0, 14)
    for number, bar in enumerate(bars):
        hand = hands[bar.section]
        written = hand.play_right(rng, bar, number=number, rolls=rolls)
        written += hand.play_left(rng, bar, number=number, rolls=rolls)
        gain = swell * np.sin(np.pi * (number % 8) / 8)
        notes += [Note(n.at, n.length, n.pitch, n.velocity + gain, n.channel) for n in written]
    program = int(rng.choice([0, 0, 0, 1, 2, 3]))
    return Arrangement(notes, {0: program, 1: program})
