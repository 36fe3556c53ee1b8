"""Factors from elsewhere for a training: a table that is brought, or that was brought before."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from harmonyhub.domain.errors import HarmonyHubError, RefusedInputError, UnavailableError
from harmonyhub.domain.factor_origin import FactorOrigin
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.ids import TrackId
from harmonyhub.recommender.brought_factors import Brought, project, serves_no_worse, weigh
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.sources.factor_table import FactorTable, read_factor_table
from harmonyhub.wiring.house import House


@dataclass(frozen=True, slots=True)
class FactorsToTry:
    """Factors, where they are from, and whether they are new or those of the live index."""

    brought: Brought
    origin: FactorOrigin
    is_new: bool


async def load_factors(house: House, path: Path) -> FactorsToTry:
    """Read a table of factors and bind it to the tracks that are known here.

    Raises
    ------
    RefusedInputError
        If the table is damaged, or of another instance: not one of its items is known.
    """
    digest = await asyncio.to_thread(_digest, path)
    table = await asyncio.to_thread(read_factor_table, path)
    asked = await house.store.tracks.follow(map(TrackId, table.items))
    known = {entry.id for entry in await house.store.tracks.catalogue()}
    rows = list({one: row for row, one in enumerate(asked) if one in known}.values())
    if not rows:
        raise RefusedInputError(
            f"None of the {len(asked):,} items of {path.name} is a track of this instance.",
            hint="Items are ids of tracks as `harmonyhub export --interactions` writes them. A "
            "model that numbers its items, such as Spark's ALS, needs its numbers turned back.",
        )
    origin = FactorOrigin(
        file_name=path.name,
        sha256=digest,
        brought_at=house.clock(),
        n_tracks=len(rows),
        n_unknown=len(asked) - len(rows),
        width=table.places.shape[1],
    )
    brought = await asyncio.to_thread(_bind, table, [asked[row] for row in rows], rows)
    return FactorsToTry(brought, origin, is_new=True)


async def carry_factors(house: House) -> FactorsToTry | None:
    """Load the factors that were brought for the live index; None if it learned its own."""
    record = await house.store.models.current()
    if record is None or record.factors is None:
        return None
    try:
        data = await house.store.models.load(record.version)
        index = await asyncio.to_thread(ServingIndex.from_bytes, data)
    except UnavailableError:
        raise
    except HarmonyHubError:  # damaged, or gone: the training learns its own
        return None
    factors = index.factors
    brought = Brought(index.track_ids, factors.places, factors.scale)
    return FactorsToTry(brought, record.factors, is_new=False)


def settle_factors(
    index: ServingIndex, tried: FactorsToTry | None, *, interactions: Interactions, ppm: int
) -> tuple[ServingIndex, FactorOrigin | None]:
    """Lay factors onto an index, and say where they are from; None where it keeps its own.

    New ones are taken in any case: whether the index may go live with them is the quality gate's
    to say. Those that were brought before must do as well as what was learned now.

    Raises
    ------
    RefusedInputError
        If new ones must be weighed and there is too little to weigh them by.
    """
    if tried is None:
        return index, None
    factors, origin = tried.brought.place(index.place_of), tried.origin
    if not tried.is_new:
        if not serves_no_worse(index, factors, interactions=interactions, ppm=ppm):
            return index, None
    elif tried.brought.scale is None:
        factors, weight = weigh(index, factors, interactions=interactions, ppm=ppm)
        origin = replace(origin, weight=weight)
    return replace(index, factors=factors), origin


def _bind(table: FactorTable, track_ids: list[TrackId], rows: list[int]) -> Brought:
    if table.scale is None:
        return Brought(track_ids, project(table.places)[rows], None)
    return Brought(track_ids, table.places[rows], table.scale[rows])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
