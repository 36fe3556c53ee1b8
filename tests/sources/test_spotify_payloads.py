"""Spotify's answers, real ones and hollow ones, become our values."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harmonyhub.domain.library import Page
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.payloads import (
    read_followed_artists,
    read_found_tracks,
    read_playlist,
    read_playlist_items,
    read_playlists,
    read_plays,
    read_profile,
    read_saved_albums,
    read_saved_tracks,
    read_top_artists,
    read_top_tracks,
)
from harmonyhub.sources.spotify.tokens import challenge_of, consent_url, read_app_token, read_tokens


def recorded(shared: Path, name: str) -> bytes:
    """Read a recorded answer."""
    return (shared / "data/spotify/examples" / f"{name}.json").read_bytes()


def test_recorded_plays_are_read(shared: Path) -> None:
    """A real answer: every play with name, artist, id, ISRC and time, the newest first."""
    body = recorded(shared, "recently_played_tracks")
    page = read_plays(body)

    assert len(json.loads(body)["items"]) == len(page.items) == page.n_entries
    assert all(play.track.title and play.track.artists for play in page.items)
    assert all(play.track.spotify_id and play.track.isrc for play in page.items)
    times = [play.played_at for play in page.items]
    assert sorted(times, reverse=True) == times


def test_a_recorded_profile_is_read(shared: Path) -> None:
    """A real answer to an old app: without `account_id`, with `product`."""
    profile = read_profile(recorded(shared, "current_user"))

    assert ("1112264649", "1112264649", True) == (
        profile.user_id,
        profile.account_id,
        profile.is_extended,
    )


@pytest.mark.parametrize(
    ("name", "read", "n_items"),
    [
        ("top_tracks", read_top_tracks, 48),
        ("top_artists", read_top_artists, 48),
        ("followed_artists", read_followed_artists, 48),
        ("search", read_found_tracks, 5),
        ("current_user_playlist_1", read_playlists, 48),
        ("playlist_items", read_playlist_items, 1),
    ],
)
def test_recorded_pages_are_read(
    shared: Path, name: str, read: Callable[[bytes], Page[object]], n_items: int
) -> None:
    """Real answers: every entry becomes a value, `images: null` or not."""
    page = read(recorded(shared, name))

    assert (n_items, n_items) == (page.n_entries, len(page.items))
    assert None not in page.items


@pytest.mark.parametrize("name", ["new_playlist", "playlist_1", "playlist_2", "playlist_3"])
def test_recorded_playlists_are_read(shared: Path, name: str) -> None:
    """Real answers, with `items` or the older `tracks`."""
    document = json.loads(recorded(shared, name))
    found = read_playlist(recorded(shared, name))
    contents = document.get("items") or document["tracks"]

    assert (document["id"], document["name"], contents["total"]) == (
        found.spotify_id,
        found.name,
        found.n_items,
    )
    assert found.url.endswith(found.spotify_id)


@pytest.mark.parametrize("name", ["playlist_1", "playlist_2", "playlist_3"])
def test_items_of_recorded_playlists_are_read(shared: Path, name: str) -> None:
    """Local files and episodes hold their place and are no tracks; all others are."""
    document = json.loads(recorded(shared, name))
    contents = document.get("items") or document["tracks"]
    entries = [entry.get("item") or entry.get("track") for entry in contents["items"]]
    page = read_playlist_items(json.dumps(contents).encode())

    is_track = [bool(entry["id"]) and entry["type"] == "track" for entry in entries]
    assert is_track == [item is not None for item in page.items]


def test_every_recorded_file_is_looked_at(shared: Path) -> None:
    """An example that comes to the set is not passed over: it is read by a test or named here."""
    known = {
        *("recently_played_tracks", "current_user", "top_tracks", "top_artists"),
        *("followed_artists", "search", "current_user_playlist_1", "playlist_items"),
        *("new_playlist", "playlist_1", "playlist_2", "playlist_3"),
        # Answers of operations that we do not use, and errors, which test_spotify_classify reads.
        *("artist", "artist_albums", "library_contains", "playback_4", "saved_episodes"),
        *("playlist_not_found", "rate_limit"),
    }
    folder = shared / "data/spotify/examples"
    assert known == {path.stem for path in folder.glob("*.json")}


@pytest.mark.parametrize(
    "item",
    [
        None,
        {},
        {"track": None, "played_at": "2026-02-01T10:00:00.000Z"},
        {"track": {"name": None, "artists": []}, "played_at": "2026-02-01T10:00:00Z"},
        {"track": {"name": "A", "artists": [None]}, "played_at": "2026-02-01T10:00:00Z"},
        {"track": {"name": "A", "artists": None}, "played_at": "2026-02-01T10:00:00Z"},
        {"track": {"name": "A", "artists": [{"name": "B"}]}, "played_at": None},
        {"track": {"name": "A", "artists": [{"name": "B"}]}, "played_at": "yesterday"},
    ],
)
def test_hollow_plays_are_left_out(item: object) -> None:
    """Removed tracks are full of nulls; a good one beside them is read."""
    good = {
        "track": {"name": "A", "artists": [{"name": "B"}], "id": None, "album": None},
        "played_at": "2026-02-01T10:00:00.000Z",
    }
    page = read_plays(json.dumps({"items": [item, good]}).encode())
    (play,) = page.items

    assert ("A", ("B",), None, 1_769_940_000, 2) == (
        play.track.title,
        play.track.artists,
        play.track.spotify_id,
        play.played_at,
        page.n_entries,
    )


def test_null_among_saved_albums() -> None:
    """Spotify gives null for an album that is gone; the page goes on behind it."""
    album = {"name": "Ten Songs", "id": "x", "artists": [{"name": "A"}], "images": None}
    items = [None, {"album": None}, {"added_at": "2026-02-01T10:00:00Z", "album": album}]
    page = read_saved_albums(json.dumps({"items": items, "next": "more"}).encode())

    assert (3, 1, False) == (page.n_entries, len(page.items), page.is_last)
    assert ("Ten Songs", ("A",)) == (page.items[0].title, page.items[0].artists)


def test_local_files_among_saved_tracks() -> None:
    """A file of the user's own has a name and no id: it is a track without id."""
    track = {"name": "Demo", "id": None, "artists": [{"name": "Me"}], "is_local": True}
    page = read_saved_tracks(json.dumps({"items": [{"track": track}]}).encode())

    assert (None, 0) == (page.items[0].track.spotify_id, page.items[0].added_at)


def test_tokens_are_secrets() -> None:
    """Neither shows in what is printed; a new refresh token is given where there is one."""
    body = json.dumps(
        {"access_token": "aaaa", "refresh_token": "rrrr", "expires_in": 60, "scope": "b a"}
    ).encode()
    tokens = read_tokens(body)

    assert (Secret("aaaa"), Secret("rrrr"), 60, ("a", "b")) == (
        tokens.access_token,
        tokens.refresh_token,
        tokens.expires_in_s,
        tokens.scopes,
    )
    assert "aaaa" not in f"{tokens} {read_app_token(body)}"
    assert 3600 == read_app_token(b'{"access_token": "a", "expires_in": "soon"}').expires_in_s


def test_the_challenge_of_the_standard() -> None:
    """The example of RFC 7636, appendix B; the verifier itself never stands in the address."""
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    url = consent_url(
        "https://accounts.spotify.com/",
        client_id="0" * 32,
        redirect_uri="http://127.0.0.1:8000/spotify/callback",
        state="s",
        verifier=verifier,
        scopes=("a", "b"),
    )

    assert "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" == challenge_of(verifier)
    assert url.startswith("https://accounts.spotify.com/authorize?response_type=code&")
    assert "scope=a+b" in url
    assert verifier.reveal() not in url
