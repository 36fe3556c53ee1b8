"""Spotify's JSON becomes our values here; what an answer lacks or holds as null is passed over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harmonyhub.domain.upstreams import RecentPlay
from harmonyhub.settings.secret import Secret

TOKEN_LIFE_S = 3600  # where the answer does not say: Spotify's has been an hour since 2014


@dataclass(frozen=True, slots=True)
class Credentials:
    """The identity of one Spotify app."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True)
class AppToken:
    """An access token of the app itself, in nobody's name."""

    access_token: Secret
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a refresh gave; `refresh_token` is None, as often, where the old one stays good."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as Spotify tells."""

    user_id: str
    display_name: str


def read_app_token(body: bytes) -> AppToken:
    """Read the answer to client credentials."""
    document = json.loads(body)
    return AppToken(Secret(document["access_token"]), _read_life(document.get("expires_in")))


def read_tokens(body: bytes) -> Tokens:
    """Read the answer to a refresh."""
    document = json.loads(body)
    refreshed = document.get("refresh_token")
    return Tokens(
        access_token=Secret(document["access_token"]),
        refresh_token=Secret(refreshed) if isinstance(refreshed, str) and refreshed else None,
        expires_in_s=_read_life(document.get("expires_in")),
    )


def read_profile(body: bytes) -> Profile:
    """Read who the user is."""
    document = json.loads(body)
    user_id = str(document["id"])
    return Profile(user_id=user_id, display_name=str(document.get("display_name") or user_id))


def read_plays(body: bytes) -> Sequence[RecentPlay]:
    """Read recently played tracks, newest first; hollow items are left out."""
    items = json.loads(body).get("items") or []
    plays = [_read_play(item) for item in items if isinstance(item, dict)]
    return tuple(play for play in plays if play is not None)


def _read_play(item: dict[str, object]) -> RecentPlay | None:
    track, played_at = item.get("track"), _read_time(item.get("played_at"))
    if not isinstance(track, dict) or played_at is None or not track.get("name"):
        return None
    artists = [
        str(artist["name"])
        for artist in track.get("artists") or ()
        if isinstance(artist, dict) and artist.get("name")
    ]
    if not artists:
        return None
    return RecentPlay(
        track_name=str(track["name"]),
        artist_name=artists[0],
        spotify_id=str(track.get("id") or ""),
        played_at=played_at,
    )


def _read_time(text: object) -> int | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return int(moment.timestamp()) if moment.tzinfo is not None else None


def _read_life(seconds: object) -> int:
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0
    return seconds if is_number and isinstance(seconds, int) else TOKEN_LIFE_S
