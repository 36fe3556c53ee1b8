"""Who leaves leaves nothing: in no collection, after no crash, and by no job that still runs."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bson
import pytest

from harmonyhub.domain.errors import ConflictError, NotFoundError, UnavailableError
from harmonyhub.domain.history import Interactions
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.jobs import Job, JobKind
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.domain.playlists import PushMode, PushOrder, first_plan
from harmonyhub.domain.recommendations import FeedbackKind, ListName
from harmonyhub.flows import imports, leave
from harmonyhub.flows.connect import begin_sign_in
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.friends import add as befriend
from harmonyhub.flows.imports import open_ledger, submit_import
from harmonyhub.flows.keep_lists import make_lists
from harmonyhub.flows.push_playlist import submit_push
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.resolve_rest import submit_rest
from harmonyhub.flows.sync import sync_due, sync_library_due
from harmonyhub.flows.train import run_training
from harmonyhub.jobs import runner
from harmonyhub.jobs.runner import run_job
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Document
from harmonyhub.storage.indexes import INDEXES
from harmonyhub.storage.leaving import HOLDINGS, Leaving
from harmonyhub.storage.listen_keys import user_prefix
from harmonyhub.storage.reassigning import reassign_plays
from harmonyhub.wiring.house import House
from harmonyhub.wiring.serving import Tastes
from tests.conftest import SetClock
from tests.flows.town import Town, listen, open_trained_town
from tests.tools.spotify_zip import write_listener_zip

ANNA = UserId("anna leaves us")
HELD = {one.collection for one in HOLDINGS} | {"users", "ledger_pages"}
# What holds nothing of a listener, and why is in docs/architecture.md: it belongs to the catalogue,
# to an app, to the operator, or is a file that the jobs of its listener name.
NOBODYS = {
    *("tracks", "artists", "releases", "redirects", "analyses", "analysis_claims", "audio_files"),
    *("api_calls", "api_allowances", "app_modes", "resolutions", "upstreams", "known_good"),
    *("incidents", "release_ledger", "quality_log", "counters", "reports", "meta"),
    *("models.files", "models.chunks", "packs.files", "packs.chunks"),
    *("uploads.files", "uploads.chunks"),
}

Walk = Mapping[str, Mapping[bytes, bytes]]


async def walk(house: House) -> Walk:
    """Read every document of every collection, GridFS among them, as bytes by their key."""
    database = house.store._database
    return {
        name: {
            bson.encode({"_id": one["_id"]}): bson.encode(one)
            async for one in database[name].find({})
        }
        for name in sorted(await database.list_collection_names())
    }


def naming(seen: Walk, marks: Iterable[bytes]) -> dict[str, dict[bytes, bytes]]:
    """Keep the documents that hold one of the marks."""
    held = {
        name: {key: one for key, one in of.items() if any(mark in one for mark in marks)}
        for name, of in seen.items()
    }
    return {name: of for name, of in held.items() if of}


async def marks_of(house: House, user: UserId) -> set[bytes]:
    """Give what stands for a listener in documents: the name, the keys' start, ids of imports."""
    ledgers = await house.store.ledgers.of_user(user)
    jobs = await house.store.jobs.of_user(user)
    ids = [*(one.id for one in ledgers), *(one.id for one in jobs)]
    return {user.encode(), user_prefix(user), *(one.encode() for one in ids)}


@pytest.fixture
async def town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Give a house with a fake Spotify, trained on the starter catalogue and three listeners."""
    async with open_trained_town(house, clock) as town:
        yield town


async def live(town: Town, user: UserId, tmp_path: Path) -> None:
    """Let a listener who is connected do all there is, so that every collection has something."""
    house = town.house
    await town.fake.control.set_library(
        user, n_saved_tracks=90, n_saved_albums=5, n_followed=5, n_playlists=2
    )
    await sync_due(house)
    while await sync_library_due(house):
        pass
    path = tmp_path / "history.zip"
    write_listener_zip(path, n_listens=60, seed=len(user))
    await submit_import(house, user_id=user, path=path, file_name="history.zip")
    await run_job(house, await claim(house))
    await listen(house, user, 1)
    answer = await recommend(house, user_id=user, list_name=ListName.FOR_YOU, n=10)
    first = answer.items[0].track.id
    await give_feedback(house, user_id=user, track_id=first, kind=FeedbackKind.MORE)
    await befriend(house, user_id=user, name=UserId("local-0"))
    await befriend(house, user_id=UserId("local-1"), name=user)
    for name in KeptListName:
        await make_lists(house, name, period_at(name, house.clock()))
    await submit_push(house, order_playlist(user, first))


def order_playlist(user: UserId, track: TrackId) -> PushOrder:
    """Order a new playlist of one track."""
    return PushOrder(
        user_id=user,
        about="tracks",
        key="one",
        title="For a walk",
        mode=PushMode.CREATE,
        track_ids=(track,),
    )


async def send_files(house: House, user: UserId, tmp_path: Path) -> None:
    """Let two imports wait: one with its file in the spool, one with it in the database."""
    waiting = tmp_path / "waiting.zip"
    write_listener_zip(waiting, n_listens=5)
    await submit_import(house, user_id=user, path=waiting, file_name="waiting.zip")
    stored = tmp_path / "stored.zip"
    write_listener_zip(stored, n_listens=5)
    upload = await house.store.uploads.put(stored)
    arguments = {"upload": upload, "suffix": ".zip"}
    await house.store.jobs.add(
        kind=JobKind.IMPORT, user_id=user, arguments=arguments, now=house.clock()
    )


async def claim(house: House, kind: JobKind = JobKind.IMPORT) -> Job:
    """Claim the job of a kind that waits."""
    job = await house.store.jobs.claim(worker="here/1", now=house.clock(), lease_s=60, kinds=[kind])
    assert job is not None
    return job


@pytest.mark.slow
async def test_everything_of_a_listener_goes_and_nothing_of_another(
    town: Town, tmp_path: Path
) -> None:
    """After a full life nothing names who left, and all other documents are the same bytes."""
    house = town.house
    leaver, other = [UserId(one.user_id) for one in await town.sign_in(2, age_s=0)]
    for user in (leaver, other):
        await live(town, user, tmp_path)
        await begin(house, user)
    await run_training(house, on_progress=lambda _: None, even_if_worse=True)
    await send_files(house, leaver, tmp_path)
    marks = await marks_of(house, leaver)
    before = await walk(house)
    assert HELD <= set(naming(before, marks))  # the life was a full one
    assert [*house.spool_dir.iterdir()]

    departure = await leave.leave(house, leaver)
    after = await walk(house)

    assert {} == naming(after, marks)
    assert {one.what for one in HOLDINGS} <= set(departure.deleted)
    assert [] == [*house.spool_dir.iterdir()]
    assert {} == after["uploads.files"] == after["uploads.chunks"]
    theirs = naming(before, marks)
    changed = {
        (name, key)
        for name in before
        if not name.startswith("uploads.")
        for key in before[name].keys() | after[name].keys()
        if key not in theirs.get(name, {}) and before[name].get(key) != after[name].get(key)
    }
    # The training that is queued now, and the revision of the friend whose lists must change.
    assert {"jobs", "users"} >= {name for name, _ in changed}
    assert 2 >= len(changed)
    record = await house.store.models.current()
    assert record is not None
    index = await house.store.models.load(record.version)  # the one that has learned from them
    assert not [code for code in ("utf-8", "utf-32-le") if leaver.encode(code) in index]


async def begin(house: House, user: UserId) -> None:
    """Begin a sign-in, as the button does."""
    uri = "http://127.0.0.1:8000/spotify/callback"
    set_up = replace(house, settings=replace(house.settings, spotify_redirect_uri=uri))
    await begin_sign_in(set_up, user_id=user, browser=Secret("b" * 43))


def test_every_collection_is_either_held_or_nobodys() -> None:
    """Whoever adds a collection says in `storage/leaving.py` or above whose it is."""
    text = (Path(__file__).parents[2] / "docs/architecture.md").read_text("utf-8")
    table = text.partition("## Data")[2].partition("\nIds of tracks")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    named = {name.partition(".")[0] for row in rows for name in re.findall(r"`([\w.*]+)`", row)}
    known = {name.partition(".")[0] for name in HELD | NOBODYS}
    assert named == known
    assert {index.collection for index in INDEXES} <= HELD | NOBODYS


async def fill(house: House) -> None:
    """Put one document of the listener into every collection that holds any, as small as can be."""
    await house.store.users.ensure(ANNA, now=1)
    for one in HOLDINGS:
        for number, field in enumerate(one.fields):
            document: Document = {"_id": f"{ANNA}-{number}", field: ANNA}
            if one.collection == "jobs":
                document |= {"kind": "import", "state": "queued", "created_at": 1, "arguments": {}}
                document |= {"progress": {"done": 0, "total": None, "unit": "", "message": ""}}
                document |= {"attempts": 0, "fence": 0}
            if one.collection == "friendships":
                document |= {"by": ANNA, "to": "ben", "state": "friends", "asked_at": 1}
                document |= {"agreed_at": 1}
            if field == "_id":
                document["_id"] = ANNA
            await house.store._database[one.collection].insert_one(document)
    pages = house.store._database["ledger_pages"]
    await pages.insert_one({"_id": "page", "ledger": f"{ANNA}-0", "number": 0})


@pytest.mark.slow
async def test_a_crash_at_each_step_is_finished_by_a_second_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it breaks off nobody can write of the listener, and again means to the end."""
    steps_left = 0

    def breaking(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(*args: Any, **kwargs: Any) -> Any:
            nonlocal steps_left
            steps_left -= 1
            if steps_left == 0:
                raise UnavailableError("the process dies here")
            return await step(*args, **kwargs)

        return run

    await house.store.users.ensure(UserId("ben"), now=1)
    monkeypatch.setattr(Leaving, "_delete", breaking(Leaving._delete))
    monkeypatch.setattr(Leaving, "end", breaking(Leaving.end))
    monkeypatch.setattr(leave, "submit_training", breaking(leave.submit_training))
    for n_step in range(1, 100):
        await fill(house)
        steps_left = n_step
        try:
            await leave.leave(house, ANNA)
        except UnavailableError:
            steps_left = 0
            assert ANNA not in await house.store.users.list_all()
            if await house.store.leaving.has_begun(ANNA):
                with pytest.raises(ConflictError):
                    await open_ledger(house, user_id=ANNA, file_name="late.zip")
                await leave.leave(house, ANNA)
            else:  # only the last look, for what a page under way wrote, was cut off
                assert n_step > len(HOLDINGS) + 2
        else:
            break
        assert {} == naming(await walk(house), [ANNA.encode(), b"page"])
    assert 2 * len(HOLDINGS) < n_step < 99


async def test_what_broke_off_is_finished_by_the_worker(house: House, clock: SetClock) -> None:
    """Nobody has to come back for it; one that is under way is left alone."""
    await fill(house)
    await house.store.leaving.begin(ANNA, now=clock.now)
    assert [] == await leave.finish_departures(house)
    clock.now += leave.BROKEN_OFF_S + 1
    assert [ANNA] == await leave.finish_departures(house)
    assert {} == naming(await walk(house), [ANNA.encode()])


async def test_two_workers_may_finish_the_same(
    house: House, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slower one finds nobody of that name, or somebody who took it since: both are left."""
    for user in (ANNA, UserId("ben")):
        await house.store.users.ensure(user, now=1)
        await house.store.leaving.begin(user, now=clock.now)
    clock.now += leave.BROKEN_OFF_S + 1
    listed = house.store.leaving.broken_off

    async def listed_too_early(*, before: int) -> list[UserId]:
        left = await listed(before=before)
        for user in left:
            await leave.leave(house, user)
        await house.store.users.ensure(UserId("ben"), now=before)
        return left

    monkeypatch.setattr(house.store.leaving, "broken_off", listed_too_early)
    assert [] == await leave.finish_departures(house)
    assert [UserId("ben")] == await house.store.users.list_all()


async def test_who_takes_the_name_keeps_what_they_wrote(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look comes after the name is free: what is there then may be another's."""
    await house.store.users.ensure(ANNA, now=1)
    end = house.store.leaving.end

    async def end_then_come(user_id: UserId) -> None:
        await end(user_id)
        await open_ledger(house, user_id=ANNA, file_name="of another.zip")

    monkeypatch.setattr(house.store.leaving, "end", end_then_come)
    await leave.leave(house, ANNA)
    assert ["of another.zip"] == [one.file_name for one in await house.store.ledgers.of_user(ANNA)]


async def test_another_process_takes_nobody_for_who_left(house: House, clock: SetClock) -> None:
    """Who has the name next gets their own lists there, also after as many changes."""
    await listen(house, ANNA, 0)
    await run_training(house, on_progress=lambda _: None)
    model = await house.serving.current()
    assert model is not None
    elsewhere = Tastes(house.store)
    await house.store.users.touch(ANNA)
    assert (await elsewhere.of(ANNA, model)).n_listens > 0
    await leave.leave(house, ANNA)
    clock.now += 1
    await house.store.users.ensure(ANNA, now=clock.now)
    await house.store.users.touch(ANNA)
    assert 0 == (await elsewhere.of(ANNA, model)).n_listens


async def test_nobody_cannot_leave(house: House) -> None:
    """A name of which there is nothing is said to be none, and nothing is made by asking."""
    with pytest.raises(NotFoundError):
        await leave.leave(house, ANNA)
    assert {} == naming(await walk(house), [ANNA.encode()])


@pytest.mark.parametrize("comes_back", [False, True])
@pytest.mark.parametrize("where", ["listens.add", "ledgers.commit_batch"])
async def test_an_import_that_runs_writes_nothing_afterwards(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, where: str, comes_back: bool
) -> None:
    """Its listener leaves right before a write: it is taken back, also if the name is anew."""
    monkeypatch.setattr(imports, "BATCH_LINES", 10)
    path = tmp_path / "upload.zip"
    write_listener_zip(path, n_listens=40)
    _, ledger = await submit_import(house, user_id=ANNA, path=path, file_name="anna.zip")
    repository = getattr(house.store, where.partition(".")[0])
    write, n_writes = getattr(repository, where.partition(".")[2]), 0

    async def leave_then_write(*args: Any, **kwargs: Any) -> Any:
        nonlocal n_writes
        n_writes += 1
        if n_writes == 2:
            await leave.leave(house, ANNA)
            if comes_back:
                await house.store.users.ensure(ANNA, now=house.clock())
        return await write(*args, **kwargs)

    monkeypatch.setattr(repository, where.partition(".")[2], leave_then_write)
    await run_job(house, await claim(house))

    assert 2 == n_writes
    left = naming(await walk(house), [ANNA.encode(), user_prefix(ANNA), ledger.id.encode()])
    assert ({"users"} if comes_back else set()) == set(left)


async def test_any_other_job_that_runs_leaves_nothing_either(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a playlist's job writes down and queues after its listener left goes at its end."""
    await house.store.users.ensure(ANNA, now=1)
    await submit_rest(house, order_playlist(ANNA, TrackId("t" * 25)))

    async def leave_then_write(house: House, order: PushOrder, **_: Any) -> dict[str, object]:
        await leave.leave(house, ANNA)
        await house.store.pushed_playlists.ensure(first_plan(order, now=1))
        await submit_rest(house, order)
        return {}

    monkeypatch.setattr(runner, "resolve_rest", leave_then_write)
    await run_job(house, await claim(house, JobKind.RESOLVE))
    assert {} == naming(await walk(house), [ANNA.encode()])


async def test_feedback_of_who_leaves_is_taken_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that passed the door before the mark is refused after its write."""
    await listen(house, UserId("ben"), 0)
    await house.store.users.ensure(ANNA, now=1)
    track = next(iter((await house.store.listens.interactions()).track_ids))
    add = house.store.feedback.add

    async def leave_then_add(said: Any) -> None:
        await leave.leave(house, ANNA)
        await add(said)

    monkeypatch.setattr(house.store.feedback, "add", leave_then_add)
    with pytest.raises(ConflictError, match="is being deleted"):
        await give_feedback(house, user_id=ANNA, track_id=track, kind=FeedbackKind.MORE)
    assert {} == naming(await walk(house), [ANNA.encode()])


async def test_a_list_made_meanwhile_is_taken_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job that makes everybody's lists goes on, and keeps none of who left."""
    await listen(house, ANNA, 0)
    await listen(house, UserId("ben"), 1)
    await run_training(house, on_progress=lambda _: None)
    add = house.store.kept_lists.add

    async def leave_then_add(kept: Any) -> bool:
        if kept.user_id == ANNA:
            await leave.leave(house, ANNA)
        return await add(kept)

    monkeypatch.setattr(house.store.kept_lists, "add", leave_then_add)
    period = period_at(KeptListName.WEEKLY, house.clock())
    await make_lists(house, KeptListName.WEEKLY, period)
    assert {} == naming(await walk(house), [ANNA.encode(), user_prefix(ANNA)])
    assert await house.store.kept_lists.of_user(UserId("ben"))


async def test_a_merge_of_tracks_brings_no_plays_back(house: House) -> None:
    """Plays that were read before their listener left do not return under the other track."""
    await listen(house, ANNA, 0)
    interactions: Interactions = await house.store.listens.interactions()
    old, new = interactions.track_ids[:2]
    plays = house.store._database["listens"]
    users = house.store._database["users"]

    class Slow:
        """The plays, whose listener leaves between the reading and the writing."""

        find, delete_many = plays.find, plays.delete_many

        async def insert_many(self, *args: Any, **kwargs: Any) -> None:
            await leave.leave(house, ANNA)
            await plays.insert_many(*args, **kwargs)

    await reassign_plays(Slow(), users=users, old=TrackId(old), new=TrackId(new))  # type: ignore[arg-type]
    assert {} == naming(await walk(house), [ANNA.encode(), user_prefix(ANNA)])


async def test_a_training_lives_through_a_departure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who leaves between the reading of plays and of names does not break what reads them."""
    await listen(house, ANNA, 0)
    reader = house.store.listens._reader
    pairs = reader.pairs

    async def read_then_leave(wanted: Document) -> Any:
        read = await pairs(wanted)
        await leave.leave(house, ANNA)
        return read

    monkeypatch.setattr(reader, "pairs", read_then_leave)
    assert [ANNA] == (await house.store.listens.interactions()).user_ids
    monkeypatch.undo()
    assert [] == (await house.store.listens.interactions()).user_ids


@pytest.mark.slow
async def test_after_the_last_one_the_index_has_learned_from_nobody(house: House) -> None:
    """Two trainings after who was alone here left, no index is left that learned from them."""
    await listen(house, ANNA, 0)
    first = await run_training(house, on_progress=lambda _: None)
    await leave.leave(house, ANNA)
    for _ in range(2):
        result = await run_training(house, on_progress=lambda _: None)
        assert (0, 0) == (result.n_users, result.n_listens)
    with pytest.raises(NotFoundError):
        await house.store.models.load(first.version)


async def test_what_is_kept_of_no_listener_goes_too(house: House) -> None:
    """What was shown under a name that is no listener yet can be deleted as well."""
    await house.store.shown.record(
        user_id=ANNA, list_name=ListName.FOR_YOU, at=1, track_ids=[], index_version="x"
    )
    assert {"lists that were shown": 1} == (await leave.look_before(house, ANNA)).deleted
    await leave.leave(house, ANNA)
    assert {} == naming(await walk(house), [ANNA.encode()])
