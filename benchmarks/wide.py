"""Lists at 100,000 tracks: what shortlists cost and lose beside scoring all tracks, in CPU time.

Run: python -m benchmarks.wide [--index FILE] [--sets NAME ...]. The index is trained on generated
listeners (`benchmarks.scale`) with made-up tags and releases, and kept in FILE if one is named.
Beside it the bare products that a batch of listeners needs, a way between two tracks, and
neighbours by sound. With --sets the lists of held-out listeners of the research sets are compared,
large catalogue or not.
"""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy import sparse

from benchmarks.quality.sets import FILES, present_sets, split
from benchmarks.recommender import clock, row
from benchmarks.scale import DAY_S, N_TRACKS, NOW, generate
from harmonyhub.domain.history import History, Interactions
from harmonyhub.domain.ids import ReleaseId, UserId
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.domain.sound import SOUND_WIDTH
from harmonyhub.recommender import pipeline, shortlist
from harmonyhub.recommender.closeness import build_graph
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.path import find_path
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.research import ResearchIndex, train_index
from harmonyhub.recommender.sounds import find_alike
from harmonyhub.recommender.training import train

N_PAIRS = 500_000
N_LISTENERS = 60
LENGTHS = (30, 100, 1_000)
N_BATCH = 64
N_HELD_OUT = 300
EVERYTHING = 10**9
NOTHING = np.zeros(0, dtype=np.int32)
NOBODY = Interactions([], [], NOTHING, NOTHING, NOTHING, NOTHING.astype(np.int64))


def train_wide() -> ServingIndex:
    """Train on generated listeners; tags and releases are drawn."""
    interactions, catalogue = generate(N_PAIRS)
    rng = np.random.default_rng(1)
    drawn = rng.zipf(1.5, (len(catalogue), 2)).clip(max=300).tolist()
    dressed = [
        replace(
            entry,
            release_id=ReleaseId(f"release {place // 6}"),
            tags=tuple(sorted({f"genre {place // 500}", *(f"tag {tag}" for tag in tags)})),
        )
        for place, (entry, tags) in enumerate(zip(catalogue, drawn, strict=True))
    ]
    return train(interactions, dressed)


def draw_history(index: ServingIndex, n_tracks: int, seed: int) -> History:
    """Draw a history most of which lies near one place of the catalogue, as `scale` does."""
    rng = np.random.default_rng(seed)
    home, n_near = rng.integers(index.n_tracks - 2_000), round(n_tracks * 0.7)
    near = home + rng.integers(0, 2_000, n_near)
    items = np.unique([*near, *rng.integers(0, index.n_tracks, n_tracks - n_near)])
    last = NOW - rng.integers(0, 2_000, len(items)) * DAY_S
    plays = rng.integers(1, 19, len(items)).astype(np.int32)
    return History([index.track_ids[item] for item in items], plays, last - DAY_S, last)


def ask(index: ServingIndex, profile: Profile, list_name: ListName, *, n: int) -> list[str]:
    """Ask for a list, as ids."""
    request = RecommendationRequest(UserId("u"), list_name, n, NOW)
    return [one.track.id for one in recommend(request, profile=profile, index=index).items]


def compare_lists(index: ServingIndex, histories: Sequence[History]) -> None:
    """Print how much of the lists of all tracks is in those of shortlists."""
    for list_name in (ListName.FOR_YOU, ListName.DISCOVER):
        for n in (20, 50):
            found, n_same = [], 0
            for history in histories:
                lists = []
                for most in (EVERYTHING, 0):
                    with patch.object(shortlist, "SCAN_MAX", most):
                        lists.append(ask(index, build_profile(history, index), list_name, n=n))
                scanned, short = lists
                found.append(len({*scanned} & {*short}) / max(len(scanned), 1))
                n_same += scanned == short
            print(
                f"  {list_name.value:<10} of {n}: {np.mean(found):.4f} of the scan's tracks, at "
                f"least {min(found):.2f}; {n_same} of {len(found)} lists the same"
            )


def time_lists(index: ServingIndex) -> None:
    """Print what one listener's list costs, first and again, by scan and by shortlist."""
    for length in LENGTHS:
        histories = [draw_history(index, length, seed) for seed in range(N_LISTENERS // 2)]
        print(f"\nHistory of {length:,} tracks, For you of 20; CPU ms{'p50':>12}{'p99':>8}")
        for label, most in (("scan", EVERYTHING), ("shortlist", 0)):
            with patch.object(shortlist, "SCAN_MAX", most):
                row(f"{label}: profile", each(histories, lambda h: build_profile(h, index)))
                profiles = [build_profile(history, index) for history in histories]
                with without_reasons():
                    taken = each(profiles, lambda p: ask(index, p, ListName.DISCOVER, n=50))
                    row(f"{label}: top 50, no reasons", taken)
                profiles = [build_profile(history, index) for history in histories]
                for time_of in ("first list", "the same again"):
                    taken = each(profiles, lambda p: ask(index, p, ListName.FOR_YOU, n=20))
                    row(f"{label}: {time_of}", taken)


def without_reasons():
    """Leave the reasons out of the lists that are made inside."""
    return patch.object(pipeline, "give_reasons", lambda _, items, *__, **___: [()] * len(items))


def each(values: Iterable, action) -> list[float]:
    """Give the CPU milliseconds of an action on each of some values."""
    return [clock(lambda one=value: action(one))[0] for value in values]


def time_batch(index: ServingIndex) -> None:
    """Print top 50 of many listeners beside the bare products with factors and neighbours."""
    histories = [draw_history(index, 50, seed) for seed in range(N_BATCH)]
    profiles = [build_profile(history, index) for history in histories]
    tastes = np.vstack([profile.similar.taste for profile in profiles])
    ends = np.cumsum([0, *(len(profile.items) for profile in profiles)])
    given = sparse.csr_matrix(
        (
            np.concatenate([profile.weights for profile in profiles]),
            np.concatenate([profile.items for profile in profiles]),
            ends,
        ),
        shape=(N_BATCH, index.n_tracks),
    )
    bare = clock(lambda: (tastes @ index.factors.places.T, given @ index.neighbours), 5)

    def make_lists() -> None:
        for history in histories:
            ask(index, build_profile(history, index), ListName.DISCOVER, n=50)

    ours = clock(make_lists, 3)
    with without_reasons():
        chosen = clock(make_lists, 3)
    scorer = ResearchIndex(index, NOBODY)
    plays = given.copy()
    plays.data = np.concatenate([profile.plays for profile in profiles]).astype(np.float32)
    scored = clock(lambda: scorer.score(plays), 3)
    print(f"\nDiscover of 50 for {N_BATCH} listeners; CPU ms a listener")
    print(f"  {'bare products with factors and neighbours':<52}{min(bare) / N_BATCH:>8.2f}")
    print(f"  {'profile and list':<52}{min(chosen) / N_BATCH:>8.2f}")
    print(f"  {'profile, list and reasons':<52}{min(ours) / N_BATCH:>8.2f}")
    print(f"  {'scores of all tracks by the research face':<52}{min(scored) / N_BATCH:>8.2f}")


def time_ways_and_sounds(index: ServingIndex) -> None:
    """Print what a way costs, and neighbours by sound of a whole catalogue."""
    began = time.process_time()
    graph = build_graph(index)
    print(f"\n  {'graph of ways, once per model, CPU s':<52}{time.process_time() - began:>8.1f}")
    ends = np.random.default_rng(0).integers(0, index.n_tracks, (10, 2)).tolist()
    taken = each(ends, lambda e: find_path(e[0], e[1], n=10, graph=graph, index=index))
    print(f"  {'a way of 10 tracks, CPU ms':<52}{np.median(taken):>8.0f}")
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(200, SOUND_WIDTH))[rng.integers(0, 200, index.n_tracks)]
    points = kinds + 0.6 * rng.normal(size=kinds.shape)
    points = (points / np.sqrt(2 * SOUND_WIDTH * 1.36)).astype(np.float32)
    items = np.arange(index.n_tracks, dtype=np.int32)
    taken = clock(lambda: find_alike(points, items, n_tracks=index.n_tracks))
    print(f"  {'neighbours by sound of all tracks, CPU s':<52}{taken[0] / 1_000:>8.1f}")


def compare_set(name: str, plays: sparse.csr_matrix) -> None:
    """Print what shortlists would lose on one research set, however small it is."""
    parts = split(name, plays, 0)
    index = train_index(parts.training).serving
    given = parts.validation.given[:N_HELD_OUT]
    histories = []
    for items, counts in zip(given.tolil().rows, given.tolil().data, strict=True):
        nothing = np.zeros(len(items), dtype=np.int64)
        ids = [index.track_ids[item] for item in items]
        histories.append(History(ids, np.array(counts).astype(np.int32), nothing, nothing))
    print(f"\n{name}: {index.n_tracks:,} tracks, {len(histories)} held-out listeners")
    compare_lists(index, histories)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--index", type=Path, help="The trained index: read, or written if missing."
    )
    parser.add_argument("--sets", nargs="*", default=[], choices=list(FILES))
    options = parser.parse_args()
    if options.index and options.index.exists():
        index = ServingIndex.from_bytes(options.index.read_bytes())
    else:
        index = train_wide()
        if options.index:
            options.index.write_bytes(index.to_bytes())
    print(f"{index.n_tracks:,} of {N_TRACKS:,} tracks, {index.factors.width} factors")
    lengths = (5, *LENGTHS)
    compare_lists(index, [draw_history(index, lengths[one % 4], one) for one in range(N_LISTENERS)])
    time_lists(index)
    time_batch(index)
    time_ways_and_sounds(index)
    for name, plays in present_sets(options.sets):
        compare_set(name, plays)


if __name__ == "__main__":
    main()
