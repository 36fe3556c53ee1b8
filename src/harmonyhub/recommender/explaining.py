"""Reasons of the tracks of a list, each given once for as long as the profile stands."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.recommendations import Reason
from harmonyhub.recommender.blend import ListBlend, explain_list
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.reasons import Reasoner

KEPT_MAX = 200  # tracks of one profile: some pages; 100 KB


def give_reasons(
    blend: ListBlend,
    items: IntArray,
    sums: FloatArray,
    *,
    heard: NDArray[np.bool_],
    profile: Profile,
    index: ServingIndex,
    is_seeded: bool,
) -> Sequence[tuple[Reason, ...]]:
    """Give 1 to 3 reasons for each of some tracks, whose scores are `sums`.

    They follow from the profile and its index alone, and are two thirds of what a list costs that
    was asked for again.
    """
    kept = profile.reasons.setdefault(blend, {})
    asked = items.tolist()
    missing = [item for item in asked if item not in kept]
    if len(kept) + len(missing) > KEPT_MAX:
        kept.clear()
        missing = asked
    if missing:
        chosen = np.array(missing, dtype=np.int32)
        terms = explain_list(blend, chosen, heard=heard, profile=profile, index=index)
        reasoner = Reasoner(profile, index, is_seeded=is_seeded)
        for item, why in zip(missing, terms, strict=True):
            kept[item] = reasoner.give_reasons(why, float(sums[item]))
    return [kept[item] for item in asked]
