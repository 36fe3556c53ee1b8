"""Uploaded files wait for their job: in this data folder, or in the database for any worker."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.jobs import Job
from harmonyhub.wiring.house import House

SHARED_BYTES_MAX = 256 << 20  # an hour of CD audio as flac; more would crowd out the database


@dataclass(frozen=True, slots=True)
class Spooled:
    """Where a file waits: `arguments` for its job, and the data folder that must be seen to it.

    `place` is None where any worker can fetch the file.
    """

    arguments: Mapping[str, object]
    place: str | None


async def spool(house: House, path: Path, *, name: str) -> Spooled:
    """Take over a received file for a job.

    With the embedded MongoDB all processes see one data folder. With a MongoDB of its own a house
    may have workers on other machines: then the file goes there, unless it is too large.

    Parameters
    ----------
    name : str
        What it is called in the spool, unique, with the ending of the file.
    """
    if house.settings.mongodb_uri is not None and await _size(path) <= SHARED_BYTES_MAX:
        upload_id = await house.store.uploads.put(path)
        await asyncio.to_thread(path.unlink)
        return Spooled({"upload": upload_id, "suffix": Path(name).suffix}, place=None)
    kept = house.spool_dir / name
    await asyncio.to_thread(shutil.move, path, kept)
    return Spooled({"path": str(kept)}, place=house.place)


@asynccontextmanager
async def spooled_file(house: House, job: Job) -> AsyncIterator[Path]:
    """Give a job its file; it goes when the job is done or refused, and stays for another try."""
    upload_id = job.arguments.get("upload")
    if upload_id is None:
        path = Path(str(job.arguments["path"]))
    else:
        path = house.spool_dir / f"{uuid.uuid4().hex}{job.arguments['suffix']}"
    is_settled = False
    try:
        if upload_id is not None:
            await house.store.uploads.fetch(str(upload_id), path)
        elif not await asyncio.to_thread(path.exists):
            raise NotFoundError(
                "The uploaded file is not in the data folder any more.", hint="Send it again."
            )
        yield path
        is_settled = True
    except RefusedInputError:
        is_settled = True
        raise
    finally:
        if is_settled or upload_id is not None:  # the next try fetches it again, perhaps elsewhere
            await asyncio.to_thread(path.unlink, missing_ok=True)
        if is_settled and upload_id is not None:
            await house.store.uploads.remove(str(upload_id))


async def _size(path: Path) -> int:
    return (await asyncio.to_thread(path.stat)).st_size
