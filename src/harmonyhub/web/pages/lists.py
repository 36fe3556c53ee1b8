"""The pages of ways between tracks, of kept lists, and of lists for several."""

from typing import Annotated

from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.paths import LONGEST, SHORTEST, WayBy
from harmonyhub.flows.keep_lists import load_kept, look_ahead
from harmonyhub.flows.paths import find_way
from harmonyhub.flows.push_playlist import can_save
from harmonyhub.flows.tracks import load_track
from harmonyhub.web.pages.visitor import VisitorHere
from harmonyhub.web.requests import HouseHere, parse_kept
from harmonyhub.web.views import search_tracks

N_FOUND = 20
N_EARLIER = 60  # a year of weeks


@get("/tracks/{track_id:str}/way")
async def show_way(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    track_id: FromPath[str],
    to: FromQuery[str | None] = None,
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    n: Annotated[int, QueryParameter(ge=SHORTEST, le=LONGEST)] = 12,
    by: FromQuery[WayBy] = WayBy.ALL,
) -> Response[bytes]:
    """Ask where the way should lead, by words of a track; or show it."""
    start = await load_track(house, TrackId(track_id))
    end = await load_track(house, TrackId(to)) if to else None
    way = None
    if end is not None:
        way = await find_way(house, user_id=visitor.user_id, start=start.id, end=end.id, n=n, by=by)
    return visitor.page(
        "way.html",
        start=start,
        end=end,
        way=way,
        n=n,
        by=by.value,
        query=q.strip(),
        found=await search_tracks(house, text=q, n=N_FOUND),
        can_save=await can_save(house, visitor.user_id),
    )


@get(["/lists/{name:str}", "/lists/{name:str}/{period:str}"])
async def show_kept(
    *, house: HouseHere, visitor: VisitorHere, name: FromPath[str], period: FromPath[str] = ""
) -> Response[bytes]:
    """Show a list of a day or week as it was given, the latest unless one is named."""
    list_name = parse_kept(name)
    user_id = visitor.user_id
    kept = await load_kept(house, user_id, list_name, period=period) if period else None
    earlier = await house.store.kept_lists.latest(user_id, list_name, n=N_EARLIER)
    outlook = await look_ahead(house, user_id, list_name)
    return visitor.page(
        "kept.html",
        list_name=list_name,
        kept=kept or (earlier[0] if earlier else None),
        earlier=earlier,
        outlook=outlook,
        said_kinds={
            one.track_id: one.kind.value for one in await house.store.feedback.current(user_id)
        },
        can_save=await can_save(house, user_id),
    )


lists = Router("/", route_handlers=[show_way, show_kept])
