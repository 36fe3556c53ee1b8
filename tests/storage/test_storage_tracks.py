"""Tracks: one identity over sources, merging, search."""

import asyncio

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.listens import Outcome, SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import Feedback, FeedbackKind
from harmonyhub.storage.ledgers import LedgerId
from harmonyhub.storage.listens import NewListen
from harmonyhub.storage.store import Store

USER = UserId("ada")


def described(title: str, artist: str = "Nina Simone", **ids: str) -> TrackDescription:
    """Describe a track in few words."""
    return TrackDescription(title=title, artists=(artist,), **ids)  # type: ignore[arg-type]


async def listen(store: Store, track_id: TrackId, at: int) -> None:
    """Store one listen."""
    await store.users.ensure(USER, now=1)
    outcomes = await store.listens.add(
        user_id=USER,
        ledger_id=LedgerId("l"),
        source=SourceKind.LASTFM,
        listens=[NewListen(number=at, track_id=track_id, played_at=at)],
    )
    assert [Outcome.KEPT] == outcomes


async def test_same_track_from_two_sources_is_one(store: Store) -> None:
    """Case, accents and punctuation of another source do not make another track."""
    first, again = await store.tracks.resolve(
        [described("Feeling Good"), described("FEELING GOOD", "nina simoné")]
    )
    (later,) = await store.tracks.resolve([described("Feeling good")])
    assert first == again == later


async def test_versions_stay_apart(store: Store) -> None:
    """A live take is another track than the studio one."""
    studio, live = await store.tracks.resolve(
        [described("Feeling Good"), described("Feeling Good (Live)")]
    )
    assert studio != live


async def test_strong_key_beats_the_name(store: Store) -> None:
    """A known ISRC finds its track under any spelling, and the spelling is learned."""
    (first,) = await store.tracks.resolve([described("Feeling Good", isrc="USX1")])
    (misspelt,) = await store.tracks.resolve([described("Feelin Goood", isrc="USX1")])
    (by_name,) = await store.tracks.resolve([described("Feelin Goood")])
    assert first == misspelt == by_name


async def test_bridge_merges_and_moves_everything(store: Store) -> None:
    """A description that names two tracks merges them: the older has all that both had."""
    (older,) = await store.tracks.resolve([described("Feeling Good", isrc="USX1")])
    (newer,) = await store.tracks.resolve([described("Feelin Goood")])
    await listen(store, older, 1_000)
    await listen(store, newer, 2_000)
    await listen(store, newer, 1_000)
    said = Feedback(user_id=USER, track_id=newer, kind=FeedbackKind.MORE, at=5)
    await store.feedback.add(said)
    before = await store.users.revision(USER)

    (bridged,) = await store.tracks.resolve([described("Feelin Goood", isrc="USX1")])

    assert older == bridged
    history = await store.listens.history(USER)
    assert ([older], [2]) == (list(history.track_ids), history.plays.tolist())
    assert [older] == [one.track_id for one in await store.feedback.current(USER)]
    track = await store.tracks.get(newer)
    assert track is not None
    assert older == track.id
    assert older == (await store.tracks.get_many([newer]))[newer].id
    assert before != await store.users.revision(USER)


async def test_listen_under_a_merged_id_lands_on_the_track_that_stayed(store: Store) -> None:
    """An import that learned an id before a merge goes on with it after the merge."""
    (older,) = await store.tracks.resolve([described("Feeling Good", isrc="USX1")])
    (newer,) = await store.tracks.resolve([described("Feelin Goood")])
    await store.tracks.resolve([described("Feelin Goood", isrc="USX1")])
    await listen(store, newer, 3_000)
    assert [3_000] == await store.plays.plays_of(user_id=USER, track_id=older)


async def test_wrong_id_does_not_merge_versions(store: Store) -> None:
    """A live take that carries the studio take's ISRC leaves both tracks as they are."""
    studio, live = await store.tracks.resolve(
        [described("Feeling Good", isrc="USX1"), described("Feeling Good (Live)")]
    )
    (claimed,) = await store.tracks.resolve([described("Feeling Good (Live)", isrc="USX1")])
    (still_live,) = await store.tracks.resolve([described("Feeling Good (Live)")])
    assert (studio, live) == (claimed, still_live)


async def test_crash_in_the_middle_of_a_merge_is_finished(store: Store) -> None:
    """Listens that a crash left on the merged track move at the next start."""
    old, new = await store.tracks.resolve([described("One"), described("Two")])
    await listen(store, old, 1_000)
    await store._database["redirects"].insert_one({"_id": old, "to": new, "is_pending": True})
    await store.migrate()
    assert [1_000] == await store.plays.plays_of(user_id=USER, track_id=new)
    assert [] == await store.plays.plays_of(user_id=USER, track_id=old)


async def test_concurrent_resolvers_agree(store: Store, mongodb_uri: str) -> None:
    """Processes that meet the same new tracks at once get the same ids."""
    descriptions = [described(f"Song {number}", isrc=f"X{number}") for number in range(300)]
    async with await Store.connect(mongodb_uri, database=store._database.name) as other:
        one, two = await asyncio.gather(
            store.tracks.resolve(descriptions), other.tracks.resolve(descriptions[::-1])
        )
    assert one == two[::-1]
    assert 300 == (await store.counts()).tracks


async def test_track_knows_artists_release_and_tags(store: Store) -> None:
    """What sources tell of a track adds up; tags are lower case."""
    (track_id,) = await store.tracks.resolve(
        [TrackDescription(title="Sinnerman", artists=("Nina Simone",), tags=("Jazz",))]
    )
    await store.tracks.resolve(
        [
            TrackDescription(
                title="Sinnerman", artists=("Nina Simone",), release="Pastel Blues", duration_s=622
            )
        ]
    )
    await store.tracks.add_tags(track_id, ["SOUL", "jazz"])
    (entry,) = await store.tracks.catalogue()
    track = await store.tracks.get(track_id)
    assert track is not None
    assert ("Pastel Blues", 622) == (track.release_title, track.duration_s)
    assert ("jazz", "soul") == entry.tags
    assert (track.release_id, track.artist_ids) == (entry.release_id, entry.artist_ids)
    counts = await store.counts()
    assert (1, 1) == (counts.artists, counts.releases)


async def test_search_takes_unfinished_words_without_accents(store: Store) -> None:
    """The words of title and artist are found without accents, the last one unfinished."""
    await store.tracks.resolve(
        [described("Déjà Vu", "Beyoncé"), described("Vu", "Nobody"), described("音楽", "椎名林檎")]
    )
    found = [track.title for track in await store.tracks.search("deja beyon", n=5)]
    assert ["Déjà Vu"] == found
    assert ["音楽"] == [track.title for track in await store.tracks.search("音楽", n=5)]
    assert [] == await store.tracks.search("  ?", n=5)


async def test_lone_surrogate_does_not_stop_an_import(store: Store) -> None:
    """A text that JSON may hold and BSON may not is stored in a readable way."""
    (track_id,) = await store.tracks.resolve([described("broken \ud83d title")])
    track = await store.tracks.get(track_id)
    assert track is not None
    assert "broken ? title" == track.title
