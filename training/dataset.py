"""Loads what was heard of the training pieces and cuts batches with their targets."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.network_inputs import scale_levels, scale_tones
from harmonyhub.analysis.spectrum import MEL_HOP, PITCH_HOP
from training.harmony_plan import NAMES
from training.networks import QUALITIES

MEL_RATE = ANALYSIS_RATE / MEL_HOP
TONE_RATE = ANALYSIS_RATE / PITCH_HOP
UNKNOWN = -100  # what the loss leaves out
LIKE = {"9": "7", "min9": "min7", "maj6": "maj", "min6": "min"}  # what mir_eval maps alike
BASS_STEPS = {"b3": 3, "3": 4, "b5": 6, "5": 7, "b7": 10, "7": 11}


@dataclass(frozen=True, slots=True)
class Piece:
    """Inputs as float16 and targets per frame of one piece."""

    name: str
    levels: np.ndarray  # (frames, 48) at MEL_RATE
    tones: np.ndarray  # (frames, 84) at TONE_RATE
    beats_s: np.ndarray
    downbeats_s: np.ndarray
    chords: np.ndarray
    bass: np.ndarray
    keys: np.ndarray


def load_piece(path: Path) -> Piece:
    """Load one file that `training.render` wrote."""
    with np.load(path) as file:
        truth = json.loads(str(file["truth"]))
        levels = scale_levels(file["mel_db"])
        tones = scale_tones(file["tones"], float(file["tuning_cents"]))
    chords, bass = label_chords(truth["chords"], len(tones))
    return Piece(
        name=path.stem,
        levels=levels.astype(np.float16),
        tones=tones.astype(np.float16),
        beats_s=np.array(truth["beats"]),
        downbeats_s=np.array(truth["downbeats"]),
        chords=chords,
        bass=bass,
        keys=label_keys(truth["key_segments"], len(tones)),
    )


def label_chords(spans: list[list], n_frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Class of chord and bass per frame; silence before and after is "no chord"."""
    none = 12 * len(QUALITIES)
    chords, bass = np.full(n_frames, none), np.full(n_frames, 12)
    for begin, end, label in spans:
        at = _frames(begin, end)
        if label == "N":
            continue
        root_name, _, rest = label.partition(":")
        quality, _, degree = rest.partition("/")
        root, quality = NAMES.index(root_name), LIKE.get(quality, quality)
        bass[at] = (root + BASS_STEPS.get(degree, 0)) % 12
        chords[at] = QUALITIES.index(quality) * 12 + root if quality in QUALITIES else UNKNOWN
    return chords, bass


def label_keys(spans: list[list], n_frames: int) -> np.ndarray:
    """Class of the key per frame: tonic, plus 12 in minor."""
    keys = np.full(n_frames, UNKNOWN)
    for begin, end, name, mode in spans:
        keys[_frames(begin, end)] = NAMES.index(name) + 12 * (mode == "minor")
    return keys


def _frames(begin: float, end: float) -> slice:
    return slice(max(0, round(begin * TONE_RATE)), max(0, round(end * TONE_RATE)))


def draw_pulse_batch(
    rng: np.random.Generator, pieces: list[Piece], *, n_frames: int
) -> tuple[Tensor, Tensor]:
    """Crops of 2 * `n_frames` mel frames, stretched, shifted and coloured, and their targets."""
    inputs, targets = [], []
    for piece in pieces:
        stretch = _draw_stretch(rng)
        length = 2 * n_frames
        start = rng.uniform(-200, max(1, len(piece.levels) - length * stretch + 200))
        places = start + np.arange(length) * stretch
        levels = _colour(rng, _read_rows(piece.levels, places))
        has_rhythm = rng.random() > 0.04  # frames in disorder hold no beat, nor does noise
        if not has_rhythm:
            levels = levels[rng.permutation(length)]
        target = np.zeros((length, 2), np.float32)
        for column, times in enumerate((piece.beats_s, piece.downbeats_s)):
            frame = np.round((times * MEL_RATE - start) / stretch).astype(int)
            for reach, worth in ((1, 0.4), (0, 1.0)):
                for offset in (-reach, reach):
                    near = frame + offset
                    target[near[(near >= 0) & (near < length)], column] = worth * has_rhythm
        inputs.append(levels.reshape(n_frames, -1).T)
        targets.append(target.reshape(n_frames, 4).T)
    return torch.tensor(np.array(inputs))[:, :, None], torch.tensor(np.array(targets))


def _colour(rng: np.random.Generator, levels: np.ndarray) -> np.ndarray:
    """Shift bands by up to two, tilt, bend and gain by some dB (0.014 each), drop a band range.

    Three in ten are made denser: quiet moments come nearer to the loud ones, as on loud records.
    """
    if rng.random() < 0.3:
        levels = np.where(levels > 0, 1 - (1 - levels) * rng.uniform(0.4, 1.0), 0)
    step = int(rng.integers(-2, 3))
    levels = np.roll(levels, step, axis=1)
    tilt = rng.uniform(-0.12, 0.12) * np.linspace(-1, 1, levels.shape[1])
    if rng.random() < 0.4:
        n_bands = levels.shape[1]
        tilt = tilt + np.interp(
            np.arange(n_bands), np.linspace(0, n_bands, 7), rng.normal(0, 0.06, 7)
        )
    levels = np.maximum(0, levels + (levels > 0) * (tilt + rng.uniform(-0.08, 0.08)))
    if rng.random() < 0.15:
        first = int(rng.integers(0, 44))
        levels[:, first : first + int(rng.integers(2, 12))] = 0
    return levels.astype(np.float32)


def draw_harmony_batch(
    rng: np.random.Generator, pieces: list[Piece], *, n_frames: int
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Crops of the keyboard, stretched and transposed by up to a fifth, and their targets.

    In three of ten another piece of the batch sounds softly with it, 10 to 30 dB below.
    """
    inputs, targets = [], []
    n_chords = 12 * len(QUALITIES)
    for number, piece in enumerate(pieces):
        stretch = _draw_stretch(rng)
        start = rng.uniform(-20, max(1, len(piece.tones) - n_frames * stretch + 20))
        places = start + np.arange(n_frames) * stretch
        step = int(rng.integers(-6, 7))
        tones = _transpose(_read_rows(piece.tones, places), step)
        if rng.random() < 0.3:
            other = pieces[number - 1].tones
            apart = rng.uniform(0, len(other)) + np.arange(n_frames) * stretch
            soft = np.exp(rng.uniform(-3.5, -1.2)) * np.expm1(_read_rows(other, apart))
            tones = np.log1p(np.expm1(tones) + _transpose(soft, int(rng.integers(-6, 7))))
        tones *= np.exp(rng.normal(0, 0.15) + _colour_tones(rng))
        at = np.round(places).astype(int)
        inside = (at >= 0) & (at < len(piece.tones))
        at = np.clip(at, 0, len(piece.tones) - 1)
        chords, bass, keys = piece.chords[at], piece.bass[at], piece.keys[at]
        known = (chords >= 0) & (chords < n_chords)
        chords = np.where(known, chords // 12 * 12 + (chords + step) % 12, chords)
        chords = np.where(inside, chords, n_chords)
        bass = np.where(inside & (bass < 12), (bass + step) % 12, 12)
        keys = np.where(inside & (keys >= 0), keys // 12 * 12 + (keys + step) % 12, UNKNOWN)
        inputs.append(np.pad(tones, ((0, 0), (0, 11))).T[None])
        targets.append((chords[1::2], bass[1::2], keys[1::2]))  # two frames, one answer
    return torch.tensor(np.array(inputs, np.float32)), tuple(
        torch.tensor(np.array(column)) for column in zip(*targets, strict=True)
    )


def _draw_stretch(rng: np.random.Generator) -> float:
    """Draw a pace, up to a quarter faster or slower, or as it was played."""
    return float(np.exp(rng.uniform(-0.22, 0.22))) if rng.random() < 0.7 else 1.0


def _read_rows(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Interpolate rows at these places; 0 before the first and after the last."""
    lower = np.floor(places).astype(int)
    above = (places - lower)[:, None].astype(np.float32)
    first, second = np.clip([lower, lower + 1], 0, len(table) - 1)
    rows: np.ndarray = table[first].astype(np.float32) * (1 - above) + table[second] * above
    rows[(places < 0) | (places >= len(table) - 1)] = 0
    return rows


def _colour_tones(rng: np.random.Generator) -> np.ndarray:
    """Draw another instrument and another room: log gains of the keyboard, uneven and tilted."""
    keys = np.linspace(-1, 1, 84)
    slope, bend = rng.normal(0, 0.3, 2)
    gains = rng.normal(0, 0.2, 84) + slope * keys + bend * (keys**2 - 1 / 3)
    if rng.random() < 0.3:  # what a filter or a crowded mix leaves out
        first = int(rng.integers(0, 72))
        gains[first : first + int(rng.integers(3, 13))] -= rng.uniform(0.5, 3)
    return np.asarray(gains[None], np.float32)


def _transpose(tones: np.ndarray, step: int) -> np.ndarray:
    moved = np.zeros_like(tones)
    if step >= 0:
        moved[:, step:] = tones[:, : tones.shape[1] - step]
    else:
        moved[:, :step] = tones[:, -step:]
    return moved
