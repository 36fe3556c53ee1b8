"""Plays a composed piece: a tempo that moves, hands that are not exact; MIDI and its truth."""

import json
from pathlib import Path

import mido
import numpy as np

from training.arrangement import Arrangement, arrange
from training.harmony_plan import NAMES, Bar, Meter, plan_bars, plan_meter

TICKS_PER_SECOND = 2000  # half a millisecond
LENGTH_S = 64.0


def compose(piece_id: str, out: Path, *, seed: int) -> None:
    """Write `piece_id`.mid and .json, all of it drawn from the seed and the id's number."""
    rng = np.random.default_rng([seed, int(piece_id[1:])])
    meter = plan_meter(rng)
    center = 66 if meter.n_parts == 3 else 100
    tempo_bpm = float(np.clip(rng.lognormal(np.log(center), 0.36), 36, 210))
    n_bars = int(np.clip(LENGTH_S * tempo_bpm / 60 / meter.n_beats, 6, 120))
    bars = plan_bars(rng, meter, n_bars=n_bars, richness=float(rng.beta(0.7, 1.2)))
    ensemble, arrangement = arrange(rng, bars, meter)
    beats_s = _time_beats(rng, len(bars) * meter.n_beats, meter, tempo_bpm=tempo_bpm,
                          freedom=_draw_freedom(rng, ensemble))  # fmt: skip
    sloppiness_s = float(rng.uniform(0.004, 0.014)) if ensemble == "piano" else 0.003
    _write_midi(rng, arrangement, beats_s, sloppiness_s=sloppiness_s, path=out / f"{piece_id}.mid")
    truth = _tell_truth(bars, meter, beats_s) | {"id": piece_id, "kind": ensemble}
    (out / f"{piece_id}.json").write_text(json.dumps(truth))


def _draw_freedom(rng: np.random.Generator, ensemble: str) -> float:
    """How freely the tempo moves, 0 to 1; bands keep time."""
    if ensemble == "piano":
        return float(rng.choice([0.0, 0.3, 0.6, 1.0], p=[0.15, 0.3, 0.35, 0.2]))
    return float(rng.choice([0.0, 0.15, 0.4], p=[0.7, 0.2, 0.1]))


def _time_beats(
    rng: np.random.Generator, n_beats: int, meter: Meter, *, tempo_bpm: float, freedom: float
) -> np.ndarray:
    """Time all beats and the end: drift, phrases that breathe, slower ends."""
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
    factor = np.exp(freedom * (drift + arc + local))
    if rng.random() < 0.12:
        factor[n_beats // 2 :] *= rng.uniform(0.75, 1.3)
    if rng.random() < 0.3:
        factor[-2 * meter.n_beats :] *= np.linspace(1, 0.7, 2 * meter.n_beats)
    lead_in_s = float(rng.uniform(0.0, 1.2))
    return lead_in_s + np.concatenate([[0.0], np.cumsum(60 / tempo_bpm / factor)])


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
