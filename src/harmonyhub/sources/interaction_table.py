"""A Parquet table of interactions (user, item, plays, optional time), as researchers share it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError

COLUMNS = ("user", "item", "plays")


@dataclass(frozen=True, slots=True)
class InteractionTable:
    """The columns of the table, one value per row; ids are of any sortable type."""

    users: NDArray[Any]
    items: NDArray[Any]
    plays: NDArray[np.float64]


def read_interaction_table(path: Path) -> InteractionTable:
    """Read a table of interactions; a column `time` may be there and is not needed.

    Raises
    ------
    DamagedInputError
        If the file is no Parquet file.
    RefusedInputError
        If a column is missing, is empty in places, or holds plays that are not over 0.
    """
    try:
        names = pq.read_schema(path).names
        missing = [name for name in COLUMNS if name not in names]
        table = None if missing else pq.read_table(path, columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise DamagedInputError(
            f"{path.name} cannot be read as Parquet: {error}", hint="Write the file again."
        ) from error
    if table is None:
        raise RefusedInputError(
            f"{path.name} has no column {', '.join(missing)}; it has {', '.join(names)}.",
            hint="The columns are user, item, plays and optionally time (unix seconds).",
        )
    return _checked(table, path)


def _checked(table: pa.Table, path: Path) -> InteractionTable:
    kind = table["plays"].type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise RefusedInputError(
            f"{path.name}: the column plays holds {kind}.", hint="Plays are numbers over 0."
        )
    plays = table["plays"].to_numpy().astype(np.float64)
    n_empty = sum(table[name].null_count for name in COLUMNS)
    n_bad = int((~(plays > 0) | np.isinf(plays)).sum())
    if n_empty or n_bad:
        raise RefusedInputError(
            f"{path.name}: {n_empty:,} empty values, {n_bad:,} plays that are not over 0.",
            hint="Leave those rows out; every row is a user, an item and at least one play.",
        )
    return InteractionTable(
        users=table["user"].to_numpy(), items=table["item"].to_numpy(), plays=plays
    )
