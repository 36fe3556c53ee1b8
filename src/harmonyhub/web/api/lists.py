"""Ways from track to track, lists that are kept, and lists for several listeners."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.paths import LONGEST, SHORTEST, Path
from harmonyhub.flows.paths import find_way
from harmonyhub.web.requests import DEFAULT_USER, HouseHere, parse_user


class PathRoutes(Controller):
    """Ways from one track to another."""

    tags = ("tracks",)

    @get("/tracks/{track_id:str}/path/{end:str}", summary="A way from one track to another")
    async def show_path(
        self,
        *,
        house: HouseHere,
        track_id: FromPath[str],
        end: FromPath[str],
        n: Annotated[int, QueryParameter(ge=SHORTEST, le=LONGEST)] = 12,
        user: FromQuery[str] = DEFAULT_USER,
    ) -> Path:
        """Find `n` tracks, both ends counted, each near the one before and nearer the end.

        Without a way `steps` is empty and `note` says why. Nothing that `user` refused is on it.
        """
        return await find_way(
            house, user_id=parse_user(user), start=TrackId(track_id), end=TrackId(end), n=n
        )
