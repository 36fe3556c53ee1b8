"""How good the lists of this instance are, on what its own listeners played next."""

import asyncio
from collections.abc import Sequence

import numpy as np

from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.quality import QualityReport, ServedLists, View
from harmonyhub.flows.generated import list_generated
from harmonyhub.flows.quality_log import keep_report
from harmonyhub.flows.train import complete_index
from harmonyhub.recommender.future import FuturePlan, plan_future
from harmonyhub.recommender.future_quality import measure_views, say_limits
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.served_lists import measure_served
from harmonyhub.recommender.training import train
from harmonyhub.wiring.engines import opened_engine
from harmonyhub.wiring.house import House

GENERATED = "The demo's listeners are generated: these figures speak of no people."


async def run_evaluation(house: House, *, on_progress: Report, seed: int = 0) -> QualityReport:
    """Train without the last fifth of each history, look for it, and keep the report.

    The live index stays what it is.

    Parameters
    ----------
    seed : int
        Draws who is hidden as a whole, and the intervals.

    Raises
    ------
    RefusedInputError
        If no listener has a history that can be split.
    """
    on_progress(Progress(message="reading listens"))
    listens = await house.store.listens.columns()
    catalogue = await house.store.tracks.catalogue()
    live = await house.store.models.current()
    is_demo = bool(await list_generated(house))
    plan = await asyncio.to_thread(plan_future, listens, seed=seed)
    learned = await asyncio.to_thread(_learn, plan, catalogue, on_progress)
    index = await complete_index(house, learned, catalogue)
    views, lists = await asyncio.to_thread(
        _measure, index, plan, seed=seed, on_progress=on_progress
    )
    notes = say_limits(plan, len(listens.user_ids))
    report = QualityReport(
        at=house.clock(),
        index_version=live.version if live else None,
        seed=seed,
        n_users=len(listens.user_ids),
        n_able=plan.n_able,
        n_listens=len(listens.played_at),
        n_tracks=len(catalogue),
        views=views,
        lists=lists,
        notes=(GENERATED, *notes) if is_demo else notes,
    )
    await keep_report(house, report)
    return report


def _learn(
    plan: FuturePlan, catalogue: Sequence[CatalogueEntry], on_progress: Report
) -> ServingIndex:
    with opened_engine(None, n_pairs=len(plan.training.plays)) as engine:
        return train(plan.training, catalogue, on_progress=on_progress, engine=engine)


def _measure(
    index: ServingIndex, plan: FuturePlan, *, seed: int, on_progress: Report
) -> tuple[tuple[View, ...], tuple[ServedLists, ...]]:
    rng = np.random.default_rng(seed)
    n_listeners = len(plan.seen) + len(plan.unseen)

    def tell_listeners(done: int) -> None:
        on_progress(
            Progress(done=done, total=n_listeners, unit="listeners", message="looking for tracks")
        )

    def tell_lists(done: int) -> None:
        on_progress(Progress(done=done, unit="lists", message="making lists"))

    views = measure_views(index, plan, rng=rng, on_done=tell_listeners)
    return views, measure_served(index, plan.seen, rng=rng, on_done=tell_lists)
