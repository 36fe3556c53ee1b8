"""Measures an index on its listeners' own future, beside what is simpler."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.quality import FEWEST_LISTENERS, MethodQuality, View
from harmonyhub.domain.recommendations import ListName
from harmonyhub.recommender.blend import blend_for, score_list
from harmonyhub.recommender.evaluation import summarize
from harmonyhub.recommender.future import FEWEST_TO_HIDE, FuturePlan, Listener
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.list_shape import background_of
from harmonyhub.recommender.metrics import DEPTH, UserMetrics, estimate, rank_all, value_hits
from harmonyhub.recommender.profile import build_profile

OURS, POPULAR, REPLAY = "HarmonyHub", "most popular", "own history again"

Report = Callable[[int], None]
Scores = Mapping[str, NDArray[Any]]


def measure_views(
    index: ServingIndex, plan: FuturePlan, *, rng: np.random.Generator, on_done: Report
) -> tuple[View, ...]:
    """Answer each question that the held-out listens can answer.

    Parameters
    ----------
    index : ServingIndex
        Trained on `plan.training`.
    on_done : callable
        Told how many listeners are done.
    """
    every = _View("all", "What will listeners of this server play next, old tracks and new?")
    new = _View("new", "Which tracks will they play that they never played before?")
    unseen = _View("unseen", "The same of listeners whom the training has never seen?")
    n_done = 0
    for listeners, view in ((plan.seen, new), (plan.unseen, unseen)):
        for listener in listeners:
            scores = score_ways(index, listener)
            if view is new:
                every.add(index, listener, scores, wanted=listener.future)
            hidden = listener.future.difference(listener.given.track_ids)
            if hidden:
                view.add(index, listener, _unheard(index, listener, scores), wanted=hidden)
            n_done += 1
            on_done(n_done)
    return tuple(view.finish(index, rng) for view in (every, new, unseen) if view.n_users)


def say_limits(plan: FuturePlan, n_users: int) -> tuple[str, ...]:
    """Say in sentences what these figures cannot tell."""
    notes = []
    if plan.n_able < n_users:
        notes.append(
            f"{plan.n_able:,} of {n_users:,} listeners have a history long enough to be split; "
            "nothing is said of the others."
        )
    if plan.n_able < FEWEST_LISTENERS:
        notes.append(
            f"With fewer than {FEWEST_LISTENERS} listeners the intervals speak of these listeners "
            "alone, and whether anything simpler is beaten cannot be told."
        )
    if not plan.unseen:
        notes.append(
            "Listeners whom a training has never seen were not measured: that takes "
            f"{FEWEST_TO_HIDE} listeners with long histories, and there are {plan.n_able:,}."
        )
    return tuple(notes)


def score_ways(index: ServingIndex, listener: Listener) -> Scores:
    """Score all tracks for a listener as each way does; 0 is never listed.

    Ours is what For you ranks by at the moment of the first hidden play. The history again is by
    plays, and of equally often played tracks the latest first.
    """
    profile = build_profile(listener.given, index)
    is_heard = np.zeros(index.n_tracks, dtype=bool)
    is_heard[profile.heard] = True
    again = np.zeros(index.n_tracks, dtype=np.float64)
    newest = max(index.newest_at, 1)
    again[profile.items] = profile.plays + profile.last_played_at / (newest + 1)
    blend = blend_for(ListName.FOR_YOU, profile, now=listener.moment)
    return {
        OURS: score_list(blend, is_heard, profile=profile, index=index),
        POPULAR: index.listeners.astype(np.float32),
        REPLAY: again,
    }


def _unheard(index: ServingIndex, listener: Listener, scores: Scores) -> Scores:
    places = index.places(listener.given.track_ids)
    heard = places[places >= 0]
    masked = {}
    for way in (OURS, POPULAR):  # the history again holds no new track
        masked[way] = scores[way].copy()
        masked[way][heard] = 0
    return masked


class _View:
    """Collects the rankings of one question, listener by listener."""

    def __init__(self, name: str, question: str) -> None:
        self._name = name
        self._question = question
        self._ranked: dict[str, list[NDArray[np.int64]]] = {}
        self._hits: dict[str, list[NDArray[np.bool_]]] = {}
        self._n_hidden: list[int] = []
        self._given: list[IntArray] = []

    @property
    def n_users(self) -> int:
        """Listeners so far."""
        return len(self._n_hidden)

    def add(
        self,
        index: ServingIndex,
        listener: Listener,
        scores: Scores,
        *,
        wanted: frozenset[TrackId],
    ) -> None:
        """Rank for one listener; a wanted track that the index does not know is never found."""
        places = index.places(sorted(wanted))
        for way, each in scores.items():
            ranked = rank_all(np.where(each > 0, each, -np.inf)[None, :])[0]
            self._ranked.setdefault(way, []).append(ranked)
            self._hits.setdefault(way, []).append(np.isin(ranked, places) & (ranked >= 0))
        self._n_hidden.append(len(wanted))
        self._given.append(index.places(listener.given.track_ids))

    def finish(self, index: ServingIndex, rng: np.random.Generator) -> View:
        """Put the listeners together."""
        given = stack_places(self._given, n_items=index.n_tracks)
        background = background_of(index)
        found = {way: self._value(way) for way in self._hits}
        ours = found[OURS].ndcg_at_100
        return View(
            name=self._name,
            question=self._question,
            n_users=self.n_users,
            n_hidden=sum(self._n_hidden),
            methods=tuple(
                MethodQuality(
                    name=way,
                    quality=summarize(
                        metrics,
                        np.array(self._ranked[way]),
                        given=given,
                        background=background,
                        rng=rng,
                    ),
                    gain=None if way == OURS else estimate(ours - metrics.ndcg_at_100, rng),
                )
                for way, metrics in found.items()
            ),
        )

    def _value(self, way: str) -> UserMetrics:
        return value_hits(np.array(self._hits[way])[:, :DEPTH], np.array(self._n_hidden))


def stack_places(rows: Sequence[IntArray], *, n_items: int) -> sparse.csr_matrix:
    """Make a matrix of ones of the places of each row; places under 0 are left out."""
    kept = [np.unique(row[row >= 0]) for row in rows]
    ends = np.concatenate([[0], np.cumsum([len(row) for row in kept])])
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *kept])
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), n_items))
