"""What listeners play next, beside most popular and their own history again, on 30music.

Run: python -m benchmarks.future [--listeners N --draws N]. The set is looked for beside this
repository. The last fifth of each history is hidden by time, as `harmonyhub evaluate` does, and the
artists are the catalogue's. With --listeners an instance of so few is drawn, several times; the
figures are means over the draws.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq

from benchmarks.quality.sets import SHARED
from harmonyhub.domain.history import CatalogueEntry, ListenColumns
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.quality import View
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender.future import FEWEST_DATED, FuturePlan, Listener, plan_future
from harmonyhub.recommender.future_quality import measure_views
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.training import train
from harmonyhub.recommender.verifying import count_verified

FILE = SHARED / "30music-sessions" / "events.parquet"
N_LISTS, N_VERIFIED = 300, 20  # listeners whose lists are looked at; whose reasons are verified
Catalogue = Sequence[CatalogueEntry]


def read() -> tuple[ListenColumns, Catalogue]:
    """Read the listens, and each track with its artist."""
    table = pq.read_table(FILE, columns=["user", "track", "time", "artist"])
    users, tracks, times, artists = (column.to_numpy(zero_copy_only=False) for column in table)
    user_ids, user_index = np.unique(users, return_inverse=True)
    _, firsts, track_index = np.unique(tracks, return_index=True, return_inverse=True)
    names = [str(name) for name in artists[firsts]]
    catalogue = [
        CatalogueEntry(TrackId(str(place)), str(place), name, (ArtistId(name),))
        for place, name in enumerate(names)
    ]
    listens = ListenColumns(
        user_ids=[UserId(str(user)) for user in user_ids],
        track_ids=[entry.id for entry in catalogue],
        user_index=user_index.astype(np.int32),
        track_index=track_index.astype(np.int32),
        played_at=times.astype(np.int64),
    )
    return listens, catalogue


def draw(listens: ListenColumns, n_listeners: int, seed: int) -> ListenColumns:
    """Draw an instance of so many listeners, each with a history long enough to be split."""
    able = np.flatnonzero(np.bincount(listens.user_index) >= 2 * FEWEST_DATED)
    drawn = np.random.default_rng(seed).choice(able, n_listeners, replace=False)
    kept = np.isin(listens.user_index, drawn)
    return replace(
        listens,
        user_index=listens.user_index[kept],
        track_index=listens.track_index[kept],
        played_at=listens.played_at[kept],
    )


def measure(plan: FuturePlan, index: ServingIndex) -> tuple[View, ...]:
    """Rank for each listener, without a word on the way."""
    return measure_views(index, plan, rng=np.random.default_rng(0), on_done=lambda _: None)


def report(views: Sequence[View]) -> None:
    """Print one row for each question."""
    print(
        "\n| to be found | listeners | method | NDCG@100 | nothing found |\n|---|---|---|---|---|"
    )
    for view in views:
        for method in view.methods:
            ndcg, spread = method.quality.ndcg_at_100, method.quality.spread
            print(
                f"| {view.name} | {view.n_users:,} | {method.name}"
                f" | {ndcg.mean:.3f} [{ndcg.low:.3f}, {ndcg.high:.3f}]"
                f" | {spread.nothing_found:.0%} |"
            )


def report_lists(index: ServingIndex, listeners: Sequence[Listener]) -> None:
    """Print what the first page of two lists looks like, and whether its reasons are true."""
    print("\n| list | artists | played before | new, by played artists | found | true reasons |")
    print("|---|---|---|---|---|---|")
    for list_name in (ListName.FOR_YOU, ListName.DISCOVER):
        counts: Counter[str] = Counter()
        for place, listener in enumerate(listeners[:N_LISTS]):
            counts.update(_look(index, listener, list_name, is_verified=place < N_VERIFIED))
        n_lists = min(len(listeners), N_LISTS)
        print(
            f"| {list_name.value} | {counts['artists'] / n_lists:.1f}"
            f" | {counts['known'] / n_lists:.1f}"
            f" | {counts['near'] / max(counts['cards'] - counts['known'], 1):.0%}"
            f" | {counts['found'] / n_lists:.2f} | {counts['true']} of {counts['verified']} |"
        )


def _look(
    index: ServingIndex, listener: Listener, list_name: ListName, *, is_verified: bool
) -> Mapping[str, int]:
    profile = build_profile(listener.given, index)
    request = RecommendationRequest(UserId("u"), list_name, n=20, now=listener.moment)
    cards = recommend(request, profile=profile, index=index).items
    places = index.places([card.track.id for card in cards])
    is_known = np.isin(places, profile.heard)
    played = set(index.item_artists[profile.heard].indices.tolist())
    near = [not played.isdisjoint(index.artists_of(place)) for place in places[~is_known].tolist()]
    counts = {
        "cards": len(cards),
        "artists": len(set(index.item_artists[places].indices.tolist())),
        "known": int(is_known.sum()),
        "near": sum(near),
        "found": len(listener.future.intersection(card.track.id for card in cards)),
    }
    if is_verified:
        given = listener.given
        n_true = count_verified(
            cards, list_name=list_name, history=given, now=listener.moment, index=index
        )
        counts |= {"verified": len(cards), "true": n_true}
    return counts


def report_small(
    listens: ListenColumns, catalogue: Catalogue, *, n_listeners: int, n_draws: int
) -> None:
    """Print means over some small instances."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for seed in range(n_draws):
        plan = plan_future(draw(listens, n_listeners, seed))
        for view in measure(plan, train(plan.training, catalogue)):
            for method in view.methods:
                found[view.name, method.name].append(method.quality.ndcg_at_100.mean)
    print(f"\n{n_draws} instances of {n_listeners} listeners:\n")
    print("| to be found | method | mean NDCG@100 |\n|---|---|---|")
    for (view_name, name), values in found.items():
        print(f"| {view_name} | {name} | {np.mean(values):.3f} |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listeners", type=int, help="of a small instance; else all")
    parser.add_argument("--draws", type=int, default=8)
    options = parser.parse_args()
    if not FILE.exists():
        print(f"skipped, there is no {FILE}")
        return
    started = time.process_time()
    listens, catalogue = read()
    if options.listeners:
        n_listeners: int = options.listeners
        report_small(listens, catalogue, n_listeners=n_listeners, n_draws=options.draws)
    else:
        plan = plan_future(listens)
        index = train(plan.training, catalogue)
        print(index.loudness)
        report(measure(plan, index))
        report_lists(index, plan.seen)
    print(f"\n{time.process_time() - started:.0f} CPU seconds.")


if __name__ == "__main__":
    main()
