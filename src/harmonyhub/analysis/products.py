"""Matrix products that stay on one core: one process per core is how libraries are analysed."""

import numpy as np
from numpy.typing import NDArray

# OpenBLAS starts threads above 262,144 multiplications. On a busy machine they wait for each
# other: the spectrum of two minutes took 1.0 CPU seconds with them and 0.2 without.
SERIAL_PRODUCT = 200_000


def multiply_rows(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `rows @ matrix`, computed in batches that BLAS does not spread over threads."""
    batch = max(1, SERIAL_PRODUCT // matrix.size)
    n_batches = -(-len(rows) // batch)
    padded = np.zeros((n_batches * batch, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    product: NDArray[np.float32] = padded.reshape(n_batches, batch, rows.shape[1]) @ matrix
    return product.reshape(-1, matrix.shape[1])[: len(rows)]
