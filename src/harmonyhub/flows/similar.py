"""What sounds like a track, and in what: from the index in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from harmonyhub.analysis.embedding import embed, gather_facts
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.sound import TrackSound
from harmonyhub.flows.tracks import load_track
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.likeness import Heard, SoundsLike, find_nearest, say_likeness
from harmonyhub.wiring.house import House


@dataclass(frozen=True, slots=True)
class SimilarSound:
    """One track that sounds like the one asked about.

    Attributes
    ----------
    distance : float
        Squared; two tracks are about 1 apart.
    parts : mapping
        What each part of the sound adds to it.
    alike_in : sequence of str
        In what they are alike, the strongest first; `why` says it in one phrase.
    """

    id: TrackId
    title: str
    artist: str
    distance: float
    parts: Mapping[str, float]
    alike_in: Sequence[str]
    why: str


@dataclass(frozen=True, slots=True)
class SimilarSounds:
    """The nearest tracks, and in words what they are based on (also where there are none)."""

    items: tuple[SimilarSound, ...]
    based_on: str


async def find_similar(house: House, *, track_id: TrackId, n: int) -> SimilarSounds:
    """Find the analysed tracks that sound most like one.

    The track itself may be newer than the index; the others are those of the last training.

    Raises
    ------
    NotFoundError
        If there is no such track.
    """
    track = await load_track(house, track_id)
    model = await house.serving.current()
    if model is None:
        return SimilarSounds((), "Nothing yet: the first training compares the analysed tracks.")
    index = model.index
    place = index.place_of.get(track.id, -1)
    row = int(index.sounds.rows(index.places([track.id]))[0]) if place >= 0 else -1
    heard = Heard.at(index.sounds, row) if row >= 0 else await _hear(house, track.id)
    if heard is None or not heard.has_point:
        why = "This track was not analysed yet, or by an earlier version: analyse its audio."
        return SimilarSounds((), why)
    found = find_nearest(index.sounds, heard, n=n, besides=row)
    others = f"{index.sounds.n_placed - (row >= 0):,} analysed tracks of the last training"
    basis = f"Compared with {others}." if found else f"None of the {others} sounds like it."
    return SimilarSounds(tuple(_name(one, index) for one in found), basis)


def similar_as_json(similar: SimilarSounds) -> dict[str, Any]:
    """Give the answer as plain JSON values: `items`, `based_on`."""
    return dict(msgspec.to_builtins(similar))


async def _hear(house: House, track_id: TrackId) -> Heard | None:
    """Place a track that was analysed since the last training."""
    analysis = await house.store.analyses.of_track(track_id)
    if analysis is None:
        return None
    facts = gather_facts(analysis)
    point = embed(facts)
    return Heard.of(TrackSound(track_id, facts, None if point is None else point.tolist()))


def _name(found: SoundsLike, index: ServingIndex) -> SimilarSound:
    item = int(index.sounds.items[found.row])
    return SimilarSound(
        id=index.track_ids[item],
        title=index.titles[item],
        artist=index.artists[item],
        distance=round(found.distance, 4),
        parts={name: round(value, 4) for name, value in found.parts.items()},
        alike_in=tuple(found.words),
        why=say_likeness(found.words),
    )
