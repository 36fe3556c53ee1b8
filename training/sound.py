"""Learns the scales and directions of the space of sound from pieces rendered twice.

    python -m training.sound render PIECES/scores OUT     # the prints of two renderings of each
    python -m training.sound fit OUT sound.npz
    python -m training.sound play PIECES/scores OUT       # the renderings themselves, as audio

Of each piece the first rendering is plain; the second has another soundfont and key, and is
disturbed as files that people have are.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import mido
import numpy as np
import scipy.io.wavfile

from harmonyhub.analysis.character import measure_character
from harmonyhub.analysis.chroma import estimate_tuning, fold_chroma
from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.embedding import MEASURED
from harmonyhub.analysis.sound import measure_sound
from harmonyhub.analysis.spectrum import SpectrumPass
from harmonyhub.domain.sound import SOUND_PARTS
from training.render import SOUNDFONTS, disturb, play

FONTS = (SOUNDFONTS[0], SOUNDFONTS[1], SOUNDFONTS[3])
STEPS = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
DRUMS = 9  # the channel whose notes are instruments
SEED = 7
FULL_SCALE = 32_767  # of 16 bits
RIDGE = 0.3  # of the mean variance; 0.1 and 1 find fewer other renderings of pieces held out


def render(scores: Path, out: Path) -> None:
    """Write one JSON file a rendering: its print, and which piece it is."""

    def write(signal: np.ndarray, target: Path, piece: str) -> None:
        target.write_text(json.dumps({"piece": piece, **_print(signal)}))

    _render_all(scores, out, suffix=".json", write=write)


def play_all(scores: Path, out: Path) -> None:
    """Write one WAV file a rendering, for `./hub bench alike`."""

    def write(signal: np.ndarray, target: Path, _: str) -> None:
        whole = np.round(signal / max(float(np.abs(signal).max()), 1.0) * FULL_SCALE)
        scipy.io.wavfile.write(target, ANALYSIS_RATE, whole.astype(np.int16))

    _render_all(scores, out, suffix=".wav", write=write)


def _render_all(
    scores: Path, out: Path, *, suffix: str, write: Callable[[np.ndarray, Path, str], None]
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for number, midi in enumerate(sorted(scores.glob("*.mid"))):
        rng = np.random.default_rng([SEED, number])
        fonts = rng.permutation(len(FONTS))
        for version, font in zip("ab", fonts[:2], strict=True):
            target = out / f"{midi.stem}_{version}{suffix}"
            if target.exists():
                continue
            try:
                signal = _render(midi, rng, font=FONTS[font], is_other=version == "b")
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                print(f"{midi.stem}: {error}", file=sys.stderr, flush=True)
                continue
            write(signal, target, midi.stem)


def _render(midi: Path, rng: np.random.Generator, *, font: str, is_other: bool) -> np.ndarray:
    step = int(rng.choice(STEPS)) if is_other else 0
    moved = midi.with_suffix(".moved.mid")
    _transpose(midi, moved, step)
    try:
        signal = play(moved, rng, soundfont=font)
    finally:
        moved.unlink()
    if not is_other:
        return signal
    speed = float(rng.uniform(0.96, 1.04)) if rng.random() < 0.5 else 1.0
    return disturb(signal, rng, speed=speed)


def _transpose(midi: Path, moved: Path, step: int) -> None:
    file = mido.MidiFile(midi)
    for track in file.tracks:
        for place, message in enumerate(track):
            if message.type in ("note_on", "note_off") and message.channel != DRUMS:
                track[place] = message.copy(note=min(127, max(0, message.note + step)))
    file.save(moved)


def _print(signal: np.ndarray) -> dict:
    listening = SpectrumPass(ANALYSIS_RATE)
    listening.add(signal)
    spectrum = listening.finish()
    tuning_cents = estimate_tuning(spectrum.pitches)
    chroma = fold_chroma(spectrum.pitches, tuning_cents)
    return asdict(measure_sound(spectrum, chroma, measure_character(spectrum, tuning_cents)))


def fit(rendered: Path, weights: Path) -> None:
    """Fit each part of the print and write the weights."""
    rows = [json.loads(path.read_text()) for path in sorted(rendered.glob("*.json"))]
    pieces = np.array([row["piece"] for row in rows])
    arrays = {}
    for name in MEASURED:
        values = np.array([row[name] for row in rows])
        mean, matrix = find_directions(values, pieces, width=SOUND_PARTS[name].width)
        arrays[f"{name}.mean"] = mean.astype(np.float32)
        arrays[f"{name}.matrix"] = matrix.astype(np.float32)
    np.savez(weights, **arrays)
    print(f"{len(rows)} renderings of {len(set(pieces))} pieces")


def find_directions(
    values: np.ndarray, pieces: np.ndarray, *, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find where pieces differ and their renderings do not; mean squared distance becomes 1."""
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    scaled = (values - mean) / scale
    total = np.cov(scaled.T)
    within, n_free = np.zeros_like(total), 0
    for piece in np.unique(pieces):
        mine = scaled[pieces == piece]
        apart = mine - mine.mean(axis=0)
        within += apart.T @ apart
        n_free += len(mine) - 1
    within = within / max(n_free, 1) + RIDGE * np.trace(total) / len(total) * np.eye(len(total))
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    _, turn = np.linalg.eigh(inverse @ total @ inverse.T)
    directions = inverse.T @ turn[:, ::-1][:, :width]
    spread = 2 * (scaled @ directions).var(axis=0).sum()
    return mean, directions / scale[:, None] / np.sqrt(spread)


if __name__ == "__main__":
    {"render": render, "fit": fit, "play": play_all}[sys.argv[1]](
        Path(sys.argv[2]), Path(sys.argv[3])
    )
