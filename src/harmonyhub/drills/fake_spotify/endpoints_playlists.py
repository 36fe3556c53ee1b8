"""Endpoints of playlists: own ones are listed, made, changed; contents live under `/items`."""

from collections.abc import Sequence

from harmonyhub.drills.fake_spotify.calls import PAGE_MOST, Call, Refused
from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.playlists import Item, ItemKind, Playlist
from harmonyhub.drills.fake_spotify.rendering import (
    item_uri,
    show_item,
    show_playlist,
    show_simple_playlist,
)
from harmonyhub.drills.http import Answer, json_answer

ITEMS_MOST = 100  # in one write
FIRST_PAGE = 100  # of a playlist shown by itself
NAME_LONGEST, DESCRIPTION_LONGEST = 100, 300
TRACK = "spotify:track:"


def get_own_playlists(call: Call) -> Answer:
    """Show the person's playlists."""
    playlists, view = call.library.playlists, call.view
    page = call.page(
        lambda start, end: [show_simple_playlist(one, view) for one in playlists[start:end]],
        total=len(playlists),
        limit=call.limit(),
        offset=call.offset(),
    )
    return json_answer(page)


def create_playlist(call: Call) -> Answer:
    """Make a playlist. Who asks twice gets two, of one name: nothing here is idempotent."""
    body = call.body()
    name = body.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LONGEST:
        raise Refused(400, "Missing required field: name", "bad-request")
    is_public = body.get("public", True) is not False
    call.need_scope(_modify_scope(is_public=is_public))
    playlist = Playlist(id=call.world.new_playlist_id(), owner_id=call.user_id, name=name)
    _change(playlist, body)
    call.world.playlists[playlist.id] = playlist
    call.library.playlists.insert(0, playlist)
    document = show_playlist(playlist, call.view, items=_items_page(call, playlist))
    return json_answer(document, status=201)


def get_playlist(call: Call) -> Answer:
    """Show a playlist; its items only to whom it belongs."""
    playlist = _find(call)
    is_mine = playlist.owner_id == call.access.user_id
    items = _items_page(call, playlist) if is_mine else None
    return json_answer(show_playlist(playlist, call.view, items=items))


def change_playlist(call: Call) -> Answer:
    """Change name, description or who sees it."""
    playlist = _find_mine(call)
    _change(playlist, call.body())
    playlist.revision += 1
    return Answer(200)


def get_items(call: Call) -> Answer:
    """Show what is in a playlist of the person's own."""
    playlist = _find(call)
    if playlist.owner_id != call.user_id:
        raise Refused(403, "Forbidden", "not-owner")
    return json_answer(_items_page(call, playlist, limit=call.limit(most=PAGE_MOST)))


def add_items(call: Call) -> Answer:
    """Add items at the end or at a position."""
    playlist, body = _find_mine(call), call.body()
    position = call.request.query.get("position", body.get("position"))
    if position is not None:
        if not str(position).isdecimal() or int(str(position)) > len(playlist.items):
            raise Refused(400, "Index out of bounds.", "bad-request")
        position = int(str(position))
    playlist.insert(_read_items(call, _uris(call, body)), position=position)
    return _snapshot(playlist, status=201)


def replace_or_move_items(call: Call) -> Answer:
    """Put other items in place of all, or move a range, never both."""
    playlist, body = _find_mine(call), call.body()
    _refuse_strange_snapshot(playlist, body)
    is_replacing = "uris" in body or "uris" in call.request.query
    if is_replacing and "range_start" in body:
        raise Refused(400, "uris and range_start exclude each other", "bad-request")
    if is_replacing:
        playlist.replace(_read_items(call, _uris(call, body)))
        return _snapshot(playlist)
    numbers = [
        body.get(name, default)
        for name, default in (("range_start", None), ("insert_before", None), ("range_length", 1))
    ]
    n_items = len(playlist.items)
    if not all(isinstance(one, int) and 0 <= one <= n_items for one in numbers):
        raise Refused(400, "Invalid range", "bad-request")
    start, before, length = (int(str(one)) for one in numbers)
    playlist.move(start, length=length, before=before)
    return _snapshot(playlist)


def remove_items(call: Call) -> Answer:
    """Take out every item with one of the URIs."""
    playlist, body = _find_mine(call), call.body()
    _refuse_strange_snapshot(playlist, body)
    items = body.get("items")
    if not isinstance(items, list) or not items or len(items) > ITEMS_MOST:
        raise Refused(400, "Missing or too many items", "bad-request")
    uris = {one.get("uri") for one in items if isinstance(one, dict)}
    playlist.replace([item for item in playlist.items if item_uri(item) not in uris])
    return _snapshot(playlist)


def _find(call: Call) -> Playlist:
    if call.access.user_id is not None:
        _ = call.library  # a person's playlists exist as soon as the person does
    playlist = call.world.playlists.get(call.ids[0])
    if playlist is None:
        raise Refused(404, "Resource not found", "not-found")
    is_mine = playlist.owner_id == call.access.user_id
    if not playlist.is_public and not is_mine:
        raise Refused(404, "Resource not found", "not-found")
    if not playlist.is_public:
        call.need_scope("playlist-read-private", "playlist-modify-private")
    return playlist


def _find_mine(call: Call) -> Playlist:
    playlist = _find(call)
    if playlist.owner_id != call.user_id:
        raise Refused(403, "You cannot edit a playlist you don't own.", "not-owner")
    call.need_scope(_modify_scope(is_public=playlist.is_public))
    return playlist


def _modify_scope(*, is_public: bool) -> str:
    return "playlist-modify-public" if is_public else "playlist-modify-private"


def _change(playlist: Playlist, body: Json) -> None:
    """Take over what the body gives, all of it or nothing."""
    name, description = body.get("name", playlist.name), body.get("description")
    text = playlist.description if description is None else description
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LONGEST:
        raise Refused(400, "Invalid name", "bad-request")
    if not isinstance(text, str) or len(text) > DESCRIPTION_LONGEST or "\n" in text:
        raise Refused(400, "Invalid description", "bad-request")
    is_public, is_collaborative = (
        body.get(key, now)
        for key, now in (
            ("public", playlist.is_public),
            ("collaborative", playlist.is_collaborative),
        )
    )
    if is_collaborative and is_public:
        raise Refused(400, "Collaborative playlists can only be private", "bad-request")
    playlist.name, playlist.description = name, text
    playlist.is_public, playlist.is_collaborative = bool(is_public), bool(is_collaborative)


def _items_page(call: Call, playlist: Playlist, *, limit: int | None = None) -> Json:
    view, href = call.view, f"{call.view.base}/v1/playlists/{playlist.id}/items"
    size = FIRST_PAGE if limit is None else limit
    offset, total = (0 if limit is None else call.offset()), len(playlist.items)

    def address(at: int) -> str:
        return f"{href}?offset={at}&limit={size}"

    return {
        "href": address(offset),
        "items": [
            show_item(item, view, added_by=playlist.owner_id)
            for item in playlist.items[offset : offset + size]
        ],
        "limit": size,
        "next": address(offset + size) if offset + size < total else None,
        "offset": offset,
        "previous": address(max(0, offset - size)) if offset else None,
        "total": total,
    }


def _uris(call: Call, body: Json) -> Sequence[str]:
    given = call.request.query.get("uris")
    uris = given.split(",") if given else body.get("uris", [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise Refused(400, "Invalid uris", "bad-request")
    if len(uris) > ITEMS_MOST:
        raise Refused(400, "You can add a maximum of 100 tracks per request.", "bad-request")
    return uris


def _read_items(call: Call, uris: Sequence[str]) -> Sequence[Item]:
    """Read items to add; the fake takes tracks of its catalogue only."""
    at, songs, items = int(call.world.now()), load_catalogue().songs, []
    for uri in uris:
        id_ = uri.removeprefix(TRACK)
        if not uri.startswith(TRACK) or id_ not in songs:
            raise Refused(400, f"Invalid track uri: {uri}", "bad-request")
        items.append(Item(ItemKind.TRACK, id_, at))
    return items


def _refuse_strange_snapshot(playlist: Playlist, body: Json) -> None:
    snapshot_id = body.get("snapshot_id")
    if snapshot_id is not None and not playlist.knows(str(snapshot_id)):
        raise Refused(400, "Invalid playlist snapshot", "bad-request")


def _snapshot(playlist: Playlist, *, status: int = 200) -> Answer:
    return json_answer({"snapshot_id": playlist.snapshot_id}, status=status)
