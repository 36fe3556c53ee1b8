"""How fast the recommender trains, loads and answers on long-tail data, and how good it is.

Run: python -m benchmarks.recommender [--interactions FILE ...] [--only speed|quality]
[--sets NAME ...] [--methods NAME ...] [--seeds N] [--write]; files are the tables that
`harmonyhub evaluate` reads and add a quality table each. The quality part tunes and measures peers
beside ours on the research sets, where they are there; --write puts each row into docs/quality.md
as soon as it is measured. Times are CPU time: the machine may be shared.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.peers import METHODS
from benchmarks.quality.sets import FILES, present_sets, split
from benchmarks.quality.table import Line, measure_method, write_page, write_row
from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import ArtistId, ReleaseId, TrackId, UserId
from harmonyhub.domain.knobs import NO_SEEDS, Seeds
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.evaluation import arrange_pairs, evaluate
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.training import train
from harmonyhub.sources.interaction_table import read_interaction_table

PAGE = Path("docs/quality.md")
NOW = 1_700_000_000
DAY_S = 86_400
N_TRACKS = 50_000
N_USERS = 2_000
HISTORIES = (1_000, 30_000)  # the second: 300,000 listens
N_REQUESTS = 100


def generate(seed: int) -> tuple[Interactions, list[CatalogueEntry]]:
    """Draw listeners with a long tail in tracks, in history lengths and in plays."""
    rng = np.random.default_rng(seed)
    artist = np.minimum((rng.pareto(1.0, N_TRACKS) * 50).astype(int), 8_000)
    catalogue = [
        CatalogueEntry(
            id=TrackId(f"{track:016x}"),
            title=f"Song number {track}",
            artist=f"The Artist {artist[track]}",
            artist_ids=(ArtistId(f"{artist[track]:016x}"),),
            release_id=ReleaseId(f"{artist[track]}-{track % 7}"),
            tags=tuple(f"tag {tag}" for tag in set(rng.zipf(1.5, 3).clip(max=300).tolist())),
        )
        for track in range(N_TRACKS)
    ]
    popularity = rng.permutation(1.0 / np.arange(1, N_TRACKS + 1) ** 0.8)
    lengths = np.minimum(rng.lognormal(5.0, 1.2, N_USERS).astype(int) + 3, 10_000)
    tracks = [_draw(rng, popularity, length, center=rng.integers(N_TRACKS)) for length in lengths]
    users = np.repeat(np.arange(N_USERS), [len(drawn) for drawn in tracks])
    interactions = Interactions(
        user_ids=[UserId(f"u{user}") for user in range(N_USERS)],
        track_ids=[entry.id for entry in catalogue],
        user_index=users.astype(np.int32),
        track_index=np.concatenate(tracks).astype(np.int32),
        plays=np.minimum(rng.zipf(1.6, len(users)), 500).astype(np.int32),
        last_played_at=NOW - rng.integers(0, 1500, len(users)) * DAY_S,
    )
    return interactions, catalogue


def _draw(rng, popularity, length: int, *, center: int):
    distance = np.abs(np.arange(N_TRACKS) - center)
    near = np.exp(-np.minimum(distance, N_TRACKS - distance) / 3_000.0) + 0.01
    weights = popularity * near
    return rng.choice(N_TRACKS, length, replace=False, p=weights / weights.sum())


def clock(action: Callable[[], object], times: int = 1) -> list[float]:
    """Return CPU milliseconds per call."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        action()
        taken.append(1_000 * (time.process_time() - start))
    return taken


def generate_one(seed: int) -> tuple[Interactions, list[CatalogueEntry]]:
    """Draw one listener with 100,000 listens of 10,000 tracks: a catalogue all of his own."""
    rng = np.random.default_rng(seed)
    n_tracks, n_listens = 10_000, 100_000
    further = np.minimum((rng.pareto(1.0, n_listens - n_tracks) * 200).astype(int), n_tracks - 1)
    catalogue = [
        CatalogueEntry(TrackId(f"{track:016x}"), f"Song number {track}", "", ())
        for track in range(n_tracks)
    ]
    interactions = Interactions(
        user_ids=[UserId("u")],
        track_ids=[entry.id for entry in catalogue],
        user_index=np.zeros(n_tracks, dtype=np.int32),
        track_index=np.arange(n_tracks, dtype=np.int32),
        plays=1 + np.bincount(further, minlength=n_tracks).astype(np.int32),
        last_played_at=NOW - rng.integers(0, 1500, n_tracks) * DAY_S,
    )
    return interactions, catalogue


def time_requests(index: ServingIndex, n_tracks: int) -> None:
    """Time each list for a listener of so many tracks, and print it."""
    rng = np.random.default_rng(n_tracks)
    items = rng.choice(N_TRACKS, n_tracks, replace=False)
    last = NOW - rng.integers(0, 2_000, n_tracks) * DAY_S
    plays = rng.integers(1, 19, n_tracks).astype(np.int32)
    history = History([index.track_ids[i] for i in items], plays, last - DAY_S, last)
    feedback = [
        Feedback(UserId("u"), index.track_ids[i], kind, at=NOW)
        for kind in (FeedbackKind.MORE, FeedbackKind.LESS, FeedbackKind.NEVER)
        for i in rng.choice(N_TRACKS, 10)
    ]

    def ask(list_name: ListName, profile: Profile, heard: Sequence[Feedback] = ()) -> None:
        is_seeded = list_name is ListName.MORE_LIKE_THIS
        seeds = Seeds((history.track_ids[0],)) if is_seeded else NO_SEEDS
        request = RecommendationRequest(UserId("u"), list_name, 20, NOW, seeds)
        recommend(request, profile=profile, index=index, feedback=heard)

    print(f"\nHistory of {n_tracks:,} tracks, list of 20; CPU ms{'p50':>11}{'p99':>8}")
    row("build the profile", clock(lambda: build_profile(history, index), 10))
    profiles = iter([build_profile(history, index) for _ in range(10)])
    row("for-you, first time", clock(lambda: ask(ListName.FOR_YOU, next(profiles)), 10))
    profile = build_profile(history, index)
    for list_name in ListName:
        for label, heard in (("", ()), (" after feedback", feedback)):
            taken = clock(lambda name=list_name, said=heard: ask(name, profile, said), N_REQUESTS)
            row(f"{list_name.value}{label}", taken)


def row(label: str, taken: list[float]) -> None:
    """Print the median and the slowest of some times."""
    p50, p99 = np.percentile(taken, [50, 99])
    print(f"  {label:<42}{p50:>8.2f}{p99:>8.2f}")


def measure_index(index: ServingIndex) -> ServingIndex:
    """Print what storing, loading and holding the index costs, and return the loaded one."""
    data = index.to_bytes()
    load_ms = min(clock(lambda: ServingIndex.from_bytes(data), 3))
    tracemalloc.start()
    loaded = ServingIndex.from_bytes(data)
    seeds = Seeds((loaded.track_ids[0],))
    request = RecommendationRequest(UserId("u"), ListName.MORE_LIKE_THIS, 20, NOW, seeds)
    nothing = History([], *(np.zeros(0, dtype=np.int64) for _ in range(3)))
    recommend(request, profile=build_profile(nothing, loaded), index=loaded)
    resident = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"  {'stored, MB':<42}{len(data) / 1e6:>8.1f}")
    print(f"  {'load, CPU ms':<42}{load_ms:>8.0f}")
    print(f"  {'resident after the first list, MB':<42}{resident / 1e6:>8.1f}")
    return loaded


def evaluate_file(path: Path, seed: int) -> None:
    """Print how well held-out listeners of a table are served."""
    table = read_interaction_table(path)
    report = evaluate(arrange_pairs(table.users, table.items, table.plays), seed=seed)
    print(f"\n{path.name}: {report.n_users:,} users, {report.n_items:,} items")
    print(f"  {'':<24}{'HarmonyHub':>10}  {'95 % interval':<16}{'most popular':>14}")
    for name, part in (("validation", report.validation), ("test", report.test)):
        for metric in ("recall_at_20", "recall_at_50", "ndcg_at_100"):
            ours, popular = getattr(part.recommender, metric), getattr(part.most_popular, metric)
            interval = f"{ours.low:.3f} to {ours.high:.3f}"
            print(
                f"  {name:<11}{metric:<13}{ours.mean:>10.3f}  {interval:<16}{popular.mean:>14.3f}"
            )


def measure_quality(
    names: Sequence[str], methods: Sequence[str], *, n_seeds: int, is_written: bool
) -> None:
    """Print a row for each method on each set as soon as it is there; keep it if asked to."""
    for name, plays in present_sets(names):
        splits = [split(name, plays, seed) for seed in range(n_seeds)]
        for method in METHODS:
            if methods and method.name not in methods:
                continue
            line = measure_method(method, splits)
            row = write_row(name, line)
            print(row, flush=True)
            # What cannot be measured here may have been measured elsewhere: its row stays.
            if is_written and isinstance(line, Line):
                write_page(PAGE, row)


def measure_speed(seed: int) -> None:
    """Print what training, loading and each list cost."""
    trained: list[ServingIndex] = []
    for interactions, catalogue in (generate_one(seed), generate(seed)):
        taken = clock(lambda data=(interactions, catalogue): trained.append(train(*data)))
        n_users, n_pairs = len(interactions.user_ids), len(interactions.plays)
        print(f"\nTracks {len(catalogue):,}, listeners {n_users:,}, pairs {n_pairs:,}")
        print(f"  {'train, CPU s':<42}{taken[0] / 1_000:>8.1f}")
    index = measure_index(trained[-1])
    for n_tracks in HISTORIES:
        time_requests(index, n_tracks)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, nargs="*", default=[])
    parser.add_argument("--only", choices=("speed", "quality"))
    parser.add_argument("--sets", nargs="*", default=list(FILES), choices=list(FILES))
    parser.add_argument(
        "--methods", nargs="*", default=[], choices=[method.name for method in METHODS]
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="Splits of each research set.")
    parser.add_argument("--write", action="store_true", help="Put the table into docs/quality.md.")
    options = parser.parse_args()

    if options.only != "quality":
        measure_speed(options.seed)
    for path in options.interactions:
        evaluate_file(path, options.seed)
    if options.only != "speed":
        measure_quality(
            options.sets, options.methods, n_seeds=options.seeds, is_written=options.write
        )


if __name__ == "__main__":
    main()
