"""What comes through the one door to disk, and what is refused there."""

import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile, Block, identify
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.analysis import AudioTags
from harmonyhub.domain.errors import AudioError

TONE_HZ = 441.0


def tone(*, duration_s: float = 2.0, sample_rate: int = 44_100, n_channels: int = 1) -> np.ndarray:
    """Make a sine at half of full scale, shape (channels, samples)."""
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    return np.repeat(0.5 * np.sin(2 * np.pi * TONE_HZ * time)[None], n_channels, axis=0)


def read(path: Path) -> tuple[AudioFile, np.ndarray, np.ndarray]:
    """Return the file with its whole sound: channels and mono signal."""
    with AudioFile(path) as audio:
        blocks: list[Block] = list(audio.blocks())
    channels = np.concatenate([block.channels for block in blocks], axis=1)
    return audio, channels, np.concatenate([block.signal for block in blocks])


def strongest_hz(signal: np.ndarray) -> float:
    """Find the loudest frequency."""
    return int(np.abs(np.fft.rfft(signal)).argmax()) * ANALYSIS_RATE / len(signal)


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("mp3", "mp3"),
        ("flac", "flac"),
        ("ogg", "vorbis"),
        ("opus", "opus"),
        ("m4a", "aac"),
        ("wav", "pcm_s16le"),
        ("aiff", "pcm_s16be"),
    ],
)
def test_reads_what_people_have(encode, tmp_path, suffix, codec):
    """Every common container gives its codec, its length and its sound."""
    rate = 48_000 if suffix == "opus" else 44_100
    path = encode(tmp_path / f"a.{suffix}", tone(sample_rate=rate, n_channels=2), sample_rate=rate)
    audio, channels, signal = read(path)
    assert (codec, rate, 2) == (audio.codec, audio.sample_rate, audio.n_channels)
    assert channels.shape[1] / rate == pytest.approx(2.0, abs=0.06)
    assert len(signal) / ANALYSIS_RATE == pytest.approx(channels.shape[1] / rate, abs=0.002)
    assert strongest_hz(signal) == pytest.approx(TONE_HZ, abs=1.0)
    assert np.abs(signal).max() == pytest.approx(0.5, abs=0.05)


def test_goes_by_content_not_by_name(encode, tmp_path):
    """A flac file that is called mp3 is read as flac."""
    path = encode(tmp_path / "a.flac", tone()).rename(tmp_path / "a.mp3")
    assert read(path)[0].codec == "flac"


@pytest.mark.parametrize("rate", [8_000, 11_025, 96_000, 192_000])
def test_reads_any_rate(encode, tmp_path, rate):
    """Telephone and studio rates come out at the analysis rate with the same pitch."""
    path = encode(tmp_path / "a.wav", tone(sample_rate=rate), sample_rate=rate)
    audio, channels, signal = read(path)
    assert (rate, 2 * rate) == (audio.sample_rate, channels.shape[1])
    assert strongest_hz(signal) == pytest.approx(TONE_HZ, abs=1.0)


@pytest.mark.parametrize("suffix", ["flac", "wav", "m4a"])
def test_knows_six_channels_by_name(encode, tmp_path, suffix):
    """Six channels keep their order, and the subwoofer stays out of the mono mix."""
    samples = np.zeros((6, 44_100))
    samples[3] = tone(duration_s=1.0)[0]
    audio, channels, signal = read(encode(tmp_path / f"a.{suffix}", samples))
    assert (6, "LFE") == (audio.n_channels, audio.channel_names[3])
    assert np.abs(channels[3]).max() > 0.1  # aac cuts its top off
    assert np.abs(signal).max() < 0.01


@pytest.mark.parametrize("n_channels", [7, 8, 9, 32])
def test_keeps_many_channels_apart(tmp_path, n_channels):
    """Each of many channels comes out with its own level, in its own place."""
    levels = np.arange(1, n_channels + 1) * 500
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(n_channels)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(np.tile(levels.astype("<i2"), (44_100, 1)).tobytes())
    _, channels, _ = read(tmp_path / "a.wav")
    assert levels.tolist() == (channels[:, 1000] * 32768).round().tolist()


def test_reads_embedded_tags(encode, tmp_path):
    """Title, artist, album and ISRC come from whatever the container calls them."""
    tags = {"title": "Für Elise", "artist": "L. v. B.", "album": "Bagatelles"}
    mp3 = encode(tmp_path / "a.mp3", tone(), tags={**tags, "TSRC": "DEA230000001"})
    flac = encode(tmp_path / "a.flac", tone(), tags={**tags, "ISRC": "DEA230000001"})
    expected = AudioTags("Für Elise", "L. v. B.", "Bagatelles", "DEA230000001")
    assert [expected, expected] == [read(mp3)[0].tags, read(flac)[0].tags]


def retag(path: Path, *, to: Path) -> Path:
    """Write the same packets into a new file with other tags."""
    with av.open(str(path)) as source, av.open(str(to), "w") as sink:
        sink.metadata.update({"title": "Another title " * 90, "artist": "B"})
        stream = source.streams.audio[0]
        copy = sink.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                sink.mux(packet)
    return to


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "opus", "m4a", "wav", "aiff"])
def test_hash_follows_the_audio(encode, tmp_path, suffix):
    """Other tags leave the hash as it is, other samples do not."""
    rate = 48_000 if suffix == "opus" else 44_100
    path = encode(
        tmp_path / f"a.{suffix}", tone(sample_rate=rate), sample_rate=rate, tags={"title": "One"}
    )
    retagged = retag(path, to=tmp_path / f"b.{suffix}")
    louder = encode(tmp_path / f"c.{suffix}", tone(sample_rate=rate) * 1.1, sample_rate=rate)
    first, second, third = (identify(each) for each in (path, retagged, louder))
    assert path.read_bytes() != retagged.read_bytes()
    assert first.tags != second.tags
    assert first.audio_hash == second.audio_hash
    assert first.audio_hash != third.audio_hash


def test_tags_at_the_end_leave_the_hash_as_it_is(encode, tmp_path):
    """Old mp3 tags behind the sound (ID3v1) are no sound; an analysis tells the same hash."""
    path = encode(tmp_path / "a.mp3", tone(duration_s=0.5))
    tagged = tmp_path / "b.mp3"
    tagged.write_bytes(path.read_bytes() + b"TAG" + b"Title".ljust(125, b"\0"))
    assert identify(path).audio_hash == identify(tagged).audio_hash
    assert identify(path).audio_hash == analyse_file(path).audio_hash


def test_refuses_what_is_no_audio(tmp_path):
    """Text, emptiness, folders, absence and playlists are refused, each in plain words."""
    (tmp_path / "text.mp3").write_text("hello world\n" * 500)
    (tmp_path / "empty.mp3").write_bytes(b"")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n")
    (tmp_path / "concat.txt").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    said = {}
    for name in ("text.mp3", "empty.mp3", "list.m3u8", "concat.txt", "absent.mp3", "."):
        with pytest.raises(AudioError) as refusal:
            AudioFile(tmp_path / name)
        assert refusal.value.hint
        said[name] = str(refusal.value)
    assert "empty.mp3 is empty" == said["empty.mp3"]
    assert "absent.mp3 is not a file" == said["absent.mp3"]
    assert said["text.mp3"].startswith("text.mp3 is not an audio file")


def test_refuses_pictures_without_sound(tmp_path):
    """A film without sound is refused with the reason."""
    import av

    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="no audio stream, only video"):
        AudioFile(path)


@pytest.mark.parametrize("mark", [b"drms", b"enca"])
def test_refuses_copy_protection(encode, tmp_path, mark):
    """A protected m4a is named as such."""
    path = encode(tmp_path / "a.m4a", tone())
    path.write_bytes(path.read_bytes().replace(b"mp4a", mark))
    with pytest.raises(AudioError, match=r"copy-protected|cannot be decoded"):
        read(path)


def test_refuses_more_than_six_hours(encode, tmp_path):
    """A header that announces a day of sound is refused before decoding."""
    path = encode(tmp_path / "a.flac", tone())
    content = bytearray(path.read_bytes())
    content[21:26] = bytes([content[21] & 0xF0 | 0x0F]) + b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(AudioError, match="longer than 6 hours"):
        read(path)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "wav"])
def test_keeps_the_good_part_of_a_truncated_file(encode, tmp_path, suffix):
    """Half a file gives about half of the sound instead of an error, and says so if it can."""
    path = encode(tmp_path / f"a.{suffix}", tone(duration_s=8.0, n_channels=2))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    audio, channels, _ = read(path)
    assert 2.0 < channels.shape[1] / audio.sample_rate < 6.0
    if suffix in ("flac", "wav"):
        assert any("incomplete" in note for note in audio.notes)


def test_notes_damage_in_the_middle(encode, tmp_path):
    """A hole in a file is skipped and told."""
    path = encode(tmp_path / "a.flac", tone(duration_s=8.0, n_channels=2))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(range(250)) * 12
    path.write_bytes(content)
    audio, channels, _ = read(path)
    assert channels.shape[1] / audio.sample_rate > 6.0
    assert audio.notes


def test_replaces_what_is_no_number(encode, tmp_path):
    """NaN and infinity in a float file become silence and full scale, with a note."""
    samples = tone()
    samples[0, 1000] = np.nan
    samples[0, 2000] = np.inf
    audio, channels, signal = read(encode(tmp_path / "a.wav", samples, codec="pcm_f32le"))
    assert np.isfinite(channels).all()
    assert np.isfinite(signal).all()
    assert len(audio.notes) == 1


def test_says_nothing_on_standard_error(encode, tmp_path):
    """FFmpeg's own complaints about a damaged file do not reach the terminal."""
    path = encode(tmp_path / "a.mp3", tone())
    content = bytearray(path.read_bytes())
    content[2000:6000] = bytes(4000)
    path.write_bytes(content)
    program = (
        "import sys, pathlib\n"
        "from harmonyhub.analysis.decode import AudioFile\n"
        "print(len(list(AudioFile(pathlib.Path(sys.argv[1])).blocks())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert "" == done.stderr
