"""The pages of the listener: For you and its sister lists, one track, search, feedback."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

from litestar import Response, Router, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect
from markupsafe import Markup

from harmonyhub.analysis.pictures import draw_pictures
from harmonyhub.analysis.radar_picture import radar_svg, say_unusual
from harmonyhub.analysis.usual import LEAST_FAVOURITES, Usual
from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import Wish
from harmonyhub.domain.music import Track
from harmonyhub.domain.recommendations import FeedbackKind, ListName
from harmonyhub.domain.sound_tags import name_tags
from harmonyhub.flows.analyse import load_track_page
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.music_folder import describe_music_folder, load_music_folder
from harmonyhub.flows.push_playlist import can_save
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.similar import find_similar
from harmonyhub.flows.usual import load_usual
from harmonyhub.web.pages.numbers import NumberRow, list_numbers
from harmonyhub.web.pages.pictures import draw_months
from harmonyhub.web.pages.visitor import Visitor, VisitorHere, way_back
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.views import search_tracks
from harmonyhub.web.wishes import WishHere
from harmonyhub.wiring.house import House

N_CARDS = 20
N_SIMILAR = 8
N_SOUNDS_LIKE = 6
N_FOUND = 40
N_PLAYS_LISTED = 8
NOT_STEERING = ("said", "track", "after", "user", "from", "artist")  # of a list's address
SAID = ("said", "track")  # of the address after feedback: what the banner speaks of
LISTS = {
    ListName.FOR_YOU: ("For you", "Picked from what you play"),
    ListName.DISCOVER: ("Discover", "Tracks you have never played"),
    ListName.REDISCOVER: ("Rediscover", "Loved once, not heard for long"),
}


@dataclass(frozen=True, slots=True)
class FeedbackForm:
    """A feedback button: the track, what is said, and the page to go back to."""

    track: str
    kind: FeedbackKind
    next: str = "/"


@dataclass(frozen=True, slots=True)
class SaidTrack:
    """A track that the listener said something of."""

    id: TrackId
    title: str
    artist: str
    kind: FeedbackKind
    until: int | None


@get(["/", "/{list_name:str}"])
async def show_list(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    wish: WishHere,
    list_name: FromPath[str] = ListName.FOR_YOU.value,
    said: FromQuery[FeedbackKind | None] = None,
    track: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show one of the three lists, steered by its address; after feedback, a banner."""
    shown = next((known for known in LISTS if known.value == list_name), None)
    if shown is None:
        raise NotFoundException(f"There is no page /{list_name}.")
    answer = await recommend(house, user_id=visitor.user_id, list_name=shown, n=N_CARDS, wish=wish)
    spoken_of = await house.store.tracks.get(TrackId(track)) if said and track else None
    feedback = await load_said(house, visitor.user_id)
    return visitor.page(
        "for_you.html",
        lists=LISTS,
        shown=shown,
        wish=wish,
        back=exchange_parameters(visitor.path, drop=SAID),
        more=exchange_parameters(visitor.path, drop=(*SAID, "after"), after=answer.more or ""),
        answer=answer,
        said=said,
        spoken_of=spoken_of,
        feedback=feedback,
        can_save=await can_save(house, visitor.user_id),
        steering=steering_query(visitor),
        said_kinds={one.id: one.kind.value for one in feedback},
    )


@get("/tracks/{track_id:str}")
async def show_track(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    track_id: FromPath[str],
    said: FromQuery[FeedbackKind | None] = None,
) -> Response[bytes]:
    """Show one track: facts, plays, analysis, and more like it."""
    page = await load_track_page(house, user_id=visitor.user_id, track_id=TrackId(track_id))
    similar = await recommend(
        house,
        user_id=visitor.user_id,
        list_name=ListName.MORE_LIKE_THIS,
        n=N_SIMILAR,
        wish=Wish(track_ids=(page.track.id,)),
    )
    sounds_like = await find_similar(house, track_id=page.track.id, n=N_SOUNDS_LIKE)
    usual = None
    if page.analysis:
        usual = await load_usual(house, user_id=visitor.user_id, besides=page.track.id)
    plays = [at for at in page.plays if at]
    return visitor.page(
        "track.html",
        track=page.track,
        plays=page.plays,
        listed_plays=plays[:N_PLAYS_LISTED],
        months=draw_months(plays) if plays else None,
        analysis=page.analysis,
        heard_tags=name_tags(page.analysis.heard_tags) if page.analysis else [],
        pictures=_draw_analysis(page.analysis, usual),
        usual=usual,
        unusual=say_unusual(page.analysis, usual) if page.analysis and usual else None,
        least_favourites=LEAST_FAVOURITES,
        numbers=_numbers(page.analysis),
        feedback=page.feedback,
        similar=similar,
        sounds_like=sounds_like,
        can_save=await can_save(house, visitor.user_id),
        said=said,
    )


@get("/search")
async def search(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[bytes]:
    """Show the tracks that fit the words of the search box; without words, analysed ones."""
    query = q.strip()
    if query:
        found, n_analysed = await search_tracks(house, text=query, n=N_FOUND), 0
    else:
        found, n_analysed = await _find_analysed(house)
    folder = None if query else await load_music_folder(house)
    return visitor.page(
        "search.html",
        query=query,
        found=found,
        n_analysed=n_analysed,
        folder=folder,
        folder_state=folder and describe_music_folder(folder),
    )


@post("/feedback")
async def take_feedback(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    data: URLEncodedBody[FeedbackForm],
) -> Redirect:
    """Take a feedback button, and go back to the page with the banner."""
    await give_feedback(
        house, user_id=visitor.user_id, track_id=TrackId(data.track), kind=data.kind
    )
    return Redirect(_with_said(way_back(data.next), data), status_code=303)


async def load_said(house: House, user_id: UserId) -> list[SaidTrack]:
    """Load the feedback in force with the titles of its tracks, the newest first."""
    current = await house.store.feedback.current(user_id)
    tracks = await house.store.tracks.get_many([one.track_id for one in current])
    return [
        SaidTrack(
            id=one.track_id,
            title=tracks[one.track_id].title,
            artist=tracks[one.track_id].artist,
            kind=one.kind,
            until=one.until,
        )
        for one in sorted(current, key=lambda one: -one.at)
        if one.track_id in tracks
    ]


async def _find_analysed(house: House) -> tuple[list[Track], int]:
    ids = await house.store.analyses.tracks_with_analysis()
    tracks = await house.store.tracks.get_many(ids[:N_FOUND])
    return sorted(tracks.values(), key=lambda track: (track.artist, track.title)), len(ids)


def _with_said(path: str, form: FeedbackForm) -> str:
    return exchange_parameters(path, drop=SAID, said=form.kind.value, track=form.track)


def exchange_parameters(path: str, *, drop: tuple[str, ...], **added: str) -> str:
    """Exchange parameters of an address."""
    parts = urlsplit(path)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in drop]
    query = urlencode([*kept, *added.items()])
    return f"{parts.path}?{query}" if query else parts.path


def steering_query(visitor: Visitor) -> str:
    """Give the query that says for whom and how the list of this page is steered."""
    query = urlsplit(visitor.path).query
    return exchange_parameters(f"?{query}", drop=NOT_STEERING, user=visitor.user_id)


def _draw_analysis(analysis: TrackAnalysis | None, usual: Usual | None) -> dict[str, Markup]:
    if analysis is None or analysis.is_basic:  # of excerpts there is nothing to draw
        return {}
    # Our own drawings; analysis.pictures escapes the one foreign text in them, the file's name.
    drawn = draw_pictures(analysis) | ({"radar": radar_svg(analysis, usual)} if usual else {})
    return {name: Markup(text) for name, text in drawn.items()}  # noqa: S704


def _numbers(analysis: TrackAnalysis | None) -> list[NumberRow]:
    return [] if analysis is None else list_numbers(analysis)


listening = Router("/", route_handlers=[show_list, show_track, search, take_feedback])
