"""Evaluation by strong generalization: how well are listeners served whom training never saw."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.quality import Quality
from harmonyhub.recommender.interactions import read_pairs
from harmonyhub.recommender.list_shape import Background, background_of, describe_lists
from harmonyhub.recommender.metrics import (
    UserMetrics,
    estimate,
    find_hidden,
    group_by_length,
    join_metrics,
    rank_unheard,
    spread_out,
)
from harmonyhub.recommender.research import ResearchIndex, train_index
from harmonyhub.recommender.splits import MIN_ITEMS, hide

HELD_OUT_SHARE = 0.1  # of the users, for validation and for the test each
MIN_USERS = 10  # one held-out user in each part
BATCH_CELLS = 20_000_000  # scores held at once: 80 MB


@dataclass(frozen=True, slots=True)
class PartReport:
    """The shipped recommender beside most popular, on the same users and items."""

    n_users: int
    recommender: Quality
    most_popular: Quality


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What an evaluation found. Choices are made on `validation`; `test` is only looked at."""

    n_users: int
    n_items: int
    n_pairs: int
    seed: int
    validation: PartReport
    test: PartReport


def arrange_pairs(
    users: NDArray[Any], items: NDArray[Any], plays: NDArray[Any]
) -> sparse.csr_matrix:
    """Arrange columns of a table as users x items plays; ids may be of any sortable type.

    Raises
    ------
    RefusedInputError
        If the columns differ in length or a number of plays is negative or not finite.
    """
    if not len(users) == len(items) == len(plays):
        raise RefusedInputError(
            "The columns user, item and plays differ in length.", hint="Write the table again."
        )
    user_ids, rows = np.unique(users, return_inverse=True)
    item_ids, columns = np.unique(items, return_inverse=True)
    shape = (len(user_ids), len(item_ids))
    counts = np.asarray(plays, dtype=np.float32)
    return read_pairs(sparse.csr_matrix((counts, (rows, columns)), shape=shape))


def evaluate(plays: sparse.csr_matrix, *, seed: int = 0) -> EvaluationReport:
    """Hold users out, train on the others, and measure on the held-out ones.

    Parameters
    ----------
    plays : csr_matrix, shape (users, items)
        Plays per pair.
    seed : int
        Draws the users and what of their histories is hidden.

    Raises
    ------
    RefusedInputError
        If there are fewer than ten users with at least five items.
    """
    pairs = read_pairs(plays)
    rng = np.random.default_rng(seed)
    able = np.flatnonzero(np.diff(pairs.indptr) >= MIN_ITEMS)
    if len(able) < MIN_USERS:
        raise RefusedInputError(
            f"{len(able)} users have {MIN_ITEMS} items or more; {MIN_USERS} are needed.",
            hint="Evaluate on more listening histories.",
        )
    held_out = rng.permutation(able)[: 2 * round(len(able) * HELD_OUT_SHARE)]
    validation, test = np.sort(np.split(held_out, 2), axis=1)
    training = np.setdiff1d(np.arange(pairs.shape[0]), held_out)
    index = train_index(pairs[training], seed=seed)
    split = [hide(pairs[part], rng) for part in (validation, test)]
    parts = [_report(index, given, hidden=hidden, rng=rng) for given, hidden in split]
    return EvaluationReport(
        n_users=pairs.shape[0],
        n_items=pairs.shape[1],
        n_pairs=pairs.nnz,
        seed=seed,
        validation=parts[0],
        test=parts[1],
    )


def summarize(
    metrics: UserMetrics,
    ranked: NDArray[Any],
    *,
    given: sparse.csr_matrix,
    background: Background,
    rng: np.random.Generator,
) -> Quality:
    """Put the figures of all listeners together: means with intervals, spread, lists.

    Parameters
    ----------
    ranked : array, shape (users, up to 100)
        The rankings that `metrics` are of, -1 after the last item.
    given : csr_matrix, shape (users, items)
        What was given of each history.
    """
    return Quality(
        recall_at_20=estimate(metrics.recall_at_20, rng),
        recall_at_50=estimate(metrics.recall_at_50, rng),
        ndcg_at_100=estimate(metrics.ndcg_at_100, rng),
        mrr_at_100=estimate(metrics.mrr_at_100, rng),
        spread=spread_out(metrics.ndcg_at_100),
        by_length=group_by_length(metrics.ndcg_at_100, np.diff(given.indptr), rng),
        lists=describe_lists(ranked, given, background, rng=rng),
    )


def _report(
    index: ResearchIndex,
    given: sparse.csr_matrix,
    *,
    hidden: sparse.csr_matrix,
    rng: np.random.Generator,
) -> PartReport:
    # Each list is a batch of users; scores of all at once would not fit into memory.
    rankings: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    found: tuple[list[UserMetrics], list[UserMetrics]] = ([], [])
    popular = index.serving.listeners.astype(np.float32)
    size = max(BATCH_CELLS // max(index.serving.n_tracks, 1), 1)
    for start in range(0, given.shape[0], size):
        batch = slice(start, start + size)
        scores = index.score(given[batch])
        for method, each in enumerate((scores, np.tile(popular, (len(scores), 1)))):
            ranked = rank_unheard(each, given[batch])
            rankings[method].append(ranked)
            found[method].append(find_hidden(ranked, hidden[batch]))
    background = background_of(index.serving)
    ours, most_popular = (
        summarize(
            join_metrics(found[method]),
            np.concatenate(rankings[method]),
            given=given,
            background=background,
            rng=rng,
        )
        for method in (0, 1)
    )
    return PartReport(n_users=given.shape[0], recommender=ours, most_popular=most_popular)
