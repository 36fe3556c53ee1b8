"""The quality gate: whether a new index is broken, or worse than the live one beyond noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.history import History, Interactions
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.domain.quality import Estimate
from harmonyhub.recommender.blend import UNHEARD, score_tracks
from harmonyhub.recommender.holding_out import drop_pairs, mark_held_out
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.metrics import MetricArray, estimate, find_gains, find_ideals
from harmonyhub.recommender.profile import build_profile

MOST_LISTENERS = 1_000  # judged; their mean is known well enough, and a minute is
FEWEST_LISTENS = 50
# With fewer, the interval is over the held-out tracks: it speaks of these listeners and no others.
FEWEST_LISTENERS = 30
N_TRIED = 20  # listeners who ask a new index for a list before it goes live
SEED = 0


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a listener played but for the hidden tracks."""

    given: History
    hidden: Sequence[TrackId]


def find_fault(index: ServingIndex, interactions: Interactions) -> str | None:
    """Say why an index must not go live, whatever was live before; None if it may.

    Parameters
    ----------
    interactions : Interactions
        What it learned from.
    """
    if index.n_tracks == 0:
        return "it knows no track"
    near, factors = index.neighbours, index.factors
    for values in (index.popularity, near.data, factors.places, factors.scale):
        if not np.isfinite(values).all():
            return "it holds numbers that are not finite"
    n_lists, n_due = 0, 0
    n_played = len(np.unique(interactions.track_index))
    pairs_of = sort_by_listener(interactions)
    for user in _draw(np.unique(interactions.user_index), N_TRIED):
        history = take_history(interactions, pairs_of(user))
        scores = score_unheard(index, history)
        if np.isnan(scores).any() or np.isposinf(scores).any():
            return "it scores tracks with numbers that are not finite"
        n_lists += bool((scores > 0).any())
        n_due += n_played > len(history.track_ids)
    if n_due and not n_lists:
        return f"none of {n_due} listeners gets a list, though others play what they have not heard"
    return None


def judge(
    new: ServingIndex, live: ServingIndex, *, interactions: Interactions, ppm: int
) -> Judgement:
    """Compare two indexes on the held-out tracks of the same listeners.

    Each listener gives all other tracks, and both indexes rank what is left of their own catalogue
    as Discover does. A held-out track that an index does not know is one that it cannot find.

    Parameters
    ----------
    interactions : Interactions
        All that is known now.
    ppm : int
        The share that neither of the two learned from.
    """
    listeners = draw_held_out(interactions, ppm)
    n_listens = sum(len(one.hidden) for one in listeners)
    if n_listens < FEWEST_LISTENS:
        return Judgement(
            verdict=Verdict.NOT_JUDGED,
            why=f"Not judged: {n_listens} tracks are held out that neither the new index nor the "
            f"live one learned from, and {FEWEST_LISTENS} are needed.",
            n_listeners=len(listeners),
            n_listens=n_listens,
        )
    found = [value_index(index, listeners) for index in (new, live)]
    gained = estimate(found[0] - found[1], np.random.default_rng(SEED))
    return _conclude(
        gained,
        new=float(found[0].mean()),
        live=float(found[1].mean()),
        n_listeners=len(listeners),
        n_listens=n_listens,
    )


def _conclude(
    gained: Estimate, *, new: float, live: float, n_listeners: int, n_listens: int
) -> Judgement:
    is_worse = gained.high < 0
    beside = "Worse" if is_worse else "No worse"
    people = "1 listener" if n_listeners == 1 else f"{n_listeners:,} listeners"
    return Judgement(
        verdict=Verdict.WORSE if is_worse else Verdict.GOOD,
        why=f"{beside} than the live index: NDCG@100 of {n_listens:,} held-out tracks of {people} "
        f"is {new:.4f} with the new index and {live:.4f} with the live one, a difference of "
        f"{gained.mean:+.4f} (95% interval {gained.low:+.4f} to {gained.high:+.4f}).",
        n_listeners=n_listeners,
        n_listens=n_listens,
        new=new,
        live=live,
        difference=gained.mean,
        low=gained.low,
        high=gained.high,
    )


def value_index(index: ServingIndex, listeners: Sequence[HeldOut]) -> MetricArray:
    """Measure how well an index finds what is held out: values whose mean is the mean NDCG@100."""
    return _units([_gains(index, one) for one in listeners])


def draw_held_out(interactions: Interactions, ppm: int) -> list[HeldOut]:
    """Draw the listeners who have held-out tracks, and others beside them."""
    is_hidden = mark_held_out(interactions, ppm)
    given = drop_pairs(interactions, is_hidden)
    hidden = drop_pairs(interactions, ~is_hidden)
    given_of, hidden_of = sort_by_listener(given), sort_by_listener(hidden)
    able = np.intersect1d(hidden.user_index, given.user_index)
    return [
        HeldOut(
            given=take_history(given, given_of(user)),
            hidden=[hidden.track_ids[place] for place in hidden.track_index[hidden_of(user)]],
        )
        for user in _draw(able, MOST_LISTENERS)
    ]


def sort_by_listener(interactions: Interactions) -> Callable[[int], NDArray[np.int64]]:
    """Give a way to each listener's pairs that does not look through all pairs."""
    order = np.argsort(interactions.user_index, kind="stable")
    sizes = np.bincount(interactions.user_index, minlength=len(interactions.user_ids))
    ends = np.cumsum(sizes)

    def pairs_of(user: int) -> NDArray[np.int64]:
        return order[ends[user] - sizes[user] : ends[user]]

    return pairs_of


def _draw(users: NDArray[np.int32], n: int) -> list[int]:
    drawn: list[int] = np.random.default_rng(SEED).permutation(users)[:n].tolist()
    return sorted(drawn)


def take_history(interactions: Interactions, which: NDArray[np.int64]) -> History:
    """Give some pairs of one listener as a history; when each began to be played is unknown."""
    last = interactions.last_played_at[which]
    return History(
        track_ids=[interactions.track_ids[place] for place in interactions.track_index[which]],
        plays=interactions.plays[which],
        first_played_at=last,
        last_played_at=last,
    )


def score_unheard(index: ServingIndex, history: History) -> FloatArray:
    """Score all tracks as Discover does; what was heard gets minus infinity."""
    profile = build_profile(history, index)
    scores = score_tracks(UNHEARD, profile, index)
    scores[profile.heard] = -np.inf
    return scores


def _gains(index: ServingIndex, listener: HeldOut) -> MetricArray:
    """Give each hidden track what its place in the ranking is worth."""
    scores = np.nan_to_num(score_unheard(index, listener.given), nan=-np.inf)
    places = index.places(listener.hidden)
    # Ties count against: a track that nothing leads to stands behind all others.
    above = np.array([np.count_nonzero(scores >= scores[place]) - 1 for place in places])
    gains = find_gains(above)
    gains[places < 0] = 0
    return gains


def _units(gains: Sequence[MetricArray]) -> MetricArray:
    """Make values, one a listener or one a track, whose mean is the mean NDCG of the listeners."""
    ideals = find_ideals(np.array([len(one) for one in gains]))
    per_track = [one / ideal for one, ideal in zip(gains, ideals, strict=True)]
    if len(gains) >= FEWEST_LISTENERS:
        return np.array([one.sum() for one in per_track])
    joined = np.concatenate(per_track)
    return joined * (len(joined) / len(gains))
