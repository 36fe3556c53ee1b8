"""Plays a composed piece: a tempo that moves, hands that are not exact; MIDI and its truth."""

import json
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from training.arrangement import Arrangement, arrange
from training.electronic import arrange_electronic, draw_electronic_tempo
from training.free_piano import arrange_free_piano
from training.harmony_plan import NAMES, Bar, Meter, plan_bars, plan_meter
from training.rock import arrange_rock

TICKS_PER_SECOND = 2000  # half a millisecond
LENGTH_S = 64.0
ROCK_METERS = ((4, 2), (4, 3), (3, 2), (2, 3))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played, and how exactly: a piece before it has times."""

    kind: str
    meter: Meter
    bars: list[Bar]
    arrangement: Arrangement
    tempo_bpm: float
    freedom: float
    sloppiness_s: tuple[float, float]
    pauses: float = 0.0


def compose(piece_id: str, out: Path, *, seed: int) -> None:
    """Write `piece_id`.mid and .json, all of it drawn from the seed and the id.

    The first letter of the id is the kind: o (own), r (rock), e (electronic) or f (free piano).
    """
    kind, number = piece_id[0], int(piece_id[1:])
    rng = np.random.default_rng([seed, number, *([] if kind == "o" else [ord(kind)])])
    plan = {"o": _plan_own, "r": _plan_rock, "e": _plan_electronic, "f": _plan_free_piano}[kind](
        rng
    )
    beats_s = _time_beats(rng, plan)
    low, high = plan.sloppiness_s
    sloppiness_s = float(rng.uniform(low, high)) if high > low else low
    _write_midi(
        rng, plan.arrangement, beats_s, sloppiness_s=sloppiness_s, path=out / f"{piece_id}.mid"
    )
    truth = _tell_truth(plan.bars, plan.meter, beats_s) | {"id": piece_id, "kind": plan.kind}
    (out / f"{piece_id}.json").write_text(json.dumps(truth))


def _plan_own(rng: np.random.Generator) -> Plan:
    meter = plan_meter(rng)
    center = 66 if meter.n_parts == 3 else 100
    tempo_bpm = float(np.clip(rng.lognormal(np.log(center), 0.36), 36, 210))
    bars = _fill_bars(rng, meter, tempo_bpm, richness=float(rng.beta(0.7, 1.2)))
    ensemble, arrangement = arrange(rng, bars, meter)
    is_piano = ensemble == "piano"
    freedom = _draw_freedom(rng, ensemble)
    return Plan(ensemble, meter, bars, arrangement, tempo_bpm, freedom,
                (0.004, 0.014) if is_piano else (0.003, 0.003))  # fmt: skip


def _plan_rock(rng: np.random.Generator) -> Plan:
    meter = Meter(*ROCK_METERS[int(rng.choice(len(ROCK_METERS), p=(0.88, 0.05, 0.04, 0.03)))])
    center, low, high = (66, 48, 90) if meter.n_parts == 3 else (128, 80, 200)
    tempo_bpm = float(np.clip(rng.lognormal(np.log(center), 0.26), low, high))
    bars = _fill_bars(rng, meter, tempo_bpm, richness=0.05)
    arrangement = arrange_rock(rng, bars, meter, tempo_bpm=tempo_bpm)
    freedom = float(rng.choice([0.0, 0.1, 0.2], p=[0.6, 0.25, 0.15]))
    return Plan("rock", meter, bars, arrangement, tempo_bpm, freedom, (0.001, 0.008))


def _plan_electronic(rng: np.random.Generator) -> Plan:
    meter = Meter(4, 2)
    tempo_bpm, pattern = draw_electronic_tempo(rng)
    bars = _fill_bars(rng, meter, tempo_bpm, richness=float(rng.beta(0.7, 1.2)))
    arrangement = arrange_electronic(rng, bars, meter, pattern=pattern)
    return Plan("electronic", meter, bars, arrangement, tempo_bpm, 0.0, (0.0005, 0.0005))


def _plan_free_piano(rng: np.random.Generator) -> Plan:
    meter = plan_meter(rng)
    center = 62 if meter.n_parts == 3 else 96
    tempo_bpm = float(np.clip(rng.lognormal(np.log(center), 0.4), 34, 200))
    bars = _fill_bars(rng, meter, tempo_bpm, richness=float(rng.beta(1, 1)))
    arrangement = arrange_free_piano(rng, bars, meter)
    freedom = float(rng.choice([0.3, 0.6, 1.0, 1.3], p=[0.3, 0.35, 0.25, 0.1]))
    return Plan("free piano", meter, bars, arrangement, tempo_bpm, freedom,
                (0.006, 0.018), pauses=float(rng.choice([0.0, 0.1, 0.4])))  # fmt: skip


def _fill_bars(
    rng: np.random.Generator, meter: Meter, tempo_bpm: float, *, richness: float
) -> list[Bar]:
    n_bars = int(np.clip(LENGTH_S * tempo_bpm / 60 / meter.n_beats, 6, 120))
    return plan_bars(rng, meter, n_bars=n_bars, richness=richness)


def _draw_freedom(rng: np.random.Generator, ensemble: str) -> float:
    """How freely the tempo moves, 0 to 1; bands keep time."""
    if ensemble == "piano":
        return float(rng.choice([0.0, 0.3, 0.6, 1.0], p=[0.15, 0.3, 0.35, 0.2]))
    return float(rng.choice([0.0, 0.15, 0.4], p=[0.7, 0.2, 0.1]))


def _time_beats(rng: np.random.Generator, plan: Plan) -> np.ndarray:
    """Time all beats and the end: drift, phrases that breathe, slower ends."""
    meter, n_beats = plan.meter, len(plan.bars) * plan.meter.n_beats
    if plan.kind == "electronic":
        return float(rng.uniform(0.0, 1.2)) + np.arange(n_beats + 1) * 60 / plan.tempo_bpm
    drift = np.zeros(n_beats)
    for beat in range(1, n_beats):
        drift[beat] = 0.93 * drift[beat - 1] + rng.normal(0, 0.03)
    phrase = meter.n_beats * int(rng.choice([2, 4, 4, 8]))
    place = (np.arange(n_beats) % phrase) / phrase
    arc = (
        -0.25
        * np.maximum(0, place - 0.75)
        / 0.25
        * rng.uniform(0, 1, n_beats // phrase + 1)[np.arange(n_beats) // phrase]
    )
    arc += 0.08 * np.sin(np.pi * place)
    local = rng.normal(0, 0.045, n_beats)
    factor = np.exp(plan.freedom * (drift + arc + local))
    if rng.random() < 0.12:
        factor[n_beats // 2 :] *= rng.uniform(0.75, 1.3)
    if rng.random() < 0.3:
        factor[-2 * meter.n_beats :] *= np.linspace(1, 0.7, 2 * meter.n_beats)
    if plan.pauses:  # at the last beats of phrases
        waits = (place >= 1 - 1 / phrase) & (rng.random(n_beats) < plan.pauses)
        factor[waits] *= rng.uniform(0.45, 0.85, int(waits.sum()))
    lead_in_s = float(rng.uniform(0.0, 1.2))
    return lead_in_s + np.concatenate([[0.0], np.cumsum(60 / plan.tempo_bpm / factor)])


def _write_midi(
    rng: np.random.Generator,
    arrangement: Arrangement,
    beats_s: np.ndarray,
    *,
    sloppiness_s: float,
    path: Path,
) -> None:
    """One track, constant MIDI tempo, so that the synthesizer adds no timing of its own."""
    places = np.arange(len(beats_s))
    events: list[tuple[float, int, mido.Message]] = [
        (0.0, 0, mido.Message("program_change", channel=channel, program=program))
        for channel, program in arrangement.programs.items()
    ]
    for note in arrangement.notes:
        on, off = np.interp([note.at, note.at + note.length], places, beats_s)
        on = max(0.0, on + rng.normal(0, sloppiness_s))
        off = max(off, on + 0.03)
        velocity = int(np.clip(note.velocity, 18, 127))
        pitch = int(np.clip(note.pitch, 21, 108))
        pair = {"channel": note.channel, "note": pitch}
        events.append((on, 2, mido.Message("note_on", velocity=velocity, **pair)))
        events.append((off, 1, mido.Message("note_off", velocity=0, **pair)))
    track, last = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    for at, _, message in sorted(events, key=lambda event: event[:2]):
        tick = round(at * TICKS_PER_SECOND)
        track.append(message.copy(time=tick - last))
        last = tick
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_SECOND // 2)
    file.tracks.append(track)
    file.save(path)


def _tell_truth(bars: list[Bar], meter: Meter, beats_s: np.ndarray) -> dict[str, object]:
    """Give the truth in the fields of the research data."""
    chords: list[list[object]] = []
    sections: list[list[object]] = []
    keys: list[list[object]] = []
    for number, bar in enumerate(bars):
        first = number * meter.n_beats
        ends = [at for at, _ in bar.chords[1:]] + [meter.n_beats]
        for (at, chord), end in zip(bar.chords, ends, strict=True):
            _extend(chords, span=(beats_s[first + at], beats_s[first + end]), label=[chord.label])
        begin, end = beats_s[first], beats_s[first + meter.n_beats]
        is_new = number > 0 and bars[number - 1].section != bar.section
        if number == 0 or is_new:
            sections.append([begin, end, bar.section])
        sections[-1][1] = end
        _extend(keys, span=(begin, end), label=[NAMES[bar.tonic], bar.mode])
    periods = np.diff(beats_s)
    return {
        "duration": float(beats_s[-1]),
        "tempo": 60 / float(np.median(periods)),
        "beats_per_bar": meter.n_beats,
        "beats": beats_s[:-1].tolist(),
        "downbeats": beats_s[: -1 : meter.n_beats].tolist(),
        "chords": chords,
        "sections": sections,
        "key_segments": keys,
    }


def _extend(spans: list[list[object]], *, span: tuple[float, float], label: list[object]) -> None:
    begin, end = span
    if spans and spans[-1][2:] == label:
        spans[-1][1] = float(end)
    else:
        spans.append([float(begin), float(end), *label])
