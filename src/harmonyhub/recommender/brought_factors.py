"""Factors that were learned elsewhere: given their places in an index, and weighed for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.judgements import Verdict
from harmonyhub.recommender.candidates.factors import Factors, scaled
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.judging import FEWEST_LISTENS, draw_held_out, judge, value_index

# Against the strongest neighbour of a track, which says 1: what its strongest factor says.
OFFERS: Final = (0.03, 0.1, 0.3, 0.6, 1.2, 2.5)
# What so many tracks' strongest factors say is close enough to all; of a million fewer, for memory.
N_SAMPLED, SAMPLE_CELLS = 200, 20_000_000
SMALLEST: Final = 1e-6  # of the largest direction: less is rounding


def project(places: NDArray[np.float32]) -> FloatArray:
    """Turn the item factors of a factor model into places that score histories.

    A history is projected onto the directions that the items span: its answer is the nearest to
    it among all that any user of that model could have. So it asks for no user factors, which are
    of no use for histories that go on. On lastfm-hetrec2011 (1.9k listeners, 64 ALS factors) the
    index had NDCG@100 0.276 with projected factors, 0.250 with those as they came, 0.274 with its
    own and 0.263 with none, on 2,641 held-out pairs.

    Parameters
    ----------
    places : float32 array, shape (items, factors)
        Any basis of those directions: turned or stretched factors give the same answers.
    """
    wide = places.astype(np.float64)
    sizes, turn = np.linalg.eigh(wide.T @ wide)
    is_kept = sizes > SMALLEST * max(float(sizes[-1]), np.finfo(np.float64).tiny)
    return np.asarray(wide @ (turn[:, is_kept] / np.sqrt(sizes[is_kept])), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """Factors of named tracks; `scale` is None where nobody has weighed them yet."""

    track_ids: Sequence[TrackId]
    places: FloatArray
    scale: FloatArray | None

    def place(self, place_of: Mapping[TrackId, int]) -> Factors:
        """Give each track its factors; those that have none say nothing and are told nothing."""
        n_tracks = len(place_of)
        places = np.zeros((n_tracks, self.places.shape[1]), dtype=np.float32)
        scale = np.ones(n_tracks, dtype=np.float32)
        known = [(row, place_of[one]) for row, one in enumerate(self.track_ids) if one in place_of]
        rows, there = np.array(known, dtype=np.int64).reshape(-1, 2).T
        places[there] = self.places[rows]
        if self.scale is not None:
            scale[there] = self.scale[rows]
        return Factors(places, scale)


def weigh(
    index: ServingIndex, factors: Factors, *, interactions: Interactions, ppm: int
) -> tuple[Factors, float]:
    """Choose how much factors weigh beside the neighbours of an index, on held-out listens.

    These are what the index has not learned from. One number out of six is chosen by thousands of
    them, so that what the quality gate says of the same ones afterwards stays true.

    Returns
    -------
    (Factors, float)
        The weighed factors, and by what their answers were multiplied.

    Raises
    ------
    RefusedInputError
        If too little is held out to choose by.
    """
    listeners = draw_held_out(interactions, ppm)
    if sum(len(one.hidden) for one in listeners) < FEWEST_LISTENS:
        raise RefusedInputError(
            "There are too few listens here to tell how much these factors should weigh.",
            hint="From 2,000 pairs of listener and track on there are enough; or bring a table "
            "with a column scale, whose factors are taken as they are.",
        )
    unit = 1 / _loudness(factors)
    offers = [(offer * unit, scaled(factors, offer * unit)) for offer in OFFERS]
    valued = [
        value_index(replace(index, factors=offered), listeners).mean() for _, offered in offers
    ]
    weight, chosen = offers[int(np.argmax(valued))]
    return chosen, weight


def serves_no_worse(
    index: ServingIndex, factors: Factors, *, interactions: Interactions, ppm: int
) -> bool:
    """Say whether factors serve held-out listeners no worse, beyond noise, than an index's own.

    So it is too where too little is held out: there is nothing to overrule who brought them.
    """
    brought = replace(index, factors=factors)
    return judge(brought, index, interactions=interactions, ppm=ppm).verdict is not Verdict.WORSE


def _loudness(factors: Factors) -> float:
    """Return what a track's strongest factor says of another one, on average; over 0."""
    speaking = np.flatnonzero(np.abs(factors.places).sum(axis=1))
    n = max(min(N_SAMPLED, SAMPLE_CELLS // max(len(factors.places), 1)), 1)
    sample = np.random.default_rng(0).permutation(speaking)[:n]
    answers = factors.places[sample] @ factors.places.T
    answers[np.arange(len(sample)), sample] = 0
    return max(float(answers.max(axis=1, initial=0).mean()), 1e-9) if len(sample) else 1.0
