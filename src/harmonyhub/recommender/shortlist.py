"""Large catalogues: the tracks that can be the best ones, scored in full, and no others.

Neighbours, artists, tags and sounds are sparse; what factors say of every track is one product
with all of them, which grows with the catalogue. So the sparse terms choose, and the factors are
asked about the chosen tracks alone.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import RecommendationRequest
from harmonyhub.recommender.blend import ITEM_TO_ITEM, Blend, ListBlend, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.ranking import find_best

SCAN_MAX = 30_000  # tracks; up to there the product with all factors takes no longer
SIZE = 2_000  # 500 lose up to a tenth of the best 50 of single listeners, 4,000 find no more
MIN_NEAR = 300  # tracks with a neighbour in the history; with fewer, factors lead to many others
SCORED = np.dtype([("item", np.int32), ("score", np.float32)])
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

    All get 0 where neighbours lead to too few tracks to choose from. Kept with the profile.
    """
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
    if np.count_nonzero(profile.similar.near) < MIN_NEAR:
        return np.zeros(0, dtype=SCORED)
    rough = replace(profile, similar=profile.similar.by_neighbours())
    scores = score_tracks(blend.unheard, rough, index)
    if blend.heard is blend.unheard:
        best = find_best(scores, np.ones(len(scores), dtype=bool), SIZE)
        return _complete(blend.unheard, best, scores, profile=profile)
    best = find_best(scores, ~heard, SIZE)
    known = np.flatnonzero(heard).astype(np.int32)
    parts = [_complete(blend.unheard, best, scores, profile=profile)]
    if len(known):
        scores = score_tracks(blend.heard, rough, index)
        parts.append(_complete(blend.heard, known, scores, profile=profile))
    return np.concatenate(parts)


def _complete(
    blend: Blend, items: IntArray, scores: FloatArray, *, profile: Profile
) -> NDArray[np.void]:
    """Add what the factors say of some tracks to scores by everything else."""
    similar = profile.similar
    more = np.maximum(similar.at(items), 0) - np.maximum(similar.near[items], 0)
    scored = np.zeros(len(items), dtype=SCORED)
    scored["item"] = items
    scored["score"] = scores[items] + np.float32(blend.get(ITEM_TO_ITEM, 0.0)) * more
    return scored
