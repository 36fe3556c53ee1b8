"""One listener alone with a knowledge pack, beside the same listener inside the full data.

Run: python -m benchmarks.knowledge [--set NAME ...] [--listeners N]. The pack is built from the
other listeners, as `harmonyhub knowledge build` builds it, from a CSV with names alone. The sets
are of artists: each stands as a track of its own name. They are looked for beside this repository.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.gate import as_interactions
from benchmarks.quality.sets import SHARED
from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.identity import identity_keys, track_id
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.build_pack import build_pack
from harmonyhub.flows.knowledge import PackLabel
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import read_pairs
from harmonyhub.recommender.knowledge import Knowledge, place_knowledge
from harmonyhub.recommender.metrics import UserMetrics, estimate, measure
from harmonyhub.recommender.packs import Pack
from harmonyhub.recommender.research import ResearchIndex
from harmonyhub.recommender.splits import MIN_ITEMS, hide
from harmonyhub.recommender.training import train

LABEL = PackLabel(name="others", version="1", licence="research", source="the other listeners")


@dataclass(frozen=True, slots=True)
class Files:
    """Where a set keeps plays and names, and the columns of both."""

    plays: str
    columns: tuple[str, str, str]
    names: str
    name_columns: tuple[str, str]
    n_folds: int


SETS = {
    "lastfm-hetrec2011": Files(
        "user_artists.parquet",
        ("userID", "artistID", "weight"),
        "artists.parquet",
        ("id", "name"),
        5,
    ),
    "audioscrobbler-50users": Files(
        "user_artist.parquet",
        ("user", "artist", "plays"),
        "artist.parquet",
        ("artist", "name"),
        50,
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """Listeners x artists plays; artists whose names are one name to us are one."""

    plays: sparse.csr_matrix
    tracks: Sequence[TrackDescription]
    ids: Sequence[TrackId]


def load(name: str) -> Town | None:
    """Load a set; None where it is not on this machine."""
    files = SETS[name]
    folder = SHARED / name
    if not (folder / files.plays).exists():
        print(f"{name}: skipped, there is no {folder}")
        return None
    table = pq.read_table(folder / files.plays)
    users, artists, plays = (table[column].to_numpy() for column in files.columns)
    names = pq.read_table(folder / files.names)
    known = dict(zip(*(names[column].to_pylist() for column in files.name_columns), strict=True))
    tracks: dict[TrackId, TrackDescription] = {}
    id_of: dict[int, TrackId] = {}
    for artist in np.unique(artists).tolist():
        text = (known.get(artist) or "").strip()
        if text:
            track = TrackDescription(title=text, artists=(text,))
            id_of[artist] = track_id(identity_keys(track))
            tracks.setdefault(id_of[artist], track)
    place_of = {each: place for place, each in enumerate(tracks)}
    places = np.array([place_of.get(id_of.get(one, TrackId("")), -1) for one in artists.tolist()])
    named = places >= 0
    rows = np.unique(users[named], return_inverse=True)[1]
    shape = (int(rows.max()) + 1, len(tracks))
    matrix = sparse.coo_matrix((plays[named], (rows, places[named])), shape=shape).tocsr()
    return Town(read_pairs(matrix), list(tracks.values()), list(tracks))


def build_from(town: Town, others: NDArray[np.int64], *, min_listeners: int) -> Pack:
    """Build a pack from some listeners, by way of a file."""
    with tempfile.TemporaryDirectory(prefix="harmonyhub-") as folder:
        path = Path(folder) / "listens.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("user", "artist", "track", "plays"))
            pairs = town.plays[others].tocoo()
            for user, item, count in zip(pairs.row, pairs.col, pairs.data, strict=True):
                name = town.tracks[item].title
                writer.writerow((user, name, name, count))
        return build_pack([path], LABEL, now=0, min_listeners=min_listeners)[0]


def alone(
    given: sparse.csr_matrix, pack: Pack | None, *, town: Town, catalogue: list[CatalogueEntry]
) -> ServingIndex:
    """Train a server on which one person listens, with a pack or without."""
    index = train(as_interactions(given)[0], catalogue)
    if pack is None:
        return index
    place_of = {each: place for place, each in enumerate(town.ids)}
    ids = [track_id(identity_keys(track)) for track in pack.tracks]
    places = np.array([place_of.get(each, -1) for each in ids], dtype=np.int32)
    placed = place_knowledge(pack.neighbours, places, listeners=index.listeners)
    return replace(index, knowledge=(Knowledge("others", pack.facts.n_listeners, placed),))


def folds(town: Town, n_folds: int) -> Iterator[NDArray[np.int64]]:
    """Part the listeners who have enough to hide some."""
    able = np.flatnonzero(np.diff(town.plays.indptr) >= MIN_ITEMS)
    yield from np.array_split(np.random.default_rng(0).permutation(able), min(n_folds, len(able)))


def measure_set(name: str, *, n_listeners: int) -> None:
    """Print the quality of each way to be served, on the same listeners and hidden artists."""
    town = load(name)
    if town is None:
        return
    print(f"{name}: {town.plays.shape[0]:,} listeners, {town.plays.shape[1]:,} artists")
    rng = np.random.default_rng(0)
    found: dict[str, list[UserMetrics]] = {}
    n_done = 0
    for fold in folds(town, SETS[name].n_folds):
        listeners = np.sort(fold[: n_listeners - n_done])
        others = np.setdiff1d(np.arange(town.plays.shape[0]), fold)
        measured = _measure_fold(town, listeners, others=others, rng=rng)
        for way, metrics in measured.items():
            found.setdefault(way, []).append(metrics)
        n_done += len(listeners)
        if n_done >= n_listeners:
            break
    full = np.concatenate([one.ndcg_at_100 for one in found["inside the full data"]])
    for way, parts in found.items():
        ndcg = np.concatenate([one.ndcg_at_100 for one in parts])
        recall = np.concatenate([one.recall_at_20 for one in parts])
        sure = estimate(ndcg, rng)
        print(
            f"{way:<36} NDCG@100 {sure.mean:.3f} [{sure.low:.3f}, {sure.high:.3f}] "
            f"recall@20 {recall.mean():.3f}  {ndcg.mean() / full.mean():.2f} of the full data",
            flush=True,
        )
    print(f"({len(full)} listeners)")


def _measure_fold(
    town: Town, listeners: NDArray[np.int64], *, others: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, UserMetrics]:
    given, hidden = hide(town.plays[listeners], rng)
    together = sparse.vstack([town.plays[others], given], format="csr")
    interactions, _ = as_interactions(together)
    catalogue = [
        CatalogueEntry(id=TrackId(str(place)), title=track.title, artist="", artist_ids=())
        for place, track in enumerate(town.tracks)
    ]
    full = ResearchIndex(train(interactions, catalogue), interactions)
    scores = {"inside the full data": full.score(given)}
    packs = {
        "alone with a pack (3 listeners)": build_from(town, others, min_listeners=3),
        "alone with a pack (1 listener)": build_from(town, others, min_listeners=1),
        "alone without": None,
    }
    for way, pack in packs.items():
        rows = []
        for user in range(given.shape[0]):
            one = given[user]
            serving = alone(one, pack, town=town, catalogue=catalogue)
            index = ResearchIndex(serving, as_interactions(one)[0])
            rows.append(index.score(one)[0])
        scores[way] = np.array(rows)
    return {way: measure(each, given, hidden) for way, each in scores.items()}


def main() -> None:
    """Measure the sets that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", dest="names", choices=sorted(SETS), action="append")
    parser.add_argument("--listeners", type=int, default=100)
    arguments = parser.parse_args()
    for name in arguments.names or sorted(SETS):
        measure_set(name, n_listeners=arguments.listeners)


if __name__ == "__main__":
    main()
