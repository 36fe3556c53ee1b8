"""Everyone's plays and the live index's factors as Parquet, for whoever computes elsewhere."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import UserId
from harmonyhub.recommender.holding_out import drop_pairs, mark_held_out, share_held_out
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.sources.factor_table import FactorTable, write_factor_table
from harmonyhub.sources.interaction_table import write_interaction_table
from harmonyhub.wiring.house import House

PERSON = b"exported-user"


async def export_interactions(
    house: House, path: Path, *, with_names: bool = False, for_training: bool = False
) -> int:
    """Write who played what how often, and return the number of pairs.

    What only a synchronization told is not among it, as in every training.

    Parameters
    ----------
    path : Path
        Appears when it is whole.
    with_names : bool
        Whether users keep their names; else each is a digest that this instance's key makes, the
        same in every export, which nobody can compute from a name.
    for_training : bool
        Whether pairs are left out that no training here learns from, so that what is learned from
        the table can be judged here: decisions/0017.

    Raises
    ------
    NotFoundError
        If nobody has played anything.
    """
    interactions = await house.store.listens.interactions()
    if not len(interactions.plays):
        raise NotFoundError("There is no listen to export.", hint="Import a listening history.")
    if for_training:
        ppm = share_held_out(len(interactions.plays))
        interactions = drop_pairs(interactions, mark_held_out(interactions, ppm))
    names = {
        entry.id: (entry.title, entry.artist) for entry in await house.store.tracks.catalogue()
    }
    users = [str(user) for user in interactions.user_ids]
    if not with_names:
        key = fingerprint_key(encryption_key(house.settings))
        users = [pseudonym(user, key) for user in interactions.user_ids]

    def write(part: Path) -> None:
        write_interaction_table(part, interactions, users=users, names=names)

    await _write_whole(path, write)
    return len(interactions.plays)


async def export_factors(house: House, path: Path) -> int:
    """Write the factors of the live index, and return the number of tracks.

    Raises
    ------
    NotFoundError
        If there is no index, or it has no factors: those take 200 listeners.
    """
    model = await house.serving.current()
    if model is None:
        raise NotFoundError("There is no index.", hint="Train: harmonyhub train.")
    factors = model.index.factors
    if not factors.width:
        raise NotFoundError(
            "The live index has no factors: a training learns them from 200 listeners on.",
            hint="harmonyhub export --interactions FILE gives what they would be learned from.",
        )
    items = [str(track) for track in model.index.track_ids]
    table = FactorTable(items, factors.scale, factors.places)
    await _write_whole(path, lambda part: write_factor_table(part, table))
    return len(items)


def pseudonym(user: UserId, key: bytes) -> str:
    """Give 16 hex digits that stand for a user in exported tables."""
    return blake2b(user.encode(), key=key, person=PERSON, digest_size=8).hexdigest()


async def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    part = path.with_name(path.name + ".part")
    try:
        await asyncio.to_thread(write, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
