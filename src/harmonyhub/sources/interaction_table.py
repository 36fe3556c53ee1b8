"""A Parquet table of interactions (user, item, plays, optional time), as researchers share it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.ids import TrackId

COLUMNS = ("user", "item", "plays")
WRITTEN = pa.schema(
    [
        ("user", pa.string()),
        ("item", pa.string()),
        ("plays", pa.int32()),
        ("time", pa.int64()),
        ("title", pa.string()),
        ("artist", pa.string()),
    ]
)
ROWS_AT_ONCE = 500_000  # some 40 MB while they are written


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


def write_interaction_table(
    path: Path,
    interactions: Interactions,
    *,
    users: Sequence[str],
    names: Mapping[TrackId, tuple[str, str]],
) -> None:
    """Write everyone's plays; `read_interaction_table` and any other reader of Parquet reads them.

    `time` is that of the last play in unix seconds UTC, empty where unknown.

    Parameters
    ----------
    users : sequence of str
        What each user of `interactions` is called in the file.
    names : mapping
        Title and artists of tracks; empty in the file where there are none.
    """
    user_names = pa.array(users, pa.string())
    items = pa.array([str(track) for track in interactions.track_ids], pa.string())
    titles, artists = (
        pa.array([names.get(track, (None, None))[part] for track in interactions.track_ids])
        for part in (0, 1)
    )
    with pq.ParquetWriter(path, WRITTEN, compression="zstd") as writer:
        for start in range(0, len(interactions.plays), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            tracks = pa.array(interactions.track_index[rows])
            last = interactions.last_played_at[rows]
            columns = [
                user_names.take(pa.array(interactions.user_index[rows])),
                items.take(tracks),
                pa.array(interactions.plays[rows]),
                pa.array(last, mask=last == 0),
                titles.take(tracks).cast(pa.string()),
                artists.take(tracks).cast(pa.string()),
            ]
            writer.write_table(pa.table(columns, schema=WRITTEN))


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
