"""The one door of the analysis to disk: any audio file becomes a stream of sample blocks."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from numpy.typing import NDArray

from harmonyhub.analysis.frames import FrameConverter, join_pieces, mono_weights, resample
from harmonyhub.domain.analysis import AudioTags
from harmonyhub.domain.audio_files import name_of
from harmonyhub.domain.errors import AudioError
from harmonyhub.domain.ids import AudioHash

ANALYSIS_RATE = 22_050  # Hz: keeps all of music's pitch and attacks below 11 kHz, at half the cost
MAX_DURATION_S = 6 * 3600.0
MIN_RATE, MAX_RATE = 4_000, 768_000  # Hz: outside lies damage, and memory bombs for a resampler
MAX_CHANNELS = 32
# Only demuxers of plain audio files: playlists would let a file name other files and addresses.
DEMUXERS = "aac,aiff,caf,flac,matroska,mov,mp3,ogg,w64,wav,webm"
PROTECTED_TAGS = ("drms", "enca")  # what copy-protected MP4 calls its sound
WAV_CHANNELS = ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR")
# In a piece, all channels together: a second of eight channels at 192 kHz. By the second, 32
# channels at 768 kHz took 900 MB to analyse, so 250.
PIECE_VALUES = 1_536_000
LOUDEST_SAMPLE = 64.0  # float files may pass full scale; 36 dB above it is damage, not music
# A decoder that goes on in the middle needs 80 ms (opus) or two frames (mp3) before it is right.
SETTLING_S = 0.1
FORMATS_HINT = "Use an mp3, flac, ogg, opus, m4a, wav or aiff file that a player can play."

Hears = Callable[[float], bool]
"""Told a time in seconds: whether what sounds then is to be decoded."""


@dataclass(frozen=True, slots=True)
class Block:
    """About a second of audio, or less where that would be very much.

    `channels` has shape (channels, samples) at the rate of the file; `signal` has shape
    (samples,), mono at `ANALYSIS_RATE`. Full scale is 1.
    """

    channels: NDArray[np.float32]
    signal: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AudioIdentity:
    """What tells a file's audio from any other, and what the file says of itself."""

    audio_hash: AudioHash
    tags: AudioTags


def identify(path: Path) -> AudioIdentity:
    """Read a file's tags and hash its audio (blake2b, 32 hex digits), streamed.

    The hash is that of the encoded packets, so a file keeps it when its tags or its cover change.
    Nothing is decoded: four minutes take a tenth of a second.

    Raises
    ------
    AudioError
        If there is no audio in it.
    """
    with AudioFile(path) as audio:
        audio.skip()
        return AudioIdentity(audio.audio_hash, audio.tags)


class AudioFile:
    """An open audio file; a context manager.

    Attributes
    ----------
    name : str
        Of the file, as text.
    codec : str
        Name of the codec as FFmpeg has it ("mp3", "flac", "pcm_s16le").
    sample_rate, n_channels : int
        Of the file.
    channel_names : tuple of str
        FFmpeg's short names ("FL", "FR", "FC", "LFE", ...), in the order of `Block.channels`.
    announced_duration_s : float or None
        What the container says, which may be wrong.
    passed_over_s : float
        Seconds that were not decoded, since nobody wanted to hear them.
    tags : AudioTags
    notes : list of str
        What went wrong without being fatal; complete once `blocks` has ended.

    Raises
    ------
    AudioError
        If there is nothing in it that can be decoded; says why and what to do.
    """

    def __init__(self, path: Path) -> None:
        self.name = name_of(path)
        self._container = _open_container(path)
        try:
            self._stream = self._find_stream()
            self._codec = self._stream.codec_context
            self._check_shape()
        except BaseException:
            self._container.close()
            raise
        self.codec = self._codec.codec.canonical_name
        self.sample_rate = self._codec.sample_rate
        self.n_channels = self._codec.channels
        self.channel_names = _channel_names(self._codec)
        self.tags = _read_tags({**self._container.metadata, **self._stream.metadata})
        self.passed_over_s, self._n_unsettled = 0.0, 0
        self.notes: list[str] = _note_missing_bytes(path)
        shape = f"{self.codec} {self.sample_rate} {self.n_channels}\n"
        self._digest = hashlib.blake2b(shape.encode(), digest_size=16)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def audio_hash(self) -> AudioHash:
        """The hash of what is encoded, up to where the file breaks off; once all of it was read."""
        return AudioHash(self._digest.hexdigest())

    def skip(self) -> None:
        """Read the file without decoding it."""
        for _ in self._packets():
            pass

    def blocks(self, hears: Hears | None = None) -> Iterator[Block]:
        """Decode the file once, in order, about a second at a time.

        With `hears` all else is read but not decoded, and what is heard follows end to end.

        Raises
        ------
        AudioError
            If no sample or less than half of the packets can be decoded, or if the audio is
            longer than `MAX_DURATION_S`.
        """
        resampler = AudioResampler(format="fltp", layout="mono", rate=ANALYSIS_RATE)
        weights = mono_weights(self.channel_names)
        n_samples = 0
        for samples in self._pieces(hears):
            n_samples += samples.shape[1]
            self._check_length(n_samples / self.sample_rate + self.passed_over_s)
            yield Block(samples, resample(resampler, weights @ samples, rate=self.sample_rate))
        if n_samples == 0:
            raise AudioError(f"{self.name} holds no sound that can be decoded", hint=FORMATS_HINT)
        rest = join_pieces([frame.to_ndarray()[0] for frame in resampler.resample(None)])
        if rest.size:
            yield Block(np.empty((self.n_channels, 0), np.float32), rest)
        self._note_missing_end(n_samples / self.sample_rate + self.passed_over_s)

    def _pieces(self, hears: Hears | None) -> Iterator[NDArray[np.float32]]:
        """Gather decoded frames into cleaned arrays of about a second."""
        gathered: list[NDArray[np.float32]] = []
        n_gathered, n_wanted = 0, min(self.sample_rate, PIECE_VALUES // self.n_channels)
        for samples in self._frames(hears):
            gathered.append(samples)
            n_gathered += samples.shape[1]
            if n_gathered >= n_wanted:
                yield self._cleaned(np.concatenate(gathered, axis=1))
                gathered, n_gathered = [], 0
        if gathered:
            yield self._cleaned(np.concatenate(gathered, axis=1))

    def _cleaned(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Replace what is no number, and tame what is no sound."""
        if not np.abs(samples).max(initial=0.0) <= LOUDEST_SAMPLE:  # also true of NaN
            self._note("some samples were not numbers or far beyond full scale; they were replaced")
            samples = np.clip(np.nan_to_num(samples), -LOUDEST_SAMPLE, LOUDEST_SAMPLE)
        return samples

    def _frames(self, hears: Hears | None) -> Iterator[NDArray[np.float32]]:
        """Yield frames as float in the file's own rate and layout, skipping damage."""
        convert = FrameConverter(self._codec)
        n_packets = n_damaged = 0
        for packet in self._heard_packets(hears):
            n_packets += 1
            try:
                frames = [out for frame in packet.decode() for out in convert(frame)]
            except (FFmpegError, ValueError):
                n_damaged += 1
                continue
            yield from frames if hears is None else self._settled(frames)
        if n_damaged * 2 > n_packets:
            raise AudioError(
                f"{self.name} is damaged: {n_damaged} of {n_packets} packets cannot be decoded",
                hint=FORMATS_HINT,
            )
        if n_damaged:
            self._note(f"damaged: {n_damaged} of {n_packets} packets could not be decoded")

    def _heard_packets(self, hears: Hears | None) -> "Iterator[Packet[AudioStream]]":
        """Leave out what is not to be heard; after that the decoder has to settle."""
        if hears is None:
            yield from self._packets()
            return
        tick_s, first = float(self._stream.time_base or 0), self._stream.start_time or 0
        at, n_ticks, is_passed_over = first, 0, False
        for packet in self._packets():
            due, before = at + n_ticks, at
            # Vorbis packets guess how long they are; a chained stream begins again at 0.
            says = due if packet.pts is None else packet.pts
            at, n_ticks = says if abs(says - due) * tick_s < 1 else due, packet.duration or 0
            self.passed_over_s += (at - before) * tick_s if is_passed_over else 0.0
            is_passed_over = bool(packet.size) and not hears((at - first) * tick_s)
            if is_passed_over:
                self._n_unsettled = round(SETTLING_S * self.sample_rate)
            else:
                yield packet

    def _settled(self, frames: list[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Drop what a decoder gives before it has settled."""
        for samples in frames:
            n_dropped = min(self._n_unsettled, samples.shape[1])
            self._n_unsettled -= n_dropped
            self.passed_over_s += n_dropped / self.sample_rate
            yield samples[:, n_dropped:]

    def _packets(self) -> "Iterator[Packet[AudioStream]]":
        """Demux until the end or until the file breaks off."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:  # the last one of a stream is empty
                    self._digest.update(packet)
                yield packet
        except (FFmpegError, ValueError) as error:
            self._note(f"the file breaks off: {_reason(error)}; the part before was analysed")

    def _find_stream(self) -> AudioStream:
        if not self._container.streams.audio:
            kinds = sorted({stream.type for stream in self._container.streams})
            raise AudioError(
                f"{self.name} holds no audio stream"
                + (f", only {', '.join(kinds)}" if kinds else ""),
                hint=FORMATS_HINT,
            )
        stream = self._container.streams.audio[0]
        codec: AudioCodecContext | None = stream.codec_context
        if codec is not None and any(tag in str(codec.codec_tag) for tag in PROTECTED_TAGS):
            raise AudioError(
                f"{self.name} is copy-protected (DRM)",
                hint="Protected files cannot be decoded; use a copy without protection.",
            )
        if codec is None or not codec.channels:
            raise AudioError(
                f"{self.name} is in a codec that cannot be decoded here", hint=FORMATS_HINT
            )
        return stream

    def _check_shape(self) -> None:
        rate, n_channels = self._codec.sample_rate, self._codec.channels
        if not MIN_RATE <= rate <= MAX_RATE or n_channels > MAX_CHANNELS:
            raise AudioError(
                f"{self.name} claims {n_channels} channels at {rate} Hz",
                hint=f"Up to {MAX_CHANNELS} channels at {MIN_RATE} to {MAX_RATE} Hz can be read.",
            )
        if self.announced_duration_s is not None:
            self._check_length(self.announced_duration_s)

    @property
    def announced_duration_s(self) -> float | None:
        """What the container says of its length in seconds, None if it says nothing."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / 1e6 if self._container.duration else None

    def _check_length(self, duration_s: float) -> None:
        if duration_s > MAX_DURATION_S:
            raise AudioError(
                f"{self.name} is longer than {MAX_DURATION_S / 3600:.0f} hours",
                hint="Split it into tracks first.",
            )

    def _note_missing_end(self, duration_s: float) -> None:
        announced = self.announced_duration_s
        # Without an index, the announced length of mp3 and raw aac is a guess from the bit rate.
        if announced is None or self._container.format.name in ("mp3", "aac"):
            return
        if duration_s < 0.995 * announced - 0.05:
            self._note(
                f"incomplete: the file announces {announced:.1f} s and holds {duration_s:.1f} s"
            )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _open_container(path: Path) -> InputContainer:
    if not path.is_file():
        raise AudioError(f"{name_of(path)} is not a file", hint="Name an existing audio file.")
    if path.stat().st_size == 0:
        raise AudioError(f"{name_of(path)} is empty", hint="Copy or download the file again.")
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    try:
        # The prefix keeps FFmpeg from reading "http:" or "concat:" out of a file name.
        return av.open(
            f"file:{path.resolve()}", mode="r", options=options, metadata_errors="replace"
        )
    except (FFmpegError, ValueError, IndexError) as error:
        if isinstance(error, PermissionError):
            raise _unreadable(path, error) from error
        raise AudioError(
            f"{name_of(path)} is not an audio file that can be read: {_reason(error)}",
            hint=FORMATS_HINT,
        ) from error


def _note_missing_bytes(path: Path) -> list[str]:
    """Compare a wav or aiff file with its own header: FFmpeg trusts the size on disk instead."""
    with path.open("rb") as file:
        kind, size = file.read(4), file.read(4)
    announced = int.from_bytes(size, "little" if kind == b"RIFF" else "big") + 8
    present = path.stat().st_size
    # Recorders that could not go back write 0 or the largest number there is.
    if kind not in (b"RIFF", b"FORM") or announced > 0xFFFFFF00 or announced <= present:
        return []
    return [f"incomplete: the file announces {announced} bytes and holds {present}"]


def _unreadable(path: Path, error: Exception) -> AudioError:
    return AudioError(
        f"{name_of(path)} cannot be read: {_reason(error)}", hint="Check its name and permissions."
    )


def _reason(error: Exception) -> str:
    """FFmpeg's own words without its path and numbers."""
    words = getattr(error, "strerror", None) or "unknown data"
    return str(words).lower()


def _channel_names(codec: AudioCodecContext) -> tuple[str, ...]:
    names = tuple(channel.name for channel in codec.layout.channels)
    if "NONE" in names:  # a wav or aiff file that does not say: then the customary order
        return WAV_CHANNELS[: len(names)] if len(names) in (6, 8) else names
    return names


def _read_tags(metadata: Mapping[str, str]) -> AudioTags:
    found = {name.lower(): value.strip() for name, value in metadata.items() if value.strip()}
    return AudioTags(
        title=found.get("title"),
        artist=found.get("artist"),
        release=found.get("album"),
        isrc=found.get("isrc") or found.get("tsrc"),
    )
