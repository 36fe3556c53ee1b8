"""Parquet tables: what is written is read again, by us and by any other reader."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.recommender.candidates.factors import Factors, learn_factors
from harmonyhub.sources import interaction_table
from harmonyhub.sources.factor_table import FactorTable, read_factor_table, write_factor_table
from harmonyhub.sources.interaction_table import read_interaction_table, write_interaction_table
from harmonyhub.sources.listen_rows import read_listen_rows

PAIRS = Interactions(
    user_ids=[UserId("anna"), UserId("ben")],
    track_ids=[TrackId("t1"), TrackId("t2"), TrackId("t3")],
    user_index=np.array([0, 0, 1], dtype=np.int32),
    track_index=np.array([0, 2, 2], dtype=np.int32),
    plays=np.array([3, 1, 7], dtype=np.int32),
    last_played_at=np.array([1_700_000_000, 0, 1_600_000_000]),
)
NAMES = {TrackId("t1"): ("Roads", "Portishead"), TrackId("t3"): ("Teardrop", "Massive Attack")}


def test_interactions_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs, plays and times come back, whatever the size of the pieces they were written in."""
    monkeypatch.setattr(interaction_table, "ROWS_AT_ONCE", 2)
    path = tmp_path / "plays.parquet"
    write_interaction_table(path, PAIRS, users=["u1", "u2"], names=NAMES)
    table = read_interaction_table(path)
    assert ["u1", "u1", "u2"] == table.users.tolist()
    assert ["t1", "t3", "t3"] == table.items.tolist()
    assert [3, 1, 7] == table.plays.tolist()
    plain = pq.read_table(path).to_pydict()
    assert [1_700_000_000, None, 1_600_000_000] == plain["time"]
    assert ["Roads", "Teardrop", "Teardrop"] == plain["title"]


def test_a_knowledge_pack_can_be_made_of_them(tmp_path: Path) -> None:
    """Rows with a name are plays of a person; one without is left out and counted."""
    path = tmp_path / "plays.parquet"
    bare = {TrackId("t3"): NAMES[TrackId("t3")]}
    write_interaction_table(path, PAIRS, users=["u1", "u2"], names=bare)
    rows = list(read_listen_rows(path))
    assert [None, ("u1", "Teardrop", 1.0), ("u2", "Teardrop", 7.0)] == [
        row and (row.user, row.track.title, row.plays) for row in rows
    ]
    pq.write_table(pa.table({"user": [1]}), path)
    with pytest.raises(RefusedInputError, match="no columns user, artist and track"):
        list(read_listen_rows(path))


def test_factors_score_alike_after_a_round_trip(tmp_path: Path) -> None:
    """What somebody computes from the file by its formula is what the index computes."""
    plays = sparse.csr_matrix((np.random.default_rng(0).random((40, 25)) < 0.3).astype(np.float32))
    learned = learn_factors(plays, seed=0)
    path = tmp_path / "factors.parquet"
    items = [f"t{item}" for item in range(25)]
    write_factor_table(path, FactorTable(items, learned.scale, learned.places))
    read = read_factor_table(path)
    assert items == list(read.items)
    history = np.zeros(25, dtype=np.float32)
    history[[2, 9]] = 1.0
    ours = Factors(learned.places, learned.scale).add_up(
        np.array([2, 9], dtype=np.int32), np.ones(2, dtype=np.float32)
    )
    theirs = read.scale * (read.places @ (read.places.T @ (history / read.scale)))
    assert np.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"item": ["a"], "scale": [1.0]}, "no column factors"),
        ({"item": ["a", "b"], "scale": [1.0, 1.0], "factors": [[1.0], [1.0, 2.0]]}, "one length"),
        ({"item": ["a"], "scale": [0.0], "factors": [[1.0]]}, "not over 0"),
        ({"item": ["a"], "scale": [None], "factors": [[1.0]]}, "no number among the scale"),
        ({"item": ["a"], "factors": [[float("nan")]]}, "no number among the factors"),
        ({"item": ["a"], "factors": [[None, 1.0]]}, "no number among the factors"),
        ({"item": ["a"], "factors": [["one"]]}, "no number among the factors"),
        ({"item": ["a"], "factors": [[1e9]]}, "numbers over 60,000"),
        ({"item": ["a", "b"], "factors": [[1.0], None]}, "one length"),
        ({"item": ["a"], "factors": [1.0]}, "one length"),
        ({"item": ["a"], "factors": [[]]}, "0 factors per item"),
        ({"item": [], "factors": []}, "one length"),
        ({"item": ["a", "a"], "factors": [[1.0], [1.0]]}, "twice"),
    ],
)
def test_bad_factors_are_refused(tmp_path: Path, columns: dict[str, list], said: str) -> None:
    """What is no factor is named, and nothing of it is taken."""
    path = tmp_path / "factors.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(RefusedInputError, match=said):
        read_factor_table(path)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DamagedInputError):
        read_factor_table(path)
