"""Training over the store: what is worse or broken never goes live, and says why."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.errors import ConflictError, NotFoundError, RefusedIndexError
from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.domain.jobs import JobState
from harmonyhub.domain.judgements import Verdict
from harmonyhub.flows import train as training
from harmonyhub.flows.judging import HELD_OUT
from harmonyhub.flows.metrics import load_metrics
from harmonyhub.flows.orders import submit_training
from harmonyhub.flows.train import TrainingResult, run_training
from harmonyhub.flows.training_report import last_judgement
from harmonyhub.jobs.runner import run_job
from harmonyhub.recommender import holding_out
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.training import train
from harmonyhub.telemetry import metrics
from harmonyhub.wiring.house import House
from tests.conftest import NOW
from tests.flows.conftest import PPM


async def learn(house: House, *, even_if_worse: bool = False) -> TrainingResult:
    """Train, with nobody watching."""
    return await run_training(house, on_progress=lambda _: None, even_if_worse=even_if_worse)


def scramble(pairs: Interactions, catalogue: Sequence[CatalogueEntry], **more: object) -> object:
    """Train as a release would that mixes the listeners up."""
    del more
    users = np.random.default_rng(1).permutation(pairs.user_index)
    return train(replace(pairs, user_index=users), catalogue)


async def test_a_worse_training_leaves_the_live_index_and_says_why(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job fails with both figures, the old index serves on, metrics and status show it."""
    first = await learn(town)
    assert Verdict.FIRST is first.judgement.verdict
    monkeypatch.setattr(training, "train", scramble)
    job = await submit_training(town)
    claimed = await town.store.jobs.claim(worker="w", now=NOW, lease_s=30)
    assert claimed is not None
    await run_job(town, claimed)

    ended = await town.store.jobs.get(job.id)
    live = await town.store.models.current()
    last = await last_judgement(town)
    assert ended is not None
    assert live is not None
    assert last is not None
    assert JobState.FAILED is ended.state
    assert first.version == live.version
    assert Verdict.WORSE is last.judgement.verdict
    assert last.judgement.why in (ended.error or "")
    assert "The live index stays." in (ended.error or "")
    assert "--even-if-worse" in (ended.hint or "")
    values = {(one.metric, one.labels): one.value for one in await load_metrics(town)}
    assert 1 == values[metrics.TRAINING_REFUSED, ()]
    assert 1 == values[metrics.TRAININGS, ("worse",)]
    assert last.judgement.live == values[metrics.TRAINING_NDCG, ("live",)]


async def test_who_insists_gets_the_worse_index_and_a_way_back(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for, a worse index goes live; the one before is a word away, and a second word too."""
    first = await learn(town)
    with monkeypatch.context() as patch:
        patch.setattr(training, "train", scramble)
        second = await learn(town, even_if_worse=True)
    assert Verdict.ACCEPTED is second.judgement.verdict
    assert first.version == (await town.store.models.restore()).version
    live = await town.serving.current()
    assert live is not None
    assert first.version == live.record.version
    assert second.version == (await town.store.models.restore()).version


async def test_the_same_again_is_no_worse(town: House) -> None:
    """An honest retraining is judged on listens that neither index knows, and goes live."""
    first = await learn(town)
    again = await learn(town)
    judgement = again.judgement
    assert (Verdict.GOOD, 0.0) == (judgement.verdict, judgement.difference)
    assert judgement.n_listens > 60
    live = await town.store.models.current()
    assert live is not None
    assert (again.version, PPM) == (live.version, live.metadata[HELD_OUT])
    assert first.version != again.version


async def test_an_index_that_knew_everything_is_no_judge(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live index that learned from all listens would win by memory: nothing is concluded."""
    with monkeypatch.context() as patch:
        patch.setattr(holding_out, "FEWEST_PAIRS", 1_000_000)
        await learn(town)
    assert Verdict.NOT_JUDGED is (await learn(town)).judgement.verdict


async def test_a_broken_first_index_is_refused(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not finite goes live for nobody, even where nothing else is live."""

    def ruin(pairs: Interactions, catalogue: Sequence[CatalogueEntry], **_: object) -> ServingIndex:
        index = train(pairs, catalogue)
        return replace(index, popularity=np.full_like(index.popularity, np.nan))

    monkeypatch.setattr(training, "train", ruin)
    with pytest.raises(RefusedIndexError, match="not finite"):
        await learn(town, even_if_worse=True)
    assert await town.store.models.current() is None


async def test_a_damaged_live_index_does_not_stop_a_training(town: House) -> None:
    """Where nothing can be lost, the new index goes live, and that is said."""
    await town.store.models.put(b"no index", metadata={HELD_OUT: PPM}, now=NOW)
    judgement = (await learn(town)).judgement
    assert Verdict.NOT_JUDGED is judgement.verdict
    assert "cannot be read" in judgement.why


async def test_an_index_that_was_judged_against_another_one_waits(house: House) -> None:
    """Two trainings at once: the one that ends second was judged against what is gone."""
    models = house.store.models
    with pytest.raises(NotFoundError):
        await models.restore()
    first = await models.put(b"1", metadata={}, now=1)
    second = await models.put(b"2", metadata={}, now=2, judged=first)
    with pytest.raises(ConflictError):
        await models.put(b"3", metadata={}, now=3, judged=first)
    live = await models.current()
    assert live is not None
    assert second == live.version
    assert b"1" == await models.load(first)
