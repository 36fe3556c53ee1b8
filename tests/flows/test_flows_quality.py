"""The quality report of an instance: from its stored listens, as a job, kept by index."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.jobs import JobState
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows import train as training
from harmonyhub.flows.orders import submit_evaluation
from harmonyhub.flows.quality import run_evaluation
from harmonyhub.flows.quality_log import load_quality, report_as_json
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.runner import run_job
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.conftest import NOW, SetClock

DAY_S = 86_400
N_LISTENERS, N_SONGS, N_TASTES = 12, 80, 4


@pytest.fixture
async def street(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house where a dozen listeners of four tastes play one track a day."""
    monkeypatch.setattr(training, "load_library", list)  # two thousand tracks that nobody plays
    songs = await house.store.tracks.resolve(
        [
            TrackDescription(title=f"Song {song}", artists=(f"Band {song % 40}",), tags=("folk",))
            for song in range(N_SONGS)
        ]
    )
    rng = np.random.default_rng(5)
    for number in range(N_LISTENERS):
        user = UserId(f"user-{number}")
        await house.store.users.ensure(user, now=NOW)
        taste = np.flatnonzero(np.arange(N_SONGS) % N_TASTES == number % N_TASTES)
        heard = rng.permutation(taste)[[day % 7 + day // 4 for day in range(32)]].tolist()
        await house.store.listens.add(
            user_id=user,
            ledger_id=LedgerId(f"of-{user}"),
            source=SourceKind.LISTENBRAINZ,
            listens=[
                NewListen(number=line, track_id=songs[song], played_at=NOW - (40 - line) * DAY_S)
                for line, song in enumerate(heard, start=1)
            ],
        )
    return house


async def test_a_job_measures_this_very_instance(street: House) -> None:
    """The job ends done, and the report has every figure of the instance's own future."""
    result = await run_training(street, on_progress=lambda _: None)
    job = await submit_evaluation(street)
    claimed = await street.store.jobs.claim(worker="w", now=NOW, lease_s=30)
    assert claimed is not None
    await run_job(street, claimed)

    ended = await street.store.jobs.get(job.id)
    assert ended is not None
    assert JobState.DONE is ended.state, ended.error
    [report] = (await load_quality(street)).reports
    assert (result.version, NOW) == (report.index_version, report.at)
    assert (N_LISTENERS, N_LISTENERS, N_LISTENERS * 32, N_SONGS) == (
        report.n_users,
        report.n_able,
        report.n_listens,
        report.n_tracks,
    )
    assert ["all", "new"] == [view.name for view in report.views]
    assert ["for-you", "discover"] == [served.name for served in report.lists]
    assert all(served.n_checked == served.n_verified > 0 for served in report.lists)
    assert any("never seen" in note for note in report.notes)
    ours = report.views[0].methods[0].quality
    assert 0 < ours.ndcg_at_100.low <= ours.ndcg_at_100.high <= 1
    assert "tags" == ours.lists.diversity_by
    named = report_as_json(report)
    assert named["views"][0]["methods"][0]["NDCG@100"]["mean"] == ours.ndcg_at_100.mean  # type: ignore[index]


@pytest.mark.slow
async def test_each_index_has_one_report_and_trainings_make_a_trend(
    street: House, clock: SetClock
) -> None:
    """The same index again replaces its report, a new one adds; a foreign report is left out."""
    first = await run_training(street, on_progress=lambda _: None)
    report = await run_evaluation(street, on_progress=lambda _: None)
    clock.now += 60
    again = await run_evaluation(street, on_progress=lambda _: None)
    assert again == replace(report, at=clock.now)
    assert (again,) == (await load_quality(street)).reports

    clock.now += 60
    second = await run_training(street, on_progress=lambda _: None)
    stored = {**msgspec.to_builtins(again), "views": "of another release"}
    await street.store.quality_log.add("report", stored, version="other", now=clock.now)
    history = await load_quality(street)
    assert (again,) == history.reports
    assert [second.version, first.version] == [one.version for one in history.trainings]
    assert [second.judgement, first.judgement] == [one.judgement for one in history.trainings]
