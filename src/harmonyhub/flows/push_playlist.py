"""Playlists out: a list becomes a playlist at Spotify, once, whatever happens on the way."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.errors import (
    ConflictError,
    HarmonyHubError,
    LostLeaseError,
    NotFoundError,
    RefusedInputError,
    UnavailableError,
)
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import Job, JobKind, Progress, Report
from harmonyhub.domain.playlists import (
    MOST_TRACKS,
    NAME_LONGEST,
    PushedPlaylist,
    PushMode,
    PushOrder,
    PushState,
    default_key,
    first_plan,
    must_end_first,
    next_plan,
    without_doubles,
)
from harmonyhub.domain.push_problems import push_problem
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.flows.leave import check_stays
from harmonyhub.flows.playlist_wishes import PlaylistWish, entitle, name_subject, say_steering
from harmonyhub.flows.playlist_writing import Pause, PlaylistWriter
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.resolve import resolve
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Spotify

MOST_SEARCHES: Final = 60  # of one push: two thirds of what fits into 30 s for somebody who waits
CLAIM_WAIT_S: Final = 90.0  # a dead worker's lease ends in 60
CLAIM_LOOK_S: Final = 0.5


async def order_playlist(house: House, wish: PlaylistWish) -> PushOrder:
    """Turn a wish into an order for certain tracks.

    Raises
    ------
    ConflictError, NotFoundError
        If Spotify is not set up here, or the user has not connected it.
    RefusedInputError
        If there are no tracks, or too many.
    """
    await _see_connected(house, wish.user_id)
    track_ids, relaxed = await _choose_tracks(house, wish)
    if not track_ids or len(track_ids) > MOST_TRACKS:
        raise RefusedInputError(
            f"A playlist is made of 1 to {MOST_TRACKS} tracks; these are {len(track_ids)}.",
            hint="Choose another list, or fewer tracks.",
        )
    about = name_subject(wish.list_name, wish.wish)
    day = datetime.fromtimestamp(house.clock(), tz=UTC)
    key = wish.key or default_key(about, mode=wish.mode, day=f"{day:%Y-%m-%d}", track_ids=track_ids)
    return PushOrder(
        user_id=wish.user_id,
        about=about,
        key=key,
        title=(wish.title.strip() or await entitle(house, wish, day))[:NAME_LONGEST],
        mode=wish.mode,
        track_ids=tuple(track_ids),
        note=await say_steering(house, wish.wish, relaxed=relaxed),
        is_anew=wish.is_anew,
    )


async def can_save(house: House, user_id: UserId) -> bool:
    """Tell whether a listener has a consent that a playlist can be saved with."""
    if house.spotify is None:
        return False
    token = await house.store.tokens.get(user_id)
    return token is not None and token.state is TokenState.ACTIVE


async def load_push(house: House, job: Job) -> PushedPlaylist | None:
    """Load the playlist that a job is about."""
    if job.kind is not JobKind.PUSH:
        return None
    order = order_of_job(job)
    plan = first_plan(order, now=house.clock())
    return await house.store.pushed_playlists.get(order.user_id, plan.id)


async def submit_push(house: House, order: PushOrder) -> tuple[Job, PushedPlaylist]:
    """Write a wish down and queue its job; the same wish twice waits once."""
    plan = first_plan(order, now=house.clock())
    await house.store.users.ensure(order.user_id, now=house.clock())
    await house.store.pushed_playlists.ensure(plan)
    job = await house.store.jobs.add(
        kind=JobKind.PUSH,
        user_id=order.user_id,
        arguments=order_as_arguments(order),
        now=house.clock(),
        key=f"push:{plan.id}:{order.content}",
    )
    await check_stays(house, order.user_id)
    known = await house.store.pushed_playlists.get(order.user_id, plan.id)
    return job, known or plan


async def push_playlist(
    house: House, order: PushOrder, *, on_progress: Report, pause: Pause = asyncio.sleep
) -> PushedPlaylist:
    """Send a playlist to Spotify; asked again after anything, it goes on where it stopped.

    Raises
    ------
    UpstreamError
        If Spotify does not let us, in words for the person who waits.
    ConflictError
        If another worker is at it and does not end, or somebody changed the playlist meanwhile.
    LostLeaseError
        If another worker took it over.
    """
    spotify, token = await _see_connected(house, order.user_id)
    plan = first_plan(order, now=house.clock())
    await house.store.pushed_playlists.ensure(plan)
    claimed = await _claim(house, plan, pause=pause)
    writer = PlaylistWriter(
        house, spotify, claimed, on_progress, pause, is_household=token.is_public
    )
    try:
        if must_end_first(writer.push, order):
            await _write(writer)
        wanted = next_plan(order, writer.push, now=house.clock())
        writer.push = await house.store.pushed_playlists.keep(wanted, now=house.clock())
        await _write(writer)
    except (LostLeaseError, UnavailableError):
        raise
    except HarmonyHubError:
        if writer.push.state is not PushState.GONE:
            await writer.keep(state=PushState.FAILED)
        raise
    finally:
        await house.store.pushed_playlists.release(writer.push)
    return writer.push


def order_as_arguments(order: PushOrder) -> dict[str, object]:
    """Give an order as plain JSON values, as a job keeps it."""
    return {
        "about": order.about,
        "key": order.key,
        "title": order.title,
        "note": order.note,
        "mode": order.mode.value,
        "tracks": list(order.track_ids),
        "is_anew": order.is_anew,
    }


def order_of_job(job: Job) -> PushOrder:
    """Read the order that a job keeps."""
    given = job.arguments
    tracks = given["tracks"]
    return PushOrder(
        user_id=UserId(str(job.user_id)),
        about=str(given["about"]),
        key=str(given["key"]),
        title=str(given["title"]),
        note=str(given.get("note", "")),  # jobs of releases before have none
        mode=PushMode(str(given["mode"])),
        track_ids=tuple(TrackId(str(one)) for one in tracks) if isinstance(tracks, list) else (),
        is_anew=bool(given["is_anew"]),
    )


def push_as_json(push: PushedPlaylist) -> dict[str, object]:
    """Give what became of a push as plain JSON values."""
    return {
        "id": push.id,
        "title": push.title,
        "state": push.state.value,
        "mode": push.mode.value,
        "url": push.url,
        "spotify_id": push.spotify_id,
        "n_wanted": push.n_wanted,
        "n_written": push.n_written,
        "n_missing": push.n_missing,
        "n_open": push.n_open,
        "updated_at": push.updated_at,
    }


async def _write(writer: PlaylistWriter) -> None:
    """Look the tracks up, find or make the playlist, fill it."""
    push = writer.push
    if push.state is PushState.GONE:
        raise push_problem(Outcome.NOT_FOUND)
    if push.state is PushState.DONE:
        await writer.find_or_make()  # still there?
        return
    if push.uris is None:
        await _look_up(writer)
    await writer.find_or_make()
    await writer.keep(state=PushState.FILLING)
    await writer.fill()
    appended = (*writer.push.appended, push.content) if push.mode is PushMode.APPEND else ()
    await writer.keep(state=PushState.DONE, appended=appended, is_doubtful=False)


async def _look_up(writer: PlaylistWriter) -> None:
    house, push = writer.house, writer.push
    known = await house.store.tracks.get_many(push.track_ids)
    tracks = [known[one] for one in push.track_ids if one in known]

    def tell(n_settled: int) -> None:
        writer.on_progress(
            Progress(done=n_settled, total=len(tracks), unit="tracks", message="looking up")
        )

    resolved = await resolve(
        house,
        push.user_id,
        tracks,
        purpose=Purpose.PERSON,
        most_calls=MOST_SEARCHES,
        wait=writer.wait,
        on_track=tell,
    )
    found = [resolved.found[one.id] for one in tracks if one.id in resolved.found]
    is_short_of_calls = resolved.stopped_by is Outcome.BUDGET_SPENT
    if resolved.stopped_by is not None and not (found and is_short_of_calls):
        raise push_problem(
            resolved.stopped_by, wait_s=resolved.wait_s, is_household=writer.is_household
        )
    if not found:
        raise RefusedInputError(
            "The playlist is not saved. Spotify has none of these tracks.",
            hint="They are looked for again in 30 days; choose another list meanwhile.",
        )
    n_unknown = push.n_wanted - len(tracks)
    await writer.keep(
        uris=without_doubles(f"spotify:track:{one}" for one in found),
        n_missing=len(resolved.missing) + n_unknown,
        n_open=len(resolved.open),
    )


async def _claim(house: House, plan: PushedPlaylist, *, pause: Pause) -> PushedPlaylist:
    for _ in range(int(CLAIM_WAIT_S / CLAIM_LOOK_S)):
        claimed = await house.store.pushed_playlists.claim(plan.user_id, plan.id, now=house.clock())
        if claimed is not None:
            return claimed
        await pause(CLAIM_LOOK_S)
    raise ConflictError(
        f"Another worker is saving the playlist {plan.title}.",
        hint="Wait until it ends; the page of its job shows how far it is.",
    )


async def _see_connected(house: House, user_id: UserId) -> tuple[Spotify, UserToken]:
    """Give the way to Spotify, and the user's consent.

    Raises
    ------
    ConflictError
        If Spotify is not set up here.
    NotFoundError
        If the user has not connected an account, or the consent cannot be used.
    """
    if house.spotify is None:
        raise ConflictError(
            "Spotify is not set up on this server.",
            hint="The page /spotify says which three settings the operator has to make.",
        )
    token = await house.store.tokens.get(user_id)
    if token is None:
        raise NotFoundError(
            f"{user_id} has not connected a Spotify account.",
            hint="Open the Spotify page and connect it.",
        )
    if token.state is TokenState.QUARANTINED:
        outcome = token.quarantined_for or Outcome.GRANT_REJECTED
        raise push_problem(outcome, is_household=token.is_public)
    return house.spotify, token


async def _choose_tracks(
    house: House, wish: PlaylistWish
) -> tuple[Sequence[TrackId], tuple[str, ...]]:
    """Give the tracks that are named, or those of the list; and what it does not insist on."""
    if wish.track_ids or wish.list_name is None:
        return wish.track_ids, wish.relaxed
    answer = await recommend(
        house, user_id=wish.user_id, list_name=wish.list_name, n=wish.n, wish=wish.wish
    )
    if not answer.items:
        raise RefusedInputError(
            f"There is nothing in this list to save. {answer.based_on}",
            hint="Choose another list, or ask for less; an import and a training make more.",
        )
    return [item.track.id for item in answer.items], answer.relaxed
