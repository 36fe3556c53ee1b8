"""Loudness and true peak against published tones and against FFmpeg."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from harmonyhub.analysis.decode import AudioFile
from harmonyhub.analysis.loudness import Loudness, LoudnessMeter, draw_short_term


def sine(dbfs: float, *, hz: float = 1000.0, duration_s: float = 20.0, rate: int = 48_000):
    """Make a tone, shape (samples,)."""
    time = np.arange(round(duration_s * rate)) / rate
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def measure(channels: np.ndarray, *, rate: int = 48_000, names=("FL", "FR")) -> Loudness:
    """Feed the meter in uneven pieces."""
    meter = LoudnessMeter(rate, names)
    for start in range(0, channels.shape[1], 33_333):  # pieces that fit no gating block
        meter.add(channels[:, start : start + 33_333])
    return meter.finish()


def measure_file(path) -> Loudness:
    """Feed the meter from a file."""
    with AudioFile(path) as audio:
        meter = LoudnessMeter(audio.sample_rate, audio.channel_names)
        for block in audio.blocks():
            meter.add(block.channels)
    return meter.finish()


def levels(*steps: tuple[float, float]) -> np.ndarray:
    """Make tones of (dBFS, seconds) one after another in both channels."""
    mono = np.concatenate([sine(dbfs, duration_s=duration_s) for dbfs, duration_s in steps])
    return np.stack([mono, mono])


@pytest.mark.parametrize(
    ("steps", "lufs"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_meets_the_published_tones(steps, lufs):
    """EBU Tech 3341 cases 1 to 5 come out within 0.1 LU."""
    assert measure(levels(*steps)).integrated_lufs == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000, 192_000])
def test_does_not_depend_on_the_rate(rate):
    """A tone of -23 dBFS in both channels is at -23 LUFS at every sample rate."""
    tone = sine(-23, rate=rate, duration_s=5)
    loudness = measure(np.stack([tone, tone]), rate=rate)
    assert loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)


def test_weighs_channels_as_the_standard_says():
    """Surround channels count 1.5 dB more, the subwoofer channel nothing (Tech 3341 case 6)."""
    names = ("FL", "FR", "FC", "LFE", "SL", "SR")
    dbfs = (-28.0, -28.0, -24.0, -3.0, -30.0, -30.0)
    channels = np.stack([sine(level) for level in dbfs])
    loudness = measure(channels, names=names)
    assert loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "phase", "amplitude", "dbtp"),
    [(4, 0.0, 0.5, -6.0), (4, 45.0, 0.5, -6.0), (6, 60.0, 0.5, -6.0), (8, 67.5, 0.5, -6.0),
     (4, 45.0, 1.41, 3.0)],
)  # fmt: skip
def test_finds_peaks_between_samples(divisor, phase, amplitude, dbtp):
    """EBU Tech 3341 cases 15 to 19 come out within +0.2 and -0.4 dB."""
    angle = 2 * np.pi * np.arange(48_000) / divisor + np.deg2rad(phase)
    ramp = np.minimum(1, np.minimum(np.arange(48_000), np.arange(48_000)[::-1]) / 480)
    tone = (amplitude * np.sin(angle) * ramp).astype(np.float32)
    peak = measure(np.stack([tone, tone])).true_peak_dbtp
    assert dbtp - 0.4 <= peak <= dbtp + 0.2


def test_finds_a_peak_at_the_very_end():
    """The last sample counts, whatever the length of the pieces."""
    signal = np.zeros((1, 48_001), np.float32)
    signal[0, -1] = 0.5
    peak = measure(signal, names=("FC",)).true_peak_dbtp
    assert peak == pytest.approx(-6.02, abs=0.05)


def test_silence_and_snippets_have_no_loudness():
    """Below the gate, or under 0.4 s, there is no number."""
    silence = measure(np.zeros((2, 96_000), np.float32))
    assert (None, None, None) == (
        silence.integrated_lufs,
        silence.range_lu,
        silence.true_peak_dbtp,
    )
    short = sine(-20, duration_s=0.3)
    assert measure(np.stack([short, short])).integrated_lufs is None


@pytest.mark.parametrize(
    ("steps", "n_columns", "curve"),
    [
        ([(-33, 20), (-23, 20)], 8, [-33.0] * 4 + [-23.0] * 4),
        # A window over the step has the mean power of both: 10 log10((0.1 + 1) / 2) under -23.
        ([(-33, 10), (-23, 10)], 1, [-25.6]),
        # Of 3 s the tone fills 2.5, then half a second.
        ([(-23, 4), (-120, 6)], 5, [-23.0, -23.8, -30.8, -70.0, -70.0]),
        ([(-23, 2.9)], 300, []),
    ],
)
def test_draws_short_term_loudness(steps, n_columns, curve):
    """Each column is the 3 s around its middle, or its whole stretch; never under -70."""
    drawn = draw_short_term(measure(levels(*steps)).step_lufs, n_columns)
    assert drawn == pytest.approx(curve, abs=0.1)


def test_a_long_piece_hides_no_part_of_a_stretch():
    """Where a column stands for more than 3 s, what is loud at its edge is in it, to its share."""
    steps = np.full(400, -40, np.float32)
    steps[:20] = -20  # 2 s of the first 20
    drawn = draw_short_term(steps, 2)
    mean_power = (20 * 10**-2 + 180 * 10**-4) / 200
    assert [10 * np.log10(mean_power), -40] == pytest.approx(drawn, abs=0.05)


@pytest.mark.slow
def test_agrees_with_ffmpeg(encode, sounds, tmp_path):
    """Music-like sound in common formats is within 0.1 LU and 0.3 dB of ffmpeg's ebur128."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    click, chords = sounds.click_track(110), sounds.cadence(2, "minor")
    mixed = 0.3 * click[: len(chords)] + chords[: len(click)] + 0.1 * sounds.noise(12)
    for name, rate in (("a.wav", 22_050), ("b.flac", 44_100), ("c.mp3", 44_100)):
        stereo = np.stack([mixed, 0.5 * mixed[::-1]])
        path = encode(tmp_path / name, stereo, sample_rate=rate)
        command = ["ffmpeg", "-nostats", "-i", str(path)]
        command += ["-filter_complex", "ebur128=peak=true", "-f", "null", "-"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        lufs = float(re.findall(r"I:\s+(\S+) LUFS", said)[-1])
        dbtp = float(re.findall(r"Peak:\s+(\S+) dBFS", said)[-1])
        ours = measure_file(path)
        assert ours.integrated_lufs == pytest.approx(lufs, abs=0.1)
        assert ours.true_peak_dbtp == pytest.approx(dbtp, abs=0.3)


@pytest.mark.parametrize(
    ("steps", "range_lu"),
    [
        (((-20, 20), (-30, 20)), 10.0),
        (((-20, 20), (-15, 20)), 5.0),
        (((-40, 20), (-20, 20)), 20.0),
        (((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), 15.0),
    ],
)
def test_measures_the_loudness_range(steps, range_lu):
    """EBU Tech 3342 cases 1 to 4 come out within 1 LU."""
    assert measure(levels(*steps)).range_lu == pytest.approx(range_lu, abs=1.0)


def test_agrees_with_ffmpeg_on_the_range(encode, sounds, tmp_path):
    """Music that swells by 18 dB has the loudness range that ffmpeg's ebur128 gives it."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    chords = np.concatenate([sounds.cadence(2, "minor")] * 3)
    swell = chords * 10 ** (np.linspace(-18, 0, len(chords)) / 20)
    path = encode(tmp_path / "a.wav", np.stack([swell, swell]), sample_rate=22_050)
    command = ["ffmpeg", "-nostats", "-i", str(path), "-filter_complex", "ebur128"]
    said = subprocess.run(
        [*command, "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stderr
    expected = float(re.findall(r"LRA:\s+(\S+) LU", said)[-1])
    assert measure_file(path).range_lu == pytest.approx(expected, abs=0.2)


@pytest.mark.slow
def test_meets_the_shared_signals(shared, tmp_path):
    """All signals of the research data's EBU tool come out within its own tolerances."""
    pytest.importorskip("soundfile", reason="the tool that writes the signals needs soundfile")
    tool = shared / "tools" / "ebu_signals.py"
    subprocess.run([sys.executable, str(tool), str(tmp_path)], check=True, capture_output=True)
    for name, expected in json.loads((tmp_path / "expected.json").read_text()).items():
        ours = measure_file(tmp_path / name)
        if "loudness" in expected:
            assert ours.integrated_lufs == pytest.approx(expected["loudness"], abs=0.1)
        if "true_peak" in expected:
            assert -0.4 <= ours.true_peak_dbtp - expected["true_peak"] <= 0.2
