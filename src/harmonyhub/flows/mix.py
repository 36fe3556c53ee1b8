"""The order in which analysed tracks mix well, and how each leads into the next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId
from harmonyhub.flows.tracks import load_track
from harmonyhub.recommender.harmonic_order import Order, order_for_mixing
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.likeness import say_keys, say_tempos
from harmonyhub.wiring.house import House

MOST_TRACKS = 200  # half a second


@dataclass(frozen=True, slots=True)
class MixedTrack:
    """One track of the order; `cost` of the transition to it is 0 or more, lower mixes better.

    `because` says how it fits the one before, in words; empty where neither key nor tempo does.
    """

    id: TrackId
    title: str
    artist: str
    cost: float | None
    because: str


@dataclass(frozen=True, slots=True)
class Mix:
    """The order, and the tracks that no training knows an analysis of."""

    items: tuple[MixedTrack, ...]
    left_out: tuple[TrackId, ...]


async def order_mix(house: House, *, track_ids: Sequence[TrackId], keep_first: bool = False) -> Mix:
    """Order tracks for mixing; the first stays first if it is told to.

    Raises
    ------
    NotFoundError
        If there is no such track.
    RefusedInputError
        If they are more than `MOST_TRACKS`.
    """
    if len(track_ids) > MOST_TRACKS:
        raise RefusedInputError(
            f"{len(track_ids)} tracks are too many.", hint=f"Name {MOST_TRACKS} at most."
        )
    known = list(dict.fromkeys([(await load_track(house, one)).id for one in track_ids]))
    model = await house.serving.current()
    if model is None:
        return Mix((), tuple(known))
    index = model.index
    places = index.places(known)
    rows = np.where(places >= 0, index.sounds.rows(places), -1)
    there = rows[rows >= 0].astype(np.int32)
    first = 0 if keep_first and len(rows) and rows[0] >= 0 else None
    order = await asyncio.to_thread(order_for_mixing, index.sounds, there, first=first)
    left_out = [one for one, row in zip(known, rows.tolist(), strict=True) if row < 0]
    return Mix(_tell(order, there, index), tuple(left_out))


def mix_as_json(mix: Mix) -> dict[str, Any]:
    """Give the order as plain JSON values: `items`, `left_out`."""
    return dict(msgspec.to_builtins(mix))


def _tell(order: Order, rows: IntArray, index: ServingIndex) -> tuple[MixedTrack, ...]:
    sounds, told = index.sounds, []
    for number, place in enumerate(order.places):
        row, item = int(rows[place]), int(sounds.items[rows[place]])
        words = []
        if number:
            last = int(rows[order.places[number - 1]])
            words = [
                say_keys(int(sounds.wheel[last]), int(sounds.wheel[row])),
                say_tempos(float(sounds.tempo_bpm[last]), float(sounds.tempo_bpm[row])),
            ]
        told.append(
            MixedTrack(
                id=index.track_ids[item],
                title=index.titles[item],
                artist=index.artists[item],
                cost=round(order.costs[number - 1], 3) if number else None,
                because=" and ".join(word for word in words if word),
            )
        )
    return tuple(told)
