"""Which listeners are the demo's; apart from loading it, which generates, trains and analyses."""

from typing import Final

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import Ledger
from harmonyhub.wiring.house import House

PREFIX: Final = "demo-"  # no other ledger begins like this: theirs are hexadecimal numbers


async def find_demo(house: House) -> Ledger | None:
    """Find a ledger of the demo library, of whoever of its listeners is still there."""
    return await house.store.ledgers.first(PREFIX)


async def is_demo(house: House) -> bool:
    """Whether the data folder holds the demo library, loaded whole or in part."""
    return await find_demo(house) is not None


async def list_generated(house: House) -> frozenset[UserId]:
    """List the users whose history was generated; empty where this is no demo."""
    if not await is_demo(house):
        return frozenset()
    users = await house.store.users.list_all()
    return frozenset(
        [user for user in users if await house.store.ledgers.get(demo_ledger_id(user)) is not None]
    )


def demo_ledger_id(user_id: UserId) -> LedgerId:
    """Name the ledger of a generated history."""
    return LedgerId(f"{PREFIX}{user_id}")
