"""Which listeners are the demo's; apart from loading it, which generates, trains and analyses."""

from harmonyhub.domain.ids import PERSONA, LedgerId, UserId
from harmonyhub.wiring.house import House


async def is_demo(house: House) -> bool:
    """Whether the data folder holds the demo library, loaded whole or in part."""
    return await house.store.ledgers.get(demo_ledger_id(PERSONA)) is not None


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
    return LedgerId(f"demo-{user_id}")
