"""A whole folder of music: every file measured once, on all cores, whatever stops it between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from harmonyhub.domain.analysis import ANALYSIS_VERSION, BASIC_VERSION, TrackAnalysis
from harmonyhub.domain.audio_files import (
    FileRecord,
    FoundFile,
    name_of,
    settled_files,
    sort_files,
)
from harmonyhub.domain.errors import AudioError, DamagedInputError, NotFoundError
from harmonyhub.domain.ids import AudioHash
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.sound_tags import TAGS_VERSION, is_current
from harmonyhub.flows.analyse import keep_analysis
from harmonyhub.flows.describing import describe_outdated
from harmonyhub.flows.measuring import FileMeasurer, Measurer
from harmonyhub.sources.music_folder import list_audio
from harmonyhub.sources.tag_weights import read_weights
from harmonyhub.wiring.cores import usable_cores
from harmonyhub.wiring.house import House

SETTLED_S = 30  # a file that was written to just now is perhaps still being copied
CLAIM_S = 900  # longer than almost any file takes
MakeMeasurer = Callable[[Path], FileMeasurer]  # of the data folder, where the networks lie


@dataclass(frozen=True, slots=True)
class FolderResult:
    """What became of the audio files of a folder.

    `refused` maps a file to the reason, those of earlier runs included; `put_off` counts those
    that another machine measures or that changed meanwhile: the next run has them.
    """

    analysed: int
    already_known: int
    refused: Mapping[str, str]
    put_off: int = 0


@dataclass(slots=True)
class _Run:
    """One run over a folder: what is done so far, and who measures what at this moment.

    `version` is that of what this run finds out, as the records of files have it.
    """

    house: House
    on_progress: Report
    n_files: int
    n_due: int
    version: str
    began: float
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    is_basic: bool = False
    under_way: WeakValueDictionary[AudioHash, asyncio.Lock] = field(
        default_factory=WeakValueDictionary
    )

    def tell(self, file: FoundFile) -> None:
        """Report how far the run is, at which rate, and how long the rest takes at that."""
        n_done = self.outcomes.total()
        elapsed_s = asyncio.get_running_loop().time() - self.began
        pace = describe_pace(n_done, self.n_due, elapsed_s=elapsed_s)
        self._report(self.n_files - self.n_due + n_done, f"{pace}  {name_of(file.path)}")

    def tell_end(self) -> None:
        """Report that every file is done."""
        self._report(self.n_files, "done")

    def _report(self, n_done: int, message: str) -> None:
        look = "a first look, " if self.is_basic else ""  # the whole of it may follow
        self.on_progress(
            Progress(done=n_done, total=self.n_files, unit="files", message=f"{look}{message}")
        )


async def run_music_folder(house: House, *, folder: Path, on_progress: Report) -> FolderResult:
    """Analyse what is new in the music folder, without files that may still be written to.

    The basics of everything come first: in a third of the time all of it can be compared.

    Raises
    ------
    NotFoundError
        If the folder is not there; what was analysed stays.
    """
    if not await asyncio.to_thread(folder.is_dir):
        raise NotFoundError(
            f"The music folder {folder} is not there.",
            hint="Mount it, or correct HARMONYHUB_MUSIC_DIR; docs/runbooks/HH507.md says more.",
        )
    run = partial(
        run_folder_analysis, house, folder=folder, on_progress=on_progress, settled_s=SETTLED_S
    )
    await run(is_basic=True)
    return await run()


async def run_folder_analysis(
    house: House,
    *,
    folder: Path,
    on_progress: Report,
    n_processes: int | None = None,
    is_anew: bool = False,
    is_basic: bool = False,
    settled_s: int = 0,
    measurer: MakeMeasurer = Measurer,
) -> FolderResult:
    """Analyse every audio file below a folder that has no analysis of this version yet.

    Each result is stored as soon as it is there, so a run that is stopped loses nothing but the
    files in work. A file that did not change since it was looked at costs no reading.

    Parameters
    ----------
    n_processes : int, optional
        How many files are measured at a time; one per core without it.
    is_anew : bool
        Whether to look at every file again, those that were refused too.
    is_basic : bool
        Whether a basic analysis is enough; files that have any other one of some version are known.
    settled_s : int
        Files that were written to in the last so many seconds are put off.
    measurer : callable
        Makes what measures, one per process.
    """
    await describe_outdated(house)
    folder = await asyncio.to_thread(Path.absolute, folder)
    everything = await asyncio.to_thread(list_audio, folder)
    found = settled_files(everything, now=house.clock(), settled_s=settled_s)
    paths = [file.path for file in found]
    if everything:  # an empty folder is one that is not mounted
        there = [file.path for file in everything]
        await house.store.audio_files.forget_refused(house.place, folder, but=there)
    records = {} if is_anew else await house.store.audio_files.get_many(house.place, paths)
    version = await asyncio.to_thread(_version_here, house)
    basic_version = BASIC_VERSION if is_basic else None
    files = sort_files(found, records, analysis_version=version, basic_version=basic_version)
    run = _Run(
        house,
        on_progress,
        n_files=len(found),
        n_due=len(files.due),
        version=basic_version or version,
        is_basic=is_basic,
        began=asyncio.get_running_loop().time(),
    )
    n_processes = min(n_processes or usable_cores(), len(files.due))
    await _measure_all(run, files.due, n_processes=n_processes, measurer=measurer)
    run.tell_end()
    return FolderResult(
        analysed=run.outcomes["analysed"],
        already_known=run.outcomes["known"] + len(files.known),
        refused={str(file.path): why for file, why in files.refused.items()} | run.refused,
        put_off=run.outcomes["put off"] + len(everything) - len(found),
    )


def describe_pace(n_done: int, n_due: int, *, elapsed_s: float) -> str:
    """Say how fast files are done and how long the others take: "31 a minute, 12 min left"."""
    if n_done == 0 or elapsed_s <= 0:
        return "begun"
    per_minute = 60 * n_done / elapsed_s
    left_min = (n_due - n_done) / per_minute
    left = f"{left_min / 60:.1f} h" if left_min >= 90 else f"{left_min:.0f} min"
    return f"{per_minute:.0f} a minute, {left if left_min >= 1 else 'under a minute'} left"


async def _measure_all(
    run: _Run, due: Iterable[FoundFile], *, n_processes: int, measurer: MakeMeasurer
) -> None:
    waiting = iter(due)
    slots = [asyncio.create_task(_work(run, waiting, measurer)) for _ in range(n_processes)]
    try:
        await asyncio.gather(*slots)  # not a TaskGroup: the first error is told as it is
    finally:
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)


async def _work(run: _Run, waiting: Iterator[FoundFile], measurer: MakeMeasurer) -> None:
    async with measurer(run.house.settings.data_dir) as process:
        for file in waiting:
            outcome = await _settle(run, file, process)
            run.outcomes[outcome] += 1
            run.tell(file)


async def _settle(run: _Run, file: FoundFile, process: FileMeasurer) -> str:
    """Measure one file or say why not, and note what became of it."""
    audio_hash, refused, outcome = None, None, ""
    try:
        identity = await process.identify(file)
        audio_hash = identity.audio_hash
        # A second file with the same audio waits until the first one has its analysis.
        async with run.under_way.setdefault(audio_hash, asyncio.Lock()):
            outcome, analysis = await _find_or_measure(run, file, audio_hash, process=process)
        if analysis is not None:
            named = replace(analysis, file_name=name_of(file.path), tags=identity.tags)
            await keep_analysis(run.house, named)
    except AudioError as error:
        outcome, audio_hash, refused = "refused", None, error.message
    if outcome == "put off" or not await asyncio.to_thread(_is_as_found, file):
        return "put off"
    if refused is not None:
        run.refused[str(file.path)] = refused
    record = FileRecord(
        size_bytes=file.size_bytes,
        mtime_ns=file.mtime_ns,
        analysis_version=run.version,
        audio_hash=audio_hash,
        refused=refused,
    )
    house = run.house
    await house.store.audio_files.put(house.place, file, record, now=house.clock())
    return outcome


async def _find_or_measure(
    run: _Run, file: FoundFile, audio_hash: AudioHash, *, process: FileMeasurer
) -> tuple[str, TrackAnalysis | None]:
    """Give the analysis that is there, or one of our own, or None where another makes it."""
    analyses, place, clock = run.house.store.analyses, run.house.place, run.house.clock
    version = BASIC_VERSION if run.is_basic else ANALYSIS_VERSION
    known = await _find_known(run, audio_hash)
    if known is not None and _is_enough(run, known):
        return "known", known
    is_ours = await analyses.claim(audio_hash, version, owner=place, now=clock(), lease_s=CLAIM_S)
    if not is_ours:
        return "put off", None
    try:
        analysis = await _measure(run, file, known, process=process)
        # Before the claim ends: who comes next must find it.
        await analyses.put(analysis, track_id=None, now=clock())
    finally:
        await analyses.give_up_claim(audio_hash, version, owner=place)
    return "analysed", analysis


async def _find_known(run: _Run, audio_hash: AudioHash) -> TrackAnalysis | None:
    """Load what there is of this audio: of this version, or for a first look of any."""
    analyses = run.house.store.analyses
    if run.is_basic:
        return await analyses.of_audio(audio_hash)
    return await analyses.get(audio_hash, ANALYSIS_VERSION)


def _is_enough(run: _Run, known: TrackAnalysis) -> bool:
    if run.is_basic:  # a full analysis says more, also an older one
        return not known.is_basic or known.analysis_version == BASIC_VERSION
    return run.version == ANALYSIS_VERSION or is_current(known.heard_tags)


async def _measure(
    run: _Run, file: FoundFile, known: TrackAnalysis | None, *, process: FileMeasurer
) -> TrackAnalysis:
    """Measure a file, or hear the tags that are missing from what is known of it."""
    if run.is_basic:
        return await process.measure_basics(file)
    if known is None:
        return await process.measure(file)
    return replace(known, heard_tags=await process.tag(file))


def _version_here(house: House) -> str:
    """Give the version of what this machine finds out: it grows when tags can be heard."""
    try:
        has_tags = read_weights(house.settings.data_dir) is not None
    except DamagedInputError:  # told by check HH508
        has_tags = False
    return f"{ANALYSIS_VERSION}+tags{TAGS_VERSION}" if has_tags else ANALYSIS_VERSION


def _is_as_found(file: FoundFile) -> bool:
    """Tell whether a file is still what it was when it was found."""
    try:
        facts = file.path.stat()
    except OSError:
        return False
    return (facts.st_size, facts.st_mtime_ns) == (file.size_bytes, file.mtime_ns)
