"""Matrix products that stay on one core: one process per core is how libraries are analysed."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# OpenBLAS starts threads above 262,144 multiplications. On a busy machine they wait for each
# other: the spectrum of two minutes took 1.0 CPU seconds with them and 0.2 without.
SERIAL_PRODUCT = 200_000
STRIP_WIDTH = 32  # two registers of AVX-512; 12 to 48 were no faster


def multiply_rows(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `rows @ matrix`, computed in batches that BLAS does not spread over threads."""
    batch = max(1, SERIAL_PRODUCT // matrix.size)
    n_batches = -(-len(rows) // batch)
    padded = np.zeros((n_batches * batch, rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    product: NDArray[np.float32] = padded.reshape(n_batches, batch, rows.shape[1]) @ matrix
    return product.reshape(-1, matrix.shape[1])[: len(rows)]


class Tiles:
    """A large matrix, cut so that products with it stay below the size that starts threads.

    A batch of `multiply_rows` would be two or three rows of such a matrix. Narrow strips of columns
    allow more: 60 to 70 GFLOP/s instead of 30.

    Parameters
    ----------
    matrix : array, shape (length, width)
    n_rows : int
        How many rows every product has.
    """

    def __init__(self, matrix: NDArray[np.float32], *, n_rows: int) -> None:
        length, self._width = matrix.shape
        n_strips = -(-self._width // STRIP_WIDTH)
        padded = np.zeros((length, n_strips * STRIP_WIDTH), np.float32)
        padded[:, : self._width] = matrix
        self._strips = np.ascontiguousarray(
            padded.reshape(length, n_strips, STRIP_WIDTH).transpose(1, 0, 2)
        )
        n_batches = -(-n_rows * length * STRIP_WIDTH // SERIAL_PRODUCT)
        self._rows = np.zeros((n_batches, 1, -(-n_rows // n_batches), length), np.float32)
        self._n_rows = n_rows

    def best_of(self, parts: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the largest of `part @ matrix` over all parts, number by number.

        Each part has shape (n_rows, ...), where the rest together is as long as the matrix.
        """
        best: NDArray[np.float32] | None = None
        product: NDArray[np.float32] | None = None
        for part in parts:
            rows = self._rows.reshape(-1, self._rows.shape[3])[: self._n_rows]
            rows.reshape(part.shape)[...] = part
            product = np.matmul(self._rows, self._strips, out=product)
            if best is None:
                best, product = product, None
            else:
                np.maximum(best, product, out=best)
        assert best is not None  # noqa: S101 - there is always a part
        return self._untiled(best)

    def _untiled(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From (batches, strips, rows, columns) to (rows, columns)."""
        n_batches, n_strips, n_rows, _ = tiles.shape
        whole = tiles.transpose(0, 2, 1, 3).reshape(n_batches * n_rows, n_strips * STRIP_WIDTH)
        return whole[: self._n_rows, : self._width]
