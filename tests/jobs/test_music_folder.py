"""The music folder: what changes in it becomes a job, and the job says what became of it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.audio_files import FoundFile, settled_files
from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.flows.music_folder import (
    MusicFolderState,
    describe_music_folder,
    load_music_folder,
    submit_music_folder,
)
from harmonyhub.jobs.music_folder import AGAIN_S, FolderWatch
from harmonyhub.jobs.runner import run_job
from harmonyhub.wiring.house import House
from tests.analysis.conftest import Sounds, encode_audio
from tests.conftest import NOW, SetClock


@pytest.fixture
def house(house: House, tmp_path: Path) -> House:
    """Give a house with a music folder, which is not there yet."""
    return replace(house, settings=replace(house.settings, music_dir=tmp_path / "music"))


async def look(watch: FolderWatch) -> None:
    """Look without waiting for the time to do so."""
    watch._next_look = 0.0
    await watch.look()


async def claim(house: House) -> Job | None:
    """Take the job of the folder, and give it back done."""
    jobs = house.store.jobs
    job = await jobs.claim(worker="w", now=house.clock(), lease_s=30, place=house.place)
    if job is not None:
        await jobs.finish(job, result={}, now=house.clock())
    return job


async def test_what_changes_becomes_a_job(house: House, tmp_path: Path, clock: SetClock) -> None:
    """A new file gets a job at once and another when it lies still; after an hour all do again."""
    folder = tmp_path / "music"
    watch = FolderWatch(house, folder)
    await look(watch)
    assert await claim(house) is None  # not there
    folder.mkdir()
    (folder / "cover.jpg").write_bytes(b"1")
    await look(watch)
    assert await claim(house) is None  # no audio
    for size in (1, 2):
        (folder / "a.mp3").write_bytes(b"1" * size)
        await look(watch)
        job = await claim(house)
        assert job is not None
        assert (JobKind.FOLDER, {"folder": str(folder)}) == (job.kind, job.arguments)
    await look(watch)
    assert await claim(house) is not None
    await look(watch)
    assert await claim(house) is None
    clock.now += AGAIN_S
    await look(watch)
    assert await claim(house) is not None


async def test_no_look_comes_before_its_time(house: House, tmp_path: Path) -> None:
    """A folder is listed once a minute, however often it is asked for."""
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "a.mp3").write_bytes(b"1")
    watch = FolderWatch(house, tmp_path / "music")
    await watch.look()
    assert await claim(house) is not None
    (tmp_path / "music" / "b.mp3").write_bytes(b"1")
    await watch.look()
    assert await claim(house) is None


@pytest.mark.slow
async def test_the_job_analyses_what_lies_still(house: House, tmp_path: Path) -> None:
    """A file in the middle of being copied waits; counts and refusals are told."""
    folder = tmp_path / "music"
    folder.mkdir()
    clicks = Sounds.click_track(120, duration_s=2)
    encode_audio(folder / "Ada - One.flac", clicks, sample_rate=22_050)
    (folder / "letter.mp3").write_text("Dear Sir or Madam,\n" * 100)
    (folder / "half.flac").write_bytes(b"1")
    for name, age_s in (("Ada - One.flac", 60), ("letter.mp3", 60), ("half.flac", 10)):
        os.utime(folder / name, (NOW - age_s, NOW - age_s))
    await submit_music_folder(house)
    job = await house.store.jobs.claim(worker="w", now=NOW, lease_s=30, place=house.place)
    assert job is not None
    await run_job(house, job)

    state = await load_music_folder(house)
    assert state is not None
    assert (1, 1, 1) == (state.n_analysed, state.n_refused, state.n_put_off)
    assert [str(folder / "letter.mp3")] == [path for path, _ in state.refused]
    assert "1 file with an analysis, 1 refused, 1 put off" == describe_music_folder(state)
    (track,) = await house.store.tracks.get_many(await house.store.analyses.tracks_with_analysis())
    assert track


async def test_a_folder_that_is_gone_fails_its_job(house: House) -> None:
    """The job says which folder is not there, and the state repeats it."""
    assert await submit_music_folder(house) is not None
    job = await house.store.jobs.claim(worker="w", now=NOW, lease_s=30, place=house.place)
    assert job is not None
    await run_job(house, job)
    state = await load_music_folder(house)
    assert state is not None
    assert f"The music folder {state.folder} is not there." == describe_music_folder(state)
    failed = await house.store.jobs.get(job.id)
    assert failed is not None
    assert (JobState.FAILED, True) == (failed.state, "HH507" in (failed.hint or ""))


def test_a_look_is_told_in_one_line() -> None:
    """Before, during and after a look."""
    state = MusicFolderState("/srv/music", None, None, None, None, None, None, [])
    assert "not looked at yet" == describe_music_folder(state)
    progress = Progress(done=812, total=1000, message="31 a minute, 6 min left  a.mp3")
    looking = replace(state, progress=progress)
    assert "812 of 1,000 files, 31 a minute, 6 min left" == describe_music_folder(looking)
    assert "3 files with an analysis" == describe_music_folder(
        replace(state, n_analysed=3, n_refused=0, n_put_off=0)
    )


def test_fresh_files_are_left_out() -> None:
    """Half a minute of stillness, unless the time of the file is in the future."""
    times = (NOW - 30, NOW - 29, NOW, NOW + 1)
    found = [FoundFile(Path(f"/{at - NOW}"), 1, at * 10**9) for at in times]
    left = settled_files(found, now=NOW, settled_s=30)
    assert ["/-30", "/1"] == [str(file.path) for file in left]
    assert found == settled_files(found, now=NOW, settled_s=0)
