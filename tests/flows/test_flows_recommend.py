"""Recommendations over the store: training swaps in, feedback acts, freshness is true."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import Wish
from harmonyhub.domain.library import RecentPlay
from harmonyhub.domain.listens import Outcome, SourceKind, SourceLine
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import EvidenceKind, FeedbackKind, ListName
from harmonyhub.flows import train
from harmonyhub.flows.feedback import DAY_S, give_feedback
from harmonyhub.flows.friends import add, remove
from harmonyhub.flows.imports import import_history, open_ledger
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.flows.train import run_training
from harmonyhub.wiring import serving
from harmonyhub.wiring.house import House
from tests.conftest import NOW, SetClock

ANNA = UserId("anna")


@dataclass
class Plays:
    """Some plays of songs by number, one a day up to yesterday."""

    songs: list[int]
    kind: SourceKind = SourceKind.LISTENBRAINZ
    broke_off: str | None = None

    def lines(self) -> Iterator[SourceLine]:
        for number, song in enumerate(self.songs, start=1):
            yield SourceLine(
                number,
                Outcome.KEPT,
                played_at=NOW - number * DAY_S,
                track=TrackDescription(title=f"Song {song}", artists=(f"Band {song // 3}",)),
            )


async def listen(house: House, user: str, songs: list[int]) -> None:
    """Give a user a history."""
    ledger = await open_ledger(house, user_id=UserId(user), file_name="history")
    await import_history(house, ledger=ledger, history=Plays(songs), on_progress=lambda _: None)


async def ask(house: House, name: ListName = ListName.DISCOVER) -> Answer:
    """Ask for one of Anna's lists."""
    return await recommend(house, user_id=ANNA, list_name=name, n=10)


@pytest.fixture
async def trained(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house where ten listeners share songs 0 to 11 and Anna knows the first three."""
    monkeypatch.setattr(serving, "POINTER_CHECK_S", 0.0)
    monkeypatch.setattr(train, "load_library", list)  # two thousand tracks that nobody plays
    for number in range(10):
        await listen(house, f"user-{number}", [song for song in range(12) if song % 10 != number])
    await listen(house, ANNA, [0, 0, 0, 1, 2])
    await run_training(house, on_progress=lambda _: None)
    return house


async def test_before_any_training_the_answer_says_what_to_do(house: House) -> None:
    """Without a model the list is empty and says so; nothing is made up."""
    answer = await ask(house)
    assert () == answer.items
    assert "Import" in answer.freshness.note


async def test_discover_gives_unheard_tracks_with_reasons(trained: House) -> None:
    """No card of Discover was heard before, and each has one to three reasons."""
    answer = await ask(trained)
    heard = {f"Song {song}" for song in (0, 1, 2)}
    assert answer.items
    assert heard.isdisjoint(item.track.title for item in answer.items)
    assert all(1 <= len(item.reasons) <= 3 for item in answer.items)
    assert answer.freshness.is_current


async def test_never_takes_a_track_off_the_very_next_list_and_undo_brings_it_back(
    trained: House,
) -> None:
    """Feedback needs no training."""
    first = (await ask(trained)).items[0].track.id
    await give_feedback(trained, user_id=ANNA, track_id=first, kind=FeedbackKind.NEVER)
    assert first not in {item.track.id for item in (await ask(trained)).items}
    await give_feedback(trained, user_id=ANNA, track_id=first, kind=FeedbackKind.UNDO)
    assert first in {item.track.id for item in (await ask(trained)).items}


async def test_a_snooze_ends_by_itself(trained: House, clock: SetClock) -> None:
    """A snoozed track is back after its days."""
    first = (await ask(trained)).items[0].track.id
    await give_feedback(trained, user_id=ANNA, track_id=first, kind=FeedbackKind.SNOOZE, days=7)
    assert first not in {item.track.id for item in (await ask(trained)).items}
    clock.now += 8 * DAY_S
    assert first in {item.track.id for item in (await ask(trained)).items}


async def test_new_listens_change_the_next_list_without_training(trained: House) -> None:
    """A track that was just played is not "never heard" any more."""
    suggested = (await ask(trained)).items[0].track
    song = int(suggested.title.removeprefix("Song "))
    await listen(trained, ANNA, [0, 0, 0, 1, 2, song])
    assert suggested.id not in {item.track.id for item in (await ask(trained)).items}


async def test_tracks_newer_than_the_model_are_counted(trained: House) -> None:
    """Freshness says how many tracks the model has not seen, until the next training."""
    await listen(trained, ANNA, [0, 0, 0, 1, 2, 77])
    stale = (await ask(trained)).freshness
    assert (False, True) == (stale.is_current, stale.note.startswith("1 of your tracks"))
    await run_training(trained, on_progress=lambda _: None)
    fresh = (await ask(trained)).freshness
    assert fresh.is_current
    assert stale.model_version != fresh.model_version


async def test_feedback_on_an_unknown_track_is_refused(trained: House) -> None:
    """There is nothing to say of a track that is not there."""
    with pytest.raises(NotFoundError):
        await give_feedback(
            trained, user_id=ANNA, track_id=TrackId("t-none"), kind=FeedbackKind.MORE
        )


async def test_days_belong_to_a_snooze(trained: House) -> None:
    """Days with anything but a snooze are a mistake of the caller."""
    first = (await ask(trained)).items[0].track.id
    with pytest.raises(RefusedInputError):
        await give_feedback(trained, user_id=ANNA, track_id=first, kind=FeedbackKind.MORE, days=3)


async def test_more_like_this_serves_somebody_without_a_history(trained: House) -> None:
    """A seed track is enough."""
    seed = (await ask(trained)).items[0].track.id
    answer = await recommend(
        trained,
        user_id=UserId("nobody"),
        list_name=ListName.MORE_LIKE_THIS,
        n=5,
        wish=Wish(track_ids=(seed,)),
    )
    assert answer.items
    assert seed not in {item.track.id for item in answer.items}


async def test_friends_have_a_say_until_it_ends(trained: House) -> None:
    """What a friend plays often enough is a reason while both want it, and never Spotify's word."""
    ben, carla = UserId("user-3"), UserId("user-4")
    await listen(trained, ben, [9] * 5)
    song = TrackDescription(title="Song 8", artists=("Band 2",))
    await trained.store.synced_plays.add(
        carla, [RecentPlay(track=song, played_at=NOW - hour * 3_600) for hour in range(1, 9)]
    )
    before = await ask(trained)
    for name in (ben, carla):
        await add(trained, user_id=ANNA, name=name)
    assert before.items == (await ask(trained)).items
    for name in (ben, carla):
        await add(trained, user_id=name, name=ANNA)

    reasons = {
        (card.track.title, reason.text)
        for card in (await ask(trained)).items
        for reason in card.reasons
        if reason.evidence.kind is EvidenceKind.FRIENDS
    }
    assert {("Song 9", "user-3 plays this.")} == reasons

    await listen(trained, ben, [7] * 12)
    told = [reason.text for card in (await ask(trained)).items for reason in card.reasons]
    assert "user-3 plays this often." in told

    for name in (ben, carla):
        await remove(trained, user_id=name, name=ANNA)
    after = await ask(trained)
    assert (before.items, before.based_on) == (after.items, after.based_on)
