"""The last act: a search of all that a drill has left behind for the secrets that it used."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from harmonyhub.drills.guards import Guards
from harmonyhub.drills.injector import ALL_FILE, ENVIRON_FILE, SCENE_FILE
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.sentinels import Find, Search
from harmonyhub.drills.site import Ground
from harmonyhub.settings.origins import ENV_FILE
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.storage.raw_documents import read_raw
from harmonyhub.telemetry.rule_files import TOKEN_FILE

log = logging.getLogger(__name__)

MOST_TOLD = 20  # with the guards off hundreds are found

# Where a secret must be: what the operator wrote, or what the drill wrote in their place.
OPERATORS_FILES = frozenset(
    {
        *(ENV_FILE, ALL_FILE, ENVIRON_FILE, SCENE_FILE, TOKEN_FILE),
        *(name.lower() for name in BY_NAME),
    }
)
# MongoDB's own files hold compressed blocks: their documents are read through the server.
MONGODB_FILES = frozenset({".wt", ".turtle", ".bson", ".lock"})
MONGODB_FOLDERS = frozenset({"journal", "diagnostic.data"})


async def play_secrets(
    ground: Ground,
    *,
    seed: int,  # noqa: ARG001 - one shape for all acts
    scale: Scale,  # noqa: ARG001 - as above
    guards: Guards,  # noqa: ARG001 - what was written with the guards off lies there already
) -> Mapping[str, Figure]:
    """Search files and databases of a ground; pages, messages and command lines lie in files."""
    search = Search(ground.secrets)
    n_places, found = 0, set[tuple[str, Find]]()
    async for place, data in _places(ground):
        finds = await asyncio.to_thread(search.find, data)
        n_places += 1
        found |= {(place, find) for find in finds}
    for place, find in sorted(found, key=str)[:MOST_TOLD]:
        log.error("%s stands in %s, %s", find.name, place, find.form)
    note = "; ".join(sorted({place for place, _ in found})[:5])
    return {"secrets.found": Figure(len(found), search.n_secrets * n_places, note)}


async def _places(ground: Ground) -> AsyncIterator[tuple[str, bytes]]:
    for path in sorted(ground.folder.rglob("*")):
        name = path.relative_to(ground.folder)
        if path.is_file() and not is_left_out(name):
            yield str(name), await asyncio.to_thread(path.read_bytes)
    async for place, data in read_raw(ground.server.uri):
        yield place, data


def is_left_out(path: Path) -> bool:
    """Tell whether a file is one where secrets must be, or one of MongoDB's own."""
    if path.name in OPERATORS_FILES:
        return True
    is_mongodbs = path.suffix in MONGODB_FILES or not MONGODB_FOLDERS.isdisjoint(path.parts)
    return "mongodb" in path.parts and is_mongodbs
