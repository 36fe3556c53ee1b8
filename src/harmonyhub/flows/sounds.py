"""How tracks sound: from the stored analyses onto the catalogue."""

import asyncio

from harmonyhub.analysis.embedding import embed
from harmonyhub.domain.sound import TrackSound
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.sounds import Sounds, place_sounds
from harmonyhub.wiring.house import House


async def lay_sounds(house: House, index: ServingIndex) -> Sounds:
    """Read how every analysed track sounds, and lay it onto the tracks of an index."""
    heard = []
    async for track_id, facts in house.store.analyses.facts():
        point = embed(facts)
        heard.append(TrackSound(track_id, facts, None if point is None else point.tolist()))
    return await asyncio.to_thread(place_sounds, heard, index.place_of, n_tracks=index.n_tracks)
