"""The button that saves a list as a playlist at Spotify, and what follows where it fails."""

from dataclasses import dataclass, replace

from litestar import Router, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import JobId, TrackId
from harmonyhub.domain.jobs import JobKind
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.playlist_wishes import PlaylistWish
from harmonyhub.flows.push_playlist import (
    order_of_job,
    order_playlist,
    submit_push,
)
from harmonyhub.web.pages.visitor import VisitorHere
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.views import load_job
from harmonyhub.web.wishes import WishHere, start_from


@dataclass(frozen=True, slots=True)
class PlaylistForm:
    """The tracks of the page, ids parted by spaces, and the list that they were shown in.

    What is shown in no list has a `title`; `relaxed` is what the list did not insist on.
    """

    tracks: str
    list_name: ListName | None = None
    seed: str = ""
    title: str = ""
    relaxed: str = ""


@dataclass(frozen=True, slots=True)
class AgainForm:
    """A push that failed, and whether a removed playlist is to be made anew."""

    job: str
    is_anew: bool = False


@post("/playlists")
async def save_playlist(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    wish: WishHere,
    data: URLEncodedBody[PlaylistForm],
) -> Redirect:
    """Save what the page shows, steered as the address says, and go to the job."""
    asked = PlaylistWish(
        user_id=visitor.user_id,
        list_name=data.list_name,
        wish=start_from(wish, tracks=(data.seed,) if data.seed else (), artists=()),
        relaxed=(data.relaxed,) if data.relaxed else (),
        track_ids=tuple(map(TrackId, data.tracks.split())),
        title=data.title,
    )
    job, _ = await submit_push(house, await order_playlist(house, asked))
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
