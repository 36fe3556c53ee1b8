"""Bodies of the API that are not domain values as they stand."""

from typing import Annotated, Self

import msgspec

from harmonyhub.domain.friends import Friend, Standing
from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.domain.kept_lists import KeptList, KeptListName
from harmonyhub.domain.listens import Ledger, LedgerState, SourceKind
from harmonyhub.domain.music import Track
from harmonyhub.domain.playlists import (
    MOST_TRACKS,
    NAME_LONGEST,
    PushedPlaylist,
    PushMode,
    PushState,
)
from harmonyhub.domain.recommendations import Feedback, FeedbackKind, ListName, Recommendation
from harmonyhub.recommender.words import WORDS_LONGEST


class FeedbackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a listener says of a track; `days` goes with a snooze only."""

    track: str
    kind: FeedbackKind
    days: int | None = None


class FeedbackView(msgspec.Struct, frozen=True):
    """One thing said, as it stands now; times are unix seconds UTC."""

    track: str
    kind: FeedbackKind
    at: int
    until: int | None

    @classmethod
    def of(cls, said: Feedback) -> Self:
        """Translate the domain value."""
        return cls(track=said.track_id, kind=said.kind, at=said.at, until=said.until)


class FeedbackList(msgspec.Struct, frozen=True):
    """All feedback of one user that is in force."""

    items: list[FeedbackView]


class KeptListView(msgspec.Struct, frozen=True):
    """A list of a day or week as it was given; `made_at` is unix seconds UTC."""

    list: KeptListName
    period: str
    made_at: int
    index_version: str
    based_on: str
    items: tuple[Recommendation, ...]

    @classmethod
    def of(cls, kept: KeptList) -> Self:
        """Translate the domain value."""
        return cls(
            list=kept.list_name,
            period=kept.period,
            made_at=kept.made_at,
            index_version=kept.index_version,
            based_on=kept.based_on,
            items=kept.items,
        )


class KeptListList(msgspec.Struct, frozen=True):
    """Lists that are kept, the latest first."""

    items: list[KeptListView]


class FriendView(msgspec.Struct, frozen=True):
    """Another listener as this one sees the two of them; `since` is unix seconds UTC."""

    name: str
    standing: Standing
    since: int

    @classmethod
    def of(cls, friend: Friend) -> Self:
        """Translate the domain value."""
        return cls(name=friend.name, standing=friend.standing, since=friend.since)


class FriendList(msgspec.Struct, frozen=True):
    """Who asks, who was asked, and who is a friend."""

    items: list[FriendView]


class UserView(msgspec.Struct, frozen=True):
    """One user of this house."""

    id: str


class UserList(msgspec.Struct, frozen=True):
    """All users of this house."""

    items: list[UserView]


class TrackView(msgspec.Struct, frozen=True):
    """One track of the catalogue; `keys` holds its outside names (`isrc:...`, `spotify:...`)."""

    id: str
    title: str
    artist: str
    artists: list[str]
    release: str | None
    duration_s: float | None
    tags: list[str]
    keys: list[str]

    @classmethod
    def of(cls, track: Track) -> Self:
        """Translate the domain value."""
        return cls(
            id=track.id,
            title=track.title,
            artist=track.artist,
            artists=list(track.artist_names),
            release=track.release_title,
            duration_s=track.duration_s,
            tags=list(track.tags),
            keys=list(track.keys),
        )


class TrackList(msgspec.Struct, frozen=True):
    """Tracks that a search found, the best fit first."""

    items: list[TrackView]


class ListenView(msgspec.Struct, frozen=True):
    """One listen; `played_at` is the start in unix seconds UTC, 0 where the source told none."""

    track: str
    title: str
    artist: str
    played_at: int
    played_ms: int | None
    source: SourceKind


class ListenList(msgspec.Struct, frozen=True):
    """Listens, the newest first; `before` asks for the next page, None at the end."""

    items: list[ListenView]
    before: str | None


class JobView(msgspec.Struct, frozen=True):
    """A job as a client sees it: without the paths and leases inside; times are unix seconds."""

    id: str
    kind: JobKind
    state: JobState
    user: str | None
    progress: Progress
    result: dict[str, object] | None
    error: str | None
    hint: str | None
    ledger: str | None
    file_name: str | None
    attempts: int
    created_at: int
    started_at: int | None
    finished_at: int | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """Translate the domain value."""
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            user=job.user_id,
            progress=job.progress,
            result=None if job.result is None else dict(job.result),
            error=job.error,
            hint=job.hint,
            ledger=_text(job.arguments.get("ledger")),
            file_name=_text(job.arguments.get("file_name")),
            attempts=job.attempts,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class JobList(msgspec.Struct, frozen=True):
    """Jobs, the newest first."""

    items: list[JobView]


class LedgerView(msgspec.Struct, frozen=True):
    """The account of one import: `lines` is the sum of the five groups."""

    id: str
    user: str
    file_name: str
    source: SourceKind | None
    state: LedgerState
    lines: int
    kept: int
    duplicate: int
    too_short: int
    not_music: int
    unreadable: int
    note: str
    started_at: int
    finished_at: int | None

    @classmethod
    def of(cls, ledger: Ledger) -> Self:
        """Translate the domain value."""
        tally = ledger.tally
        return cls(
            id=ledger.id,
            user=ledger.user_id,
            file_name=ledger.file_name,
            source=ledger.source,
            state=ledger.state,
            lines=tally.lines,
            kept=tally.kept,
            duplicate=tally.duplicate,
            too_short=tally.too_short,
            not_music=tally.not_music,
            unreadable=tally.unreadable,
            note=ledger.note,
            started_at=ledger.started_at,
            finished_at=ledger.finished_at,
        )


class LedgerList(msgspec.Struct, frozen=True):
    """Imports of one user, the newest first."""

    items: list[LedgerView]


class ImportAccepted(msgspec.Struct, frozen=True):
    """An import that was queued: the job to watch and the ledger to read."""

    job: JobView
    ledger: LedgerView


Leaning = Annotated[float, msgspec.Meta(ge=-1, le=1)]
Names = tuple[str, ...]


class Steering(msgspec.Struct, frozen=True, kw_only=True):
    """What steers a list, by the names that the address of a list has."""

    words: Annotated[str, msgspec.Meta(max_length=WORDS_LONGEST)] = ""
    new: Leaning = 0.0
    rare: Leaning = 0.0
    varied: Leaning = 0.0
    balanced: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    energy: Leaning = 0.0
    mood: Leaning = 0.0
    tempo: str = ""
    with_tag: Names = ()
    without_tag: Names = ()
    without_artist: Names = ()
    without_track: Names = ()


class PlaylistBody(Steering, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to save as a playlist: a list of ours, or tracks by their ids, in their order.

    A list is steered as by its address, and the playlist's description says how. `track` and
    `artist`, one or several, are what the list more-like-this starts from. `key` names the
    playlist, so that whoever asks twice gets one; `anew` makes one again that its owner removed.
    """

    list: ListName | None = None
    track: str | Names = ()
    artist: str | Names = ()
    tracks: Names = ()
    n: Annotated[int, msgspec.Meta(ge=1, le=MOST_TRACKS)] = 50
    name: Annotated[str, msgspec.Meta(max_length=NAME_LONGEST)] = ""
    mode: PushMode = PushMode.CREATE
    key: Annotated[str, msgspec.Meta(max_length=200)] = ""
    anew: bool = False


class PlaylistView(msgspec.Struct, frozen=True):
    """A playlist at Spotify, and how far it is; times are unix seconds UTC.

    `n_missing` tracks are not at Spotify; `n_open` are still to be looked for.
    """

    id: str
    title: str
    about: str
    mode: PushMode
    state: PushState
    url: str
    spotify_id: str
    n_wanted: int
    n_written: int
    n_missing: int
    n_open: int
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, push: PushedPlaylist) -> Self:
        """Translate the domain value."""
        return cls(**{name: getattr(push, name) for name in cls.__struct_fields__})


class PlaylistList(msgspec.Struct, frozen=True):
    """Playlists that were sent to Spotify, the latest first."""

    items: tuple[PlaylistView, ...]


class PlaylistAccepted(msgspec.Struct, frozen=True):
    """A playlist that was queued: the job to watch, and the playlist as it stands."""

    job: JobView
    playlist: PlaylistView


def _text(value: object) -> str | None:
    return None if value is None else str(value)
