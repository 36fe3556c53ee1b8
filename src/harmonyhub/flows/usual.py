"""What a listener usually hears: the analysed ones among the favourites."""

import numpy as np

from harmonyhub.analysis.usual import Usual, find_usual
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.wiring.house import House

N_FAVOURITES = 50  # bounds what a page reads


async def load_usual(house: House, *, user_id: UserId, besides: TrackId) -> Usual | None:
    """Load the quartiles of a listener's favourites, without one track; None if too few.

    Favourites are the analysed tracks of the history that speak most for the listener, as
    recommendations weigh them; tracks that were analysed after the last training are not among
    them yet.
    """
    model = await house.serving.current()
    if model is None:
        return None
    profile = (await house.tastes.of(user_id, model)).profile
    is_heard = (model.index.sounds.rows(profile.items) >= 0) & (profile.weights > 0)
    items, weights = profile.items[is_heard], profile.weights[is_heard]
    order = np.argsort(-weights, kind="stable")[: N_FAVOURITES + 1]
    ids = [model.index.track_ids[item] for item in items[order].tolist()]
    favourites = [track_id for track_id in ids if track_id != besides][:N_FAVOURITES]
    return find_usual(await house.store.analyses.traits(favourites))
