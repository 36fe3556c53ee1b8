"""Turns a plan of bars into notes: piano textures, bands with drums, melodies."""

from dataclasses import dataclass

import numpy as np

from training.harmony_plan import CHORD_NOTES, SCALES, Bar, Chord, Meter

DRUMS = 9  # the channel of General MIDI
KICK, SNARE, SIDE_STICK, CLAP = 36, 38, 37, 39
CLOSED_HAT, OPEN_HAT, RIDE, CRASH, SHAKER, TAMBOURINE = 42, 46, 51, 49, 70, 54
LEADS = (0, 4, 11, 12, 22, 24, 26, 29, 40, 48, 52, 56, 60, 65, 68, 71, 73, 75, 80, 81, 105)
PADS = (0, 2, 4, 5, 16, 18, 24, 25, 27, 29, 30, 46, 48, 50, 61, 81, 88, 89, 90)
BASSES = (32, 33, 34, 35, 36, 38, 39, 43)


@dataclass(frozen=True, slots=True)
class Note:
    """Onset and length in beats, MIDI pitch, velocity and channel."""

    at: float
    length: float
    pitch: int
    velocity: float
    channel: int


@dataclass(slots=True)
class Arrangement:
    """Notes and the General MIDI program of each channel."""

    notes: list[Note]
    programs: dict[int, int]


def arrange(rng: np.random.Generator, bars: list[Bar], meter: Meter) -> tuple[str, Arrangement]:
    """Draw an ensemble ("piano", "duo" or "band") and write its notes."""
    ensemble = str(rng.choice(["piano", "duo", "band"], p=[0.45, 0.2, 0.35]))
    notes: list[Note] = []
    programs = {0: int(rng.choice([0, 0, 0, 1, 2, 3, 6])), 1: 0, 2: 32, 3: 48}
    styles = {name: Style(rng, ensemble) for name in dict.fromkeys(bar.section for bar in bars)}
    if ensemble != "piano":
        programs[1] = int(rng.choice(LEADS))
        programs[3] = int(rng.choice(PADS))
        programs[2] = int(rng.choice(BASSES))
    if ensemble == "piano":
        programs[1] = programs[0]
    for number, bar in enumerate(bars):
        start = number * meter.n_beats
        style = styles[bar.section]
        spans = list_spans(bar, meter)
        for begin, end, chord in spans:
            notes += style.accompany(rng, chord, meter, span=(start + begin, start + end))
        notes += style.sing(rng, bar, spans=spans, meter=meter, start=start)
        if ensemble == "band":
            notes += style.groove.play(rng, start, meter, fill=_is_last(bars, number))
    return ensemble, Arrangement(notes, programs)


def _is_last(bars: list[Bar], number: int) -> bool:
    return number + 1 < len(bars) and bars[number + 1].section != bars[number].section


def list_spans(bar: Bar, meter: Meter) -> list[tuple[float, float, Chord]]:
    """Give the chords of a bar with the beats where they begin and end."""
    ends = [at for at, _ in bar.chords[1:]] + [meter.n_beats]
    return [(at, end, chord) for (at, chord), end in zip(bar.chords, ends, strict=True)]


class Style:
    """How one section of a piece is played; drawn once, so that the section can return."""

    def __init__(self, rng: np.random.Generator, ensemble: str) -> None:
        self.ensemble = ensemble
        self.pattern = str(rng.choice(
            ["block", "beats", "alberti", "up", "wave", "oompah", "offbeat", "chorale", "rush"]
        ))  # fmt: skip
        self.fast = rng.random() < 0.35
        self.low = int(rng.integers(36, 50))
        self.volume = float(rng.uniform(50, 95))
        self.density = float(rng.uniform(0.25, 0.95))
        self.is_etude = ensemble == "piano" and rng.random() < 0.25
        self.doubles = rng.random() < 0.3
        self.register = int(rng.integers(64, 80))
        self.rests = float(rng.choice([0.0, 0.1, 0.4, 1.0], p=[0.3, 0.35, 0.2, 0.15]))
        self.pedal = rng.random() < 0.5
        self.bass_line = str(rng.choice(["long", "beats", "eighths", "walk", "syncopated"]))
        self.pad = str(rng.choice(["hold", "strum", "offbeat", "none"]))
        self.groove = _Groove(rng)
        self.last = self.register

    def accompany(
        self, rng: np.random.Generator, chord: Chord, meter: Meter, *, span: tuple[float, float]
    ) -> list[Note]:
        """Play one chord over its span in beats."""
        notes: list[Note] = []
        if self.ensemble != "band" or rng.random() < 0.3:
            notes += self._hand(rng, chord, meter, span=span)
        if self.ensemble != "piano":
            notes += self._bass(rng, chord, meter, span=span)
            notes += self._pad(rng, chord, meter, span=span)
        return notes

    def _hand(
        self, rng: np.random.Generator, chord: Chord, meter: Meter, *, span: tuple[float, float]
    ) -> list[Note]:
        tones = voice_chord(chord, self.low)
        begin, end = span
        part = 1 / meter.n_parts / (2 if self.fast and meter.n_parts == 2 else 1)
        steps = np.arange(begin, end - 1e-6, part)
        loud = self.volume
        hits: list[tuple[float, float, int]] = []
        match self.pattern:
            case "block":
                hits = [(begin, end - begin, tone) for tone in tones]
            case "beats" | "chorale":
                for beat in np.arange(begin, end - 1e-6, 1.0):
                    hits += [(beat, 0.95, tone) for tone in tones]
            case "oompah":
                for number, beat in enumerate(np.arange(begin, end - 1e-6, 1.0)):
                    hits += (
                        [(beat, 0.9, tones[0])]
                        if number == 0
                        else [(beat, 0.6, tone) for tone in tones[1:]]
                    )
            case "offbeat":
                for beat in np.arange(begin, end - 1e-6, 1.0):
                    hits.append((beat, 0.45, tones[0]))
                    hits += [
                        (beat + (meter.n_parts - 1) / meter.n_parts, 0.4, t) for t in tones[1:]
                    ]
            case _:
                order = _figure(rng, self.pattern, n_tones=len(tones), n_steps=len(steps))
                for step, index in zip(steps, order, strict=True):
                    length = end - step if self.pedal else part
                    tone = tones[index % len(tones)] + 12 * (index // len(tones))
                    hits.append((step, length, tone))
        return [
            _note(rng, meter, span=(at, length), pitch=pitch, loud=loud, channel=0)
            for at, length, pitch in hits
        ]

    def _bass(
        self, rng: np.random.Generator, chord: Chord, meter: Meter, *, span: tuple[float, float]
    ) -> list[Note]:
        root = 28 + (chord.root + chord.bass - 28) % 12
        begin, end = span
        part = 1 / meter.n_parts
        match self.bass_line:
            case "long":
                hits = [(begin, end - begin, root)]
            case "beats":
                hits = [(beat, 0.9, root) for beat in np.arange(begin, end - 1e-6, 1.0)]
            case "eighths":
                hits = [(beat, part * 0.9, root) for beat in np.arange(begin, end - 1e-6, part)]
            case "walk":
                tones = [root] + [
                    28 + (chord.root + s - 28) % 12 for s in CHORD_NOTES[chord.quality]
                ]
                beats = np.arange(begin, end - 1e-6, 1.0)
                hits = [(b, 0.9, tones[0] if i == 0 else int(rng.choice(tones)))
                        for i, b in enumerate(beats)]  # fmt: skip
            case _:
                steps = [s for s in np.arange(begin, end - 1e-6, part) if rng.random() < 0.5]
                hits = [(s, part, root) for s in {begin, *steps}]
        return [
            _note(rng, meter, span=(at, length), pitch=pitch, loud=92, channel=2)
            for at, length, pitch in hits
        ]

    def _pad(
        self, rng: np.random.Generator, chord: Chord, meter: Meter, *, span: tuple[float, float]
    ) -> list[Note]:
        tones = voice_chord(Chord(chord.root, chord.quality), 52)
        begin, end = span
        part = 1 / meter.n_parts
        starts = {
            "hold": [(begin, end - begin)],
            "strum": [(s, part * 0.9) for s in np.arange(begin, end - 1e-6, part)],
            "offbeat": [(s, 0.4) for s in np.arange(begin + 1 - part, end - 1e-6, 1.0)],
            "none": [],
        }[self.pad]
        return [
            _note(rng, meter, span=(at, length), pitch=t, loud=70, channel=3)
            for at, length in starts
            for t in tones
        ]

    def sing(
        self,
        rng: np.random.Generator,
        bar: Bar,
        *,
        spans: list[tuple[float, float, Chord]],
        meter: Meter,
        start: int,
    ) -> list[Note]:
        """Write the melody of one bar: chord tones on the beats, steps between them."""
        if rng.random() < self.rests:
            return []
        part = 1 / meter.n_parts / (2 if self.is_etude and meter.n_parts == 2 else 1)
        grid = np.arange(0, meter.n_beats - 1e-6, part)
        on_beat = np.isclose(grid % 1, 0)
        chance = np.where(on_beat, 0.55 + 0.4 * self.density, self.density * 0.7)
        hits = grid[rng.random(len(grid)) < (1.0 if self.is_etude else chance)]
        notes = []
        scale = {(bar.tonic + step) % 12 for step in SCALES[bar.mode]}
        for number, at in enumerate(hits):
            chord = next(c for begin, end, c in spans if begin <= at < end)
            tones = {(chord.root + step) % 12 for step in CHORD_NOTES[chord.quality]}
            strong = np.isclose(at % 1, 0)
            pool = tones if strong and rng.random() < 0.85 else scale | tones
            reach = [
                p for p in range(self.last - 7, self.last + 8) if p % 12 in pool and p != self.last
            ]
            pull = [
                1 / (1 + abs(p - self.last)) * np.exp(-abs(p - self.register) / 8) for p in reach
            ]
            self.last = int(rng.choice(reach, p=np.array(pull) / np.sum(pull)))
            end = hits[number + 1] if number + 1 < len(hits) else meter.n_beats
            loud = self.volume + 12
            notes.append(
                _note(
                    rng,
                    meter,
                    span=(start + at, (end - at) * 0.95),
                    pitch=self.last,
                    loud=loud,
                    channel=1,
                )
            )
            if self.doubles and strong:
                below = max(
                    (p for p in range(self.last - 9, self.last - 2) if p % 12 in tones), default=0
                )
                if below:
                    notes.append(
                        _note(
                            rng,
                            meter,
                            span=(start + at, (end - at) * 0.95),
                            pitch=below,
                            loud=loud - 8,
                            channel=1,
                        )
                    )
        return notes


class _Groove:
    """A drum pattern: where kick, snare and cymbals fall."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.kind = str(rng.choice(["backbeat", "four", "half", "sparse", "ride", "none", "random"],
                                   p=[0.35, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1]))  # fmt: skip
        self.cymbal = int(rng.choice([CLOSED_HAT, CLOSED_HAT, RIDE, SHAKER, TAMBOURINE, OPEN_HAT]))
        self.snare = int(rng.choice([SNARE, SNARE, 40, SIDE_STICK, CLAP]))
        self.finer = int(rng.choice([1, 1, 2]))
        self.extra_kicks = float(rng.uniform(0, 0.4))
        self.kicks = rng.random(64)
        self.swing = 1 / 6 if rng.random() < 0.2 else 0.0

    def play(self, rng: np.random.Generator, start: int, meter: Meter, *, fill: bool) -> list[Note]:
        """Write one bar that starts at this beat."""
        if self.kind == "none":
            return []
        hits = [(beat, KICK, 105.0) for beat in self._kick_beats(meter)]
        hits += [(beat, self.snare, 100.0) for beat in self._snare_beats(meter)]
        part = 1 / meter.n_parts
        extra = [s for i, s in enumerate(np.arange(part, meter.n_beats, part))
                 if self.kicks[i % 64] < self.extra_kicks * 0.6]  # fmt: skip
        hits += [(float(s), KICK, 80.0) for s in extra]
        step = part / (self.finer if meter.n_parts == 2 else 1)
        if self.kind != "sparse":
            hits += [(float(s), self.cymbal, 80.0 if s % 1 == 0 else 60.0)
                     for s in np.arange(0, meter.n_beats, step)]  # fmt: skip
        if fill:
            hits += [(float(s), int(rng.choice([45, 47, 50, 38])), 95.0)
                     for s in np.arange(meter.n_beats - 1, meter.n_beats, 0.5 * part)]  # fmt: skip
        late = self.swing if meter.n_parts == 2 else 0.0
        return [
            Note(start + at + (late if np.isclose(at % 1, 0.5) else 0.0), 0.2, drum,
                 loud + rng.normal(0, 6), DRUMS)
            for at, drum, loud in hits
        ]  # fmt: skip

    def _kick_beats(self, meter: Meter) -> list[float]:
        n = meter.n_beats
        match self.kind:
            case "four":
                return [float(beat) for beat in range(n)]
            case "half" | "sparse":
                return [0.0]
            case "random":
                return [0.0, float(self.kicks[0] * n // 0.5 * 0.5)]
            case _:
                return [0.0, 2.0] if n == 4 else [0.0]

    def _snare_beats(self, meter: Meter) -> list[float]:
        n = meter.n_beats
        if self.kind == "half" and n == 4:
            return [2.0]
        if n in (2, 4):
            return [float(beat) for beat in range(1, n, 2)]
        return [float(beat) for beat in range(1, n)] if self.kind != "half" else [float(n - 1)]


def voice_chord(chord: Chord, low: int) -> list[int]:
    """Chord tones upwards from the bass, which lies within an octave above `low`."""
    bass = low + (chord.root + chord.bass - low) % 12
    classes = [(chord.root + step) % 12 for step in CHORD_NOTES[chord.quality]]
    return [bass, *sorted(bass + ((c - bass) % 12 or 12) for c in classes)]


def _figure(rng: np.random.Generator, pattern: str, *, n_tones: int, n_steps: int) -> list[int]:
    """Which tone sounds at each step of a broken chord."""
    match pattern:
        case "alberti":
            cycle = [0, n_tones - 1, 1, n_tones - 1]
        case "up":
            cycle = list(range(n_tones + 1))
        case "wave":
            cycle = list(range(n_tones)) + list(range(n_tones - 2, 0, -1))
        case _:
            return [0, *rng.integers(0, n_tones + 1, max(0, n_steps - 1)).tolist()][:n_steps]
    return [cycle[step % len(cycle)] for step in range(n_steps)]


def _note(
    rng: np.random.Generator,
    meter: Meter,
    *,
    span: tuple[float, float],
    pitch: int,
    loud: float,
    channel: int,
) -> Note:
    """Accent by place in the bar, a little; `span` is onset and length in beats."""
    at, length = span
    accent = 8.0 if np.isclose(at % meter.n_beats, 0) else 3.0 if np.isclose(at % 1, 0) else -3.0
    return Note(at, max(length, 0.08), int(pitch), loud + accent + rng.normal(0, 5), channel)
