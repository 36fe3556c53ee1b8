"""Factors from elsewhere: bound to tracks, weighed, judged like any training, and kept."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from harmonyhub.domain.errors import RefusedIndexError, RefusedInputError
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.judgements import Verdict
from harmonyhub.flows.bring_factors import load_factors
from harmonyhub.flows.export_tables import export_factors, export_interactions
from harmonyhub.flows.train import TrainingResult, run_training
from harmonyhub.recommender.brought_factors import Brought, project
from harmonyhub.recommender.holding_out import mark_held_out
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.sources.interaction_table import read_interaction_table
from harmonyhub.wiring.house import House
from tests.flows.conftest import PPM

WIDTH = 8
ITEMS = np.array([2, 9, 40], dtype=np.int32)


async def learn(house: House, factors: Path | None = None, **more: bool) -> TrainingResult:
    """Train, with nobody watching."""
    return await run_training(house, on_progress=lambda _: None, factors=factors, **more)


async def live_index(house: House) -> ServingIndex:
    """Load what is live."""
    record = await house.store.models.current()
    assert record is not None
    return ServingIndex.from_bytes(await house.store.models.load(record.version))


def factorize(path: Path, *, width: int = WIDTH, rounds: int = 5) -> tuple[list[str], np.ndarray]:
    """Learn item factors from an exported table by alternating least squares, as Spark does."""
    table = read_interaction_table(path)
    users, items = sorted(set(table.users)), sorted(set(table.items))
    places = (
        [users.index(user) for user in table.users],
        [items.index(item) for item in table.items],
    )
    plays = sparse.csr_matrix((np.ones(len(table.plays)), places)).toarray()
    rng = np.random.default_rng(3)
    of_items = rng.standard_normal((len(items), width))
    for _ in range(rounds):
        for_users = np.linalg.solve(of_items.T @ of_items + np.eye(width), of_items.T @ plays.T).T
        of_items = np.linalg.solve(for_users.T @ for_users + np.eye(width), for_users.T @ plays).T
    return items, of_items


def write(path: Path, items: list[str], factors: np.ndarray, **more: list) -> Path:
    """Write a table as somebody else's program would."""
    pq.write_table(pa.table({"item": items, "factors": factors.tolist(), **more}), path)
    return path


@pytest.mark.slow
async def test_factors_of_a_factor_model_come_in_and_stay(town: House, tmp_path: Path) -> None:
    """What ALS learned from our export is weighed, judged, goes live, and outlives a training."""
    plays, table = tmp_path / "plays.parquet", tmp_path / "als.parquet"
    n_learned = await export_interactions(town, plays, for_training=True)
    pairs = await town.store.listens.interactions()
    assert n_learned == int((~mark_held_out(pairs, PPM)).sum()) < len(pairs.plays)
    assert (await learn(town)).factors is None

    items, factors = factorize(plays)
    write(table, [*items, "no such track"], np.vstack([factors, factors[0]]))
    brought = await learn(town, table)
    origin = brought.factors
    assert origin is not None
    assert (len(items), 1, WIDTH) == (origin.n_tracks, origin.n_unknown, origin.width)
    assert origin.weight > 0
    assert Verdict.GOOD is brought.judgement.verdict

    assert origin == (await learn(town)).factors
    record = await town.store.models.current()
    assert record is not None
    assert origin == record.factors


async def test_exported_factors_score_alike_when_they_are_brought_back(
    town: House, tmp_path: Path
) -> None:
    """Export, train with it, and every score is the same to the last bit; our own return too."""
    ids = [str(entry.id) for entry in await town.store.tracks.catalogue()]
    faint = np.random.default_rng(0).standard_normal((len(ids), WIDTH)) / 1000
    await learn(town, write(tmp_path / "first.parquet", ids, faint, scale=[1.5] * len(ids)))
    before = (await live_index(town)).factors
    table = tmp_path / "again.parquet"
    await export_factors(town, table)
    origin = (await learn(town, table)).factors
    assert origin is not None
    assert ("again.parquet", 1.0) == (origin.file_name, origin.weight)
    after = (await live_index(town)).factors
    weights = np.array([1.0, 0.5, 0.2], dtype=np.float32)
    assert np.abs(before.add_up(ITEMS, weights)).max() > 0
    assert np.array_equal(before.add_up(ITEMS, weights), after.add_up(ITEMS, weights))

    assert (await learn(town, own_factors=True)).factors is None
    assert 0 == (await live_index(town)).factors.width


@pytest.mark.slow
async def test_factors_that_serve_worse_do_not_go_live(town: House, tmp_path: Path) -> None:
    """A loud table of noise is refused by the gate with both figures, and the live index stays."""
    first = await learn(town)
    ids = [str(entry.id) for entry in await town.store.tracks.catalogue()]
    noise = np.random.default_rng(0).standard_normal((len(ids), 64)) * 20
    table = write(tmp_path / "noise.parquet", ids, noise, scale=[1.0] * len(ids))
    with pytest.raises(RefusedIndexError, match="Worse than the live index"):
        await learn(town, table)
    record = await town.store.models.current()
    assert record is not None
    assert first.version == record.version

    brought = await learn(town, table, even_if_worse=True)
    assert brought.factors is not None
    assert (await learn(town)).factors is None  # the next training does better without them


async def test_a_table_of_another_instance_is_refused(house: House, tmp_path: Path) -> None:
    """Not one id is known here: nothing is learned, and the hint says which ids are wanted."""
    table = write(tmp_path / "spark.parquet", ["0", "1"], np.eye(2))
    with pytest.raises(RefusedInputError, match="None of the 2 items") as refused:
        await load_factors(house, table)
    assert "export --interactions" in refused.value.hint


async def test_ids_of_merged_tracks_are_followed(town: House, tmp_path: Path) -> None:
    """A table that was made before tracks were merged is bound to what they are now."""
    kept, other = [entry.id for entry in await town.store.tracks.catalogue()][:2]
    old = {"_id": "t-old", "to": kept}
    await town.store.tracks._redirects._redirects.insert_one(old)
    found = await load_factors(
        town, write(tmp_path / "old.parquet", ["t-old", str(other)], np.eye(2))
    )
    assert [kept, other] == list(found.brought.track_ids)
    assert (2, 0) == (found.origin.n_tracks, found.origin.n_unknown)


def test_each_track_gets_its_own_factors() -> None:
    """A table in another order, with more tracks and fewer, gives each its row and others none."""
    places = np.arange(6, dtype=np.float32).reshape(3, 2)
    brought = Brought([TrackId("c"), TrackId("gone"), TrackId("a")], places, np.float32([1, 2, 3]))
    placed = brought.place({TrackId("a"): 0, TrackId("b"): 1, TrackId("c"): 2})
    assert [[4, 5], [0, 0], [0, 1]] == placed.places.tolist()
    assert [3, 1, 1] == placed.scale.tolist()


def test_the_basis_of_a_factor_model_does_not_matter() -> None:
    """Turned, stretched or doubled factors answer alike, and what a user may have comes back."""
    rng = np.random.default_rng(1)
    items = rng.standard_normal((30, 4)).astype(np.float32)
    history = items @ rng.standard_normal(4).astype(np.float32)
    bases = (
        items,
        items @ rng.standard_normal((4, 4)).astype(np.float32),
        np.hstack([items, items]),
    )
    for basis in bases:
        places = project(basis.astype(np.float32))
        assert 4 == places.shape[1]
        assert np.allclose(history, places @ (places.T @ history), atol=1e-3)
