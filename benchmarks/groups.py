"""How content the members of a group are with one list for all, by how their scores are joined.

Run: python -m benchmarks.groups [--part validation]; one training on lastfm-hetrec2011, which is
looked for beside this repository. Groups are drawn among held-out listeners, at random and of
listeners who share much; nothing that a member has heard is listed.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.quality.sets import Part, present_sets, split
from harmonyhub.recommender.group import rank_for_all
from harmonyhub.recommender.metrics import estimate
from harmonyhub.recommender.research import train_index

Scores = NDArray[np.float64]  # members x tracks, 0 to 1, the best of each; 0 is barred
Places = NDArray[np.int64]

SIZES = (2, 3, 5, 8)
N_GROUPS = 300
N_LISTED = 20
N_CANDIDATES = 200  # the best of each member; what nobody ranks so high is never listed
MISERY = 0.05
PULL = 0.8  # of all against the least, as in the paper
DISCOUNTS = 1 / np.log2(np.arange(N_LISTED) + 2)


def _best(values: NDArray[np.float64]) -> Places:
    return np.argsort(-values, kind="stable")[:N_LISTED]


def _ranks(own: Scores) -> NDArray[np.int64]:
    return np.argsort(np.argsort(-own, axis=1, kind="stable"), axis=1)


def _average(own: Scores) -> Places:
    return _best(own.mean(axis=0))


def _least_misery(own: Scores) -> Places:
    return _best(own.min(axis=0) + 1e-6 * own.mean(axis=0))


def _without_misery(own: Scores) -> Places:
    return _best(np.where(own.min(axis=0) >= MISERY, own.mean(axis=0), own.min(axis=0) - 1))


def _multiplied(own: Scores) -> Places:
    return _best(np.log(own + 0.01).sum(axis=0))


def _borda(own: Scores) -> Places:
    return _best(np.maximum(N_CANDIDATES - _ranks(own), 0).sum(axis=0) + 1e-6 * own.mean(axis=0))


def _in_turn(own: Scores) -> Places:
    orders = np.argsort(-own, axis=1, kind="stable")
    chosen: list[int] = []
    for turn in range(N_LISTED):
        mine = orders[turn % len(orders)].tolist()
        chosen.append(next(item for item in mine if item not in chosen))
    return np.array(chosen)


def _greedy(own: Scores, value: Callable[[Scores], NDArray[np.float64]]) -> Places:
    """Choose one by one what is best beside what stands there; `value` takes the sums so far."""
    had = np.zeros((len(own), 1))
    chosen: list[int] = []
    for _ in range(N_LISTED):
        worth = value(had + own)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
        had = had + own[:, chosen[-1:]]
    return np.array(chosen)


def _xiao(own: Scores) -> Places:
    share = own / np.sort(own, axis=1)[:, -N_LISTED:].sum(axis=1, keepdims=True)
    return _greedy(share, lambda sums: PULL * sums.mean(axis=0) + (1 - PULL) * sums.min(axis=0))


def _gfar(own: Scores) -> Places:
    points = np.maximum(N_LISTED - _ranks(own), 0).astype(np.float64)
    misses = -np.log1p(-points / points.sum(axis=1, keepdims=True))
    return _greedy(misses, lambda sums: (1 - np.exp(-sums)).sum(axis=0))


def _for_all(own: Scores) -> Places:
    return rank_for_all(own.astype(np.float32), N_LISTED).astype(np.int64)


METHODS: Mapping[str, Callable[[Scores], Places]] = {
    "average": _average,
    "least misery": _least_misery,
    "average without misery": _without_misery,
    "multiplied": _multiplied,
    "Borda": _borda,
    "in turn": _in_turn,
    "least misery, greedy (Xiao 2017)": _xiao,
    "GFAR (Kaya 2020)": _gfar,
    "for all (shipped)": _for_all,
}


class _Listeners(NamedTuple):
    """Held-out listeners: their scores, what they have heard, what is to be found."""

    scores: NDArray[np.float32]
    heard: NDArray[np.bool_]
    hidden: sparse.csr_matrix
    likeness: NDArray[np.float64]

    @classmethod
    def of(cls, part: Part, scores: NDArray[np.float32]) -> "_Listeners":
        heard = part.given.toarray() > 0
        ones = heard / np.sqrt(heard.sum(axis=1, keepdims=True))
        likeness = ones @ ones.T
        np.fill_diagonal(likeness, -1)
        return cls(scores, heard, part.hidden, likeness)

    def draw(self, size: int, *, is_similar: bool) -> Iterator[Places]:
        """Draw groups; similar ones are one listener and some of those who share most."""
        rng = np.random.default_rng(size)
        for _ in range(N_GROUPS):
            if is_similar:
                first = int(rng.integers(len(self.scores)))
                near = np.argsort(-self.likeness[first])[: 2 * size - 1]
                yield np.append(first, rng.choice(near, size - 1, replace=False))
            else:
                yield rng.choice(len(self.scores), size, replace=False)


def judge(group: Places, people: _Listeners) -> dict[str, tuple[float, float, float]] | None:
    """Let every method make a list for one group.

    Returns
    -------
    dict or None
        By method: of those members of whom something is to be found the mean and the least of
        NDCG@20, and the least of what the list's own scores add up to beside a list of one's own.
    """
    barred = people.heard[group].any(axis=0)
    own = np.maximum(np.where(barred, 0, people.scores[group]), 0).astype(np.float64)
    own /= np.maximum(own.max(axis=1, keepdims=True), 1e-9)
    best = np.argpartition(-np.vstack([own, own.mean(axis=0)]), N_CANDIDATES)[:, :N_CANDIDATES]
    pool = np.setdiff1d(best, np.flatnonzero(barred))
    own = own[:, pool]
    hidden = [np.flatnonzero(people.hidden[[one]].toarray()[0] > 0) for one in group]
    wanted = [found for one in hidden if len(found := one[~barred[one]])]
    if not wanted:
        return None
    ideal = np.sort(own, axis=1)[:, -N_LISTED:].sum(axis=1)
    judged = {}
    for name, method in METHODS.items():
        places = method(own)
        gains = [
            DISCOUNTS[np.isin(pool[places], one)].sum() / DISCOUNTS[: len(one)].sum()
            for one in wanted
        ]
        liked = own[:, places].sum(axis=1) / ideal
        judged[name] = (float(np.mean(gains)), float(min(gains)), float(liked.min()))
    return judged


def report(people: _Listeners, *, is_similar: bool) -> None:
    """Print one table: a column a size, and the shipped one's lead over the average."""
    columns: dict[str, list[str]] = {name: [] for name in METHODS}
    leads: list[str] = []
    for size in SIZES:
        judged = [judge(group, people) for group in people.draw(size, is_similar=is_similar)]
        table = np.array([list(one.values()) for one in judged if one])  # groups, methods, figures
        for name, means in zip(METHODS, table.mean(axis=0), strict=True):
            columns[name].append(" · ".join(f"{one:.3f}" for one in means))
        lead = table[:, -1] - table[:, 0]
        rng = np.random.default_rng(0)
        spans = [estimate(lead[:, figure], rng) for figure in range(3)]
        leads.append(" · ".join(f"{one.low:+.3f} to {one.high:+.3f}" for one in spans))
    print(f"| joined by | {' | '.join(f'{size} members' for size in SIZES)} |")
    print("|---|" + "---|" * len(SIZES))
    for name, cells in columns.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"| shipped less average, 95 % | {' | '.join(leads)} |\n")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=["validation", "test"], default="test")
    options = parser.parse_args()
    for name, plays in present_sets(["lastfm-hetrec2011"]):
        parts = split(name, plays, 0)
        part: Part = getattr(parts, options.part)
        people = _Listeners.of(part, train_index(parts.training).score(part.given))
        for is_similar in (False, True):
            print(f"{name}, {options.part}, {'similar' if is_similar else 'random'} groups:\n")
            report(people, is_similar=is_similar)


if __name__ == "__main__":
    main()
