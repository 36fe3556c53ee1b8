"""Users, ledgers, feedback, what was shown, analyses and models."""

from dataclasses import replace

import pytest

from harmonyhub.analysis.embedding import gather_facts
from harmonyhub.domain.analysis import (
    BASIC_VERSION,
    AudioTags,
    Descriptor,
    Key,
    Measurement,
    SoundPrint,
    TrackAnalysis,
)
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import AudioHash, LedgerId, TrackId, UserId
from harmonyhub.domain.listens import (
    Ledger,
    LedgerState,
    Outcome,
    SourceKind,
    SourceLine,
    Tally,
)
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import Feedback, FeedbackKind, ListName
from harmonyhub.storage.ledgers import LedgerRow
from harmonyhub.storage.models import ModelRecord
from harmonyhub.storage.shown import Showing
from harmonyhub.storage.store import Store

ADA = UserId("ada")
SONG, OTHER = TrackId("tsong"), TrackId("tother")
LEDGER = LedgerId("ledger")


async def test_user_is_made_once_and_revision_grows(store: Store) -> None:
    """Making a user again changes nothing; a touch raises the revision."""
    assert await store.users.revision(ADA) is None
    await store.users.ensure(ADA, now=1)
    first = await store.users.revision(ADA)
    assert first is not None
    await store.users.touch(ADA)
    await store.users.ensure(ADA, now=2)
    assert first + 1 == await store.users.revision(ADA)
    assert [ADA] == await store.users.list_all()
    assert 1 == (await store.counts()).users


async def test_ledger_adds_up_its_batches_once(store: Store) -> None:
    """A batch written twice counts once, and the ledger is the sum of its batches."""
    opened = Ledger(
        id=LEDGER,
        user_id=ADA,
        file_name="my.zip",
        source=None,
        state=LedgerState.RUNNING,
        started_at=5,
    )
    await store.ledgers.open(opened)
    await store.ledgers.identify(LEDGER, source=SourceKind.LASTFM)
    line = SourceLine(number=3, outcome=Outcome.TOO_SHORT, played_ms=900, reason="0.9 s")
    song = TrackDescription(title="T", artists=("A", "B"))
    double = SourceLine(number=2, outcome=Outcome.KEPT, played_at=77, track=song)
    rows = {
        Outcome.TOO_SHORT: [LedgerRow.of(line, Outcome.TOO_SHORT)],
        Outcome.DUPLICATE: [LedgerRow.of(double, Outcome.DUPLICATE)],
    }
    tally = Tally(kept=1, duplicate=1, too_short=1)
    for _ in range(2):
        await store.ledgers.commit_batch(LEDGER, number=0, tally=tally, rows=rows)
    await store.ledgers.commit_batch(LEDGER, number=1, tally=Tally(kept=4), rows={})
    await store.ledgers.finish(LEDGER, state=LedgerState.COMPLETE, note="", now=9)

    ledger = await store.ledgers.get(LEDGER)

    assert ledger is not None
    assert Tally(kept=5, duplicate=1, too_short=1) == ledger.tally
    assert (SourceKind.LASTFM, LedgerState.COMPLETE, 9) == (
        ledger.source,
        ledger.state,
        ledger.finished_at,
    )
    assert {0, 1} == await store.ledgers.committed_batches(LEDGER)
    assert [ledger] == await store.ledgers.of_user(ADA)
    duplicates = [row async for row in store.ledgers.rows(LEDGER, Outcome.DUPLICATE)]
    assert [LedgerRow(2, 77, "A, B", "T", None, "this play is known already")] == duplicates
    assert [] == [row async for row in store.ledgers.rows(LEDGER, Outcome.UNREADABLE)]


async def test_feedback_undo_brings_back_the_one_before(store: Store) -> None:
    """The latest per track is in force; an undo takes it back, and one too many does nothing."""

    async def say(kind: FeedbackKind, at: int, track_id: TrackId = SONG) -> Feedback:
        feedback = Feedback(user_id=ADA, track_id=track_id, kind=kind, at=at)
        await store.feedback.add(feedback)
        return feedback

    more = await say(FeedbackKind.MORE, 1)
    never = await say(FeedbackKind.NEVER, 2)
    other = await say(FeedbackKind.LESS, 2, OTHER)
    assert [never, other] == await store.feedback.current(ADA)
    await store.feedback.undo(user_id=ADA, track_id=SONG, now=2)
    assert [more, other] == await store.feedback.current(ADA)
    for now in (3, 4):
        await store.feedback.undo(user_id=ADA, track_id=SONG, now=now)
    assert [other] == await store.feedback.current(ADA)
    assert [] == await store.feedback.current(UserId("bob"))


async def test_snooze_keeps_its_end(store: Store) -> None:
    """A snooze comes back with the time until which it holds."""
    snooze = Feedback(user_id=ADA, track_id=SONG, kind=FeedbackKind.SNOOZE, at=1, until=99)
    await store.feedback.add(snooze)
    assert [snooze] == await store.feedback.current(ADA)


async def test_shown_counts_since(store: Store) -> None:
    """What was shown since a time is counted per track."""
    for at, tracks in ((10, [SONG]), (20, [SONG, OTHER]), (30, [SONG])):
        await store.shown.record(
            user_id=ADA, list_name=ListName.FOR_YOU, at=at, track_ids=tracks, index_version="v"
        )
    shown = await store.shown.last_shown(ADA, since=20)
    assert {SONG: Showing(n=2, last_at=30), OTHER: Showing(n=1, last_at=20)} == shown


def analysis_of(audio_hash: str, version: str = "1") -> TrackAnalysis:
    """Make an analysis with something in every field."""
    return TrackAnalysis(
        audio_hash=AudioHash(audio_hash),
        file_name="a.flac",
        codec="flac",
        duration=1.5,
        sample_rate=44_100,
        n_channels=2,
        loudness=None,
        true_peak=-0.5,
        tempo=120.0,
        tempo_confidence=0.5,
        beats=[0.5, 1.0],
        key=Key(tonic=9, mode="minor", name="A minor", confidence=0.8),
        waveform=[(-0.5, 0.5)],
        chroma=[[0.1]] * 12,
        measurements={"tempo": Measurement(unit="bpm", method="autocorrelation")},
        notes=["too quiet"],
        tags=AudioTags(title="T"),
        analysis_version=version,
        lra=4.5,
        downbeats=[0.5],
        time_signature=4,
        key_segments=[(0.0, 1.5, "A", "minor")],
        chords=[(0.0, 1.5, "A:min")],
        sections=[(0.0, 1.5, "A")],
        loudness_curve=[-14.2, -70.0],
        descriptors={"energy": Descriptor(value=0.5, confidence=0.6, definition="how intense")},
        sound=SoundPrint([1.0] * 36, [0.5] * 44, [0.2] * 13, [0.1] * 8),
    )


async def test_analysis_comes_back_as_it_was(store: Store) -> None:
    """An analysis is stored by audio hash and version, and its track's latest one is found."""
    first, second = analysis_of("h", "1"), analysis_of("h", "2")
    await store.analyses.put(first, track_id=SONG, now=1)
    await store.analyses.put(second, track_id=SONG, now=2)
    await store.analyses.put(analysis_of("g"), track_id=None, now=3)
    assert first == await store.analyses.get(first.audio_hash, "1")
    assert second == await store.analyses.of_track(SONG)
    assert await store.analyses.get(first.audio_hash, "3") is None
    assert [SONG] == await store.analyses.tracks_with_analysis()
    assert 3 == (await store.counts()).analyses


async def test_how_tracks_sound_is_read_from_their_latest_analyses(store: Store) -> None:
    """One entry a track, by its latest analysis; those that no version measured so far are None."""
    former = replace(analysis_of("h", "1"), sound=None, descriptors={}, tempo=99.0)
    await store.analyses.put(former, track_id=SONG, now=1)
    await store.analyses.put(former, track_id=OTHER, now=1)
    await store.analyses.put(analysis_of("h", "2"), track_id=SONG, now=2)
    await store.analyses.put(analysis_of("g"), track_id=None, now=3)
    found = dict([pair async for pair in store.analyses.facts()])
    assert {SONG: gather_facts(analysis_of("h")), OTHER: gather_facts(former)} == found
    assert (None, None) == (found[OTHER].sound, found[OTHER].energy)
    traits = await store.analyses.traits([SONG, OTHER, TrackId("nobody")])
    assert {(0.5, 120.0), (None, 99.0)} == {(one.energy, one.tempo) for one in traits}
    assert 2 == len(traits)


async def test_a_basic_analysis_gives_way_to_any_other(store: Store) -> None:
    """It speaks for a track while nothing else does, never instead, and goes with a full one."""
    analyses = store.analyses
    basic = replace(analysis_of("h", BASIC_VERSION), tempo=61.0)
    await analyses.put(replace(basic, analysis_version="basic-0"), track_id=SONG, now=1)
    await analyses.put(basic, track_id=SONG, now=2)
    assert 1 == (await store.counts()).analyses
    assert (basic, basic) == (
        await analyses.of_track(SONG),
        await analyses.of_audio(basic.audio_hash),
    )
    assert [61.0] == [facts.tempo async for _, facts in analyses.facts()]

    other_file = analysis_of("g", "1")
    await analyses.put(other_file, track_id=SONG, now=0)
    assert other_file == await analyses.of_track(SONG)
    assert [120.0] == [facts.tempo async for _, facts in analyses.facts()]
    assert [120.0] == [traits.tempo for traits in await analyses.traits([SONG])]
    assert basic == await analyses.of_audio(basic.audio_hash)

    full = analysis_of("h", "1")
    await analyses.put(full, track_id=SONG, now=3)
    assert full == await analyses.of_audio(basic.audio_hash)
    assert 2 == (await store.counts()).analyses


async def test_model_swap_keeps_the_previous_and_drops_older(store: Store) -> None:
    """The newest index is live, the one before can still be loaded, older ones are gone."""
    assert await store.models.current() is None
    versions = [
        await store.models.put(bytes([number]) * 6_000_000, metadata={"n": number}, now=number)
        for number in (1, 2, 3)
    ]
    assert (
        ModelRecord(version=versions[2], trained_at=3, metadata={"n": 3})
        == await store.models.current()
    )
    assert b"\x03" * 6_000_000 == await store.models.load(versions[2])
    assert b"\x02" * 6_000_000 == await store.models.load(versions[1])
    with pytest.raises(NotFoundError):
        await store.models.load(versions[0])
