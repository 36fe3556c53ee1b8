"""Damaged files of every format get an analysis or a clear refusal, and end soon."""

from pathlib import Path

import pytest

from tests.tools.damaged_files import make_damaged, run, try_file

SOURCES = (
    ("mp3", None), ("flac", None), ("ogg", None), ("opus", None), ("m4a", None), ("wav", None),
    ("aiff", None), ("mka", "flac"), ("webm", "libopus"), ("caf", "pcm_s16be"),
    ("w64", "pcm_f32le"), ("aac", "aac"),
)  # fmt: skip


@pytest.fixture
def sources(encode, sounds, tmp_path) -> Path:
    """Give a folder with a second of clicks in every format that can be read."""
    for suffix, codec in SOURCES:
        rate = 48_000 if suffix in ("opus", "webm") else 44_100
        clicks = sounds.click_track(180, duration_s=1.2, sample_rate=rate)
        encode(tmp_path / f"source.{suffix}", clicks, sample_rate=rate, codec=codec)
    return tmp_path


def test_damage_is_answered(sources):
    """A few of each format give an analysis or an AudioError with a hint, nothing else."""
    whole = [path.read_bytes() for path in sorted(sources.glob("source.*"))]
    said = set()
    for number in range(0, 12 * 96, 41):  # no factor in common with 12: all formats and kinds
        name, content = make_damaged(number, whole)
        (sources / name).write_bytes(content)
        said.add(try_file(sources / name))
    assert {"analysed", "refused"} == said


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_much_damage_is_answered(sources):
    """Hundreds, each under a limit of time and memory, leave no crash, hang or bomb."""
    outcomes = run(sources, range(480))
    assert {"analysed", "refused"} == set(outcomes)
    assert 480 == sum(outcomes.values())
