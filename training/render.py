r"""Renders training pieces and keeps what the analysis hears of them, beside the truth.

    python -m training.render OUT --mma 560 --own 700 --rock 420 --electronic 320 --piano 440 \
        --noise 60

Needs fluidsynth, the soundfonts and mma of Debian, mido, and the research data's composer
(`../shared/tools/compose_truth.py`) for the pieces that mma plays.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import mido
import numpy as np
import scipy.io.wavfile
import scipy.signal

from harmonyhub.analysis.chroma import estimate_tuning
from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.spectrum import SpectrumPass
from training.mma_styles import write_specs
from training.performance import TICKS_PER_SECOND, compose

COMPOSER = Path(__file__).resolve().parents[2] / "shared" / "tools" / "compose_truth.py"
SOUNDFONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3", "/usr/share/sounds/sf2/OPL-3_FM_128M.sf2",
)  # fmt: skip
SOUNDFONT_SHARES = (0.34, 0.28, 0.08, 0.3)  # the third takes seconds to unpack
KINDS = {"mma": "m", "own": "o", "rock": "r", "electronic": "e", "piano": "f", "noise": "n"}
SEED = 20_260
LONGEST_S = 62.0
TIMES = ("beats", "downbeats")
SILENT_TRUTH = {"duration": LONGEST_S, "beats": [], "downbeats": [], "chords": [], "sections": [],
                "key_segments": []}  # fmt: skip
SPANS = ("chords", "sections", "key_segments")


def main() -> None:
    """Compose, render, disturb, listen; pieces that are there already are left alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    for name in KINDS:
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    out = arguments.out
    (out / "scores").mkdir(parents=True, exist_ok=True)
    (out / "heard").mkdir(exist_ok=True)
    specs = out / "specs.csv"
    write_specs(specs, n_pieces=arguments.mma, seed=SEED)
    counts = {letter: getattr(arguments, name) for name, letter in KINDS.items()}
    wanted = _interleave(counts, first=arguments.first)
    _score(wanted, out / "scores", specs)
    for piece in wanted:
        target = out / "heard" / f"{piece}.npz"
        if target.exists() or not (out / "scores" / f"{piece}.json").exists():
            continue
        try:
            _hear(piece, out / "scores", target)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            print(f"{piece}: {error}", file=sys.stderr, flush=True)


def _interleave(counts: dict[str, int], *, first: int) -> list[str]:
    """List all pieces such that each kind is spread evenly: training may begin before the end."""
    places = [(number / n, f"{letter}{number:04}")
              for letter, n in counts.items() for number in range(first, n)]  # fmt: skip
    return [name for _, name in sorted(places)]


def _score(pieces: list[str], scores: Path, specs: Path) -> None:
    """Compose what is not there yet."""
    absent = [piece for piece in pieces if not (scores / f"{piece}.json").exists()]
    for piece in absent:
        if piece.startswith("n"):
            (scores / f"{piece}.json").write_text(json.dumps(SILENT_TRUTH))
        elif not piece.startswith("m"):
            compose(piece, scores, seed=SEED)
    played = ",".join(piece for piece in absent if piece.startswith("m"))
    if played:
        command = [sys.executable, COMPOSER, "--specs", specs, "--out", scores,
                   "--seed", str(SEED), "--only", played]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _hear(piece: str, scores: Path, target: Path) -> None:
    """Render at the rate of the analysis, disturb, keep the spectrum and the truth."""
    rng = np.random.default_rng([SEED, int(piece[1:]), len(piece), ord(piece[0])])
    truth = json.loads((scores / f"{piece}.json").read_text())
    is_noise = piece.startswith("n")
    signal = _make_noise(rng) if is_noise else play(scores / f"{piece}.mid", rng)
    signal = signal[: round(LONGEST_S * ANALYSIS_RATE)]
    speed = float(2 ** (rng.uniform(-45, 45) / 1200)) if rng.random() < 0.4 else 1.0
    if piece.startswith("r") and rng.random() < 0.85:
        signal = _squash(signal, gain_db=float(rng.uniform(4, 24)))
    signal = disturb(signal, rng, speed=speed)
    spectra = SpectrumPass(ANALYSIS_RATE)
    for start in range(0, len(signal), ANALYSIS_RATE * 4):
        spectra.add(signal[start : start + ANALYSIS_RATE * 4])
    heard = spectra.finish()
    np.savez_compressed(
        target,
        mel_db=heard.mel_db,
        tones=heard.tones,
        tuning_cents=estimate_tuning(heard.pitches),
        truth=json.dumps(_faster(truth, speed)),
    )


def play(midi: Path, rng: np.random.Generator, *, soundfont: str | None = None) -> np.ndarray:
    """Play the score with a soundfont, drawn if none is named, shape (samples,), mono."""
    with tempfile.TemporaryDirectory() as folder:
        flat, wav = Path(folder) / "flat.mid", Path(folder) / "a.wav"
        _flatten(midi, flat)
        soundfont = soundfont or str(rng.choice(SOUNDFONTS, p=SOUNDFONT_SHARES))
        command = ["fluidsynth", "-ni", "-q", "-g", f"{rng.uniform(0.3, 0.7):.2f}",
                   "-r", str(ANALYSIS_RATE), "-o", "synth.cpu-cores=1",
                   "-o", f"synth.reverb.active={int(rng.random() < 0.6)}",
                   "-o", f"synth.chorus.active={int(rng.random() < 0.3)}",
                   "-F", str(wav), soundfont, str(flat)]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        _, samples = scipy.io.wavfile.read(wav)
    signal = samples.astype(np.float32).reshape(len(samples), -1).mean(axis=1)
    return (signal / max(float(np.abs(signal).max()), 1.0)).astype(np.float32)


def _flatten(midi: Path, flat: Path) -> None:
    """Cut the end and give the file one tempo: the synthesizer loses time at every change."""
    track, at_s, last = mido.MidiTrack(), 0.0, 0
    for message in mido.MidiFile(midi):
        at_s += message.time
        if at_s > LONGEST_S:
            break
        if not message.is_meta:
            tick = round(at_s * TICKS_PER_SECOND)
            track.append(message.copy(time=tick - last))
            last = tick
    for channel in range(16):  # the synthesizer plays until the last voice is silent
        track.append(mido.Message("control_change", channel=channel, control=120, value=0))
        track.append(mido.Message("control_change", channel=channel, control=123, value=0))
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_SECOND // 2)  # 0.5 s a beat: the default
    file.tracks.append(track)
    file.save(flat)


def disturb(signal: np.ndarray, rng: np.random.Generator, *, speed: float) -> np.ndarray:
    """Change speed, colour, noise, drive and room as files that people have do."""
    if speed != 1.0:
        places = np.arange(0, len(signal) - 1, speed)
        signal = np.interp(places, np.arange(len(signal)), signal)
    if rng.random() < 0.6:  # colour: two shelves of up to 9 dB
        spectrum = np.fft.rfft(signal)
        octave = np.log2(np.maximum(np.fft.rfftfreq(len(signal), 1 / ANALYSIS_RATE), 20) / 640)
        gain_db = rng.uniform(-9, 9) * np.tanh(octave) + rng.uniform(-5, 5) * np.cos(octave)
        signal = np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(signal))
    if rng.random() < 0.25:
        signal = np.tanh(signal / np.abs(signal).max() * 10 ** (rng.uniform(3, 18) / 20))
    if rng.random() < 0.2:
        cutoff = rng.uniform(2500, 9000) / (ANALYSIS_RATE / 2)
        signal = scipy.signal.sosfilt(scipy.signal.butter(4, cutoff, output="sos"), signal)
    if rng.random() < 0.15:
        for delay_s, gain in ((0.06, 0.25), (0.113, 0.18)):
            late = round(delay_s * ANALYSIS_RATE)
            signal[late:] += gain * signal[:-late]
    signal = signal / max(float(np.abs(signal).max()), 1e-9)
    if rng.random() < 0.35:
        signal = signal + rng.normal(0, 10 ** (rng.uniform(-60, -24) / 20), len(signal))
    return signal.astype(np.float32)


def _make_noise(rng: np.random.Generator) -> np.ndarray:
    """Make noise, white to brown, steady or swelling as wind and sea: it has no beat."""
    n_samples = round(LONGEST_S * ANALYSIS_RATE)
    spectrum = np.fft.rfft(rng.normal(0, 1, n_samples))
    slope = float(rng.choice([0.0, rng.uniform(0, 2)]))
    spectrum *= np.maximum(np.arange(len(spectrum)), 20.0) ** (-slope / 2)
    signal: np.ndarray = np.fft.irfft(spectrum, n_samples)
    if rng.random() < 0.4:
        knots = np.exp(rng.normal(0, 0.7, int(LONGEST_S / rng.uniform(0.7, 6))))
        signal *= np.interp(np.linspace(0, len(knots) - 1, n_samples), np.arange(len(knots)), knots)
    return (signal / np.abs(signal).max()).astype(np.float32)


def _squash(signal: np.ndarray, *, gain_db: float) -> np.ndarray:
    """Make a mix as dense as loud records are."""
    squashed: np.ndarray = np.tanh(signal / np.abs(signal).max() * 10 ** (gain_db / 20))
    return squashed


def _faster(truth: dict, speed: float) -> dict:
    """Truth in the time of the disturbed file."""
    scaled = dict(truth)
    for name in TIMES:
        scaled[name] = [at / speed for at in truth[name]]
    for name in SPANS:
        scaled[name] = [[span[0] / speed, span[1] / speed, *span[2:]] for span in truth[name]]
    return scaled | {"duration": truth["duration"] / speed}


if __name__ == "__main__":
    main()
