"""Reads what users played last at Spotify, the longest waiting first, and stops when told to."""

from dataclasses import dataclass

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.listens import Outcome as Kept
from harmonyhub.domain.upstreams import Outcome
from harmonyhub.sources.spotify.requests import recently_played
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

# Fifty plays, all that Spotify tells, of three minutes last 150: ten times as often is never late.
SYNC_EVERY_S = 900
CLAIM_S = 120
BATCH = 10  # a refresh and a read of 5 s each at worst: done before the claim ends
STOPPING = frozenset({Owner.OPERATOR, Owner.QUOTA, Owner.UPSTREAM, Owner.NETWORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What became of one round.

    `n_kept_aside` users were refused and have to sign in again; `stopped_by` is what ended the
    round early.
    """

    n_synced: int = 0
    n_kept_aside: int = 0
    stopped_by: Outcome | None = None


async def sync_due(house: House, *, every_s: int = SYNC_EVERY_S) -> SyncReport:
    """Synchronize the users that are due, at most `BATCH` of them.

    A failure that is not one user's ends the round: the users left are due again soon, and what
    is stored of them goes on being shown.
    """
    spotify = house.spotify
    if spotify is None or not (await spotify.permission()).is_go:
        return SyncReport()
    due = await house.store.tokens.claim_due(
        now=house.clock(), every_s=every_s, lease_s=CLAIM_S, limit=BATCH
    )
    n_synced = n_kept_aside = 0
    for token in due:
        if token.client_id != spotify.credentials.client_id:
            continue  # given to a former app of ours: waits for its owner to sign in again
        outcome = await _sync_user(house, spotify, token.user_id)
        if outcome.owner in STOPPING:
            return SyncReport(n_synced=n_synced, n_kept_aside=n_kept_aside, stopped_by=outcome)
        n_synced += outcome is Outcome.OK
        n_kept_aside += outcome.owner is Owner.USER
    return SyncReport(n_synced=n_synced, n_kept_aside=n_kept_aside)


async def _sync_user(house: House, spotify: Spotify, user_id: str) -> Outcome:
    try:
        seen, page = await spotify.ask(user_id, recently_played(), purpose=Purpose.PLAYS)
    except NotFoundError:
        return Outcome.GRANT_REJECTED  # disconnected this very moment
    if page is not None:
        outcomes = await house.store.synced_plays.add(UserId(user_id), page.items)
        if Kept.KEPT in outcomes:
            await house.store.users.touch(UserId(user_id))
        await house.store.tokens.mark_synced(user_id, house.clock())
    return seen.outcome
