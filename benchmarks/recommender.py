"""How fast the recommender trains, loads and answers on long-tail data, and how good it is.

Run: python benchmarks/recommender.py [--interactions FILE.parquet ...]; files have the columns
user, item and plays and add a quality table each. Times are CPU milliseconds: the machine may be
shared.
"""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.ids import ArtistId, ReleaseId, TrackId, UserId
from harmonyhub.domain.recommendations import (
    Feedback,
    FeedbackKind,
    ListName,
    RecommendationRequest,
)
from harmonyhub.recommender.evaluation import arrange_pairs, evaluate
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.training import train

NOW = 1_700_000_000
DAY_S = 86_400
N_TRACKS = 50_000
N_USERS = 2_000
HISTORIES = {"1,000 tracks": 1_000, "30,000 tracks (300,000 listens)": 30_000}
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


def time_requests(index: ServingIndex, n_tracks: int) -> dict:
    """Time each list for a listener of so many tracks."""
    rng = np.random.default_rng(n_tracks)
    items = rng.choice(N_TRACKS, n_tracks, replace=False)
    last = NOW - rng.integers(0, 2_000, n_tracks) * DAY_S
    plays = rng.integers(1, 19, n_tracks).astype(np.int32)
    history = History([index.track_ids[i] for i in items], plays, last - DAY_S, last)
    profile = build_profile(history, index)
    feedback = [
        Feedback(UserId("u"), index.track_ids[i], kind, at=NOW)
        for kind in (FeedbackKind.MORE, FeedbackKind.LESS, FeedbackKind.NEVER)
        for i in rng.choice(N_TRACKS, 10)
    ]
    times = {"profile_ms": round(np.median(clock(lambda: build_profile(history, index), 10)), 2)}
    for list_name in ListName:
        seed = history.track_ids[0] if list_name is ListName.MORE_LIKE_THIS else None
        request = RecommendationRequest(UserId("u"), list_name, 20, NOW, seed)
        for label, heard in (("", ()), ("+feedback", feedback)):
            taken = clock(
                lambda request=request, heard=heard: recommend(
                    request, profile=profile, index=index, feedback=heard
                ),
                N_REQUESTS,
            )
            p50, p99 = np.percentile(taken, [50, 99])
            times[f"{list_name.value}{label}_ms"] = {"p50": round(p50, 2), "p99": round(p99, 2)}
    return times


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interactions", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    interactions, catalogue = generate(options.seed)
    trained: list[ServingIndex] = []
    cpu = time.process_time()
    clock(lambda: trained.append(train(interactions, catalogue)))
    result: dict[str, object] = {
        "tracks": N_TRACKS,
        "listeners": N_USERS,
        "pairs": len(interactions.plays),
        "training_cpu_s": round(time.process_time() - cpu, 1),
    }
    data = trained[0].to_bytes()
    result["index_mb"] = round(len(data) / 1e6, 1)
    result["load_ms"] = round(min(clock(lambda: ServingIndex.from_bytes(data), 3)))
    tracemalloc.start()
    index = ServingIndex.from_bytes(data)
    index.place_of, index.artist_place_of  # noqa: B018 - made at first use, counted here
    result["resident_mb"] = round(tracemalloc.get_traced_memory()[0] / 1e6, 1)
    tracemalloc.stop()
    for label, n_tracks in HISTORIES.items():
        result[label] = time_requests(index, n_tracks)
    for path in options.interactions:
        table = pq.read_table(path)
        columns = [table.column(name).to_numpy() for name in ("user", "item", "plays")]
        report = evaluate(arrange_pairs(*columns), seed=options.seed)
        result[path.name] = {
            part: {
                metric: f"{ours.mean:.3f} [{ours.low:.3f}, {ours.high:.3f}] against "
                f"{popular.mean:.3f} of most popular"
                for metric in ("recall_at_20", "recall_at_50", "ndcg_at_100")
                for ours in [getattr(getattr(report, part).recommender, metric)]
                for popular in [getattr(getattr(report, part).most_popular, metric)]
            }
            for part in ("validation", "test")
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
