"""A Parquet table of item factors, so that others can score with them, or bring their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError

COLUMNS = ("item", "scale", "factors")
HINT = "The columns are item, scale (a number over 0) and factors (a list of one length)."


@dataclass(frozen=True, slots=True, eq=False)
class FactorTable:
    """Factors of items: `places` has a row for each.

    A history with the weights w scores all items by `scale * (places @ (places.T @ (w / scale)))`.
    """

    items: Sequence[str]
    scale: NDArray[np.float32]
    places: NDArray[np.float32]


def write_factor_table(path: Path, table: FactorTable) -> None:
    """Write factors, one item a row."""
    width = table.places.shape[1]
    factors = pa.FixedSizeListArray.from_arrays(pa.array(table.places.ravel()), width)
    columns = [pa.array(table.items, pa.string()), pa.array(table.scale), factors]
    pq.write_table(pa.table(columns, names=list(COLUMNS)), path, compression="zstd")


def read_factor_table(path: Path) -> FactorTable:
    """Read factors that we or others wrote, as lists of any kind of number.

    Raises
    ------
    DamagedInputError
        If the file is no Parquet file.
    RefusedInputError
        If a column is missing, or the factors are not finite lists of one length.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DamagedInputError(
            f"{path.name} cannot be read as Parquet: {error}", hint="Write the file again."
        ) from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise RefusedInputError(f"{path.name} has no column {', '.join(missing)}.", hint=HINT)
    try:
        places = np.array(table["factors"].to_pylist(), dtype=np.float32).reshape(len(table), -1)
        scale = table["scale"].to_numpy().astype(np.float32)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise RefusedInputError(
            f"{path.name}: the factors are no lists of one length.", hint=HINT
        ) from error
    if not (np.isfinite(places).all() and (scale > 0).all() and np.isfinite(scale).all()):
        raise RefusedInputError(f"{path.name} holds factors that are no numbers.", hint=HINT)
    return FactorTable([str(item) for item in table["item"].to_pylist()], scale, places)
