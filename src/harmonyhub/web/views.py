"""What pages and API both read from the store, put together for showing."""

import re
from datetime import UTC, datetime

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import JobId, TrackId, UserId
from harmonyhub.domain.jobs import Job
from harmonyhub.domain.music import Track
from harmonyhub.storage.listen_reading import Place
from harmonyhub.web.schemas import ListenList, ListenView
from harmonyhub.wiring.house import House

PLACE = re.compile(r"([0-9]{1,12})(?:-([0-9A-Za-z]{1,25}))?", re.ASCII)  # a time, then a track


async def load_job(house: House, job_id: JobId) -> Job:
    """Load one job.

    Raises
    ------
    NotFoundError
        If there is none with that id.
    """
    job = await house.store.jobs.get(job_id)
    if job is None:
        raise NotFoundError(f"There is no job {job_id}.", hint="GET /api/v1/jobs lists them.")
    return job


async def search_tracks(house: House, *, text: str, n: int) -> list[Track]:
    """Find tracks by words of their title and artist; nothing asked, nothing found."""
    words = " ".join(text.split())
    return list(await house.store.tracks.search(words, n=n)) if words else []


async def load_listens(house: House, *, user_id: UserId, n: int, before: str | None) -> ListenList:
    """Load one page of a user's listens.

    Raises
    ------
    RefusedInputError
        If `before` is neither what a page before gave nor a time.
    """
    place = None if before is None else _parse_place(before)
    listens = await house.store.plays.recent(user_id, n=n, before=place)
    items = [
        ListenView(
            track=one.track_id,
            title=one.title,
            artist=one.artist,
            played_at=one.played_at,
            played_ms=one.played_ms,
            source=one.source,
        )
        for one in listens
    ]
    is_last = len(listens) < n
    return ListenList(
        items=items,
        before=None if is_last else f"{listens[-1].played_at}-{listens[-1].track_id}",
    )


def _parse_place(text: str) -> Place:
    match = PLACE.fullmatch(text)
    if match is None:
        raise RefusedInputError(
            "before is no place in a history.",
            hint="Give the `before` of the page you have, or unix seconds.",
        )
    return Place(int(match[1]), TrackId(match[2]) if match[2] else None)


def iso_time(at: int) -> str:
    """Write unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
