"""The research sets beside this repository, and how they are split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.recommender.evaluation import arrange_pairs
from harmonyhub.recommender.splits import MIN_ITEMS, hide

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
HELD_OUT_SHARE = 0.1
MAX_HELD_OUT = 2_000  # listeners per part: enough for intervals of 0.01
FILES = {
    "lastfm-hetrec2011": ("user_artists.parquet", ("userID", "artistID", "weight")),
    "lastfm-kgat-20pct": ("interactions.parquet", ("user", "item", "times")),
    "nowplaying-sessions": ("train.parquet", ("session", "item", None)),
    # Nothing was ever chosen on these two:
    "30music-sessions": ("events.parquet", ("user", "track", None)),
    "gowalla-lightgcn": ("interactions.parquet", ("user", "item", None)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Held-out listeners, `users` by their rows in the set: what is given, what is to be found."""

    users: NDArray[np.int64]
    given: sparse.csr_matrix
    hidden: sparse.csr_matrix


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One set, split once; `items` are the columns of the set that training users have."""

    name: str
    seed: int
    items: NDArray[np.int64]
    training: sparse.csr_matrix
    validation: Part
    test: Part


def present_sets(names: Sequence[str]) -> Iterator[tuple[str, sparse.csr_matrix]]:
    """Give the sets that are on this machine, and say which are not."""
    for name in names:
        file, columns = FILES[name]
        path = SHARED / name / file
        if not path.exists():
            print(f"{name}: skipped, there is no {path}")
            continue
        table = pq.read_table(path)
        users, items = (table[column].to_numpy() for column in columns[:2])
        plays = table[columns[2]].to_numpy() if columns[2] else np.ones(len(users))
        yield name, arrange_pairs(users, items, plays)


def split(name: str, plays: sparse.csr_matrix, seed: int) -> Split:
    """Hold a tenth of the users out for validation and a tenth for the test.

    Items that no training user has are left out everywhere: no method could find them (Liang et
    al. 2018).
    """
    rng = np.random.default_rng(seed)
    able = rng.permutation(np.flatnonzero(np.diff(plays.indptr) >= MIN_ITEMS))
    n_held_out = min(round(len(able) * HELD_OUT_SHARE), MAX_HELD_OUT)
    validation, test = able[:n_held_out], able[n_held_out : 2 * n_held_out]
    rest = np.setdiff1d(np.arange(plays.shape[0]), able[: 2 * n_held_out])
    known = np.flatnonzero(np.bincount(plays[rest].indices, minlength=plays.shape[1]))
    known_plays = plays[:, known].tocsr()
    return Split(
        name,
        seed,
        known,
        training=known_plays[rest],
        validation=_part(known_plays, validation, rng),
        test=_part(known_plays, test, rng),
    )


def _part(plays: sparse.csr_matrix, users: NDArray[np.int64], rng: np.random.Generator) -> Part:
    users = users[np.diff(plays.indptr)[users] >= 2]
    given, hidden = hide(plays[users], rng)
    return Part(users, given, hidden)
