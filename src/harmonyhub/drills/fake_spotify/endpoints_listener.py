"""Endpoints of one person: who they are, what they heard, what they saved."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from harmonyhub.drills.fake_spotify import listening
from harmonyhub.drills.fake_spotify.calls import PAGE_MOST, Call, Refused
from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.hollow import removed_track
from harmonyhub.drills.fake_spotify.library import Saved
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.rendering import (
    View,
    show_album,
    show_artist,
    show_play,
    show_profile,
    show_song,
    show_time,
)
from harmonyhub.drills.http import Answer, json_answer

Thing = TypeVar("Thing")


def get_me(call: Call) -> Answer:
    """Show who asks."""
    return json_answer(show_profile(call.user_id, call.view, scopes=call.access.scopes))


def get_recently_played(call: Call) -> Answer:
    """Show what the person heard last, newest first."""
    limit = call.limit(most=PAGE_MOST)
    cursors = {name: _cursor(call, name) for name in ("after", "before")}
    if None not in cursors.values():
        raise Refused(400, "Only one of after and before may be given", "bad-request")
    plays = listening.recently_played(
        call.world.seed, call.user_id, now=call.world.now(), limit=limit, **cursors
    )
    document: Json = {
        "href": call.address(limit=limit),
        "items": [show_play(play, call.view) for play in plays],
        "limit": limit,
    }
    if plays:
        newest, oldest = plays[0].at * 1000, plays[-1].at * 1000
        document["cursors"] = {"after": str(newest), "before": str(oldest)}
        document["next"] = call.address(limit=limit, before=oldest, after=None)
    return json_answer(document)


def _cursor(call: Call, name: str) -> int | None:
    given = name in call.request.query
    return call.whole(name, default=0, least=0, most=10**12 * 4) if given else None


def get_top_artists(call: Call) -> Answer:
    """Show whom the person heard most."""
    artists = listening.top_artists(call.world.seed, call.user_id, time_range=_time_range(call))
    return _page(call, artists, show_artist)


def get_top_tracks(call: Call) -> Answer:
    """Show what the person heard most."""
    songs = listening.top_songs(call.world.seed, call.user_id, time_range=_time_range(call))
    return _page(call, songs, show_song)


def _time_range(call: Call) -> str:
    time_range = call.request.query.get("time_range", "medium_term")
    if time_range not in listening.NOISE_OF_RANGE:
        raise Refused(400, "Invalid time range", "bad-request")
    return time_range


def get_saved_tracks(call: Call) -> Answer:
    """Show saved tracks, newest first; one that was removed is nulls throughout."""
    return _page(call, call.library.tracks, _show_saved_track)


def _show_saved_track(saved: Saved, view: View) -> Json:
    is_hollow = saved.is_removed and view.is_hollow
    track = removed_track() if is_hollow else show_song(load_catalogue().songs[saved.id], view)
    return {"added_at": show_time(saved.added_at), "track": track}


def get_saved_albums(call: Call) -> Answer:
    """Show saved albums, newest first; one that was removed is null."""
    return _page(call, call.library.albums, _show_saved_album)


def _show_saved_album(saved: Saved, view: View) -> Json | None:
    if saved.is_removed and view.is_hollow:
        return None
    album = show_album(load_catalogue().albums[saved.id], view)
    return {"added_at": show_time(saved.added_at), "album": album}


def get_followed_artists(call: Call) -> Answer:
    """Show followed artists, from a cursor on."""
    if call.request.query.get("type") != "artist":
        raise Refused(400, "Invalid type", "bad-request")
    ids, limit, after = call.library.artists, call.limit(), call.request.query.get("after")
    if after is not None and after not in ids:
        raise Refused(400, "Invalid after", "bad-request")
    start = 0 if after is None else ids.index(after) + 1
    shown = ids[start : start + limit]
    is_last = start + limit >= len(ids)
    page: Json = {
        "href": call.address(limit=limit),
        "items": [show_artist(load_catalogue().artists[id_], call.view) for id_ in shown],
        "limit": limit,
        "cursors": {} if is_last else {"after": shown[-1]},
        "total": len(ids),
    }
    if not is_last:
        page["next"] = call.address(limit=limit, after=shown[-1])
    elif call.view.is_hollow:  # nulls, where the contract has nothing
        page |= {"next": None, "cursors": {"after": None}}
    return json_answer({"artists": page})


def _page(
    call: Call, things: Sequence[Thing], show: Callable[[Thing, View], Json | None]
) -> Answer:
    view = call.view
    return json_answer(
        call.page(
            lambda start, end: [show(one, view) for one in things[start:end]],
            total=len(things),
            limit=call.limit(),
            offset=call.offset(),
        )
    )
