"""What pages and API both read from the store, put together for showing."""

from datetime import UTC, datetime

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import JobId, UserId
from harmonyhub.domain.jobs import Job
from harmonyhub.domain.music import Track
from harmonyhub.web.schemas import ListenList, ListenView
from harmonyhub.wiring.house import House


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


async def load_listens(house: House, *, user_id: UserId, n: int, before: int | None) -> ListenList:
    """Load one page of a user's listens."""
    listens = await house.store.listens.recent(user_id, n=n, before=before)
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
    return ListenList(items=items, before=None if is_last else listens[-1].played_at)


def iso_time(at: int) -> str:
    """Write unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
