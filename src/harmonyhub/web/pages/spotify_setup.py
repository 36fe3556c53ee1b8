"""What the page of Spotify says of the setting up: the exact strings, and what is read and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from harmonyhub.domain.library_parts import Part
from harmonyhub.settings.redirect import CALLBACK_PATH
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.shapes import is_loopback
from harmonyhub.sources.spotify.operations import Scope
from harmonyhub.wiring.house import House

DASHBOARD = "https://developer.spotify.com/dashboard"


@dataclass(frozen=True, slots=True)
class Setup:
    """What is set up, and what is to be pasted.

    Attributes
    ----------
    redirect_uri : str
        The one in use, or the one to set: for the dashboard and for the settings, letter by letter.
    is_ready : bool
        Whether people can connect.
    missing : tuple of str
        Variables that are not set.
    other_address : str
        Of the accounts service, where it is another than Spotify's own: a stand-in for tests.
    """

    redirect_uri: str
    is_ready: bool
    missing: tuple[str, ...]
    other_address: str = ""
    dashboard: str = DASHBOARD


@dataclass(frozen=True, slots=True)
class ReadPart:
    """One kind of thing that is read, or written when asked for."""

    title: str
    why: str
    scopes: frozenset[Scope]


READ = (
    ReadPart(
        "What you played recently",
        "Your lists follow it, and Rediscover knows what you have not heard for long.",
        frozenset({Scope.PLAYS}),
    ),
    ReadPart(
        "Your favourites of four weeks, six months and a year",
        "Your first lists start from them, with the reason on each card.",
        frozenset({Scope.TOP}),
    ),
    ReadPart(
        "Saved tracks and albums",
        "They say what you like; Discover leaves them out, since you know them.",
        frozenset({Scope.LIBRARY}),
    ),
    ReadPart("Artists you follow", "They say whom you want to hear.", frozenset({Scope.FOLLOWED})),
    ReadPart(
        "Your own playlists",
        "What you put there says what you like.",
        frozenset({Scope.PLAYLISTS, Scope.COLLABORATIVE}),
    ),
    ReadPart(
        "Playlists that you send there",
        "Written only when you press the button; private unless you change that at Spotify.",
        frozenset({Scope.WRITE_PRIVATE, Scope.WRITE_PUBLIC}),
    ),
    ReadPart(
        "Your name at Spotify",
        "To show whose account this is.",
        frozenset({Scope.PROFILE}),
    ),
)


PART_TITLES: Mapping[Part, str] = {
    Part.PLAYS: "What you played last",
    Part.TOP_TRACKS: "Favourite tracks, three ranges",
    Part.TOP_ARTISTS: "Favourite artists, three ranges",
    Part.SAVED_TRACKS: "Saved tracks",
    Part.PLAYLISTS: "Playlists",
    Part.PLAYLIST_ITEMS: "Tracks in your own playlists",
    Part.FOLLOWED_ARTISTS: "Artists you follow",
    Part.SAVED_ALBUMS: "Saved albums",
}


def find_setup(house: House, *, host: str) -> Setup:
    """Say what is set up here.

    Parameters
    ----------
    host : str
        The Host header: where this browser found us.
    """
    settings = house.settings
    needed = {
        "HARMONYHUB_SPOTIFY_CLIENT_ID": settings.spotify_client_id,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": settings.spotify_client_secret,
        "HARMONYHUB_SPOTIFY_REDIRECT_URI": settings.spotify_redirect_uri,
    }
    missing = tuple(name for name, value in needed.items() if value is None)
    uri = settings.spotify_redirect_uri or _suggest(settings.base_url, host, settings.port)
    address = settings.spotify_accounts_url
    is_own = address == BY_NAME["HARMONYHUB_SPOTIFY_ACCOUNTS_URL"].default
    return Setup(
        redirect_uri=uri,
        is_ready=not missing,
        missing=missing,
        other_address="" if is_own else address,
    )


def _suggest(base_url: str | None, host: str, port: int) -> str:
    if base_url is not None:
        return base_url + CALLBACK_PATH
    # A port that HAProxy listens on is in the Host header only.
    parts = urlsplit(f"//{host}")
    name = parts.hostname or "127.0.0.1"
    if is_loopback(name):  # Spotify refuses `localhost`
        return f"http://127.0.0.1:{parts.port or port}{CALLBACK_PATH}"
    return f"https://{name}{CALLBACK_PATH}"
