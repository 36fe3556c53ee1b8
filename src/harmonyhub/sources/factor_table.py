"""A Parquet table of item factors, so that others can score with them, or bring their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError

COLUMNS = ("item", "scale", "factors")
HINT = (
    "The columns are item (ids as `harmonyhub export --interactions` writes them), factors (lists "
    "of one length) and, only if an index has weighed them, scale (a number over 0)."
)
WIDEST: Final = 1_024  # factors per item; of more than some hundreds nothing was ever gained
LARGEST: Final = 6e4  # an index keeps them as numbers of half precision, which end at 65,504


@dataclass(frozen=True, slots=True, eq=False)
class FactorTable:
    """Factors of items: `places` has a row for each.

    A history with the weights w scores all items by `scale * (places @ (places.T @ (w / scale)))`.
    Without a scale they are those of a factor model, such as the itemFactors of Spark's ALS.
    """

    items: Sequence[str]
    scale: NDArray[np.float32] | None
    places: NDArray[np.float32]


def write_factor_table(path: Path, table: FactorTable) -> None:
    """Write factors, one item a row."""
    width = table.places.shape[1]
    factors = pa.FixedSizeListArray.from_arrays(pa.array(table.places.ravel()), width)
    columns = {"item": pa.array(table.items, pa.string()), "factors": factors}
    if table.scale is not None:
        columns["scale"] = pa.array(table.scale)
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_factor_table(path: Path) -> FactorTable:
    """Read factors that we or others wrote, as lists of any kind of number.

    Raises
    ------
    DamagedInputError
        If the file is no Parquet file.
    RefusedInputError
        If a column is missing, an item stands twice, or the factors are not finite lists of one
        length.
    """
    try:
        names = pq.read_schema(path).names
        table = pq.read_table(path, columns=[name for name in COLUMNS if name in names])
    except (pa.ArrowException, OSError) as error:
        raise DamagedInputError(
            f"{path.name} cannot be read as Parquet: {error}", hint="Write the file again."
        ) from error
    missing = [name for name in ("item", "factors") if name not in names]
    if missing:
        raise _refuse(path, f"has no column {', '.join(missing)}")
    items = [str(item) for item in table["item"].to_pylist()]
    if len(set(items)) < len(items):
        raise _refuse(path, "names an item twice")
    places = _read_places(table, path)
    scale = _read_numbers(table["scale"], path, "the scale") if "scale" in names else None
    if scale is not None and not (scale > 0).all():
        raise _refuse(path, "has a scale that is not over 0")
    return FactorTable(items, scale, places)


def _read_places(table: pa.Table, path: Path) -> NDArray[np.float32]:
    column = table["factors"]
    kind = column.type
    is_list = any(
        is_kind(kind)
        for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )
    lengths = set(pc.list_value_length(column).to_pylist()) if is_list else set()
    if len(lengths) != 1 or None in lengths:
        raise _refuse(path, "has factors that are no lists of one length")
    width = lengths.pop()
    if not 1 <= width <= WIDEST:
        raise _refuse(path, f"has {width:,} factors per item, not 1 to {WIDEST:,}")
    values = _read_numbers(pc.list_flatten(column), path, "the factors")
    return values.reshape(len(table), width)


def _read_numbers(column: Any, path: Path, what: str) -> NDArray[np.float32]:
    try:
        values = np.asarray(column.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise _refuse(path, f"holds what is no number among {what}") from error
    if not np.isfinite(values).all():  # an empty value is NaN here
        raise _refuse(path, f"holds what is no number among {what}")
    if np.abs(values).max(initial=0) > LARGEST:
        raise _refuse(path, f"holds numbers over {LARGEST:,.0f} among {what}")
    return values.astype(np.float32)


def _refuse(path: Path, why: str) -> RefusedInputError:
    return RefusedInputError(f"{path.name} {why}.", hint=HINT)
