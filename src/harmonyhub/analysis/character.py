"""Plain measurements of how a track sounds; the descriptors are computed from them."""

import numpy as np

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.onsets import measure_onset_strength
from harmonyhub.analysis.spectrum import MEL_RANGE_HZ, N_MELS, Spectrum
from harmonyhub.domain.analysis import Character

LOUD_DB = 40.0  # frames further below the loudest are pauses
ONSET_HEIGHT = 1.0  # deviations of onset strength that count as an attack
BASS_BANDS = 5  # below about 250 Hz
ENOUGH_FRAMES = 16_384  # means need no more; at least every fourth frame is left out anyway
SYLLABLE_FRAMES = 16_384  # 12 minutes
SYLLABLES_HZ = (2.5, 6.0)  # how fast people speak


def measure_character(spectrum: Spectrum, tuning_cents: float | None) -> Character | None:
    """Measure a track; None if it is too short or silent.

    References
    ----------
    Peeters 2004, "A large set of audio features for sound description", IRCAM (centroid,
    flatness); Scheirer and Slaney 1997, "Construction and evaluation of a robust multifeature
    speech/music discriminator", ICASSP (movement at the pace of syllables).
    """
    rate = spectrum.mel_rate
    step = _choose_step(len(spectrum.mel_db))
    levels = spectrum.mel_db[::step].astype(np.float32)
    if len(levels) < 16:
        return None
    power = 10 ** (levels / 10)
    frame_db = 10 * np.log10(power.sum(axis=1))
    heard = frame_db > frame_db.max() - LOUD_DB
    loud, loud_levels = power[heard], levels[heard]
    quiet = levels[heard][frame_db[heard] <= np.percentile(frame_db[heard], 10)]
    strength = measure_onset_strength(spectrum.mel_db, rate)
    return Character(
        brightness_hz=float((loud @ _CENTRES_HZ / loud.sum(axis=1)).mean()),
        flatness=_flatness(loud_levels),
        onsets_per_s=_count_onsets(strength) / (len(strength) / rate),
        bass_share=float((loud[:, :BASS_BANDS].sum(axis=1) / loud.sum(axis=1)).mean()),
        tonal_share=_tonal_share(spectrum),
        syllables=_syllables(spectrum),
        pause_flatness=_flatness(quiet),
        vibrato=_vibrato(spectrum, tuning_cents),
    )


def _choose_step(n_frames: int) -> int:
    return max(4, n_frames // ENOUGH_FRAMES)


def _mel_centres() -> FloatArray:
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in MEL_RANGE_HZ)
    edges = np.linspace(lowest, highest, N_MELS + 2)[1:-1]
    centres: FloatArray = 700 * (10 ** (edges / 2595) - 1)
    return centres.astype(np.float32)


_CENTRES_HZ = _mel_centres()


def _flatness(levels_db: FloatArray) -> float:
    """Geometric over arithmetic mean of the power in the bands, mean over frames."""
    if not len(levels_db):
        return 0.0
    arithmetic = 10 * np.log10((10 ** (levels_db / 10)).mean(axis=1))
    return float((10 ** ((levels_db.mean(axis=1) - arithmetic) / 10)).mean())


def _count_onsets(strength: FloatArray) -> int:
    inner = strength[1:-1]
    peaks = (inner > strength[:-2]) & (inner >= strength[2:]) & (inner > ONSET_HEIGHT)
    return int(peaks.sum())


def _tonal_share(spectrum: Spectrum) -> float:
    tones = spectrum.tones[:: _choose_step(len(spectrum.tones))].astype(np.float32)
    total = tones.sum(axis=1)
    strongest = np.sort(tones, axis=1)[:, -20:].sum(axis=1)
    return float((strongest[total > 0] / total[total > 0]).mean()) if (total > 0).any() else 0.0


def _syllables(spectrum: Spectrum) -> float:
    levels = spectrum.mel_db[: SYLLABLE_FRAMES * 4 : 4].astype(np.float32)
    frame_db, rate = 10 * np.log10((10 ** (levels / 10)).sum(axis=1)), spectrum.mel_rate / 4
    movement = np.abs(np.fft.rfft(frame_db - frame_db.mean())) ** 2
    hz = np.fft.rfftfreq(len(frame_db), 1 / rate)
    low, high = SYLLABLES_HZ
    whole = float(movement[(hz > 0.5) & (hz < 10)].sum())
    return float(movement[(hz >= low) & (hz <= high)].sum()) / whole if whole > 0 else 0.0


def _vibrato(spectrum: Spectrum, tuning_cents: float | None) -> float:
    cents = np.arange(spectrum.pitches.shape[1]) * 10 - (tuning_cents or 0.0)
    off = np.abs((cents + 50) % 100 - 50) > 25
    sums = spectrum.pitches.sum(axis=0, dtype=np.float64)
    return float(sums[off].sum() / sums.sum()) if sums.sum() > 0 else 0.0
