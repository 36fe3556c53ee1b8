"""Back to a release that was live before: the ledger first, the processes follow."""

from harmonyhub.domain.errors import ConflictError, NotFoundError, UnavailableError
from harmonyhub.domain.releases import Release, ReleaseState
from harmonyhub.release.facts import load_deploy
from harmonyhub.release.plan import LEDGER_PAGE
from harmonyhub.release.waiting import (
    BadReleaseError,
    beating,
    require_keeper,
    wait_for_switch,
    wait_until_healthy,
)
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock


async def load_ledger(store: Store) -> list[Release]:
    """Load the newest releases, and the live one with its predecessor however old they are."""
    ledger = await store.releases.latest(LEDGER_PAGE)
    known = {release.number for release in ledger}
    live = await store.releases.live()
    for number in (live.number, live.replaced) if live is not None else ():
        release = await store.releases.get(number) if number and number not in known else None
        if release is not None:
            ledger.append(release)
    return ledger


async def return_to(store: Store, number: int, *, leaving: int, note: str, now: int) -> None:
    """Give the traffic back to an earlier release, code and configuration, for good.

    Parameters
    ----------
    leaving : int
        The release that loses the traffic; `note` says why, in the ledger.
    """
    # If this ends in the middle, the keeper sees that a later release was live, and commits.
    await store.releases.switch_live(number, now=now)
    await store.releases.set_state(leaving, ReleaseState.ROLLED_BACK, now=now, note=note)
    await store.releases.set_state(number, ReleaseState.COMMITTED, now=now)


async def roll_back(store: Store, *, to: int | None, owner: str, clock: Clock) -> Release:
    """Start an earlier release with the values that the ledger keeps, and switch to it.

    Parameters
    ----------
    to : int or None
        None: the one before the live release.

    Raises
    ------
    NotFoundError
        If there is no such release.
    ConflictError
        If it never was live, is live now, or a deploy is on its way.
    UnavailableError
        If it does not start; the live release then stays.
    """
    target = await _choose(store, to)
    live = await store.releases.live()
    deploying = await load_deploy(store, now=clock())
    if deploying is not None:
        raise ConflictError(
            f"A deploy is on its way ({deploying.owner}).",
            hint="Interrupt it: it goes back by itself.",
        )
    await require_keeper(store, now=clock())
    async with beating(store, owner=owner, clock=clock):
        await store.releases.set_state(target.number, ReleaseState.CANDIDATE, now=clock())
        try:
            await wait_until_healthy(store, target.number, clock=clock)
        except BadReleaseError as error:
            await store.releases.set_state(target.number, target.state, now=clock())
            raise UnavailableError(
                f"Release {target.number} does not start: {error}.",
                hint="The live release stays. `harmonyhub releases` lists the others.",
            ) from error
        if live is None:
            await store.releases.switch_live(target.number, now=clock())
            await store.releases.set_state(target.number, ReleaseState.COMMITTED, now=clock())
        else:
            await return_to(
                store,
                target.number,
                leaving=live.number,
                note=f"rolled back by {owner}",
                now=clock(),
            )
        if await wait_for_switch(store, target.number, clock=clock) is None:
            raise UnavailableError(
                f"Release {target.number} is live, but the proxy has not switched yet.",
                hint="The log of `harmonyhub keep` says why.",
            )
    return target


async def _choose(store: Store, to: int | None) -> Release:
    live = await store.releases.live()
    number = to if to is not None else live.replaced if live is not None else None
    if number is None:
        raise ConflictError(
            "There is no release before the live one.", hint="`harmonyhub releases` lists all."
        )
    target = await store.releases.get(number)
    if target is None:
        raise NotFoundError(
            f"There is no release {number}.", hint="`harmonyhub releases` lists all."
        )
    if not target.live_at or (live is not None and live.number == number):
        raise ConflictError(
            f"Release {number} {'is live already' if target.live_at else 'never was live'}.",
            hint="Choose one that was live before; `harmonyhub releases` lists them.",
        )
    return target
