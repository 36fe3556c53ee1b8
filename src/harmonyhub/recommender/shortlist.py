"""Large catalogues: the tracks that can be the best ones, scored in full, and no others.

Neighbours, artists and sounds lead to some tracks; tags, popularity and factors say something of
nearly every one, which grows with the catalogue. So what leads to tracks chooses, and the others
are asked about the chosen ones alone.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import RecommendationRequest
from harmonyhub.recommender.blend import POPULAR, TAGS, Blend, ListBlend, score_list, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.ranking import find_best

SCAN_MAX = 30_000  # tracks; up to there the product with all factors takes no longer
SIZE = 2_000  # 500 lose up to a tenth of the best 50 of single listeners, 4,000 find no more
MIN_NEAR = 300  # tracks with a neighbour in the history; with fewer, factors lead to many others
SCORED = np.dtype([("item", np.int32), ("score", np.float32)])
BROAD = {TAGS, POPULAR}
MAX_N = 100  # tracks asked for: of 20 candidates per place no cap leaves too few


def may_shorten(request: RecommendationRequest, index: ServingIndex) -> bool:
    """Whether a shortlist may stand for the catalogue: nothing asks for tracks that lie deeper."""
    is_steered = request.knobs.is_set or bool(request.given)
    is_wide = index.n_tracks > SCAN_MAX and bool(index.factors.width)
    return is_wide and not is_steered and request.n <= MAX_N


def score_shortlist(
    blend: ListBlend, heard: NDArray[np.bool_], *, profile: Profile, index: ServingIndex
) -> FloatArray:
    """Score the likely best tracks and the heard ones, as `score_list` does; all others get 0.

    Where neighbours lead to too few tracks to choose from, all are scored. Kept with the profile.
    """
    if np.count_nonzero(profile.similar.near) < MIN_NEAR:
        return score_list(blend, heard, profile=profile, index=index)
    key = score_shortlist, blend
    if key not in profile.kept:
        profile.kept[key] = _choose_and_score(blend, heard, profile=profile, index=index)
    kept = profile.kept[key]
    scores = np.zeros(index.n_tracks, dtype=np.float32)
    scores[kept["item"]] = kept["score"]
    return scores


def _choose_and_score(
    blend: ListBlend, heard: NDArray[np.bool_], *, profile: Profile, index: ServingIndex
) -> NDArray[np.void]:
    narrow = {model: weight for model, weight in blend.unheard.items() if model not in BROAD}
    rough = replace(profile, similar=profile.similar.by_neighbours())
    leads = score_tracks(narrow, rough, index)
    if blend.heard is blend.unheard:
        best = _find_likely(leads, np.ones(len(leads), dtype=bool), index)
        return _score(blend.unheard, best, profile=profile, index=index)
    known = np.flatnonzero(heard).astype(np.int32)
    parts = [(blend.unheard, _find_likely(leads, ~heard, index)), (blend.heard, known)]
    return np.concatenate([_score(*part, profile=profile, index=index) for part in parts])


def _find_likely(leads: FloatArray, pool: NDArray[np.bool_], index: ServingIndex) -> IntArray:
    """Choose what most leads to; where too little does, the best known of all others as well."""
    best = find_best(leads, pool, SIZE)
    if len(best) < SIZE:
        others = find_best(index.popularity, pool & (leads <= 0), SIZE - len(best))
        best = np.concatenate([best, others])
    return np.sort(best)  # so they are read 0.1 ms faster where little of them is cached


def _score(
    blend: Blend, items: IntArray, *, profile: Profile, index: ServingIndex
) -> NDArray[np.void]:
    scored = np.zeros(len(items), dtype=SCORED)
    scored["item"] = items
    scored["score"] = score_tracks(blend, profile, index, items=items)
    return scored
