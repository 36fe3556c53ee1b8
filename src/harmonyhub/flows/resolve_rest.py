"""Looks in the background for the tracks that a playlist lacks, then completes the playlist."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.jobs import Job, JobKind, Progress, Report
from harmonyhub.domain.playlists import PushedPlaylist, PushMode, PushOrder, PushState, first_plan
from harmonyhub.domain.upstreams import Observation
from harmonyhub.flows.playlist_writing import Pause
from harmonyhub.flows.push_playlist import (
    order_as_arguments,
    push_as_json,
    push_playlist,
)
from harmonyhub.flows.resolve import resolve
from harmonyhub.sources.spotify.requests import playlist
from harmonyhub.wiring.house import House

MOST_CALLS: Final = 1200  # two for each of the 500 tracks that a playlist may have, and some
MOST_WAIT_S: Final = 900.0  # 45 calls fit into 30 s, so that 500 tracks take six to twelve minutes
PAUSE_S: Final = 10.0


async def submit_rest(house: House, order: PushOrder) -> Job:
    """Queue the search for what a push left open."""
    plan = first_plan(order, now=house.clock())
    return await house.store.jobs.add(
        kind=JobKind.RESOLVE,
        user_id=order.user_id,
        arguments=order_as_arguments(order),
        now=house.clock(),
        key=f"resolve:{plan.id}:{order.content}",
    )


async def resolve_rest(
    house: House, order: PushOrder, *, on_progress: Report, pause: Pause = asyncio.sleep
) -> Mapping[str, object]:
    """Look for all tracks of an order; if more were found, put them into the playlist.

    A playlist that its owner changed since is left alone: what was found is remembered and used
    the next time.
    """
    known = await house.store.tracks.get_many(order.track_ids)
    tracks = [known[one] for one in order.track_ids if one in known]
    waited_s = 0.0

    async def wait(seen: Observation) -> bool:
        nonlocal waited_s
        wait_s = float(seen.retry_after_s or PAUSE_S)
        is_passing = seen.outcome.owner in {Owner.QUOTA, Owner.UPSTREAM, Owner.NETWORK}
        if not is_passing or waited_s + wait_s > MOST_WAIT_S:
            return False
        waited_s += wait_s
        await pause(wait_s)
        return True

    resolved = await resolve(
        house,
        order.user_id,
        tracks,
        purpose=Purpose.RESOLVE,
        most_calls=MOST_CALLS,
        wait=wait,
        on_track=lambda n: on_progress(
            Progress(done=n, total=len(tracks), unit="tracks", message="looking up")
        ),
    )
    plan = first_plan(order, now=house.clock())
    push = await house.store.pushed_playlists.get(order.user_id, plan.id)
    told: dict[str, object] = {
        "n_found": len(resolved.found),
        "n_missing": len(resolved.missing),
        "n_open": len(resolved.open),
    }
    if push is None or not await _is_incomplete(house, push, order, n_found=len(resolved.found)):
        return told
    if push.mode is PushMode.APPEND:
        order = _only_new(order, push, resolved.found)
    done = await push_playlist(house, order, on_progress=on_progress, pause=pause)
    return {**told, **push_as_json(done)}


async def _is_incomplete(
    house: House, push: PushedPlaylist, order: PushOrder, *, n_found: int
) -> bool:
    """Tell whether the playlist is still the one that was sent, and lacks what was found."""
    is_ours = push.content == order.content and push.state is PushState.DONE
    if not is_ours or house.spotify is None or n_found <= push.n_written:
        return False
    if push.mode is PushMode.APPEND:
        return True
    _, now = await house.spotify.ask(
        order.user_id, playlist(push.spotify_id), purpose=Purpose.RESOLVE
    )
    return now is not None and now.snapshot_id == push.snapshot_id


def _only_new(order: PushOrder, push: PushedPlaylist, found: Mapping[TrackId, str]) -> PushOrder:
    """Order only what an append lacks: the rest stands in the playlist already."""
    there = set(push.uris or ())
    new = tuple(one for one in found if f"spotify:track:{found[one]}" not in there)
    return replace(order, track_ids=new)
