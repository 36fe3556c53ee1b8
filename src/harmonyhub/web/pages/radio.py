"""The page of a radio: a list from tracks and artists that goes on without repeating itself."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, Router, get
from litestar.params import FromQuery, QueryParameter

from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.knobs import Wish
from harmonyhub.domain.recommendations import FeedbackKind, ListName
from harmonyhub.flows.push_playlist import can_save
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.tracks import load_track
from harmonyhub.web.pages.listening import (
    N_CARDS,
    SAID,
    exchange_parameters,
    load_said,
    steering_query,
)
from harmonyhub.web.pages.visitor import VisitorHere
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.wishes import WishHere, check_seeds
from harmonyhub.wiring.house import House

N_NAMED = 2  # of what a radio starts from; the others are counted


@get("/radio")
async def show_radio(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    wish: WishHere,
    from_: Annotated[list[str] | None, QueryParameter(name="from")] = None,
    artist: FromQuery[list[str] | None] = None,
    said: FromQuery[FeedbackKind | None] = None,
    track: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Play on from tracks (`from`, ids) and artists; `track` is what feedback spoke of."""
    names = await _name_seeds(house, from_ or [], artist or [])
    if not (names or wish.words):
        return visitor.page("radio.html", names=names, answer=None)
    wish = check_seeds(ListName.MORE_LIKE_THIS, wish, tracks=from_, artists=artist)
    answer = await recommend(
        house,
        user_id=visitor.user_id,
        list_name=ListName.MORE_LIKE_THIS,
        n=N_CARDS,
        wish=wish,
    )
    feedback = await load_said(house, visitor.user_id)
    return visitor.page(
        "radio.html",
        names=names,
        wish=wish,
        answer=answer,
        start=radio_address(wish),
        back=exchange_parameters(visitor.path, drop=SAID),
        more=exchange_parameters(visitor.path, drop=(*SAID, "after"), after=answer.more or ""),
        said=said,
        spoken_of=await house.store.tracks.get(TrackId(track)) if said and track else None,
        said_kinds={one.id: one.kind.value for one in feedback},
        can_save=await can_save(house, visitor.user_id),
        steering=steering_query(visitor),
    )


def radio_address(wish: Wish) -> str:
    """Give the address of the radio from the tracks and artists of a wish, not steered."""
    seeds = [("from", one) for one in wish.track_ids] + [("artist", one) for one in wish.artists]
    return f"/radio?{urlencode(seeds)}" if seeds else "/radio"


async def _name_seeds(house: House, tracks: Sequence[str], artists: Sequence[str]) -> list[str]:
    """Say what a radio starts from, the first few by name."""
    titles = [
        f"“{(await load_track(house, TrackId(one))).title}”" for one in tracks[:N_NAMED] if one
    ]
    named = [*titles, *(one.strip() for one in artists if one.strip())]
    n_more = len(tracks) - len(titles) + max(len(named) - N_NAMED, 0)
    return named[:N_NAMED] + ([f"{n_more} more"] if n_more else [])


radio = Router("/", route_handlers=[show_radio])
