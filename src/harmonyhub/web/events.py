"""Live progress of a job as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from harmonyhub.domain.ids import JobId
from harmonyhub.domain.jobs import JobState
from harmonyhub.web.schemas import JobView
from harmonyhub.wiring.house import House

LOOK_S = 0.3  # jobs store their progress every 0.5 s
COMMENT_S = 15.0  # proxies close a silent connection after 30 to 60 s


class Closing:
    """Tells open streams that the server is about to stop."""

    def __init__(self) -> None:
        self._has_started = asyncio.Event()

    def start(self) -> None:
        """End every stream now."""
        self._has_started.set()

    async def wait(self, seconds: float) -> bool:
        """Wait that long, or until the server stops; say whether it stops."""
        try:
            await asyncio.wait_for(self._has_started.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def job_events(house: House, job_id: JobId, *, closing: Closing) -> AsyncIterator[bytes]:
    """Stream a `progress` event at every change, then one `end` event.

    Each carries the job as JSON. A client that lost the connection asks again and gets the
    present state first, so no event id is needed.
    """
    latest: bytes | None = None
    silent_s = 0.0
    yield b"retry: 1000\n\n"
    while True:
        job = await house.store.jobs.get(job_id)
        if job is None:
            return
        is_over = job.state in {JobState.DONE, JobState.FAILED}
        data = msgspec.json.encode(JobView.of(job))
        if data != latest or is_over:
            latest, silent_s = data, 0.0
            yield b"event: " + (b"end" if is_over else b"progress") + b"\ndata: " + data + b"\n\n"
        elif silent_s > COMMENT_S:
            silent_s = 0.0
            yield b": still here\n\n"
        if is_over or await closing.wait(LOOK_S):
            return
        silent_s += LOOK_S
