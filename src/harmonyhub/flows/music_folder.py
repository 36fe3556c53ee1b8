"""The music folder: its job is queued here, and told of; apart from what measures."""

from dataclasses import dataclass

from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.wiring.house import House

N_REFUSED_LISTED = 50


@dataclass(frozen=True, slots=True)
class MusicFolderState:
    """How far the analysis of the music folder is.

    The counts are those of the last look that ended, None before the first; `looked_at` is unix
    seconds; `progress` is None while nothing is done. `error` says why the last look failed,
    `refused` lists files with the reasons, the first fifty.
    """

    folder: str
    n_analysed: int | None
    n_refused: int | None
    n_put_off: int | None
    looked_at: int | None
    progress: Progress | None
    error: str | None
    refused: list[tuple[str, str]]


async def submit_music_folder(house: House) -> Job | None:
    """Queue a look through the music folder; None where there is none."""
    folder = house.settings.music_dir
    if folder is None:
        return None
    return await house.store.jobs.add(
        kind=JobKind.FOLDER,
        user_id=None,
        arguments={"folder": str(folder)},
        now=house.clock(),
        key=f"folder:{house.place}",
        place=house.place,
    )


async def load_music_folder(house: House) -> MusicFolderState | None:
    """Load the state of the music folder; None where none is set."""
    folder = house.settings.music_dir
    if folder is None:
        return None
    jobs = await house.store.jobs.latest(JobKind.FOLDER, place=house.place, n=5)
    running = next((job for job in jobs if job.state is JobState.RUNNING), None)
    ended = next((job for job in jobs if job.result is not None), None)
    counts = ended.result if ended is not None and ended.result is not None else {}
    return MusicFolderState(
        folder=str(folder),
        n_analysed=_sum(counts, "analysed", "already_known"),
        n_refused=_sum(counts, "refused"),
        n_put_off=_sum(counts, "put_off"),
        looked_at=None if ended is None else ended.finished_at,
        progress=None if running is None else running.progress,
        error=jobs[0].error if jobs else None,
        refused=await house.store.audio_files.list_refused(house.place, folder, n=N_REFUSED_LISTED),
    )


def describe_music_folder(state: MusicFolderState) -> str:
    """Say in one line how far it is: "812 of 1,000 files, 31 a minute, 6 min left"."""
    if state.progress is not None:
        progress = state.progress
        total = f" of {progress.total:,}" if progress.total else ""
        pace = progress.message.partition("  ")[0]  # the name of the file follows
        return f"{progress.done:,}{total} files" + (f", {pace}" if pace else "")
    if state.error is not None:
        return state.error
    if state.n_analysed is None:
        return "not looked at yet"
    noun = "file" if state.n_analysed == 1 else "files"
    parts = [f"{state.n_analysed:,} {noun} with an analysis"]
    if state.n_refused:
        parts.append(f"{state.n_refused:,} refused")
    if state.n_put_off:
        parts.append(f"{state.n_put_off:,} put off")
    return ", ".join(parts)


def _sum(counts: object, *names: str) -> int | None:
    if not isinstance(counts, dict) or not counts:
        return None
    return sum(int(counts[name]) for name in names)
