"""Turns single guards of the product off, in this process, for the time of an act."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.drills.baseline import NaiveService
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.storage.vault import Vault
from harmonyhub.web.api import users
from harmonyhub.wiring.house import House


@contextmanager
def replaced(owner: object, name: str, new: object) -> Iterator[None]:
    """Put something in the place of a function of a module or class, and the old one back."""
    old = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


@contextmanager
def without_stored_reads(services: Mapping[Path, NaiveService]) -> Iterator[None]:
    """STORED_READS: a list is shown once Spotify has told what its reader played last.

    Parameters
    ----------
    services : mapping of data folder to NaiveService
        How each house that is served asks.
    """

    async def recommend_after_asking(house: House, **wanted: object) -> Answer:
        service = services[house.settings.data_dir]
        if not await service.read(str(wanted["user_id"]), now=house.clock()):
            raise UnavailableError("Spotify refuses.", hint="Sign in again.")
        return await recommend(house, **wanted)  # type: ignore[arg-type]  # as it was called

    with replaced(users, "recommend", recommend_after_asking):
        yield


@contextmanager
def without_sealing() -> Iterator[None]:
    """SEALING: what is secret lies in the database as it is."""

    def keep(_: Vault, text: str, *, purpose: str) -> bytes:  # noqa: ARG001 - as it is called
        return text.encode()

    def read(_: Vault, sealed: bytes, *, purpose: str) -> str:  # noqa: ARG001 - as it is called
        return sealed.decode()

    with replaced(Vault, "seal", keep), replaced(Vault, "open", read):
        yield
