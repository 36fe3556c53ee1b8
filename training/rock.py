"""Rock and metal: distorted guitars that chug, gallop and hold, bass with them, loud drums."""

import numpy as np

from training.arrangement import Arrangement, Note, Style, list_spans
from training.grooves import (
    CLOSED_HAT,
    DRUMS,
    EIGHTHS,
    KICK,
    QUARTERS,
    ROCK,
    SIDE_STICK,
    SIXTEENTHS,
    STEPS,
    DrumPart,
    place_step,
)  # fmt: skip
from training.harmony_plan import Bar, Chord, Meter

DISTORTED = (29, 30, 30)
RIFFS = {
    "eighths": (EIGHTHS, 0.24), "held": ("x...............", 0.18),
    "halves": ("x.......x.......", 0.06),
    "gallop": ("x.xxx.xxx.xxx.xx", 0.1), "reversed": ("xx.xxx.xxx.xxx.x", 0.04),
    "sixteenths": (SIXTEENTHS, 0.1), "quarters": (QUARTERS, 0.06), "with the kick": ("", 0.1),
    "syncopated": ("", 0.1), "off the beat": ("..x...x...x...x.", 0.02),
}  # fmt: skip
# Steps above the chord's root that a riff visits; most is the root.
DETOURS = (0, 0, 0, 0, 1, 3, 5, 6, 7, 10, 12, -2)
PUSHED = 1 / 2  # of a beat early
SCREAMS = (29, 30, 30, 52, 53, 54, 65, 80, 81, 18)


class _RockPart:
    """How the band plays one section."""

    def __init__(self, rng: np.random.Generator, meter: Meter, *, is_fast: bool) -> None:
        self.meter = meter
        self.drums = [DrumPart(rng, ROCK, is_fast=is_fast)]
        if rng.random() < 0.25:  # the second half in another feel
            self.drums.append(DrumPart(rng, ROCK, is_fast=is_fast))
        names, shares = list(RIFFS), np.array([share for _, share in RIFFS.values()])
        self.riff = str(rng.choice(names, p=shares / shares.sum()))
        self.rhythm = self._draw_rhythm(rng)
        self.turns = self._draw_turns(rng)
        self.is_muted = rng.random() < 0.6
        self.push = float(rng.choice([0.0, 0.3, 0.8], p=[0.6, 0.2, 0.2]))
        self.bass = str(rng.choice(["guitar", "eighths", "kick", "held"], p=[0.4, 0.25, 0.2, 0.15]))
        self.loud = float(rng.uniform(80, 115))
        self.has_chords = rng.random() < 0.35  # a third guitar that holds
        self.lead = Style(rng, "band")
        self.lead.rests = float(rng.choice([0.0, 0.15, 1.0], p=[0.35, 0.25, 0.4]))
        self.without = str(rng.choice(["", "drums", "guitars", "count"], p=[0.8, 0.1, 0.05, 0.05]))

    def _draw_rhythm(self, rng: np.random.Generator) -> str:
        if self.riff == "with the kick":
            return self.drums[0].kick
        if self.riff == "syncopated":
            return "".join([*rng.choice(["x", "."], p=[0.5, 0.5], size=15).tolist(), "."])
        return RIFFS[self.riff][0]

    def _draw_turns(self, rng: np.random.Generator) -> list[int]:
        """Semitones from the root at each sixteenth; riffs turn on beats or on eighths."""
        if rng.random() < 0.5:
            return [0] * 16
        unit = int(rng.choice([2, 4, 4, 8]))
        drawn = rng.choice(DETOURS, size=16 // unit).tolist()
        drawn[0] = 0
        return [int(step) for step in np.repeat(drawn, unit)]

    def play_guitars(
        self, rng: np.random.Generator, chord: Chord, *, start: int, span: tuple[float, float]
    ) -> list[Note]:
        """Play one chord, from `span[0]` to `span[1]` within the bar at `start`."""
        begin, end = span
        early = PUSHED if rng.random() < self.push * 0.5 and self.meter.n_parts == 2 else 0.0
        hits = self._place(self.rhythm, span)
        if not hits and self.riff != "off the beat":
            hits = [(begin, end - begin, 0)]
        notes = []
        for at, length, step in hits:
            place = start + at - (early if at == begin and start + at >= early else 0.0)
            low = 40 + (chord.root + self.turns[step % 16] - 40) % 12
            held = length if not self.is_muted or length > 1 else min(length, 0.22)
            loud = self.loud + (6 if step % STEPS == 0 else 0) + rng.normal(0, 4)
            fifth = 6 if chord.quality in ("dim", "hdim7") else 7
            for channel, shift in ((0, 0), (3, 0)):
                notes += [Note(place, held, low + shift + tone, loud, channel)
                          for tone in (0, fifth, 12)]  # fmt: skip
        if self.has_chords:
            notes += [Note(start + begin, end - begin, 52 + (chord.root + tone - 52) % 12, 80, 4)
                      for tone in (0, 7)]  # fmt: skip
        return notes + self._play_bass(rng, chord, start=start, span=span)

    def _play_bass(
        self, rng: np.random.Generator, chord: Chord, *, start: int, span: tuple[float, float]
    ) -> list[Note]:
        rows = {"guitar": self.rhythm, "eighths": EIGHTHS, "kick": self.drums[0].kick}
        hits = self._place(rows.get(self.bass, ""), span) or [(span[0], span[1] - span[0], 0)]
        root = 28 + (chord.root + chord.bass - 28) % 12
        return [
            Note(start + at, length * 0.9, root + self.turns[step % 16] % 12,
                 98 + rng.normal(0, 5), 2)
            for at, length, step in hits
        ]  # fmt: skip

    def _place(self, row: str, span: tuple[float, float]) -> list[tuple[float, float, int]]:
        """Give (beat, length, sixteenth) of what a row strikes within a span."""
        if not row:
            return []
        places = []
        for step in range(round(self.meter.n_beats * STEPS)):
            at = place_step(step, self.meter)
            if at is not None and span[0] - 1e-6 <= at < span[1] - 1e-6 and row[step % 16] != ".":
                places.append((at, step))
        ends = [at for at, _ in places[1:]] + [span[1]] * bool(places)
        return [(at, end - at, step) for (at, step), end in zip(places, ends, strict=True)]


def arrange_rock(
    rng: np.random.Generator, bars: list[Bar], meter: Meter, *, tempo_bpm: float
) -> Arrangement:
    """Write what a rock band plays."""
    is_fast = tempo_bpm > 150
    parts = {bar.section: _RockPart(rng, meter, is_fast=is_fast) for bar in bars}
    if rng.random() < 0.4:  # many songs keep one feel
        shared = next(iter(parts.values())).drums
        for part in parts.values():
            part.drums = shared
    guitar = int(rng.choice(DISTORTED))
    programs = {0: guitar, 1: int(rng.choice(SCREAMS)), 2: int(rng.choice([33, 34, 34, 36])),
                3: int(rng.choice([guitar, 27, 28])), 4: int(rng.choice([29, 30, 18, 48, 50])),
                DRUMS: int(rng.choice([0, 8, 16, 16]))}  # fmt: skip
    notes: list[Note] = []
    since = 0
    for number, bar in enumerate(bars):
        is_first = number == 0 or bars[number - 1].section != bar.section
        since = 0 if is_first else since + 1
        is_last = number + 1 < len(bars) and bars[number + 1].section != bar.section
        part, start = parts[bar.section], number * meter.n_beats
        spans = list_spans(bar, meter)
        if part.without != "guitars" or since >= 4:
            for begin, end, chord in spans:
                notes += part.play_guitars(rng, chord, start=start, span=(begin, end))
        notes += part.lead.sing(rng, bar, spans=spans, meter=meter, start=start)
        if part.without == "count" and since < 2:
            key = int(rng.choice([CLOSED_HAT, SIDE_STICK]))
            notes += [Note(start + beat, 0.2, key, 100, DRUMS) for beat in range(meter.n_beats)]
        elif part.without != "drums" or since >= 4:
            drums = part.drums[since // 4 % len(part.drums)]
            crash = is_first or (since % 4 == 0 and rng.random() < 0.3)
            fill = is_last or (since % 4 == 3 and rng.random() < 0.3)
            notes += drums.play(rng, start, meter, is_first=crash, is_last=fill)
    if rng.random() < 0.8:  # all end together
        end = len(bars) * meter.n_beats
        notes.append(Note(end - meter.n_beats, 0.3, KICK, 115, DRUMS))
    return Arrangement(notes, programs)
