"""The peers, each as small as its paper: train on plays, score histories."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.quality.ease import train_ease
from benchmarks.quality.multvae import train_multvae
from benchmarks.quality.packages import (
    train_elsa,
    train_implicit_als,
    train_sansa,
    train_slim,
)
from harmonyhub.recommender import train_index

Score = Callable[[sparse.csr_matrix], Any]
N_NEIGHBOURS = 200
BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Method:
    """One method and the settings that are tried on the validation part."""

    name: str
    train: Callable[..., Score]
    grid: tuple[Mapping[str, float], ...] = ({},)


def _ones(plays: sparse.csr_matrix) -> sparse.csr_matrix:
    ones = plays.astype(np.float32)
    ones.data[:] = 1
    return ones


def _harmonyhub(plays: sparse.csr_matrix, *, seed: int) -> Score:
    return train_index(plays, seed=seed).score


def _popular(plays: sparse.csr_matrix, *, seed: int) -> Score:  # noqa: ARG001 - one interface
    listeners = np.bincount(plays.indices, minlength=plays.shape[1]).astype(np.float32)
    return lambda histories: np.tile(listeners, (histories.shape[0], 1))


def _item_knn(plays: sparse.csr_matrix, *, seed: int, shrink: float) -> Score:  # noqa: ARG001
    ones = _ones(plays)
    size = np.sqrt(np.bincount(ones.indices, minlength=ones.shape[1]).astype(np.float32))

    def weigh(block: sparse.csr_matrix, rows: Any) -> Any:
        return block.data / (size[rows] * size[block.indices] + shrink)

    near = _nearest(ones.T.tocsr(), ones, weigh)
    return lambda histories: (_ones(histories) @ near).toarray()


def _rp3beta(plays: sparse.csr_matrix, *, seed: int, alpha: float, beta: float) -> Score:  # noqa: ARG001
    ones = _ones(plays)
    listeners = np.maximum(np.bincount(ones.indices, minlength=ones.shape[1]), 1)
    lengths = np.maximum(np.diff(ones.indptr), 1)
    to_items = sparse.csr_matrix(sparse.diags(lengths**-alpha) @ ones)
    to_users = sparse.csr_matrix(sparse.diags(listeners**-alpha) @ ones.T)
    popularity = listeners**-beta
    near = _nearest(to_users, to_items, lambda block, _: block.data * popularity[block.indices])
    return lambda histories: (_ones(histories) @ near).toarray()


def _nearest(left: sparse.csr_matrix, right: sparse.csr_matrix, weigh: Any) -> sparse.csr_matrix:
    blocks = []
    for start in range(0, left.shape[0], BLOCK):
        block = (left[start : start + BLOCK] @ right).tocsr()
        rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        block.data = np.where(rows == block.indices, 0, weigh(block, rows)).astype(np.float32)
        for first, last in zip(block.indptr[:-1], block.indptr[1:], strict=True):
            if last - first > N_NEIGHBOURS:
                row = block.data[first:last]
                row[row < np.partition(row, -N_NEIGHBOURS)[-N_NEIGHBOURS]] = 0
        block.eliminate_zeros()
        blocks.append(block)
    return sparse.vstack(blocks, format="csr")


def _ease(plays: sparse.csr_matrix, *, seed: int, ridge: float) -> Score:
    return _of_ones(train_ease(_ones(plays), ridge, seed=seed))


def _implicit_als(plays: sparse.csr_matrix, *, seed: int, factors: float, alpha: float) -> Score:
    return _of_ones(train_implicit_als(_ones(plays), seed=seed, factors=factors, alpha=alpha))


def _slim(plays: sparse.csr_matrix, *, seed: int, sparsity: float, ridge: float) -> Score:  # noqa: ARG001
    return _of_ones(train_slim(_ones(plays), sparsity=sparsity, ridge=ridge))


def _sansa(plays: sparse.csr_matrix, *, seed: int, ridge: float, density: float) -> Score:  # noqa: ARG001
    return _of_ones(train_sansa(_ones(plays), ridge=ridge, density=density))


def _elsa(plays: sparse.csr_matrix, *, seed: int, factors: float, epochs: float) -> Score:
    return _of_ones(train_elsa(_ones(plays), seed=seed, factors=factors, epochs=epochs))


def _multvae(plays: sparse.csr_matrix, *, seed: int, prior: float, epochs: float) -> Score:
    return _of_ones(train_multvae(_ones(plays), seed=seed, prior=prior, epochs=epochs))


def _of_ones(score: Score) -> Score:
    return lambda histories: score(_ones(histories))


def _grid(**choices: tuple[float, ...]) -> tuple[Mapping[str, float], ...]:
    def combine() -> Iterator[Mapping[str, float]]:
        names = list(choices)
        for values in np.array(np.meshgrid(*choices.values())).reshape(len(names), -1).T.tolist():
            yield dict(zip(names, values, strict=True))

    return tuple(combine())


METHODS = (
    Method("HarmonyHub", _harmonyhub),
    Method("most popular", _popular),
    Method("item k-NN", _item_knn, _grid(shrink=(2.0, 10.0, 50.0))),
    Method("RP3beta", _rp3beta, _grid(alpha=(0.5, 0.8), beta=(0.2, 0.4))),
    Method("EASE", _ease, _grid(ridge=(10.0, 50.0, 100.0, 200.0))),
    Method("SLIM", _slim, _grid(sparsity=(0.2, 1.0), ridge=(20.0, 60.0))),
    Method("SANSA", _sansa, _grid(ridge=(50.0, 200.0), density=(2e-3,))),
    Method("ELSA", _elsa, _grid(factors=(512.0,), epochs=(30.0, 100.0))),
    Method("MultVAE", _multvae, _grid(prior=(0.2, 0.5), epochs=(50.0, 100.0))),
    Method("implicit ALS", _implicit_als, _grid(factors=(64.0, 128.0), alpha=(3.0, 10.0, 40.0))),
)
