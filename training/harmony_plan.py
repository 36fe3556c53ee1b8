"""Makes up what a training piece is: meter, form, chords and keys, all in beats."""

from dataclasses import dataclass, field

import numpy as np

NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
CHORD_NOTES = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10), "hdim7": (0, 3, 6, 10), "dim": (0, 3, 6), "sus4": (0, 5, 7),
    "sus2": (0, 2, 7), "5": (0, 7), "maj6": (0, 4, 7, 9),
}  # fmt: skip
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
# Degrees as (semitones above the tonic, triad, seventh chord, weight).
DEGREES = {
    "major": (
        (0, "maj", "maj7", 5.0), (2, "min", "min7", 2.5), (4, "min", "min7", 1.2),
        (5, "maj", "maj7", 3.5), (7, "maj", "7", 4.0), (9, "min", "min7", 3.0),
        (10, "maj", "7", 0.5), (2, "maj", "7", 0.5), (4, "maj", "7", 0.5), (9, "maj", "7", 0.5),
        (5, "min", "min7", 0.3), (11, "dim", "hdim7", 0.4), (0, "7", "7", 0.2),
    ),
    "minor": (
        (0, "min", "min7", 5.0), (5, "min", "min7", 3.0), (7, "maj", "7", 2.5),
        (7, "min", "min7", 1.0), (8, "maj", "maj7", 3.0), (3, "maj", "maj7", 2.5),
        (10, "maj", "7", 2.5), (2, "dim", "hdim7", 0.8), (5, "maj", "7", 0.5),
        (11, "dim", "dim", 0.4), (0, "maj", "7", 0.3), (1, "maj", "maj7", 0.2),
    ),
}  # fmt: skip
FORMS = (
    "intro verse chorus verse chorus bridge chorus outro", "verse verse bridge verse",
    "intro verse chorus verse chorus outro", "verse chorus verse chorus", "verse bridge verse",
    "verse verse chorus chorus verse", "intro verse verse chorus bridge verse chorus outro",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meter:
    """`n_beats` felt beats a bar, each of `n_parts` equal parts (3 in 6/8, 2 elsewhere)."""

    n_beats: int
    n_parts: int


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord of `quality` on pitch class `root`, `bass` semitones above it in the bass."""

    root: int
    quality: str
    bass: int = 0

    @property
    def label(self) -> str:
        """As Harte 2005 writes chords."""
        degree = {0: "", 3: "/b3", 4: "/3", 6: "/b5", 7: "/5", 10: "/b7", 11: "/7"}
        return f"{NAMES[self.root]}:{self.quality}{degree.get(self.bass, '')}"


@dataclass(slots=True)
class Bar:
    """One bar: its section, key and chords as (first beat in the bar, chord)."""

    section: str
    tonic: int
    mode: str
    chords: list[tuple[int, Chord]] = field(default_factory=list)


def plan_meter(rng: np.random.Generator) -> Meter:
    """Draw a meter; three of four are what most music is in."""
    meters = (
        (4, 2, 0.42), (3, 2, 0.2), (2, 2, 0.08), (5, 2, 0.05), (2, 3, 0.13), (3, 3, 0.03),
        (4, 3, 0.08), (6, 2, 0.01),
    )  # fmt: skip
    shares = np.array([share for *_, share in meters])
    n_beats, n_parts, _ = meters[rng.choice(len(meters), p=shares / shares.sum())]
    return Meter(n_beats, n_parts)


def plan_bars(rng: np.random.Generator, meter: Meter, *, n_bars: int, richness: float) -> list[Bar]:
    """Draw form, keys and chords of a piece of about `n_bars` bars.

    `richness` in [0, 1] is the share of seventh chords and inversions.
    """
    mode = str(rng.choice(["major", "minor"]))
    tonic = int(rng.integers(12))
    form = str(rng.choice(FORMS)).split()
    unit = int(rng.choice([4, 8, 8, 8, 6, 12]))
    pace = float(rng.choice([0.5, 1, 1, 1, 2]))
    themes = {
        name: _plan_theme(rng, meter, mode=mode, n_bars=unit, pace=pace, richness=richness)
        for name in dict.fromkeys(form)
    }
    moves = rng.random() < 0.3
    step = int(rng.choice([1, 2, 3, 5, 7, 9, 10]))
    bars: list[Bar] = []
    for place, name in enumerate(form):
        shift = step if moves and place >= len(form) * 0.6 else 0
        length = max(2, unit // 2) if name in ("intro", "outro") else unit
        for chords in themes[name][:length]:
            moved = [
                (at, Chord((c.root + tonic + shift) % 12, c.quality, c.bass)) for at, c in chords
            ]
            bars.append(Bar(name, (tonic + shift) % 12, mode, moved))
        if len(bars) >= n_bars:
            break
    return bars[: max(n_bars, 4)]


def _plan_theme(
    rng: np.random.Generator,
    meter: Meter,
    *,
    mode: str,
    n_bars: int,
    pace: float,
    richness: float,
) -> list[list[tuple[int, Chord]]]:
    """Chords of one section above tonic 0; `pace` is chords per bar."""
    loop = int(rng.choice([2, 4, 4, 8]))
    theme: list[list[tuple[int, Chord]]] = []
    held = _draw_chord(rng, mode, richness=richness)
    for bar in range(n_bars):
        if bar >= loop and rng.random() < 0.85:
            theme.append(list(theme[bar % loop]))
            continue
        starts = [0]
        if pace >= 2 and meter.n_beats > 1:
            starts = [0, (meter.n_beats + 1) // 2]
            if rng.random() < 0.15:
                starts = list(range(meter.n_beats))
        elif pace < 1 and bar % 2 == 1:
            theme.append([(0, held)])
            continue
        chords = []
        for start in starts:
            held = _draw_chord(rng, mode, richness=richness)
            if bar == 0 and start == 0 and rng.random() < 0.6:
                held = Chord(0, DEGREES[mode][0][1])
            chords.append((start, held))
        theme.append(chords)
    return theme


def _draw_chord(rng: np.random.Generator, mode: str, *, richness: float) -> Chord:
    weights = np.array([degree[3] for degree in DEGREES[mode]])
    root, triad, seventh, _ = DEGREES[mode][rng.choice(len(weights), p=weights / weights.sum())]
    quality = seventh if rng.random() < richness else triad
    if quality in ("maj", "min") and rng.random() < 0.06:
        quality = str(rng.choice(["sus4", "sus2", "5", "maj6"]))
    bass = 0
    if rng.random() < 0.15 + 0.1 * richness:
        bass = int(rng.choice(CHORD_NOTES[quality][1:]))
    return Chord(root, quality, bass)
