"""How the analysed tracks of an index sound, and which of them sound alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.sound import EMBEDDING_VERSION, SOUND_WIDTH, TrackSound, place_on_wheel
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.knowledge import round_half

N_ALIKE = 20
SHARPNESS = 3.0  # at half the mean squared distance of two tracks likeness is 0.22
LEAST_LIKENESS = 0.05  # what lies as far off as any track does not sound alike
BLOCK = 32  # tracks at a time: 13 MB of distances at 100,000 tracks
PARTS_PER_PLACE = 20  # at 100,000 tracks the limit leaves 20.4 where 20 are wanted
FACTS = ("tempo_bpm", "energy", "valence")


@dataclass(frozen=True, eq=False)
class Sounds:
    """The analysed tracks, one row each; NaN is unknown.

    Attributes
    ----------
    items : int32 array
        Their places in the index, ascending.
    points : float32 array, shape (rows, SOUND_WIDTH)
        In the space of sound, see `domain.sound`; NaN for analyses before it.
    tempo_bpm, energy, valence : float32 array
        Beats per minute; [0, 1].
    wheel : int8 array
        Key on the wheel of harmonic mixing, see `place_on_wheel`; 0 is unknown.
    alike : csr_matrix, shape (tracks of the index, the same), float32
        Likeness in (0, 1] of tracks that sound alike, the same both ways; the diagonal is empty.
    """

    items: IntArray
    points: FloatArray
    tempo_bpm: FloatArray
    energy: FloatArray
    valence: FloatArray
    wheel: NDArray[np.int8]
    alike: sparse.csr_matrix

    def rows(self, items: IntArray) -> IntArray:
        """Find the rows of some tracks; -1 for those without an analysis."""
        if not len(self.items):
            return np.full(len(items), -1, dtype=np.int32)
        rows = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return np.where(self.items[rows] == items, rows, -1).astype(np.int32)

    @cached_property
    def n_placed(self) -> int:
        """How many of the analysed tracks have a point, and so can be compared."""
        return int(np.count_nonzero(~np.isnan(self.points[:, 0])))

    @cached_property
    def tempo_of_all(self) -> FloatArray:
        """Tempo of every track of the index, in beats per minute."""
        return self._spread(self.tempo_bpm)

    @cached_property
    def energy_of_all(self) -> FloatArray:
        """Energy of every track of the index."""
        return self._spread(self.energy)

    @cached_property
    def valence_of_all(self) -> FloatArray:
        """Valence of every track of the index."""
        return self._spread(self.valence)

    def _spread(self, values: FloatArray) -> FloatArray:
        spread = np.full(self.alike.shape[0], np.nan, dtype=np.float32)
        spread[self.items] = values
        return spread


def no_sounds(n_tracks: int) -> Sounds:
    """Return what an index without analysed tracks has."""
    return place_sounds([], {}, n_tracks=n_tracks)


def place_sounds(
    heard: Iterable[TrackSound], place_of: Mapping[TrackId, int], *, n_tracks: int
) -> Sounds:
    """Lay what was heard onto a catalogue; tracks that it does not have are left out."""
    by_place = {place_of[one.track_id]: one for one in heard if one.track_id in place_of}
    items = np.array(sorted(by_place), dtype=np.int32)
    rows = [by_place[item] for item in items.tolist()]
    points = np.full((len(rows), SOUND_WIDTH), np.nan, dtype=np.float16)
    for row, one in enumerate(rows):
        if one.point is not None:
            points[row] = one.point
    kept = points.astype(np.float32)  # in half precision, as it is stored
    facts = [one.facts for one in rows]
    return Sounds(
        items=items,
        points=kept,
        tempo_bpm=_column([one.tempo for one in facts]),
        energy=_column([one.energy for one in facts]),
        valence=_column([one.valence for one in facts]),
        wheel=np.array([place_on_wheel(one.key) if one.key else 0 for one in facts], np.int8),
        alike=find_alike(kept, items, n_tracks=n_tracks),
    )


def find_alike(points: FloatArray, items: IntArray, *, n_tracks: int) -> sparse.csr_matrix:
    """Join each track with those nearest to it.

    Whoever is near to somebody is joined both ways: in spaces of many dimensions some points are
    the nearest of nobody (Radovanovic et al. 2010, "Hubs in space"), and would never be found.
    """
    known = np.flatnonzero(~np.isnan(points[:, 0]))
    mine, where = points[known], items[known]
    n_near = min(N_ALIKE, len(mine) - 1)
    sizes = (mine**2).sum(axis=1)
    others = np.vstack([mine.T, sizes])  # with a row of ones, one product gives all but own sizes
    sources, targets = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    likeness = [np.zeros(0, np.float32)]
    for start in range(0, len(mine) if n_near > 0 else 0, BLOCK):
        block = mine[start : start + BLOCK]
        here = np.arange(len(block))
        distances = np.hstack([-2 * block, np.ones((len(block), 1), np.float32)]) @ others
        distances[here, here + start] = np.inf
        near = rank_nearest(distances, n_near)
        squares = np.take_along_axis(distances, near, axis=1) + sizes[here + start, None]
        sources.append(np.repeat(here + start, n_near))
        targets.append(near.ravel())
        likeness.append(like(np.maximum(squares, 0)).ravel())
    data = np.concatenate(likeness)
    is_alike = data >= LEAST_LIKENESS
    rows, columns = (where[np.concatenate(part)[is_alike]] for part in (sources, targets))
    one_way = sparse.csr_matrix((data[is_alike], (rows, columns)), shape=(n_tracks, n_tracks))
    joined = one_way.maximum(one_way.T).tocsr()
    joined.sort_indices()
    return round_half(joined)


def rank_nearest(distances: FloatArray, n_near: int) -> NDArray[np.intp]:
    """List the nearest columns of each row, the nearest first, equal ones in order.

    The columns are dealt out to more parts than are wanted, and the minima of the parts give a
    limit that at least so many columns keep: a third of the time of a partition of whole rows.
    """
    n_rows, n_columns = distances.shape
    n_parts = min(PARTS_PER_PLACE * n_near, n_columns)
    dealt = distances[:, : n_columns // n_parts * n_parts].reshape(n_rows, -1, n_parts)
    limits = np.partition(dealt.min(axis=1), n_near - 1, axis=1)[:, n_near - 1]
    # Not np.nonzero: of two dimensions it takes ten times as long.
    kept = np.flatnonzero(distances <= limits[:, None])
    rows, columns = np.divmod(kept, n_columns)
    order = np.lexsort((distances.ravel()[kept], rows))
    firsts = np.searchsorted(rows, np.arange(n_rows))
    nearest: NDArray[np.intp] = columns[order[firsts[:, None] + np.arange(n_near)]]
    return nearest


def measure_distances(points: FloatArray, others: FloatArray) -> FloatArray:
    """Give squared distances, shape (points, others); the mean of two tracks is about 1."""
    sizes, other_sizes = ((some**2).sum(axis=1) for some in (points, others))
    squares = sizes[:, None] + other_sizes - 2 * (points @ others.T)
    return np.asarray(np.maximum(squares, 0), dtype=np.float32)


def like(distances: FloatArray) -> FloatArray:
    """Turn squared distances into likeness, 1 where there is none."""
    return np.asarray(np.exp(-SHARPNESS * distances), dtype=np.float32)


def sounds_to_arrays(sounds: Sounds) -> dict[str, NDArray[Any]]:
    """Name the arrays of the rows for the index's file; `alike` is the index's to write."""
    arrays = {f"sounds.{name}": getattr(sounds, name) for name in ("items", "wheel", *FACTS)}
    arrays["sounds.points"] = sounds.points.astype(np.float16)
    arrays["sounds.version"] = np.array(EMBEDDING_VERSION)
    return arrays


def sounds_from(
    arrays: Mapping[str, NDArray[Any]], alike: sparse.csr_matrix, *, n_tracks: int
) -> Sounds:
    """Read them back; points of another space are no neighbours of ours and are left out."""
    if int(arrays["sounds.version"]) != EMBEDDING_VERSION:
        return no_sounds(n_tracks)
    rows = {name: arrays[f"sounds.{name}"] for name in ("items", "wheel", *FACTS)}
    return Sounds(points=arrays["sounds.points"].astype(np.float32), alike=alike, **rows)


def _column(values: list[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32)
