"""Electronic music: loops that enter and leave where bars begin, pulsed pads, drum machines."""

import numpy as np

from training.arrangement import Arrangement, Note, Style, list_spans, voice_chord
from training.grooves import DRUMS, ELECTRONIC, SNARE, STEPS, DrumPart, Pattern, place_step
from training.harmony_plan import Bar, Chord, Meter

BASS_ROWS = (
    "..x...x...x...x.", ".xxx.xxx.xxx.xxx", "x.......x.......", "x..x..x.x..x..x.",
    "x...............", "x.x.x.x.x.x.x.x.", "x..x..x...x.....", "..xx..xx..xx..xx",
    "x...x...x...x...", "x.....x...x..x..", "x" * 16,
)  # fmt: skip
PAD_ROWS = (
    "x...............", "..x...x...x...x.", "x..x..x.x..x..x.", ".xxx.xxx.xxx.xxx",
    "x.......x.......", "x..x..x...x..x..", "...x..x....x..x.", "x.xx.xx.x.xx.xx.",
)  # fmt: skip
BASSES, PADS = (38, 39, 38, 87, 81, 62, 36), (88, 89, 90, 91, 94, 95, 50, 51, 63, 81, 16)
PLUCKS, LEADS = (80, 81, 82, 84, 90, 6, 11, 46, 28, 98), (80, 81, 82, 83, 84, 87, 73, 4)
MACHINES = (0, 24, 24, 25, 25, 26)
RISER, IMPACT = 119, 57  # a cymbal backwards; a crash
KICK_SHARE = 0.6  # of the blocks in which no chance left it out
LAYERS = ("kick", "snare", "cymbal", "bass", "pad", "pluck", "lead")


def draw_electronic_tempo(rng: np.random.Generator) -> tuple[float, str]:
    """Draw beats per minute and the pattern that goes with them."""
    kind = str(rng.choice(["house", "fast", "half", "broken"], p=[0.5, 0.15, 0.15, 0.2]))
    low, high, pattern = {
        "house": (112, 142, "four"), "fast": (158, 180, "breakbeat"),
        "half": (126, 160, "half-time"), "broken": (78, 136, ""),
    }[kind]  # fmt: skip
    return float(rng.uniform(low, high)), pattern


class _Loops:
    """What each layer plays over and over."""

    def __init__(self, rng: np.random.Generator, patterns: tuple[Pattern, ...]) -> None:
        self.drums = DrumPart(rng, patterns)
        self.rows = {"bass": str(rng.choice(BASS_ROWS)), "pad": str(rng.choice(PAD_ROWS))}
        cycle = int(rng.choice([3, 4, 4, 6, 8, 16]))
        self.figure = rng.integers(-1, 6, cycle).tolist()  # -1 rests
        self.step = int(rng.choice([1, 1, 2]))
        self.octaves = rng.random() < 0.3  # the bass jumps between two
        self.voice = Style(rng, "band")
        self.voice.rests = 0.15
        self.bass_length = float(rng.uniform(0.5, 1.0))

    def play(
        self,
        rng: np.random.Generator,
        chord: Chord,
        meter: Meter,
        *,
        start: int,
        span: tuple[float, float],
        layers: frozenset[str],
    ) -> list[Note]:
        """Play bass, pad and broken chords of one chord."""
        notes = []
        tones = voice_chord(Chord(chord.root, chord.quality), 52)
        root = 30 + (chord.root + chord.bass - 30) % 12
        for layer, channel in (("bass", 2), ("pad", 3)):
            if layer not in layers:
                continue
            for at, length, step in _place(self.rows[layer], meter, span):
                low = root + (12 if self.octaves and step % STEPS else 0)
                pitches = [low] if layer == "bass" else tones
                held = length * (self.bass_length if layer == "bass" else 0.95)
                notes += [
                    Note(start + at, held, p, 92 + rng.normal(0, 3), channel) for p in pitches
                ]
        if "pluck" in layers:
            for at, length, step in _place("x" * 16, meter, span):
                index = self.figure[step // self.step % len(self.figure)]
                if step % self.step == 0 and index >= 0:
                    pitch = 12 + tones[index % len(tones)] + 12 * (index // len(tones))
                    notes.append(Note(start + at, length * self.step, pitch, 84, 4))
        return notes


def _place(row: str, meter: Meter, span: tuple[float, float]) -> list[tuple[float, float, int]]:
    steps = [(at, step) for step in range(meter.n_beats * STEPS)
             if (at := place_step(step, meter)) is not None
             and span[0] - 1e-6 <= at < span[1] - 1e-6 and row[step % 16] == "x"]  # fmt: skip
    ends = [at for at, _ in steps[1:]] + [span[1]] * bool(steps)
    return [(at, end - at, step) for (at, step), end in zip(steps, ends, strict=True)]


def arrange_electronic(
    rng: np.random.Generator, bars: list[Bar], meter: Meter, *, pattern: str
) -> Arrangement:
    """Write loops, and plan in which blocks of bars each of them sounds."""
    patterns = (
        tuple(p for p in ELECTRONIC if p.name == pattern and rng.random() < 0.8) or ELECTRONIC
    )
    loops = [_Loops(rng, patterns) for _ in range(2)]
    block = int(rng.choice([2, 4, 4, 8, 8]))
    plan = _plan_layers(rng, 1 + len(bars) // block)
    programs = {1: int(rng.choice(LEADS)), 2: int(rng.choice(BASSES)), 3: int(rng.choice(PADS)),
                4: int(rng.choice(PLUCKS)), 5: RISER, DRUMS: int(rng.choice(MACHINES))}  # fmt: skip
    second_from = len(plan) // 2 if rng.random() < 0.5 else len(plan)
    has_risers, has_fills = rng.random() < 0.5, rng.random() < 0.5
    notes: list[Note] = []
    for number, bar in enumerate(bars):
        place, inside = divmod(number, block)
        layers, start = plan[place], number * meter.n_beats
        loop = loops[place >= second_from]
        spans = list_spans(bar, meter)
        for begin, end, chord in spans:
            notes += loop.play(rng, chord, meter, start=start, span=(begin, end), layers=layers)
        if "lead" in layers:
            notes += loop.voice.sing(rng, bar, spans=spans, meter=meter, start=start)
        is_last = inside == block - 1
        loop.drums.has_crash = has_fills and len(layers) > 2
        notes += loop.drums.play(rng, start, meter, is_first=inside == 0, layers=layers,
                                 is_last=is_last and has_fills and "snare" in layers)  # fmt: skip
        if is_last and has_risers:
            notes += _rise(rng, start, meter)
    return Arrangement(notes, programs)


def _plan_layers(rng: np.random.Generator, n_blocks: int) -> list[frozenset[str]]:
    """Begin with one or two layers; at each block one or two enter, or most of them leave."""
    now = set(rng.choice(LAYERS, size=int(rng.integers(1, 5)), replace=False).tolist())
    plan = []
    for _ in range(n_blocks):
        with_kick = {"kick"} if rng.random() < KICK_SHARE else set()
        plan.append(frozenset(now | with_kick))
        if len(now) >= 5 and rng.random() < 0.3:
            now = set(rng.choice(LAYERS, size=int(rng.integers(1, 4)), replace=False).tolist())
        else:
            others = [layer for layer in LAYERS if layer not in now]
            rng.shuffle(others)
            now |= set(others[: int(rng.integers(0, 3))])
            if len(now) > 4 and rng.random() < 0.3:
                now.discard(str(rng.choice(sorted(now))))
    return plan


def _rise(rng: np.random.Generator, start: int, meter: Meter) -> list[Note]:
    """Lead to the next block: a cymbal backwards or a snare that gets faster."""
    end = start + meter.n_beats
    if rng.random() < 0.5:
        return [Note(end - 2, 2, 60, 100, 5)]
    half = meter.n_beats / 2
    places = [start + at for at in np.arange(0, half, 1 / 2)]
    places += [start + half + at for at in np.arange(0, half, 1 / 4)]
    return [Note(at, 0.1, SNARE, 60 + 50 * (at - start) / meter.n_beats, DRUMS) for at in places]
