"""Jobs: work that runs in the background, with progress that can be watched."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.domain.ids import JobId, UserId


class JobKind(StrEnum):
    """What a job does."""

    IMPORT = "import"
    TRAIN = "train"
    ANALYSE = "analyse"
    PUSH = "push"
    RESOLVE = "resolve"
    LISTS = "lists"
    FOLDER = "folder"
    EVALUATE = "evaluate"


UNHURRIED = frozenset({JobKind.LISTS, JobKind.FOLDER})
"""What nobody waits for: it may take days, and gives way to everything else."""


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far along, in `unit`s; `total` is None while it is not known."""

    done: int = 0
    total: int | None = None
    unit: str = ""
    message: str = ""


Report = Callable[[Progress], None]
"""Who follows a job is told how far along it is."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as stored. `arguments` and `result` hold plain JSON values; times are unix seconds.

    `fence` grows by one with every claim: a worker whose fence is old lost the job.
    """

    id: JobId
    kind: JobKind
    state: JobState
    created_at: int
    user_id: UserId | None = None
    arguments: Mapping[str, object] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    result: Mapping[str, object] | None = None
    error: str | None = None
    hint: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    attempts: int = 0
    fence: int = 0
