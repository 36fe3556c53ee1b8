"""An app's users are all rejected at once: how many of their consents are lost for it."""

from dataclasses import dataclass, replace

from harmonyhub.domain.errors import HarmonyHubError
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.site import Site
from harmonyhub.flows.sync import BATCH, sync_due
from harmonyhub.flows.watch import SPOTIFY
from harmonyhub.wiring.house import House

N_USERS = 40
LIFE_S = 3600  # of an access token: after it every user has to be refreshed


@dataclass(frozen=True, slots=True)
class Losses:
    """Consents before, and how many of them can be used again once all is right."""

    n_before: int
    n_after: int


async def play_foreign_app(site: Site) -> Losses:
    """Reject every refresh as Spotify does under another app's credentials, then end that."""
    async with site.house() as house:
        user_ids = await site.settle_users(house, N_USERS)
        await site.fake.control.advance(LIFE_S)
        await site.fake.control.set(Mode.FOREIGN_APP)
        for _ in range(N_USERS // BATCH):
            await sync_due(house)
        await site.fake.control.clear()
        await _probe_now(house)
        usable = [await _is_usable(house, user_id) for user_id in user_ids]
    return Losses(len(user_ids), sum(usable))


async def _probe_now(house: House) -> None:
    """Make the probe that would leave within the minute."""
    await house.store.upstreams.update(SPOTIFY, lambda state: replace(state, next_probe_at=0))
    assert house.spotify is not None  # noqa: S101 - the good configuration has it
    await house.spotify.probe()


async def _is_usable(house: House, user_id: str) -> bool:
    assert house.spotify is not None  # noqa: S101 - the good configuration has it
    try:
        seen, _ = await house.spotify.refresh_user(user_id)
    except HarmonyHubError:  # deleted, or it does not open
        return False
    return seen.outcome is Outcome.OK
