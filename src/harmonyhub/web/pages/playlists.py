"""The button that saves a list as a playlist at Spotify, and what follows where it fails."""

from dataclasses import dataclass, replace

from litestar import Router, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import JobId, TrackId
from harmonyhub.domain.jobs import JobKind
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.push_playlist import (
    PlaylistWish,
    order_of_job,
    order_playlist,
    submit_push,
)
from harmonyhub.web.pages.visitor import VisitorHere
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.views import load_job


@dataclass(frozen=True, slots=True)
class PlaylistForm:
    """The tracks of the page, ids parted by spaces, and the list that they were shown in.

    What is shown in no list has a `title`.
    """

    tracks: str
    list_name: ListName | None = None
    seed: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class AgainForm:
    """A push that failed, and whether a removed playlist is to be made anew."""

    job: str
    is_anew: bool = False


@post("/playlists")
async def save_playlist(
    *, house: HouseHere, visitor: VisitorHere, data: URLEncodedBody[PlaylistForm]
) -> Redirect:
    """Save what the page shows, and go to the job."""
    wish = PlaylistWish(
        user_id=visitor.user_id,
        list_name=data.list_name,
        seed_track_id=TrackId(data.seed) if data.seed else None,
        track_ids=tuple(map(TrackId, data.tracks.split())),
        title=data.title,
    )
    job, _ = await submit_push(house, await order_playlist(house, wish))
    return Redirect(f"/jobs/{job.id}", status_code=303)


@post("/playlists/again")
async def save_again(
    *, house: HouseHere, visitor: VisitorHere, data: URLEncodedBody[AgainForm]
) -> Redirect:
    """Save again what failed, and go to the new job."""
    failed = await load_job(house, JobId(data.job))
    if failed.kind is not JobKind.PUSH or failed.user_id != visitor.user_id:
        raise NotFoundError(
            f"{visitor.user_id} has no playlist of this job.", hint="Save one from a list."
        )
    order = replace(order_of_job(failed), is_anew=data.is_anew)
    job, _ = await submit_push(house, order)
    return Redirect(f"/jobs/{job.id}", status_code=303)


playlists = Router("/", route_handlers=[save_playlist, save_again])
