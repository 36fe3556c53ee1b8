"""What the quality gate costs and what it catches, on a research set.

Run: python -m benchmarks.gate [--set NAME]; about ten trainings. The set is looked for beside this
repository.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.quality.sets import FILES, present_sets, split
from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.recommender.holding_out import drop_pairs, mark_held_out, share_held_out
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.judging import judge
from harmonyhub.recommender.metrics import measure
from harmonyhub.recommender.research import train_index
from harmonyhub.recommender.training import train

SPOILT = (0.1, 0.3, 1.0)  # shares of the pairs whose listeners are mixed up
SEEDS = (0, 1, 2)


def as_interactions(plays: sparse.csr_matrix) -> tuple[Interactions, list[CatalogueEntry]]:
    """Give a matrix as a training of the service reads it."""
    n_users, n_items = plays.shape
    ids = [TrackId(str(item)) for item in range(n_items)]
    interactions = Interactions(
        user_ids=[UserId(str(user)) for user in range(n_users)],
        track_ids=ids,
        user_index=np.repeat(np.arange(n_users, dtype=np.int32), np.diff(plays.indptr)),
        track_index=plays.indices.astype(np.int32),
        plays=np.maximum(np.rint(plays.data), 1).astype(np.int32),
        last_played_at=np.zeros(plays.nnz, dtype=np.int64),
    )
    return interactions, [CatalogueEntry(id=i, title=i, artist="", artist_ids=()) for i in ids]


def mix_up(pairs: Interactions, share: float) -> Interactions:
    """Give some pairs to other listeners; what then stands twice goes."""
    rng = np.random.default_rng(0)
    chosen = np.flatnonzero(rng.random(len(pairs.plays)) < share)
    users = pairs.user_index.copy()
    users[chosen] = users[rng.permutation(chosen)]
    _, first = np.unique(np.stack([users, pairs.track_index]), axis=1, return_index=True)
    is_double = np.ones(len(users), dtype=np.bool_)
    is_double[first] = False
    return drop_pairs(replace(pairs, user_index=users), is_double)


def trainings(
    learned: Interactions, catalogue: list[CatalogueEntry]
) -> Iterator[tuple[str, ServingIndex]]:
    """Give what may become of the next training."""
    for seed in SEEDS[1:]:
        yield f"the same with seed {seed}", train(learned, catalogue, seed=seed)
    for share in (0.5, 0.9):
        is_lost: NDArray[np.bool_] = (
            np.random.default_rng(0).random(len(learned.user_ids)) > share
        )[learned.user_index]
        few = train(drop_pairs(learned, is_lost), catalogue)
        yield f"{1 - share:.0%} of the listeners lost", few
    for share in SPOILT:
        yield f"{share:.0%} of the pairs mixed up", train(mix_up(learned, share), catalogue)


def show_verdicts(plays: sparse.csr_matrix) -> None:
    """Judge trainings that are as good, and such that are spoilt, against a good one."""
    interactions, catalogue = as_interactions(plays)
    ppm = share_held_out(len(interactions.plays))
    learned = drop_pairs(interactions, mark_held_out(interactions, ppm))
    live = train(learned, catalogue)
    for name, new in trainings(learned, catalogue):
        found = judge(new, live, interactions=interactions, ppm=ppm)
        print(
            f"{name:<32} {found.verdict.value:<6} new {found.new:.4f} live {found.live:.4f} "
            f"difference {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] "
            f"({found.n_listeners:,} listeners, {found.n_listens:,} tracks)",
            flush=True,
        )


def show_cost(name: str, plays: sparse.csr_matrix) -> None:
    """Measure what listeners lose by what no training learns from."""
    parts = split(name, plays, 0)
    pairs = parts.training
    is_out = mark_held_out(as_interactions(pairs)[0], share_held_out(pairs.nnz))
    learned = pairs.copy()
    learned.data = np.where(is_out, 0, pairs.data)
    learned.eliminate_zeros()
    for what, training in (("all pairs", pairs), (f"{is_out.mean():.1%} held out", learned)):
        scores = train_index(training).score(parts.validation.given)
        found = measure(scores, parts.validation.given, parts.validation.hidden)
        print(f"{what:<32} validation NDCG@100 {found.ndcg_at_100.mean():.4f}", flush=True)


def main() -> None:
    """Print both for the sets that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", dest="names", choices=sorted(FILES), action="append")
    for name, plays in present_sets(parser.parse_args().names or ["lastfm-hetrec2011"]):
        print(f"{name}: {plays.shape[0]:,} listeners, {plays.nnz:,} pairs", flush=True)
        show_cost(name, plays)
        show_verdicts(plays)


if __name__ == "__main__":
    main()
