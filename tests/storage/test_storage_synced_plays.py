"""Synchronized plays: joined with imports without doubles in either order, and kept apart."""

import asyncio
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier

import pytest

from harmonyhub.domain.identity import identity_keys, track_id
from harmonyhub.domain.ids import LedgerId, TrackId, UserId
from harmonyhub.domain.library import RecentPlay
from harmonyhub.domain.listens import Outcome, SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.documents import Document
from harmonyhub.storage.listen_reading import Listen, Place
from harmonyhub.storage.listens import NewListen
from harmonyhub.storage.store import Store
from tests.conftest import NOW

ADA = UserId("ada")
N_RACES = 12
KEPT, DUPLICATE = Outcome.KEPT, Outcome.DUPLICATE
SONG = TrackDescription(
    title="Song", artists=("Singer",), isrc="GBAYE0000001", spotify_id="s1", duration_s=200.0
)
OTHER = TrackDescription(title="Other", artists=("Singer",), spotify_id="s2", duration_s=300.0)


@pytest.fixture(autouse=True)
async def user(store: Store) -> None:
    """Make a user."""
    await store.users.ensure(ADA, now=1)


async def import_plays(
    store: Store, plays: Sequence[tuple[TrackDescription, int]], *, first: int = 1
) -> list[Outcome]:
    """Let an import bring plays, as the flow does."""
    ids = await store.tracks.resolve([track for track, _ in plays])
    return await store.listens.add(
        user_id=ADA,
        ledger_id=LedgerId("one"),
        source=SourceKind.SPOTIFY_EXTENDED,
        listens=[
            NewListen(number=number, track_id=id_, played_at=at)
            for number, (id_, (_, at)) in enumerate(zip(ids, plays, strict=True), start=first)
        ],
    )


async def sync_plays(store: Store, plays: Sequence[tuple[TrackDescription, int]]) -> list[Outcome]:
    """Let a synchronization tell plays."""
    return await store.synced_plays.add(
        ADA, [RecentPlay(track=track, played_at=at) for track, at in plays]
    )


async def listed(store: Store) -> list[Listen]:
    """List all plays, newest first."""
    return await store.plays.recent(ADA, n=100)


async def test_a_play_is_told_once(store: Store) -> None:
    """The same page of plays again adds nothing."""
    assert [KEPT, KEPT] == await sync_plays(store, [(OTHER, NOW), (SONG, NOW - 300)])
    assert [KEPT, DUPLICATE, DUPLICATE] == await sync_plays(
        store, [(SONG, NOW + 250), (OTHER, NOW), (SONG, NOW - 300)]
    )
    assert 3 == await store.synced_plays.count(ADA)


@pytest.mark.parametrize("end_s", [-90, 0, 200, 319])
async def test_an_imported_play_is_not_kept_again(store: Store, end_s: int) -> None:
    """Spotify tells the end of a play or near it, an import its start: one play."""
    await import_plays(store, [(SONG, NOW)])
    assert [DUPLICATE] == await sync_plays(store, [(SONG, NOW + end_s)])
    assert [SourceKind.SPOTIFY_EXTENDED] == [one.source for one in await listed(store)]


@pytest.mark.parametrize("end_s", [-90, 0, 200, 319])
async def test_an_import_takes_the_place_of_a_synced_play(store: Store, end_s: int) -> None:
    """The import stands for ever, so what the synchronization told of it goes."""
    await sync_plays(store, [(SONG, NOW + end_s), (OTHER, NOW + 900)])
    assert [KEPT] == await import_plays(store, [(SONG, NOW)])
    assert [("Other", SourceKind.SPOTIFY_SYNC), ("Song", SourceKind.SPOTIFY_EXTENDED)] == [
        (one.title, one.source) for one in await listed(store)
    ]


@pytest.mark.parametrize("end_s", [-121, 321])
async def test_plays_further_apart_are_two(store: Store, end_s: int) -> None:
    """Longer than the track and the usual slack: it was played twice."""
    await import_plays(store, [(SONG, NOW)])
    expected = KEPT if end_s > 0 else DUPLICATE
    # The window is the same to both sides, since some sources tell the end as well.
    assert [expected] == await sync_plays(store, [(SONG, NOW + end_s)])
    assert [KEPT] == await sync_plays(store, [(SONG, NOW - 330)])


async def test_an_import_in_the_middle_of_a_synchronization_is_seen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stores the play after the synchronization looked for it and before that stored its own."""
    insert = store.synced_plays._insert

    async def insert_late(new: Mapping[bytes, Document]) -> set[bytes]:
        await import_plays(store, [(SONG, NOW)])
        return await insert(new)

    monkeypatch.setattr(store.synced_plays, "_insert", insert_late)
    assert [DUPLICATE] == await sync_plays(store, [(SONG, NOW + 200)])
    assert [SourceKind.SPOTIFY_EXTENDED] == [one.source for one in await listed(store)]


async def test_another_track_at_that_time_is_no_duplicate(store: Store) -> None:
    """Only the same recording is the same play."""
    await import_plays(store, [(SONG, NOW)])
    live = TrackDescription(title="Song (Live)", artists=("Singer",), duration_s=200.0)
    assert [KEPT, KEPT] == await sync_plays(store, [(OTHER, NOW + 10), (live, NOW + 20)])


async def test_an_import_that_brings_the_track_itself_finds_the_play(store: Store) -> None:
    """The catalogue learned of the track later, by another name with the same ISRC."""
    await sync_plays(store, [(SONG, NOW + 200)])
    told = TrackDescription(title="Das Lied", artists=("Sänger",), isrc="GBAYE0000001")
    await import_plays(store, [(told, NOW)])
    assert ["Das Lied"] == [one.title for one in await listed(store)]


async def test_a_batch_run_again_still_makes_plays_go(store: Store) -> None:
    """An import that a crash cut off between its listens and the removal does it the next time."""
    await import_plays(store, [(SONG, NOW)])
    key_holder = await store._database["listens"].find_one({})
    assert key_holder is not None
    await store._database["synced_plays"].insert_one(
        {
            **{name: key_holder[name] for name in ("_id", "u", "at")},
            "s": "spotify-sync",
            "title": "Song",
            "artist": "Singer",
            "keys": ["name:singer|song|"],
            "length_s": 200,
        }
    )
    assert [KEPT] == await import_plays(store, [(SONG, NOW)])
    assert 0 == await store.synced_plays.count(ADA)


async def test_synced_plays_make_no_tracks_and_no_interactions(store: Store) -> None:
    """What trainings read holds nothing that only Spotify told."""
    await sync_plays(store, [(SONG, NOW), (OTHER, NOW - 300)])
    assert [] == await store.tracks.catalogue()
    assert [] == list((await store.listens.interactions()).track_ids)
    assert 0 == await store.listens.count(ADA)


async def test_history_adds_both_up(store: Store) -> None:
    """Imported and synchronized plays of one track are one row, and the rest is named."""
    await import_plays(store, [(SONG, NOW - 9_000)])
    await sync_plays(store, [(SONG, NOW), (OTHER, NOW - 600)])
    played = await store.plays.history(ADA)
    song, other = (track_id(identity_keys(track)) for track in (SONG, OTHER))
    rows = zip(
        played.history.track_ids,
        played.history.plays.tolist(),
        played.history.first_played_at.tolist(),
        played.history.last_played_at.tolist(),
        strict=True,
    )
    assert {(song, 2, NOW - 9_000, NOW), (other, 1, NOW - 600, NOW - 600)} == set(rows)
    assert {other} == played.only_synced
    assert [NOW, NOW - 9_000] == await store.plays.plays_of(user_id=ADA, track_id=song)


async def test_pages_and_export_hold_every_play_once(store: Store) -> None:
    """Page by page over both kinds, also where a second holds several plays."""
    await import_plays(store, [(OTHER, NOW - 1_000 * k) for k in range(6)])
    extra = [TrackDescription(title=f"T{k}", artists=("X",)) for k in range(4)]
    await sync_plays(store, [(track, NOW - 2_000) for track in extra])
    await sync_plays(store, [(SONG, NOW + 500)])
    everything = [one async for one in store.plays.export(ADA)]
    assert 11 == len(everything)
    assert sorted((one.played_at for one in everything), reverse=True) == [
        one.played_at for one in everything
    ]
    for n in (1, 2, 3):
        paged: list[tuple[int, TrackId]] = []
        place: Place | None = None
        while found := await store.plays.recent(ADA, n=n, before=place):
            paged += [(one.played_at, one.track_id) for one in found]
            place = Place(found[-1].played_at, found[-1].track_id)
        assert {(one.played_at, one.track_id) for one in everything} == set(paged)
        assert 11 == len(paged)


async def test_a_merged_track_takes_its_synced_plays_along(store: Store) -> None:
    """Two tracks that turn out to be one: the plays move to the one that stays."""
    await store.tracks.resolve([TrackDescription(title="Older", artists=("A",), isrc="X" * 12)])
    [second] = await store.tracks.resolve([TrackDescription(title="Newer", artists=("A",))])
    await sync_plays(store, [(TrackDescription(title="Newer", artists=("A",)), NOW)])
    [stays] = await store.tracks.resolve(
        [TrackDescription(title="Newer", artists=("A",), isrc="X" * 12)]
    )
    assert stays != second
    assert [NOW] == await store.plays.plays_of(user_id=ADA, track_id=stays)


async def test_a_user_is_forgotten(store: Store) -> None:
    """Nothing stays of one user, everything of another."""
    await sync_plays(store, [(SONG, NOW)])
    await store.synced_plays.add(UserId("bob"), [RecentPlay(track=SONG, played_at=NOW)])
    await store.synced_plays.forget(ADA)
    assert [0, 1] == [await store.synced_plays.count(UserId(name)) for name in ("ada", "bob")]


def _race(uri: str, database: str, role: str, start: Barrier) -> None:
    asyncio.run(_play_a_role(uri, database, role, start=start))


async def _play_a_role(uri: str, database: str, role: str, *, start: Barrier) -> None:
    """Store the same plays, one by one, as an import or as a synchronization."""
    async with await Store.connect(uri, database=database) as store:
        for k in range(N_RACES):
            at = NOW + 1_000 * k
            start.wait(30)  # both tell each play at the same moment
            if role == "import":
                await import_plays(store, [(SONG, at)], first=k + 1)
            else:
                await sync_plays(store, [(SONG, at + 200)])


@pytest.mark.slow
async def test_two_processes_at_once_leave_no_double(
    store: Store, mongodb_uri: str, database_name: str
) -> None:
    """An import and a synchronization that tell the same plays at the same time."""
    context = get_context("spawn")
    start = context.Barrier(2)
    racers = [
        context.Process(target=_race, args=(mongodb_uri, database_name, role, start))
        for role in ("import", "sync")
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        await asyncio.to_thread(racer.join, 60)
    assert [0, 0] == [racer.exitcode for racer in racers]
    assert N_RACES == await store.listens.count(ADA)
    assert 0 == await store.synced_plays.count(ADA)
