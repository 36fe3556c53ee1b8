"""Knowledge packs: installed, and laid onto the catalogue."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.knowledge import InstalledPack
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.knowledge import Knowledge, place_knowledge
from harmonyhub.recommender.packs import Pack
from harmonyhub.wiring.house import House

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


@dataclass(frozen=True, slots=True)
class PackLabel:
    """What the maker of a pack says of it; see `PackFacts`."""

    name: str
    version: str
    licence: str
    source: str


def check_label(label: PackLabel) -> None:
    """Refuse a label that does not say what a pack has to say.

    Raises
    ------
    RefusedInputError
        If the name is none, or something is missing.
    """
    if not NAME.fullmatch(label.name):
        raise RefusedInputError(
            f"{label.name!r} is no name for a pack.",
            hint="Use lower case letters, digits, dots and dashes, 64 at most.",
        )
    if not all(text.strip() for text in (label.version, label.licence, label.source)):
        raise RefusedInputError(
            "A pack says its version, its licence and where its listens came from.",
            hint="Give --version, --licence and --source.",
        )


async def install_pack(house: House, data: bytes, *, on_progress: Report) -> InstalledPack:
    """Make a pack part of the next training; its tracks enter the catalogue.

    Raises
    ------
    RefusedInputError
        If the bytes are no whole pack of this format. Nothing is installed then.
    """
    pack = await asyncio.to_thread(Pack.from_bytes, data)
    check_label(
        PackLabel(pack.facts.name, pack.facts.version, pack.facts.licence, pack.facts.source)
    )
    step = 2_000
    for start in range(0, len(pack.tracks), step):
        on_progress(
            Progress(done=start, total=len(pack.tracks), unit="tracks", message="placing tracks")
        )
        await house.store.tracks.resolve(pack.tracks[start : start + step])
    return await house.store.packs.put(pack.facts, data, now=house.clock())


async def lay_knowledge(
    house: House, index: ServingIndex, catalogue: Sequence[CatalogueEntry]
) -> list[Knowledge]:
    """Lay all installed packs onto a catalogue, whose index says how many listen here."""
    place_of = {entry.id: place for place, entry in enumerate(catalogue)}
    knowledge = []
    for installed in await house.store.packs.list_all():
        data = await house.store.packs.load(installed.facts.name)
        pack = await asyncio.to_thread(Pack.from_bytes, data)
        ids = await house.store.tracks.find_ids(pack.tracks)
        places = np.array([place_of.get(each, -1) for each in ids], dtype=np.int32)
        placed = await asyncio.to_thread(
            place_knowledge, pack.neighbours, places, listeners=index.listeners
        )
        knowledge.append(Knowledge(pack.facts.name, pack.facts.n_listeners, placed))
    return knowledge
