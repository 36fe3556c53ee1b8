"""What a person asks for when a list becomes a playlist, and what it is called."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import NO_WISH, Wish
from harmonyhub.domain.playlists import PushMode, digest
from harmonyhub.domain.recommendations import ListName
from harmonyhub.recommender.statement import say_knobs
from harmonyhub.recommender.wishes import read_wish
from harmonyhub.wiring.house import House

TITLES: Final = {
    ListName.FOR_YOU: "For you",
    ListName.DISCOVER: "Discover",
    ListName.REDISCOVER: "Rediscover",
    ListName.MORE_LIKE_THIS: "More like this",
}
TRACKS: Final = "tracks"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistWish:
    """What a person asks for, before it is known which tracks that means.

    Attributes
    ----------
    list_name : ListName or None
        Which list; with `track_ids` the list that they were shown in, if any.
    wish : Wish
        How the list is steered, and what MORE_LIKE_THIS starts from.
    relaxed : tuple of str
        What of that the list with `track_ids` did not insist on.
    track_ids : tuple of TrackId
        Exactly these, in this order; none: what the list holds now.
    n : int
        How many of the list.
    title : str
        The playlist's name; empty: one is made from list and day.
    key : str
        Whoever asks twice with one key gets one playlist; empty: one follows from list and day.
    """

    user_id: UserId
    list_name: ListName | None = None
    wish: Wish = NO_WISH
    relaxed: tuple[str, ...] = ()
    track_ids: tuple[TrackId, ...] = ()
    n: int = 50
    title: str = ""
    key: str = ""
    mode: PushMode = PushMode.CREATE
    is_anew: bool = False


def name_subject(list_name: ListName | None, wish: Wish) -> str:
    """Name what a playlist is about: the same list, started and steered alike, is one playlist."""
    if list_name is None:
        return TRACKS
    seeds = (*wish.track_ids, *wish.artists)
    parts = [list_name.value]
    if seeds:
        parts.append(seeds[0] if seeds == wish.track_ids[:1] else digest(*seeds))
    if wish.steering:
        parts.append(digest(*wish.steering))
    return ":".join(parts)


async def entitle(house: House, wish: PlaylistWish, day: datetime) -> str:
    """Make a playlist's name of its list and day."""
    words = TITLES[wish.list_name] if wish.list_name else "Tracks"
    seeds = wish.wish
    if len(seeds.track_ids) + len(seeds.artists) > 1:
        words = "Radio"
    elif seeds.artists:
        words = f"More like {seeds.artists[0]}"
    elif seeds.track_ids:
        seed = await house.store.tracks.get(seeds.track_ids[0])
        words = f"More like {seed.title}" if seed else words
    if wish.wish.steering:
        words += " as asked"
    if wish.mode is not PushMode.CREATE:
        return f"{words} (HarmonyHub)"
    return f"{words}, {day.day} {day:%B %Y}"


async def say_steering(house: House, wish: Wish, *, relaxed: tuple[str, ...]) -> str:
    """Say for a playlist's description how its list was steered; empty if it was not."""
    model = await house.serving.current()
    if model is None or not wish.steering:
        return ""
    reading = read_wish(wish, model.index)
    artists = [
        f"like {model.index.artist_names[model.index.artist_place_of[one]]}"
        for one in reading.seeds.artist_ids
    ]
    clauses = [*artists, *say_knobs(reading.knobs, model.index, with_coverage=False)]
    if not clauses:
        return ""
    less = f"; too few fit, so: {'; '.join(relaxed)}" if relaxed else ""
    return "".join(one for one in f"Asked for: {', '.join(clauses)}{less}." if one.isprintable())
