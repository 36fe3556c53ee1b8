"""What decoded frames become: float arrays of one rate and layout, and a mono mix."""

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray


class FrameConverter:
    """Turns frames into float arrays, shape (channels, samples), of one rate and layout.

    Vorbis, opus, mp3 and aac come as that; the others interleaved, not planar: PyAV looks for a
    null after the planes, which is missing from eight channels on.
    """

    def __init__(self, codec: AudioCodecContext) -> None:
        self._n_channels = codec.channels
        self._target = ("flt", codec.layout.name, codec.sample_rate)
        self._ready = ("fltp", *self._target[1:]) if codec.channels < 8 else None
        self._shape: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def __call__(self, frame: AudioFrame) -> list[NDArray[np.float32]]:
        """Give a frame as arrays; none where it is empty."""
        if frame.samples == 0:
            return []
        shape = frame.format.name, frame.layout.name, frame.sample_rate
        if shape == self._ready:
            self._resampler = None
            return [frame.to_ndarray().astype(np.float32, copy=False)]
        # A chained stream may change its shape half-way: then start a new resampler.
        if self._resampler is None or shape != self._shape:
            self._shape = shape
            self._resampler = AudioResampler(*self._target)
        return [self._as_rows(out) for out in self._resampler.resample(frame)]

    def _as_rows(self, frame: AudioFrame) -> NDArray[np.float32]:
        samples = frame.to_ndarray().astype(np.float32, copy=False)
        return samples.reshape(-1, self._n_channels).T


def mono_weights(channel_names: tuple[str, ...]) -> NDArray[np.float32]:
    """Mix all channels alike, without the subwoofer channel unless there is nothing else."""
    weights = np.array([not name.startswith("LFE") for name in channel_names], np.float32)
    if not weights.any():
        weights[:] = 1.0
    mix: NDArray[np.float32] = weights / weights.sum()
    return mix


def resample(
    resampler: AudioResampler, mono: NDArray[np.float32], *, rate: int
) -> NDArray[np.float32]:
    """Bring mono samples to the rate of the resampler; what it holds back comes with the next."""
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(mono[None]), format="fltp", layout="mono")
    frame.sample_rate = rate
    return join_pieces([piece.to_ndarray()[0] for piece in resampler.resample(frame)])


def join_pieces(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Lay pieces end to end; none give an empty array."""
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)
