"""How tracks sound: from the stored analyses onto the catalogue."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from harmonyhub.analysis.embedding import embed
from harmonyhub.domain.sound import TrackSound
from harmonyhub.recommender.heard_tags import lay_heard_tags
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.sounds import place_sounds
from harmonyhub.wiring.house import House


async def lay_sounds(house: House, index: ServingIndex) -> ServingIndex:
    """Read how every analysed track sounds, and lay it and the tags heard in it onto an index."""
    heard = []
    async for track_id, facts in house.store.analyses.facts():
        point = embed(facts)
        heard.append(TrackSound(track_id, facts, None if point is None else point.tolist()))
    return await asyncio.to_thread(_lay, index, heard)


def _lay(index: ServingIndex, heard: Sequence[TrackSound]) -> ServingIndex:
    sounds = place_sounds(heard, index.place_of, n_tracks=index.n_tracks)
    return lay_heard_tags(replace(index, sounds=sounds), heard)
