"""Training from a hundred thousand to fifty million pairs: CPU time, memory, and how they grow.

The listeners are generated: Zipf-like tracks, log-normal histories, and most of what somebody plays
is of one genre. Every size is a process of its own, so that its peak of memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.pictures.growth import draw
from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.recommender.training import train

SIZES = (100_000, 500_000, 2_500_000, 10_000_000, 50_000_000)
N_TRACKS = 100_000
N_GENRES = 200
PAIRS_PER_USER = 50
OWN_GENRE = 0.7  # of what somebody plays
TRACK_POWER = 0.9  # of Zipf's law: the best known thousand tracks get a third of all plays
SPREAD = 1.0  # of the logarithms of the lengths of histories
LONGEST = 5_000
REPEATS = 1.25  # plays drawn per pair; what is drawn twice is one pair, so there are some fewer
USERS_AT_ONCE = 50_000
NOW, DAY_S = 1_790_000_000, 86_400


def generate(
    n_pairs: int, *, n_tracks: int = N_TRACKS, seed: int = 0
) -> tuple[Interactions, list[CatalogueEntry]]:
    """Draw at most about so many pairs; some forty a listener on average."""
    rng = np.random.default_rng(seed)
    n_users = max(n_pairs // PAIRS_PER_USER, 1)
    draw = _Draw(rng, n_tracks)
    parts = [
        draw.pairs(min(USERS_AT_ONCE, n_users - first), first)
        for first in range(0, n_users, USERS_AT_ONCE)
    ]
    users, tracks, plays = (np.concatenate(part) for part in zip(*parts, strict=True))
    catalogue = [
        CatalogueEntry(
            id=TrackId(f"{track:016x}"),
            title=f"Song number {track}",
            artist=f"The Artist {track // 12}",
            artist_ids=(ArtistId(f"{track // 12:016x}"),),
        )
        for track in range(n_tracks)
    ]
    interactions = Interactions(
        user_ids=[UserId(f"u{user}") for user in range(n_users)],
        track_ids=[entry.id for entry in catalogue],
        user_index=users,
        track_index=tracks,
        plays=plays,
        last_played_at=NOW - rng.integers(0, 1_500, len(users)) * DAY_S,
    )
    return interactions, catalogue


class _Draw:
    """Tracks by how well they are known, of all genres or of one."""

    def __init__(self, rng: np.random.Generator, n_tracks: int) -> None:
        self._rng, self._n_tracks = rng, n_tracks
        known = rng.permutation(1.0 / np.arange(1, n_tracks + 1) ** TRACK_POWER)
        # Genres are runs of tracks, some of them large.
        edges = np.sort(rng.choice(np.arange(1, n_tracks), N_GENRES - 1, replace=False))
        self._edges = np.concatenate([[0], edges, [n_tracks]])
        self._summed = np.concatenate([[0.0], np.cumsum(known)])

    def pairs(self, n_users: int, first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw the pairs of some listeners, in order, and how often each was played."""
        rng = self._rng
        mean = np.log(PAIRS_PER_USER * REPEATS) - SPREAD**2 / 2
        lengths = np.clip(rng.lognormal(mean, SPREAD, n_users).astype(int), 1, LONGEST)
        users = np.repeat(np.arange(n_users), lengths)
        # A listener's genre is that of a track drawn for it: well-known genres have more.
        home = np.searchsorted(self._edges, self._tracks(rng.random(n_users)), "right") - 1
        low, high = self._summed[self._edges[home]], self._summed[self._edges[home + 1]]
        is_own = rng.random(len(users)) < OWN_GENRE
        low, high = low[users] * is_own, np.where(is_own, high[users], self._summed[-1])
        place = (low + (high - low) * rng.random(len(users))) / self._summed[-1]
        keys, plays = np.unique(users * self._n_tracks + self._tracks(place), return_counts=True)
        return (
            (keys // self._n_tracks + first).astype(np.int32),
            (keys % self._n_tracks).astype(np.int32),
            plays.astype(np.int32),
        )

    def _tracks(self, place: np.ndarray) -> np.ndarray:
        found = np.searchsorted(self._summed, place * self._summed[-1], "right") - 1
        return np.minimum(found, self._n_tracks - 1)


def measure_one(n_pairs: int) -> dict[str, float]:
    """Train on one size in this very process; CPU seconds, wall seconds, MB."""
    interactions, catalogue = generate(n_pairs)
    before_mb = _peak_mb()
    began, began_cpu = time.perf_counter(), time.process_time()
    index = train(interactions, catalogue)
    return {
        "users": len(interactions.user_ids),
        "pairs": len(interactions.plays),
        "cpu_s": time.process_time() - began_cpu,
        "wall_s": time.perf_counter() - began,
        "data_mb": before_mb,
        "peak_mb": _peak_mb(),
        "factors": index.factors.width,
        "neighbours": int(index.neighbours.nnz),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--one", type=int, help="Train on this size and print one JSON object.")
    parser.add_argument("--picture", type=Path, help="Draw the figures into this SVG file.")
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measure_one(options.one)))
        return
    print(f"{'pairs':>12}{'users':>11}{'CPU s':>9}{'us/pair':>9}{'wall s':>9}{'peak MB':>9}")
    rows = []
    for size in options.sizes:
        command = [sys.executable, "-m", "benchmarks.scale", "--one", str(size)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        one = json.loads(done.stdout)
        rows.append(one)
        print(
            f"{one['pairs']:>12,}{one['users']:>11,}{one['cpu_s']:>9.1f}"
            f"{1e6 * one['cpu_s'] / one['pairs']:>9.1f}{one['wall_s']:>9.1f}"
            f"{one['peak_mb']:>9,.0f}",
            flush=True,
        )
    if options.picture:
        draw(rows, options.picture)


if __name__ == "__main__":
    main()
