"""Reads what listeners play and keep at Spotify, the longest waiting first, until told to stop."""

import logging
from dataclasses import dataclass, replace

from harmonyhub.domain.budget import Purpose, poll_every_s
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.library import Page, RecentPlay
from harmonyhub.domain.library_parts import ListName, ListState, Part, note_plays
from harmonyhub.domain.listens import Outcome as Kept
from harmonyhub.domain.listens import Tally
from harmonyhub.domain.upstreams import Outcome, UserToken
from harmonyhub.flows.connection import usable_connection
from harmonyhub.flows.disconnect import forget_if_left
from harmonyhub.flows.library import CLAIM_S, LibraryRead, read_library
from harmonyhub.flows.orders import submit_training
from harmonyhub.sources.spotify.requests import recently_played
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

log = logging.getLogger(__name__)

# Fifty plays, all that Spotify tells, of three minutes last 150: ten times as often is never late.
SYNC_EVERY_S = 900
# Where calls are scarce: fifty plays of 108 s each, shorter than almost every song.
SYNC_AT_LEAST_EVERY_S = 5_400
LIBRARY_EVERY_S = 86_400
LIBRARY_AGAIN_S = 300  # after a failure that does not say how long it lasts
FRESH_CONSENT_S = 900  # for so long a person sits before the page, and waits
BATCH = 10  # a refresh and a read of 5 s each at worst: done before the claim ends
STOPPING = frozenset({Owner.OPERATOR, Owner.QUOTA, Owner.UPSTREAM, Owner.NETWORK})
PLAYS = ListName(part=Part.PLAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What became of one round.

    `n_kept_aside` users were refused and have to sign in again; `stopped_by` is what ended the
    round early.
    """

    n_synced: int = 0
    n_kept_aside: int = 0
    stopped_by: Outcome | None = None


async def sync_due(house: House, *, every_s: int | None = None) -> SyncReport:
    """Read the plays of the users that are due, at most `BATCH` of them.

    Who waits for it gets the library too, at once. A failure that is not one user's ends the
    round: the users left are due again soon, and what is stored of them goes on being shown.
    """
    spotify = house.spotify
    if spotify is None:
        return SyncReport()
    due = await house.store.tokens.claim_due(
        now=house.clock(),
        every_s=await plays_every_s(house, spotify) if every_s is None else every_s,
        lease_s=CLAIM_S,
        limit=BATCH,
        is_public_only=not (await spotify.permission()).is_go,
    )
    n_synced = n_kept_aside = 0
    for token in due:
        if _is_foreign(token, spotify):
            continue  # given to a former app of ours: waits for its owner to sign in again
        outcome = await sync_user(house, spotify, token)
        if _ends_round(token, outcome):
            return SyncReport(n_synced=n_synced, n_kept_aside=n_kept_aside, stopped_by=outcome)
        n_synced += outcome is Outcome.OK
        n_kept_aside += _is_kept_aside(outcome)
    return SyncReport(n_synced=n_synced, n_kept_aside=n_kept_aside)


async def sync_library_due(house: House) -> bool:
    """Read the library that waits longest, or read it on; tells whether there was one."""
    spotify = house.spotify
    if spotify is None:
        return False
    token = await house.store.tokens.claim_library(
        now=house.clock(),
        lease_s=CLAIM_S,
        is_public_only=not (await spotify.permission()).is_go,
    )
    if token is None:
        return False
    if not _is_foreign(token, spotify):
        await _sync_library(house, spotify, token, purpose=Purpose.LIBRARY)
    return True


async def sync_now(house: House, user_id: UserId) -> Outcome:
    """Read a user's plays and library in this process, whatever is due.

    A service that reads the same user meanwhile does no harm: each page has one writer.

    Raises
    ------
    NotFoundError
        If the user has connected no account.
    ConflictError
        If the consent cannot be used.
    """
    connection = await usable_connection(house, user_id)
    assert house.spotify is not None  # noqa: S101 - nothing is usable without
    assert connection.token is not None  # noqa: S101 - as above
    asked = replace(connection.token, synced_at=0, library_due_at=1)
    return await sync_user(house, house.spotify, asked)


async def sync_user(house: House, spotify: Spotify, token: UserToken) -> Outcome:
    """Read a user's latest plays, and the library too if the user waits for it."""
    is_wanted = waits(token, now=house.clock())
    purpose = Purpose.PERSON if is_wanted else Purpose.PLAYS
    outcome = await _sync_plays(house, spotify, UserId(token.user_id), purpose=purpose)
    if outcome.owner in STOPPING or _is_kept_aside(outcome):
        return outcome
    if is_wanted:
        if await house.store.models.current() is None:
            await submit_training(house)  # of the starter catalogue: favourites need an index
        await _sync_library(house, spotify, token, purpose=purpose)
    await house.store.tokens.mark_synced(token.user_id, house.clock())
    return outcome


def waits(token: UserToken, *, now: int) -> bool:
    """Tell whether a person waits: has just consented, or asked for it."""
    is_new = now - token.consented_at < FRESH_CONSENT_S
    return token.synced_at == 0 and (is_new or token.library_due_at > 0)


async def plays_every_s(house: House, spotify: Spotify) -> int:
    """Tell how often each user's plays are read, so that a day's calls suffice."""
    client_id = spotify.credentials.client_id
    users = await house.store.tokens.client_ids()
    return poll_every_s(
        await house.store.api_calls.spending(client_id, now=house.clock()),
        n_users=users.get(client_id, 0),
        least_s=SYNC_EVERY_S,
        most_s=SYNC_AT_LEAST_EVERY_S,
    )


async def _sync_plays(
    house: House, spotify: Spotify, user_id: UserId, *, purpose: Purpose
) -> Outcome:
    try:
        seen, page = await spotify.ask(user_id, recently_played(), purpose=purpose)
    except NotFoundError:
        return Outcome.GRANT_REJECTED  # disconnected this very moment
    states = await house.store.spotify_library.states(user_id)
    before = states.get(PLAYS, ListState(name=PLAYS))
    if page is not None:
        await _keep_plays(house, user_id, page, before=before)
    else:
        told = replace(before, tried_at=house.clock(), outcome=seen.outcome)
        await house.store.spotify_library.save(user_id, told)
    await forget_if_left(house, user_id)
    return seen.outcome


async def _keep_plays(
    house: House, user_id: UserId, page: Page[RecentPlay], *, before: ListState
) -> None:
    outcomes = await house.store.synced_plays.add(user_id, page.items)
    n_kept = outcomes.count(Kept.KEPT)
    tally = Tally(
        kept=n_kept,
        duplicate=len(outcomes) - n_kept,
        not_music=page.n_not_music,
        unreadable=page.n_entries - page.n_not_music - len(outcomes),
    )
    state = note_plays(
        before,
        played_at=tuple(play.played_at for play in page.items),
        n_entries=page.n_entries,
        tally=tally,
        now=house.clock(),
    )
    await house.store.spotify_library.save(user_id, state)
    if n_kept:
        await house.store.users.touch(user_id)


async def _sync_library(
    house: House, spotify: Spotify, token: UserToken, *, purpose: Purpose
) -> LibraryRead:
    """Read what is due of a library, and say when the rest or the next reading is."""
    read = await read_library(
        house,
        spotify,
        user_id=UserId(token.user_id),
        purpose=purpose,
        is_wanted=purpose is Purpose.PERSON,
    )
    wait_s, stopped = LIBRARY_EVERY_S, read.stopped_by
    if stopped is not None:
        wait_s = stopped.retry_after_s or LIBRARY_AGAIN_S
        log.info("a library is read on in %d s: %s", wait_s, stopped.outcome.value)
    await house.store.tokens.plan_library(token.user_id, at=house.clock() + wait_s)
    return read


def _is_kept_aside(outcome: Outcome) -> bool:
    """Tell whether a consent was set aside; one that allows less than all goes on."""
    return outcome.owner is Owner.USER and outcome is not Outcome.SCOPE_MISSING


def _is_foreign(token: UserToken, spotify: Spotify) -> bool:
    return not token.is_public and token.client_id != spotify.credentials.client_id


def _ends_round(token: UserToken, outcome: Outcome) -> bool:
    """Tell whether the others would fail too: a household's own app has troubles of its own."""
    if token.is_public:
        return outcome.owner in {Owner.UPSTREAM, Owner.NETWORK}
    return outcome.owner in STOPPING
