"""Mult-VAE (Liang et al. 2018) as its paper has it, where PyTorch is installed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.quality.packages import NotHereError

HIDDEN, LATENT = 600, 200
DROPOUT = 0.5
BATCH = 500
RATE = 1e-3
RISING = 0.5  # of the steps, until the weight of the prior is at its most

Score = Callable[[sparse.csr_matrix], Any]


def train_multvae(ones: sparse.csr_matrix, *, seed: int, prior: float, epochs: float) -> Score:
    """Train on ones of users x items; `prior` is the most that the Kullback-Leibler term weighs.

    References
    ----------
    Liang et al. 2018, "Variational autoencoders for collaborative filtering", WWW.
    """
    try:
        import torch  # noqa: PLC0415 - may be absent
    except ImportError as error:
        raise NotHereError("PyTorch is not installed, which it needs") from error
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    n_items = ones.shape[1]
    into = torch.nn.Sequential(
        torch.nn.Linear(n_items, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 2 * LATENT)
    )
    out = torch.nn.Sequential(
        torch.nn.Linear(LATENT, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, n_items)
    )
    optimizer = torch.optim.Adam([*into.parameters(), *out.parameters()], lr=RATE)
    listeners = ones[np.diff(ones.indptr) > 0]
    n_steps = int(epochs) * -(-listeners.shape[0] // BATCH)
    step = 0
    for _ in range(int(epochs)):
        order = rng.permutation(listeners.shape[0])
        for start in range(0, len(order), BATCH):
            played = torch.from_numpy(listeners[order[start : start + BATCH]].toarray())
            dropped = torch.dropout(torch.nn.functional.normalize(played), DROPOUT, train=True)
            mean, log_variance = into(dropped).chunk(2, dim=1)
            drawn = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
            said = torch.log_softmax(out(drawn), dim=1)
            apart = (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2
            weight = prior * min(1.0, step / (RISING * n_steps))
            loss = (weight * apart - (said * played).sum(dim=1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1

    def score(given: sparse.csr_matrix) -> Any:
        with torch.no_grad():
            played = torch.nn.functional.normalize(torch.from_numpy(given.toarray()))
            return out(into(played)[:, :LATENT]).numpy()

    return score
