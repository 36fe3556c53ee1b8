"""The quality bench: peers are what their papers say, and its table reaches the page."""

import numpy as np
import pytest
from scipy import sparse

from benchmarks.quality.peers import METHODS
from benchmarks.quality.sets import split
from benchmarks.quality.table import END, HEAD, START, measure_methods, write_page, write_rows

PEERS = {method.name: method for method in METHODS}


def draw_plays() -> sparse.csr_matrix:
    """Draw 260 listeners of four tastes."""
    rng = np.random.default_rng(0)
    taste = np.arange(260) % 4
    likes = (np.arange(120)[None, :] // 30 == taste[:, None]) * 0.4 + 0.02
    return sparse.csr_matrix((rng.random((260, 120)) < likes).astype(np.float32))


def test_ease_through_the_listeners_is_ease():
    """Solved through the listeners, EASE scores as by its own formula."""
    plays = draw_plays()
    score = PEERS["EASE"].train(plays, seed=0, ridge=20.0)
    inverse = np.linalg.inv((plays.T @ plays).toarray() + 20 * np.eye(120))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    assert np.allclose(plays[:7] @ weights, score(plays[:7]), atol=1e-3)


def test_a_split_hides_nothing_that_nobody_else_has():
    """Held-out listeners are in no other part, and training has every item that is asked for."""
    one = split("made up", draw_plays(), seed=1)
    listeners = (one.training, one.validation.given, one.test.given)
    assert [208, 26, 26] == [matrix.shape[0] for matrix in listeners]
    assert np.bincount(one.training.indices, minlength=one.training.shape[1]).min() > 0
    assert one.test.given.multiply(one.test.hidden).nnz == 0


@pytest.fixture(scope="module")
def lines():
    """Measure all methods on one made-up set."""
    return measure_methods([split("made up", draw_plays(), seed=0)])


def test_every_method_finds_tastes(lines):
    """Our methods and the peers written here find what four tastes like; a gap says why."""
    reached = {line.method: line.ndcg_at_100.mean for line in lines if not isinstance(line, str)}
    popular = reached.pop("most popular")
    reached.pop("implicit ALS", None)  # 64 factors of 208 listeners are too many
    assert {"HarmonyHub", "item k-NN", "RP3beta", "EASE"} <= set(reached)
    assert all(value > 1.3 * popular for value in reached.values())
    assert all("implicit" in line for line in lines if isinstance(line, str))


def test_the_table_reaches_the_page(lines, tmp_path):
    """What stood between the marks is replaced, the rest of the page stays."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}old\n{END}after\n")
    rows = write_rows("made up", lines)
    write_page(page, rows)
    assert len(rows) == len(METHODS)
    assert page.read_text() == f"before\n{START}{HEAD}" + "\n".join(rows) + f"\n{END}after\n"
