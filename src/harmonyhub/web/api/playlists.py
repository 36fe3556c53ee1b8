"""Playlists out: a list of ours, or any tracks, as a playlist at Spotify."""

from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.flows.playlist_wishes import PlaylistWish
from harmonyhub.flows.push_playlist import order_playlist, submit_push
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.schemas import (
    JobView,
    PlaylistAccepted,
    PlaylistBody,
    PlaylistList,
    PlaylistView,
    Steering,
)
from harmonyhub.web.wishes import check_seeds, provide_wish


class PlaylistRoutes(Controller):
    """The playlists of one user that went out from here."""

    path = "/users/{user:str}/playlists"
    tags = ("spotify",)

    @get(summary="Playlists that were sent to Spotify")
    async def list_playlists(self, *, house: HouseHere, user: FromPath[str]) -> PlaylistList:
        """List them with how far they are, the latest first. Nothing is asked of Spotify."""
        pushes = await house.store.pushed_playlists.of_user(parse_user(user))
        return PlaylistList(items=tuple(PlaylistView.of(push) for push in pushes))

    @post(
        summary="Save a list as a playlist at Spotify",
        status_code=202,
        responses={202: ResponseSpec(PlaylistAccepted, description="Queued")},
    )
    async def add_playlist(
        self, *, house: HouseHere, user: FromPath[str], data: JSONBody[PlaylistBody]
    ) -> Response[PlaylistAccepted]:
        """Queue a playlist; 404 where the user is not connected. The same wish twice is one.

        Everything from `words` to `without_track` steers the list, as in its address.

        `mode` is `create` (one for this list and day), `replace` (one a list, its items exchanged)
        or `append` (one a list, put behind its items).
        """
        order = await order_playlist(house, await _read(parse_user(user), data))
        job, push = await submit_push(house, order)
        return Response(
            PlaylistAccepted(job=JobView.of(job), playlist=PlaylistView.of(push)),
            status_code=202,
            headers={"Location": f"/api/v1/jobs/{job.id}"},
        )


async def _read(user_id: UserId, body: PlaylistBody) -> PlaylistWish:
    if (body.list is None) == (not body.tracks):
        raise RefusedInputError(
            "A playlist is made of a list or of tracks.", hint="Name one of list and tracks."
        )
    wish = await provide_wish(**{one: getattr(body, one) for one in Steering.__struct_fields__})
    tracks, artists = _names(body.track), _names(body.artist)
    if body.list is not None:
        wish = check_seeds(body.list, wish, tracks=tracks, artists=artists)
    elif wish.steering or tracks or artists:
        raise RefusedInputError(
            "Tracks that are named are taken as they are: nothing steers them.",
            hint="Leave out what steers a list, or name a list instead of tracks.",
        )
    return PlaylistWish(
        user_id=user_id,
        list_name=body.list,
        wish=wish,
        track_ids=tuple(map(TrackId, body.tracks)),
        n=body.n,
        title=body.name,
        key=body.key,
        mode=body.mode,
        is_anew=body.anew,
    )


def _names(named: str | tuple[str, ...]) -> list[str]:
    return [named] if isinstance(named, str) else list(named)
