"""Ways from track to track, and lists that are kept."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.kept_lists import KeptListName
from harmonyhub.domain.paths import LONGEST, SHORTEST, Path, WayBy
from harmonyhub.flows.keep_lists import load_kept
from harmonyhub.flows.paths import find_way
from harmonyhub.web.requests import DEFAULT_USER, HouseHere, parse_kept, parse_user
from harmonyhub.web.schemas import KeptListList, KeptListView

N_KEPT_MAX = 100


class KeptListRoutes(Controller):
    """Lists of days and weeks, as they were given."""

    path = "/users/{user:str}/lists"
    tags = ("users",)

    @get(summary="Lists of days or weeks that are kept")
    async def list_kept(
        self,
        *,
        house: HouseHere,
        user: FromPath[str],
        list_name: Annotated[KeptListName, QueryParameter(name="list")] = KeptListName.WEEKLY,
        n: Annotated[int, QueryParameter(ge=1, le=N_KEPT_MAX)] = 20,
        before: FromQuery[str | None] = None,
    ) -> KeptListList:
        """List them whole, the latest first; `before` is a period, for the next page."""
        kept = await house.store.kept_lists.latest(parse_user(user), list_name, n=n, before=before)
        return KeptListList(items=[KeptListView.of(one) for one in kept])

    @get("/{name:str}/{period:str}", summary="One list of a day or week")
    async def show_kept(
        self, *, house: HouseHere, user: FromPath[str], name: FromPath[str], period: FromPath[str]
    ) -> KeptListView:
        """Show it as it was given; `period` is a day (2026-11-28) or a week (2026-W48)."""
        kept = await load_kept(house, parse_user(user), parse_kept(name), period=period)
        return KeptListView.of(kept)


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
        by: FromQuery[WayBy] = WayBy.ALL,
        user: FromQuery[str] = DEFAULT_USER,
    ) -> Path:
        """Find `n` tracks, both ends counted, each near the one before and nearer the end.

        `by=sound` goes by how tracks sound alone. Without a way `steps` is empty and `note` says
        why. Nothing that `user` refused is on it.
        """
        return await find_way(
            house,
            user_id=parse_user(user),
            start=TrackId(track_id),
            end=TrackId(end),
            n=n,
            by=by,
        )
