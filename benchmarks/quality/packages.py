"""Peers from PyPI, each where it is installed: implicit, fastslim, sansa and elsarec."""

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

Score = Callable[[sparse.csr_matrix], Any]
SLIM_PASSES = 50
SLIM_TOLERANCE = 1e-3
SANSA_EXACT = 100_000  # pairs; on kgat, of 300,000, it was not done after 45 minutes
ELSA_BATCH = 1_024  # and the rate of learning is that of its authors: 0.1


class NotHereError(Exception):
    """A method that this machine or this set cannot have; says why."""


def train_implicit_als(
    ones: sparse.csr_matrix, *, seed: int, factors: float, alpha: float
) -> Score:
    """Train the ALS of implicit with one thread."""
    try:
        from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415 - may be absent
    except ImportError as error:
        raise NotHereError("implicit is not installed: requirements/bench.txt") from error
    model = AlternatingLeastSquares(
        factors=int(factors), regularization=0.05, alpha=alpha, num_threads=1, random_state=seed
    )
    model.fit(ones, show_progress=False)

    def score(given: sparse.csr_matrix) -> Any:
        tastes = model.recalculate_user(np.arange(given.shape[0]), given)
        return np.asarray(tastes) @ np.asarray(model.item_factors).T

    return score


def train_slim(ones: sparse.csr_matrix, *, sparsity: float, ridge: float) -> Score:
    """Train the SLIM of fastslim with one thread."""
    try:
        import fastslim  # noqa: PLC0415 - may be absent
    except ImportError as error:
        raise NotHereError("fastslim is not installed: requirements/bench.txt") from error
    model = fastslim.SLIM(
        lambd=sparsity, beta=ridge, max_iter=SLIM_PASSES, tol=SLIM_TOLERANCE, n_threads=1
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastslim.ConvergenceWarning)  # some tracks of thousands
        model.fit(ones.astype(np.float64))
    weights = sparse.csr_matrix(model.fitted_weights(), dtype=np.float32)
    return lambda given: (given @ weights).toarray()


def train_sansa(ones: sparse.csr_matrix, *, ridge: float, density: float) -> Score:
    """Train SANSA as its authors advise: with the exact factorization for small sets alone."""
    try:
        import sansa  # noqa: PLC0415 - may be absent
    except ImportError as error:
        reason = "sansa is not installed: it needs the headers of SuiteSparse and scikit-sparse<0.5"
        raise NotHereError(reason) from error
    logging.getLogger("sansa").setLevel(logging.WARNING)
    factorizer = (
        sansa.CHOLMODGramianFactorizerConfig
        if ones.nnz <= SANSA_EXACT
        else sansa.ICFGramianFactorizerConfig
    )
    model = sansa.SANSA(
        sansa.SANSAConfig(
            l2=ridge,
            weight_matrix_density=density,
            gramian_factorizer_config=factorizer(),
            lower_triangle_inverter_config=sansa.UMRUnitLowerTriangleInverterConfig(
                scans=1, finetune_steps=5
            ),
        )
    )
    model.fit(ones)
    return lambda given: model.forward(given).toarray()


def train_elsa(ones: sparse.csr_matrix, *, seed: int, factors: float, epochs: float) -> Score:
    """Train the ELSA of its authors, on the processor."""
    try:
        import elsa  # noqa: PLC0415 - may be absent
        import torch  # noqa: PLC0415 - may be absent
    except ImportError as error:
        raise NotHereError("elsarec is not installed, or PyTorch, which it needs") from error
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    on = torch.device("cpu")
    model = elsa.ELSA(ones.shape[1], int(factors), device=on)
    listeners = ones[np.diff(ones.indptr) > 0]
    model.fit(listeners, epochs=int(epochs), batch_size=ELSA_BATCH, shuffle=True, verbose=False)

    def score(given: sparse.csr_matrix) -> Any:
        with torch.no_grad():
            return model(torch.from_numpy(given.toarray())).numpy()

    return score
