"""Endpoints that change what a person keeps, by URIs: one door for all kinds since 2026."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from harmonyhub.drills.fake_spotify.calls import Call, Refused
from harmonyhub.drills.fake_spotify.catalogue import load_catalogue
from harmonyhub.drills.fake_spotify.library import Library, Saved
from harmonyhub.drills.http import Answer, json_answer

URIS_MOST = 40
URI = re.compile(r"spotify:(track|album|artist|playlist|user|episode|show|audiobook):(\w[\w.-]*)")
MODIFY = {
    "artist": "user-follow-modify",
    "user": "user-follow-modify",
    "playlist": "playlist-modify-public",
}
READ = {
    "artist": "user-follow-read",
    "user": "user-follow-read",
    "playlist": "playlist-read-private",
}


class Uri(NamedTuple):
    """A URI in two parts."""

    kind: str
    id: str


def save_to_library(call: Call) -> Answer:
    """Save things; what is there already stays where it is."""
    uris = _uris(call)
    for uri in uris:
        call.need_scope(MODIFY.get(uri.kind, "user-library-modify"))
        _refuse_unknown(call, uri)
    for uri in uris:
        if not _keeps(call, uri):
            _save(call, uri)
    return Answer(200)


def remove_from_library(call: Call) -> Answer:
    """Take things out; what is not there is no error. A playlist is unfollowed, which hides it."""
    uris = _uris(call)
    for uri in uris:
        call.need_scope(MODIFY.get(uri.kind, "user-library-modify"))
    for uri in uris:
        _remove(call.library, uri)
    return Answer(200)


def library_contains(call: Call) -> Answer:
    """Tell which things are there, in the order asked."""
    uris = _uris(call, also="artist")
    for uri in uris:
        call.need_scope(READ.get(uri.kind, "user-library-read"))
    return json_answer([_keeps(call, uri) for uri in uris])


def _uris(call: Call, *, also: str = "") -> Sequence[Uri]:
    texts = [text.strip() for text in call.text("uris").split(",")]
    if len(texts) > URIS_MOST:
        raise Refused(400, f"Too many uris, maximum: {URIS_MOST}", "bad-request")
    uris = []
    for text in texts:
        match = URI.fullmatch(text)
        if match is None:
            raise Refused(400, f"Invalid uri: {text}", "bad-request")
        if match[1] == "artist" != also:  # artists can be asked for, not followed, this way
            raise Refused(400, f"Unsupported uri type: {text}", "bad-request")
        uris.append(Uri(match[1], match[2]))
    return uris


def _refuse_unknown(call: Call, uri: Uri) -> None:
    known: Mapping[str, Collection[str]] = {
        "track": load_catalogue().songs,
        "album": load_catalogue().albums,
        "playlist": call.world.playlists,
    }
    if uri.kind in known and uri.id not in known[uri.kind]:
        raise Refused(400, f"Invalid uri: spotify:{uri.kind}:{uri.id}", "bad-request")


def _keeps(call: Call, uri: Uri) -> bool:
    library = call.library
    kept = {
        "track": {saved.id for saved in library.tracks},
        "album": {saved.id for saved in library.albums},
        "artist": set(library.artists),
        "playlist": {playlist.id for playlist in library.playlists},
    }
    return uri.id in kept.get(uri.kind, ())


def _save(call: Call, uri: Uri) -> None:
    library, saved = call.library, Saved(uri.id, int(call.world.now()))
    if uri.kind == "track":
        library.tracks.insert(0, saved)
    elif uri.kind == "album":
        library.albums.insert(0, saved)
    elif uri.kind == "playlist":
        library.playlists.insert(0, call.world.playlists[uri.id])


def _remove(library: Library, uri: Uri) -> None:
    library.tracks = [one for one in library.tracks if ("track", one.id) != uri]
    library.albums = [one for one in library.albums if ("album", one.id) != uri]
    library.playlists = [one for one in library.playlists if ("playlist", one.id) != uri]
