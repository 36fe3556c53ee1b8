"""Small files that would become huge: memory stays bounded, and the answer is in words."""

import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from harmonyhub.analysis.decode import PIECE_VALUES, AudioFile
from harmonyhub.domain.audio_files import FoundFile
from harmonyhub.domain.errors import AudioError
from harmonyhub.flows.measuring import Measurer

MB = 1 << 20
TAG_BYTES, LIMIT_BYTES = 64 * MB, 1024 * MB  # libraries map 470 MB
PACKED = b"\x00\x09"  # flags of ID3v2.4, 4.1.2: compressed, and with its length before it
FLAC_TOTAL = 21  # where STREAMINFO has the low 32 bits of its 36 for the number of samples
PROGRAM = """
from harmonyhub.flows.memory_limits import limit_memory, telling_of_memory
limit_memory(64 << 20)
with telling_of_memory("song.mp3"):
    bytearray(1 << 30)
"""


def test_a_file_of_many_fast_channels_comes_in_small_pieces(tmp_path):
    """A second of 32 channels at 384 kHz is 49 MB, and some times that where it is worked on."""
    n_bytes, path = 32 * 384_000, tmp_path / "wide.wav"
    shape = struct.pack("<IHHIIHH", 16, 1, 32, 384_000, 32 * 384_000, 32, 8)
    header = b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + shape
    with path.open("wb") as file:
        file.write(header + b"data" + struct.pack("<I", n_bytes))
        file.truncate(44 + n_bytes)
    with AudioFile(path) as audio:
        sizes = [block.channels.size for block in audio.blocks()]
    assert n_bytes == sum(sizes)
    assert max(sizes) < 2 * PIECE_VALUES


def test_a_header_that_claims_a_hundred_hours_is_refused(encode, sounds, tmp_path):
    """At once and by what it claims, though there is a second in it."""
    path = tmp_path / "endless.flac"
    encode(path, sounds.click_track(180, duration_s=1.2, sample_rate=44_100), sample_rate=44_100)
    content = bytearray(path.read_bytes())
    content[FLAC_TOTAL + 1 : FLAC_TOTAL + 5] = struct.pack(">I", 0xFFFFFFFF)
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"endless\.flac is longer than 6 hours"):
        AudioFile(path)


def test_the_end_of_memory_is_told_of_the_file():
    """A process that is limited says which file wants too much, and what to do."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )
    assert "AudioError: song.mp3 needs more memory than a file may take" in ended.stderr


@pytest.mark.slow
async def test_tags_that_unpack_to_more_than_memory_stay_in_bounds(encode, sounds, tmp_path):
    """An mp3 whose tags unpack to a thousand times its size: its process stays in its limit."""
    path = tmp_path / "bomb.mp3"
    encode(path, sounds.click_track(180, duration_s=1.2, sample_rate=44_100), sample_rate=44_100)
    packed = _size(TAG_BYTES) + zlib.compress(b"\x03" + b"a" * (TAG_BYTES - 1), 9)
    frames = b"".join(
        b"TXX%d" % number + _size(len(packed)) + PACKED + packed for number in range(8)
    )
    path.write_bytes(b"ID3\x04\x00\x00" + _size(len(frames)) + frames + path.read_bytes())
    assert path.stat().st_size < MB
    found = FoundFile(path, path.stat().st_size, path.stat().st_mtime_ns)
    async with Measurer(memory_bytes=LIMIT_BYTES) as measurer:
        with suppress(AudioError):
            await measurer.identify(found)
        assert TAG_BYTES < _peak_bytes(measurer.pid) < LIMIT_BYTES


def _size(number: int) -> bytes:
    """Write a number as ID3 does: seven bits a byte."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _peak_bytes(pid: int | None) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) * 1024
