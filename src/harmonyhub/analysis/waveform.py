"""The outline of a track: smallest and largest sample per picture column."""

import numpy as np
from numpy.typing import NDArray

HOP = 128  # samples: a one-second file still gets 170 columns, three hours cost 15 MB


class Outline:
    """Takes mono signal in pieces of any length."""

    def __init__(self) -> None:
        self._rest = np.empty(0, np.float32)
        self._lows: list[NDArray[np.float32]] = []
        self._highs: list[NDArray[np.float32]] = []

    def add(self, signal: NDArray[np.float32]) -> None:
        """Take the next piece, shape (samples,)."""
        stream = np.concatenate([self._rest, signal])
        whole = len(stream) // HOP * HOP
        self._keep(stream[:whole].reshape(-1, HOP))
        self._rest = stream[whole:]

    def finish(self, n_columns: int) -> list[tuple[float, float]]:
        """Return at most `n_columns` pairs (low, high) in [-1, 1], rounded to 3 digits."""
        if self._rest.size:
            self._keep(self._rest[None])
        if not self._lows:
            return []
        low, high = np.concatenate(self._lows), np.concatenate(self._highs)
        starts = np.linspace(0, len(low), min(n_columns, len(low)), endpoint=False).astype(int)
        lows = np.clip(np.minimum.reduceat(low, starts), -1.0, 1.0)
        highs = np.clip(np.maximum.reduceat(high, starts), -1.0, 1.0)
        return [
            (round(float(low), 3), round(float(high), 3))
            for low, high in zip(lows, highs, strict=True)
        ]

    def _keep(self, rows: NDArray[np.float32]) -> None:
        if len(rows):
            self._lows.append(rows.min(axis=1))
            self._highs.append(rows.max(axis=1))
