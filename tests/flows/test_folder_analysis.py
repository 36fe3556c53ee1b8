"""A folder of music measured by several processes, with files that end or block them."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from harmonyhub.analysis.basic import analyse_basics
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain import sound_tags
from harmonyhub.domain.analysis import ANALYSIS_VERSION
from harmonyhub.domain.audio_files import FileRecord, FoundFile, sort_files
from harmonyhub.domain.errors import AudioError, StoreUnavailableError
from harmonyhub.domain.ids import AudioHash
from harmonyhub.domain.jobs import Progress
from harmonyhub.flows import folder_analysis
from harmonyhub.flows.folder_analysis import (
    FolderResult,
    describe_pace,
    run_folder_analysis,
    run_music_folder,
)
from harmonyhub.flows.measuring import Limits, Measurer, limits_of
from harmonyhub.sources.music_folder import list_audio
from harmonyhub.storage.analyses import Analyses
from harmonyhub.wiring.house import House
from tests.analysis.conftest import Sounds, encode_audio
from tests.tools.tag_weights import install_random_tags

HOUR = Limits(3600, 3600.0)


def write_music(folder: Path, *, names: tuple[str, ...] = ("Ada - One", "Ada - Two")) -> None:
    """Write a short flac file of clicks per name, each at its own tempo."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        clicks = Sounds.click_track(100 + 20 * number, duration_s=2)
        encode_audio(folder / f"{name}.flac", clicks, sample_rate=22_050)


async def analyse(house: House, folder: Path, **options: object) -> FolderResult:
    """Run over the folder without watching it."""
    return await run_folder_analysis(house, folder=folder, on_progress=lambda _: None, **options)


def found(path: Path) -> FoundFile:
    """Find a file as `list_audio` does, whatever its name."""
    facts = path.stat()
    return FoundFile(path, facts.st_size, facts.st_mtime_ns)


@pytest.mark.slow
async def test_results_are_those_of_one_process(house: House, tmp_path: Path) -> None:
    """Two processes store, byte for byte, what one measures here; a copy costs no measuring."""
    folder = tmp_path / "music"
    write_music(folder)
    shutil.copy(folder / "Ada - One.flac", folder / "Ada - One again.flac")
    told: list[Progress] = []
    result = await run_folder_analysis(house, folder=folder, on_progress=told.append, n_processes=2)
    assert FolderResult(analysed=2, already_known=1, refused={}) == result
    assert [1, 2, 3, 3] == [progress.done for progress in told]
    assert "a minute" in told[0].message
    serial = analyse_file(folder / "Ada - Two.flac")
    stored = await house.store.analyses.get(serial.audio_hash, ANALYSIS_VERSION)
    assert msgspec.json.encode(serial) == msgspec.json.encode(stored)


@pytest.mark.slow
async def test_only_what_is_new_is_read(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run starts no process, remembers refusals, and measures no audio twice."""
    folder = tmp_path / "music"
    write_music(folder, names=("Ada - One",))
    (folder / "letter.mp3").write_text("Dear Sir or Madam,\n" * 100)
    first = await analyse(house, folder)
    assert (1, [str(folder / "letter.mp3")]) == (first.analysed, list(first.refused))
    monkeypatch.setattr(Measurer, "measure", None)
    with monkeypatch.context() as patched:
        patched.setattr(Measurer, "_start", None)  # would be called to read a file
        again = await analyse(house, folder)
    assert (1, first.refused) == (again.already_known, again.refused)
    listed = await house.store.audio_files.list_refused(house.place, folder, n=10)
    assert list(first.refused.items()) == listed

    (folder / "letter.mp3").rename(tmp_path / "letter.mp3")
    assert {} == (await analyse(house, folder)).refused
    assert [] == await house.store.audio_files.list_refused(house.place, folder, n=10)

    os.utime(folder / "Ada - One.flac", ns=(1, 1))  # as a program that writes tags does
    shutil.copy(folder / "Ada - One.flac", folder / "letter.mp3")
    assert FolderResult(analysed=0, already_known=2, refused={}) == await analyse(house, folder)


@pytest.mark.slow
async def test_tags_alone_are_added_to_what_is_known(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks that come later hear files that were measured, once; damaged ones change nothing."""
    folder = tmp_path / "music"
    folder.mkdir()
    clicks = Sounds.click_track(100, duration_s=5)
    path = encode_audio(folder / "Ada - One.flac", clicks, sample_rate=22_050)
    await analyse(house, folder)
    audio_hash = analyse_file(path).audio_hash
    first = await house.store.analyses.get(audio_hash, ANALYSIS_VERSION)
    assert first is not None and first.heard_tags is None  # noqa: PT018 - it narrows the type

    weights = house.settings.data_dir / "tags" / "musicnn.npz"
    install_random_tags(house.settings.data_dir)
    whole = weights.read_bytes()
    weights.write_bytes(b"PK")
    monkeypatch.setattr(Measurer, "measure", None)
    assert FolderResult(analysed=0, already_known=1, refused={}) == await analyse(house, folder)
    weights.write_bytes(whole)
    assert FolderResult(analysed=1, already_known=0, refused={}) == await analyse(house, folder)
    second = await house.store.analyses.get(audio_hash, ANALYSIS_VERSION)
    assert second is not None and second.heard_tags is not None  # noqa: PT018 - as above
    assert 1 == second.heard_tags.n_excerpts
    assert first == replace(second, heard_tags=None)
    assert FolderResult(analysed=0, already_known=1, refused={}) == await analyse(house, folder)
    for module in (sound_tags, folder_analysis):
        monkeypatch.setattr(module, "TAGS_VERSION", "2")
    assert FolderResult(analysed=1, already_known=0, refused={}) == await analyse(house, folder)


@pytest.mark.slow
async def test_what_a_file_does_to_its_process_is_told(tmp_path: Path) -> None:
    """A file that hangs or crashes is named with the cause, and another process takes over."""
    write_music(tmp_path, names=("Ada - One",))
    file = found(tmp_path / "Ada - One.flac")
    limits = iter([Limits(3600, 0.001), HOUR, HOUR, HOUR])
    async with Measurer(limits=lambda _: next(limits)) as process:
        with pytest.raises(AudioError, match=r"took more than 0.001 s of time"):
            await process.measure(file)
        await process.identify(file)
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGSEGV)
        with pytest.raises(AudioError, match=r"Ada - One.flac ended the process .*signal 11"):
            await process.measure(file)
        assert (await process.measure(file)).duration == pytest.approx(2.0, abs=0.01)


@pytest.mark.slow
async def test_a_file_over_its_processor_time_is_given_up(tmp_path: Path) -> None:
    """A file that keeps a core busy for too long ends its process, which the system sees to."""
    noise = np.tile(Sounds.noise(30), 20)
    file = found(encode_audio(tmp_path / "noise.wav", noise, sample_rate=22_050))
    async with Measurer(limits=lambda _: Limits(1, 600.0)) as process:
        with pytest.raises(AudioError, match="took more than 1 s of processor time"):
            await process.measure(file)


@pytest.mark.slow
async def test_memory_has_a_limit(tmp_path: Path) -> None:
    """A process that needs more than it may have ends, and the file is refused for it."""
    write_music(tmp_path, names=("Ada - One",))
    async with Measurer(memory_bytes=200 << 20) as process:
        with pytest.raises(AudioError, match=r"memory|ended the process"):
            await process.measure(found(tmp_path / "Ada - One.flac"))


@pytest.mark.slow
async def test_a_stopped_run_goes_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before a run is cancelled is stored, and no process stays behind."""
    folder = tmp_path / "music"
    write_music(folder, names=("Ada - One", "Ada - Two"))
    pids: list[int] = []
    whole = Measurer.measure

    async def note(self: Measurer, file: FoundFile) -> object:
        pids.append(self.pid or 0)
        return await whole(self, file)

    monkeypatch.setattr(Measurer, "measure", note)
    is_first_done = asyncio.Event()
    run = asyncio.create_task(
        run_folder_analysis(
            house,
            folder=folder,
            on_progress=lambda _: is_first_done.set(),
            n_processes=1,
        )
    )
    await asyncio.wait_for(is_first_done.wait(), timeout=60)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    rest = await analyse(house, folder)
    assert (1, 1, 0) == (rest.analysed, rest.already_known, rest.put_off)


@pytest.mark.slow
async def test_a_first_look_is_replaced_and_replaces_nothing(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Basics are stored once and known by audio; a full run follows, and no basic one after it."""
    folder = tmp_path / "music"
    write_music(folder)
    shutil.copy(folder / "Ada - One.flac", folder / "Ada - One again.flac")
    told: list[Progress] = []
    result = await run_folder_analysis(
        house, folder=folder, on_progress=told.append, n_processes=1, is_basic=True
    )
    assert FolderResult(analysed=2, already_known=1, refused={}) == result
    assert told[0].message.startswith("a first look, ")
    alone = analyse_basics(folder / "Ada - Two.flac")
    assert alone == await house.store.analyses.of_audio(alone.audio_hash)
    with monkeypatch.context() as patched:
        patched.setattr(Measurer, "identify", None)  # nothing is read again
        assert 3 == (await analyse(house, folder, is_basic=True)).already_known

    (folder / "Ada - Two.flac").unlink()
    # Of two files with the same audio the last one names it: one after the other.
    assert (1, 1) == tuple_of(await analyse(house, folder, n_processes=1))
    full = await house.store.analyses.of_audio(analyse_file(folder / "Ada - One.flac").audio_hash)
    assert full is not None and not full.is_basic  # noqa: PT018 - it narrows the type
    monkeypatch.setattr(Measurer, "measure_basics", None)
    assert 2 == (await analyse(house, folder, is_basic=True)).already_known
    monkeypatch.setattr(folder_analysis, "ANALYSIS_VERSION", "next")
    again = await analyse(house, folder, n_processes=1, is_basic=True, is_anew=True)
    assert 2 == again.already_known
    assert full == await house.store.analyses.of_audio(full.audio_hash)


@pytest.mark.slow
async def test_the_music_folder_is_looked_through_before_it_is_measured(
    house: House, tmp_path: Path
) -> None:
    """Basics of everything come first, then each file in full; one of each is told at a time."""
    folder = tmp_path / "music"
    write_music(folder)
    for path in folder.iterdir():
        os.utime(path, (1, 1))  # nobody writes to it any more
    told: list[Progress] = []
    result = await run_music_folder(house, folder=folder, on_progress=told.append)
    assert (2, 0) == tuple_of(result)
    looks = [progress.message.startswith("a first look") for progress in told]
    assert [True, True, True, False, False, False] == looks  # each run ends with "done"
    assert 2 == (await house.store.counts()).analyses


def tuple_of(result: FolderResult) -> tuple[int, int]:
    """Give what was analysed and what was known."""
    return result.analysed, result.already_known


@pytest.mark.slow
async def test_what_another_machine_measures_is_left_to_it(house: House, tmp_path: Path) -> None:
    """A claim of another data folder puts a file off; when it has ended, the file is ours."""
    folder = tmp_path / "music"
    write_music(folder, names=("Ada - One",))
    audio_hash = analyse_file(folder / "Ada - One.flac").audio_hash
    claim = partial(house.store.analyses.claim, audio_hash, ANALYSIS_VERSION, lease_s=60)
    assert await claim(owner="elsewhere", now=house.clock())
    result = await analyse(house, folder)
    assert (0, 1) == (result.analysed, result.put_off)
    assert not await claim(owner="third", now=house.clock() + 60)
    assert await claim(owner="third", now=house.clock() + 61)


@pytest.mark.slow
async def test_a_store_that_is_gone_is_nobodys_refusal(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When MongoDB does not answer the run ends with that, and no file is called refused."""

    async def gone(*_: object, **__: object) -> None:
        raise StoreUnavailableError("gone")

    folder = tmp_path / "music"
    write_music(folder, names=("Ada - One",))
    with monkeypatch.context() as patched:
        patched.setattr(Analyses, "get", gone)
        with pytest.raises(StoreUnavailableError):
            await analyse(house, folder)
    path = folder / "Ada - One.flac"
    assert {} == await house.store.audio_files.get_many(house.place, [path])


def test_finds_audio_by_its_endings(tmp_path: Path) -> None:
    """Folders are searched through, in any case of letters; what is hidden is left out."""
    for name in ("b/Two.MP3", "a.flac", "cover.jpg", "._a.flac", ".trash/c.mp3", "odd\udcff.ogg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    (tmp_path / "nowhere.mp3").symlink_to(tmp_path / "gone.mp3")
    names = [str(file.path.relative_to(tmp_path)) for file in list_audio(tmp_path)]
    assert ["a.flac", "b/Two.MP3", "odd\udcff.ogg"] == names


def test_sorts_files_by_what_is_known() -> None:
    """Another size, time or version means that a file is read again."""
    file = FoundFile(Path("/m/a.mp3"), 10, 20)
    kept = FileRecord(10, 20, "3", audio_hash=AudioHash("h"))
    refused = FileRecord(10, 20, "3", refused="no audio")
    sort: Callable[..., object] = partial(sort_files, [file], analysis_version="3")
    assert ([], [file], {}) == as_lists(sort({file.path: kept}))
    assert ([], [], {file: "no audio"}) == as_lists(sort({file.path: refused}))
    for other in (FileRecord(11, 20, "3"), FileRecord(10, 21, "3"), FileRecord(10, 20, "2")):
        assert ([file], [], {}) == as_lists(sort({file.path: other}))
    assert ([file], [], {}) == as_lists(sort({}))
    basic = FileRecord(10, 20, "basic", audio_hash=AudioHash("h"))
    assert ([file], [], {}) == as_lists(sort({file.path: basic}))
    for record in (basic, kept):
        assert ([], [file], {}) == as_lists(sort({file.path: record}, basic_version="basic"))


def as_lists(files: object) -> tuple[object, ...]:
    """Give the three parts."""
    return files.due, files.known, files.refused  # type: ignore[attr-defined]


def test_says_how_long_it_takes() -> None:
    """Rate and time left come from what was done so far."""
    assert "begun" == describe_pace(0, 9, elapsed_s=3)
    assert "30 a minute, 2 min left" == describe_pace(15, 75, elapsed_s=30)
    assert "60 a minute, 27.5 h left" == describe_pace(1_000, 100_000, elapsed_s=1_000)
    assert "60 a minute, under a minute left" == describe_pace(10, 20, elapsed_s=10)


def test_limits_grow_with_the_file() -> None:
    """An mp3 of four minutes may take 100 s of processor time, and nothing more than an hour."""
    assert Limits(100, 2000.0) == limits_of(FoundFile(Path("a"), 4_000_000, 0))
    assert Limits(3600, 72_000.0) == limits_of(FoundFile(Path("a"), 10**10, 0))
