"""The fake's Web API with a memory: libraries, playlists, search, hollow answers."""

from dataclasses import dataclass

import httpx2
import pytest

from harmonyhub.drills.fake_libraries import FakeTrack
from harmonyhub.drills.process import FakeSpotify
from tests.tools.fakes import fresh_fake

REMOVED = (
    ("GET", "/recommendations?seed_genres=jazz"),
    ("GET", "/audio-features/x"),
    ("GET", "/artists/x/top-tracks"),
    ("GET", "/tracks?ids=x"),
    ("GET", "/users/x"),
    ("POST", "/users/x/playlists"),
    ("POST", "/playlists/x/tracks"),
    ("PUT", "/me/tracks?ids=x"),
    ("GET", "/browse/new-releases"),
)


@dataclass
class Person:
    """Somebody who asks the Web API; every answer must be good if not told otherwise."""

    fake: FakeSpotify
    http: httpx2.AsyncClient
    name: str
    token: str

    async def ask(self, method: str, path: str, **more: object) -> httpx2.Response:
        """Ask and give the answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.http.request(method, f"/v1{path}", headers=headers, **more)

    async def get(self, path: str) -> dict:
        """Read something that is there."""
        answer = await self.ask("GET", path)
        assert 200 == answer.status_code, answer.text
        return answer.json()


@pytest.fixture
async def person(fake: FakeSpotify, http: httpx2.AsyncClient) -> Person:
    """Give somebody with the standard library and all scopes."""
    (user,) = await fake.control.seed_users(1)
    return Person(fake, http, user.user_id, user.access_token.reveal())


async def tracks_of(person: Person, n_tracks: int) -> list[FakeTrack]:
    """Give some tracks of the fake's music."""
    return list((await person.fake.control.catalogue())[:n_tracks])


async def test_the_standard_person_keeps_what_a_first_sync_is_measured_with(
    person: Person,
) -> None:
    """500 saved tracks, 20 playlists, 40 albums, 48 artists; pages link to the next."""
    saved = await person.get("/me/tracks?limit=50")
    assert (500, 50) == (saved["total"], len(saved["items"]))
    following = await person.http.get(
        saved["next"], headers={"Authorization": f"Bearer {person.token}"}
    )
    assert 50 == following.json()["offset"]
    totals = [(await person.get(f"/me/{kind}"))["total"] for kind in ("playlists", "albums")]
    assert [20, 40] == totals
    assert 48 == (await person.get("/me/following?type=artist"))["artists"]["total"]


async def test_followed_artists_are_read_by_cursor(person: Person) -> None:
    """Three pages from cursor to cursor give everybody once."""
    seen, after = [], ""
    while True:
        page = (await person.get(f"/me/following?type=artist&limit=20{after}"))["artists"]
        seen += [artist["id"] for artist in page["items"]]
        cursor = (page.get("cursors") or {}).get("after")
        if cursor is None:
            break
        after = f"&after={cursor}"
    assert list((await person.fake.control.library(person.name)).followed_artists) == seen


async def test_libraries_are_of_the_seed_and_differ_between_people() -> None:
    """Two fakes of one seed keep the same for the same names; two people like other music."""
    kept = []
    for _ in range(2):
        async with fresh_fake(seed=5) as fake:
            kept.append([await fake.control.library(name) for name in ("anna", "carla")])
    assert kept[0] == kept[1]
    assert set(kept[0][0].saved_tracks) != set(kept[0][1].saved_tracks)


async def test_what_is_saved_and_taken_out_shows_at_once(person: Person) -> None:
    """A saved track comes first and is contained, a removed one is gone."""
    known = set((await person.fake.control.library(person.name)).saved_tracks)
    track = next(one for one in await person.fake.control.catalogue() if one.id not in known)
    path = f"/me/library?uris={track.uri}"
    contains = f"/me/library/contains?uris={track.uri}"
    assert 200 == (await person.ask("PUT", path)).status_code
    assert track.id == (await person.get("/me/tracks?limit=1"))["items"][0]["track"]["id"]
    assert [True] == await person.get(contains)
    await person.ask("DELETE", path)
    assert [False] == await person.get(contains)


async def test_a_playlist_is_made_filled_moved_and_emptied(person: Person) -> None:
    """Each edit names a new snapshot, and the contents are as edited."""
    uris = [track.uri for track in await tracks_of(person, 5)]
    made = (await person.ask("POST", "/me/playlists", json={"name": "Mine"})).json()
    path, snapshots = f"/playlists/{made['id']}/items", {made["snapshot_id"]}

    async def edit(method: str, body: dict) -> list[str]:
        answer = await person.ask(method, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        snapshots.add(answer.json()["snapshot_id"])
        return [item["item"]["uri"] for item in (await person.get(path))["items"]]

    assert uris[:3] == await edit("POST", {"uris": uris[:3]})
    assert [uris[3], *uris[:3]] == await edit("POST", {"uris": [uris[3]], "position": 0})
    moved = [uris[0], uris[3], *uris[1:3]]
    assert moved == await edit("PUT", {"range_start": 0, "insert_before": 2})
    assert uris[:4] == await edit("PUT", {"range_start": 1, "insert_before": 4})
    assert uris[1:4] == await edit("DELETE", {"items": [{"uri": uris[0]}]})
    assert uris[4:] == await edit("PUT", {"uris": uris[4:]})
    assert 7 == len(snapshots)


async def test_creating_twice_makes_two(person: Person) -> None:
    """Nothing here is idempotent: two playlists of one name, both in the list."""
    for _ in range(2):
        await person.ask("POST", "/me/playlists", json={"name": "Twice", "public": False})
    playlists = (await person.fake.control.library(person.name)).playlists
    assert 2 == sum(playlist.name == "Twice" for playlist in playlists)


async def test_writes_are_refused_as_a_whole(person: Person) -> None:
    """101 tracks, or one that does not exist, change nothing."""
    uris = [track.uri for track in await tracks_of(person, 101)]
    made = (await person.ask("POST", "/me/playlists", json={"name": "Mine"})).json()
    path = f"/playlists/{made['id']}/items"
    for wrong in (uris, [uris[0], "spotify:track:0000000000000000000000"]):
        assert 400 == (await person.ask("POST", path, json={"uris": wrong})).status_code
    assert 0 == (await person.get(path))["total"]


async def test_strangers_neither_read_nor_edit(person: Person) -> None:
    """Another's playlist shows no items and takes none."""
    library = await person.fake.control.library("anna")
    public = next(one for one in library.playlists if one.is_public)
    private = next(one for one in library.playlists if not one.is_public)
    assert "items" not in await person.get(f"/playlists/{public.id}")
    answers = [
        await person.ask("GET", f"/playlists/{public.id}/items"),
        await person.ask("PUT", f"/playlists/{public.id}", json={"name": "Mine now"}),
        await person.ask("GET", f"/playlists/{private.id}"),
    ]
    assert [403, 403, 404] == [answer.status_code for answer in answers]


async def test_search_finds_by_isrc_and_by_name(person: Person) -> None:
    """An ISRC finds one track or none; a quoted name finds the track of that artist."""
    track = (await tracks_of(person, 1))[0]

    async def find(query: str) -> list[dict]:
        answer = await person.ask("GET", "/search", params={"q": query, "type": "track"})
        return answer.json()["tracks"]["items"]

    assert [track.id] == [hit["id"] for hit in await find(f"isrc:{track.isrc}")]
    assert [] == await find("isrc:ZZZZZ9999999")
    hits = await find(f'track:"{track.title}" artist:"{track.artist}"')
    assert track.id in [hit["id"] for hit in hits]
    guesses = await find(f'track:"no such title" artist:"{track.artist}"')
    assert {track.artist} == {hit["artists"][0]["name"] for hit in guesses}


async def test_hollow_shapes_are_there_and_can_be_turned_off(person: Person) -> None:
    """Null albums and null pictures come by default, and not after they are turned off."""

    async def count() -> tuple[int, int]:
        albums = (await person.get("/me/albums?limit=50"))["items"]
        playlists = (await person.get("/me/playlists?limit=50"))["items"]
        return albums.count(None), sum(one["images"] is None for one in playlists)

    assert min(await count()) > 0
    await person.fake.control.set_hollow(is_hollow=False)
    assert (0, 0) == await count()


async def test_playlists_hold_local_files_episodes_and_nothing(person: Person) -> None:
    """Over a person's playlists every kind of trap is met, in the shape that was recorded."""
    shapes = set()
    for playlist in (await person.fake.control.library(person.name)).playlists:
        for item in (await person.get(f"/playlists/{playlist.id}/items?limit=50"))["items"]:
            content = item["item"]
            if content is None:
                shapes.add("null")
            elif content["id"] is None:
                shapes.add("local" if content["is_local"] else "removed")
            else:
                shapes.add(content["type"])
    assert {"null", "local", "removed", "track", "episode"} == shapes


async def test_an_old_app_keeps_fields_and_long_pages(person: Person) -> None:
    """Popularity, genres, country and 50 hits come in extended mode only."""

    async def look() -> tuple[bool, bool, bool, int]:
        track = (await person.get("/search?q=love&type=track"))["tracks"]["items"][0]
        artist = (await person.get("/me/top/artists"))["items"][0]
        long = await person.ask("GET", "/search?q=love&type=track&limit=50")
        country = "country" in await person.get("/me")
        return "popularity" in track, "genres" in artist, country, long.status_code

    assert (False, False, False, 400) == await look()
    await person.fake.control.change_app(mode="extended")
    assert (True, True, True, 200) == await look()


async def test_removed_endpoints_are_refused_and_noted(person: Person) -> None:
    """A removed endpoint answers 403 or 404 and is counted under a word of its own."""
    for method, path in REMOVED:
        assert (await person.ask(method, path)).status_code in {403, 404}, path
    assert {("removed", "removed-endpoint"): len(REMOVED)} == await person.fake.control.counts()


async def test_who_has_the_answer_gets_no_second_one(person: Person) -> None:
    """An ETag brings 304 without a body until the library changes."""
    first = await person.ask("GET", "/me/tracks")
    assert "private" in first.headers["Cache-Control"]
    headers = {"If-None-Match": first.headers["ETag"]}
    again = await person.ask("GET", "/me/tracks", headers=headers)
    assert (304, b"") == (again.status_code, again.content)
    await person.fake.control.set_library(person.name, n_saved_tracks=3)
    assert 200 == (await person.ask("GET", "/me/tracks", headers=headers)).status_code


async def test_people_exist_without_consent(fake: FakeSpotify) -> None:
    """Seeded people can be chosen, and keep as much as they were given."""
    await fake.control.seed_people(["zoe"], n_saved_tracks=7, n_playlists=2)
    library = await fake.control.library("zoe")
    assert (7, 2) == (len(library.saved_tracks), len(library.playlists))
    assert "zoe" in await fake.control.people()
