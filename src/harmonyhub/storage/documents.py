"""Between MongoDB documents and domain values: the shapes as they lie in the database."""

from typing import Any, TypeAlias

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from harmonyhub.domain.ids import (
    ArtistId,
    IdentityKey,
    JobId,
    LedgerId,
    ReleaseId,
    TrackId,
    UserId,
)
from harmonyhub.domain.jobs import Job, JobKind, JobState, Progress
from harmonyhub.domain.listens import Ledger, LedgerState, SourceKind, Tally
from harmonyhub.domain.music import Track
from harmonyhub.domain.recommendations import Feedback, FeedbackKind

Document: TypeAlias = dict[str, Any]
Database: TypeAlias = AsyncDatabase[Document]
Collection: TypeAlias = AsyncCollection[Document]


def storable(text: str) -> str:
    """Give a text that BSON takes: a lone surrogate, which JSON may hold, becomes "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def read_track(document: Document) -> Track:
    """Read a track."""
    release_id = document["release_id"]
    return Track(
        id=TrackId(document["_id"]),
        title=document["title"],
        artist_names=tuple(document["artists"]),
        artist_ids=tuple(map(ArtistId, document["artist_ids"])),
        release_title=document["release"],
        release_id=ReleaseId(release_id) if release_id else None,
        keys=tuple(map(IdentityKey, document["keys"])),
        tags=tuple(document["tags"]),
        duration_s=document["duration_s"],
    )


def read_ledger(document: Document, tally: Tally) -> Ledger:
    """Read a ledger; its tally lies in its pages."""
    source = document["source"]
    return Ledger(
        id=LedgerId(document["_id"]),
        user_id=UserId(document["user"]),
        file_name=document["file_name"],
        source=SourceKind(source) if source else None,
        state=LedgerState(document["state"]),
        started_at=document["started_at"],
        tally=tally,
        finished_at=document["finished_at"],
        note=document["note"],
    )


def write_ledger(ledger: Ledger) -> Document:
    """Write a ledger without its tally."""
    return {
        "_id": ledger.id,
        "user": ledger.user_id,
        "file_name": storable(ledger.file_name),
        "source": ledger.source.value if ledger.source else None,
        "state": ledger.state.value,
        "started_at": ledger.started_at,
        "finished_at": ledger.finished_at,
        "note": storable(ledger.note),
    }


def write_tally(tally: Tally) -> Document:
    """Write the five counts."""
    return {
        "kept": tally.kept,
        "duplicate": tally.duplicate,
        "too_short": tally.too_short,
        "not_music": tally.not_music,
        "unreadable": tally.unreadable,
    }


def read_feedback(document: Document) -> Feedback:
    """Read one piece of feedback."""
    return Feedback(
        user_id=UserId(document["user"]),
        track_id=TrackId(document["track"]),
        kind=FeedbackKind(document["kind"]),
        at=document["at"],
        until=document["until"],
    )


def write_feedback(feedback: Feedback) -> Document:
    """Write one piece of feedback."""
    return {
        "user": feedback.user_id,
        "track": feedback.track_id,
        "kind": feedback.kind.value,
        "at": feedback.at,
        "until": feedback.until,
    }


def write_progress(progress: Progress) -> Document:
    """Write how far a job is."""
    return {
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "message": progress.message,
    }


def read_job(document: Document) -> Job:
    """Read a job."""
    user_id = document["user"]
    return Job(
        id=JobId(document["_id"]),
        kind=JobKind(document["kind"]),
        state=JobState(document["state"]),
        created_at=document["created_at"],
        user_id=UserId(user_id) if user_id is not None else None,
        arguments=document["arguments"],
        progress=Progress(**document["progress"]),
        result=document.get("result"),
        error=document.get("error"),
        hint=document.get("hint"),
        started_at=document.get("started_at"),
        finished_at=document.get("finished_at"),
        attempts=document["attempts"],
        fence=document["fence"],
    )
