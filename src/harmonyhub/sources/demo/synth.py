"""A small synthesizer: additive tones with envelopes, drums from noise, a little reverb."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.sources.demo.score import Note, Voice

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
SoundArray = NDArray[np.float32]

SAMPLE_RATE = 44_100
TAIL_S = 2.5  # the reverb dies away after the last note
REVERB_S = 1.8
PEAK = 0.89  # -1 dBFS leaves room for the overshoot between samples


@dataclass(frozen=True, slots=True)
class _Sound:
    """How a voice sounds: level, place in [-1, 1] from left to right, share sent to the reverb."""

    level: float
    place: float
    reverb: float


SOUNDS = {
    Voice.PAD: _Sound(level=0.10, place=-0.2, reverb=0.5),
    Voice.PLUCK: _Sound(level=0.22, place=0.4, reverb=0.35),
    Voice.BASS: _Sound(level=0.40, place=0.0, reverb=0.02),
    Voice.LEAD: _Sound(level=0.24, place=-0.1, reverb=0.45),
    Voice.KICK: _Sound(level=0.75, place=0.0, reverb=0.02),
    Voice.SNARE: _Sound(level=0.34, place=0.1, reverb=0.2),
    Voice.HAT: _Sound(level=0.13, place=-0.35, reverb=0.05),
}


def render(
    notes: Sequence[Note], *, tempo_bpm: float, n_beats: int, rng: np.random.Generator
) -> SoundArray:
    """Render notes to sound.

    Returns
    -------
    array, shape (samples, 2)
        Stereo at `SAMPLE_RATE`, peak at `PEAK`.
    """
    beat_s = 60 / tempo_bpm
    n_samples = round((n_beats * beat_s + TAIL_S) * SAMPLE_RATE)
    dry = np.zeros((n_samples, 2), np.float32)
    wet = np.zeros(n_samples, np.float32)  # what the room hears has no sides
    made: dict[tuple[Voice, int, float], FloatArray] = {}  # a piece strikes few notes many times
    for note in notes:
        sound = SOUNDS[note.voice]
        name = (note.voice, note.pitch, note.beats)
        if name not in made:
            made[name] = _make_tone(note, beat_s=beat_s, rng=rng)
        tone = note.velocity * sound.level * made[name]
        start = round(note.beat * beat_s * SAMPLE_RATE)
        stop = min(start + len(tone), n_samples)
        angle = (1 + sound.place) * np.pi / 4  # equal power: no louder in the middle
        for side, share in enumerate((np.cos(angle), np.sin(angle))):
            dry[start:stop, side] += (1 - sound.reverb) * share * tone[: stop - start]
        wet[start:stop] += sound.reverb * tone[: stop - start]
    mixed = np.tanh(1.2 * (dry + _reverberate(wet, rng=rng)))
    return np.asarray(mixed * (PEAK / np.abs(mixed).max()), np.float32)


def _make_tone(note: Note, *, beat_s: float, rng: np.random.Generator) -> FloatArray:
    if note.voice in DRUMS:
        return DRUMS[note.voice](rng)
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    return TONES[note.voice](frequency, note.beats * beat_s)


def _times(duration_s: float) -> FloatArray:
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def _shape(
    n_samples: int, *, attack_s: float, decay_s: float, sustain: float, release_s: float
) -> FloatArray:
    """Shape a tone: attack to 1, decay to `sustain`, release to 0 at its very end."""
    times = np.arange(n_samples) / SAMPLE_RATE
    end = n_samples / SAMPLE_RATE
    points = [0, attack_s, attack_s + decay_s, max(end - release_s, attack_s + decay_s), end]
    return np.interp(times, np.maximum.accumulate(points), [0, 1, sustain, sustain, 0])


def _sum_partials(rotation: ComplexArray, *, levels: Sequence[float]) -> FloatArray:
    """Sum the partials of a tone, whose k-th is the k-th power of the first, by Horner's rule."""
    total = np.full_like(rotation, levels[-1])
    for level in levels[-2::-1]:
        total *= rotation
        total += level
    total *= rotation
    return total.imag


def _make_pad(frequency: float, duration_s: float) -> FloatArray:
    """Sum three slightly detuned soft saws; their beating is the warmth."""
    times = _times(duration_s + 0.4)
    levels = [partial**-1.6 for partial in range(1, 7)]
    tone = np.zeros_like(times)
    for detune in (0.997, 1.0, 1.0035):
        tone += _sum_partials(np.exp(2j * np.pi * frequency * detune * times), levels=levels)
    return tone * _shape(len(times), attack_s=0.35, decay_s=0.3, sustain=0.8, release_s=0.5)


def _make_pluck(frequency: float, duration_s: float) -> FloatArray:
    return _make_string(frequency, duration_s, n_partials=10, damping=1.6)


def _make_bass(frequency: float, duration_s: float) -> FloatArray:
    return _make_string(frequency, duration_s, n_partials=4, damping=0.8)


def _make_string(
    frequency: float, duration_s: float, *, n_partials: int, damping: float
) -> FloatArray:
    """Pluck a string: high partials die first."""
    times = _times(duration_s + 0.15)
    rotation = np.exp((2j * np.pi * frequency - damping) * times)
    tone = _sum_partials(rotation, levels=[k**-1.2 for k in range(1, n_partials + 1)])
    tone = tone * np.exp(-1.5 * times)
    return tone * _shape(len(times), attack_s=0.004, decay_s=0.01, sustain=1, release_s=0.12)


def _make_lead(frequency: float, duration_s: float) -> FloatArray:
    """Blow a flute-like tone; its vibrato sets in late, as a player's does."""
    times = _times(duration_s * 0.95 + 0.08)
    vibrato = 0.004 * np.clip(times / 0.5, 0, 1) * np.sin(2 * np.pi * 5.2 * times)
    phase = 2 * np.pi * np.cumsum(frequency * (1 + vibrato)) / SAMPLE_RATE
    tone = np.sin(phase) + 0.35 * np.sin(2 * phase) + 0.12 * np.sin(3 * phase)
    return np.asarray(
        tone * _shape(len(times), attack_s=0.03, decay_s=0.12, sustain=0.7, release_s=0.1)
    )


def _make_kick(_: np.random.Generator) -> FloatArray:
    times = _times(0.32)
    phase = 2 * np.pi * np.cumsum(46 + 110 * np.exp(-times * 38)) / SAMPLE_RATE
    return np.asarray(np.sin(phase) * np.exp(-times * 11))


def _make_snare(rng: np.random.Generator) -> FloatArray:
    times = _times(0.2)
    noise = np.diff(rng.standard_normal(len(times)), prepend=0) * 0.6
    return np.asarray((noise + 0.7 * np.sin(2 * np.pi * 190 * times)) * np.exp(-times * 24))


def _make_hat(rng: np.random.Generator) -> FloatArray:
    times = _times(0.07)
    hiss = np.diff(rng.standard_normal(len(times)), n=2, prepend=[0, 0])
    return np.asarray(hiss * 0.5 * np.exp(-times * 70))


def _reverberate(sound: SoundArray, *, rng: np.random.Generator) -> SoundArray:
    """Convolve with decaying noise, another one for each side: a small bright room."""
    times = _times(REVERB_S)
    size = 1 << (len(sound) + len(times) - 1).bit_length()
    spectrum = np.fft.rfft(sound, size)
    sides = []
    for _ in range(2):
        room = (rng.standard_normal(len(times)) * np.exp(-times * 3.6)).astype(np.float32)
        room[: SAMPLE_RATE // 50] = 0  # 20 ms before the first reflection keep the attack clear
        room /= np.linalg.norm(room) * np.sqrt(2)
        sides.append(np.fft.irfft(spectrum * np.fft.rfft(room, size), size)[: len(sound)])
    return np.stack(sides, axis=1)


TONES: dict[Voice, Callable[[float, float], FloatArray]] = {
    Voice.PAD: _make_pad,
    Voice.PLUCK: _make_pluck,
    Voice.BASS: _make_bass,
    Voice.LEAD: _make_lead,
}
DRUMS: dict[Voice, Callable[[np.random.Generator], FloatArray]] = {
    Voice.KICK: _make_kick,
    Voice.SNARE: _make_snare,
    Voice.HAT: _make_hat,
}
