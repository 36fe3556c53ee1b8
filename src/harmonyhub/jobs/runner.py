"""Runs one claimed job: its flow, its heartbeat, its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from harmonyhub.domain.errors import (
    HarmonyHubError,
    LostLeaseError,
    NotFoundError,
    UnavailableError,
)
from harmonyhub.domain.ids import LedgerId, TrackId
from harmonyhub.domain.jobs import Job, JobKind, Progress, Report
from harmonyhub.flows.analyse import run_analysis
from harmonyhub.flows.folder_analysis import run_music_folder
from harmonyhub.flows.imports import load_ledger, refuse_ledger, run_import
from harmonyhub.flows.keep_lists import run_lists
from harmonyhub.flows.leave import clean_up_behind
from harmonyhub.flows.orders import submit_training
from harmonyhub.flows.push_playlist import order_of_job, push_as_json, push_playlist
from harmonyhub.flows.quality import run_evaluation
from harmonyhub.flows.resolve_rest import resolve_rest, submit_rest
from harmonyhub.flows.spool import spooled_file
from harmonyhub.flows.train import as_json as training_as_json
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.leases import LEASE_S
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

HEARTBEAT_S = 0.5  # also how often a page sees progress

Result = Mapping[str, object]


async def run_job(house: House, job: Job) -> None:
    """Run a job that this process holds, and store how it ended.

    A job that another worker took over ends here without a word: that worker reports. So does one
    that went with its listener, and what it wrote after that goes too.
    """
    latest = Progress()

    def report(progress: Progress) -> None:
        nonlocal latest
        latest = progress

    async def beat() -> None:
        while True:
            await house.store.jobs.renew(job, progress=latest, now=house.clock(), lease_s=LEASE_S)
            await asyncio.sleep(HEARTBEAT_S)

    heart = asyncio.create_task(beat())
    work = asyncio.create_task(_run_flow(house, job, report))
    try:
        await asyncio.wait([heart, work], return_when=asyncio.FIRST_COMPLETED)
        if heart.done() and not work.done():
            work.cancel()
            await asyncio.wait([work])
            heart.result()  # raises what stopped it
        result = await work
        await house.store.jobs.finish(job, result=dict(result), progress=latest, now=house.clock())
    except LostLeaseError:
        log.warning("job %s was taken over by another worker", job.id)
    except UnavailableError:
        await house.store.jobs.release(job)
        raise
    except HarmonyHubError as error:
        with suppress(LostLeaseError):  # that worker reports, or its listener left and it is gone
            await house.store.jobs.fail(
                job, error=error.message, hint=error.hint, now=house.clock()
            )
    finally:
        heart.cancel()
        await asyncio.wait([heart])
        await clean_up_behind(house, job)


async def _run_flow(house: House, job: Job, report: Report) -> Result:
    flow: Callable[[House, Job, Report], Awaitable[Result]] = {
        JobKind.IMPORT: _import,
        JobKind.TRAIN: _train,
        JobKind.ANALYSE: _analyse,
        JobKind.PUSH: _push,
        JobKind.RESOLVE: _resolve,
        JobKind.LISTS: _make_lists,
        JobKind.FOLDER: _folder,
        JobKind.EVALUATE: _evaluate,
    }[job.kind]
    return await flow(house, job, report)


async def _import(house: House, job: Job, report: Report) -> Result:
    ledger = await load_ledger(house, LedgerId(str(job.arguments["ledger"])))
    try:
        async with spooled_file(house, job) as path:
            done = await run_import(house, ledger=ledger, path=path, on_progress=report)
            await submit_training(house)
    except NotFoundError as error:
        await refuse_ledger(house, ledger.id, why=f"{error.message} {error.hint}")
        raise
    return {"ledger": done.id, "lines": done.tally.lines, "kept": done.tally.kept}


async def _train(house: House, job: Job, report: Report) -> Result:  # noqa: ARG001 - one shape for all
    return training_as_json(await run_training(house, on_progress=report))


async def _analyse(house: House, job: Job, report: Report) -> Result:
    given = job.arguments.get("track")
    async with spooled_file(house, job) as path:
        track_id, analysis = await run_analysis(
            house,
            path=path,
            file_name=str(job.arguments["file_name"]),
            track_id=TrackId(str(given)) if given else None,
            on_progress=report,
        )
    return {"track": track_id, "audio_hash": analysis.audio_hash}


async def _folder(house: House, job: Job, report: Report) -> Result:
    folder = Path(str(job.arguments["folder"]))
    result = await run_music_folder(house, folder=folder, on_progress=report)
    return {
        "analysed": result.analysed,
        "already_known": result.already_known,
        "refused": len(result.refused),
        "put_off": result.put_off,
    }


async def _push(house: House, job: Job, report: Report) -> Result:
    order = order_of_job(job)
    push = await push_playlist(house, order, on_progress=report)
    if push.n_open:
        await submit_rest(house, order)
    return push_as_json(push)


async def _make_lists(house: House, job: Job, report: Report) -> Result:
    return await run_lists(house, job, on_progress=report)


async def _resolve(house: House, job: Job, report: Report) -> Result:
    return await resolve_rest(house, order_of_job(job), on_progress=report)


async def _evaluate(house: House, job: Job, report: Report) -> Result:  # noqa: ARG001 - one shape for all
    done = await run_evaluation(house, on_progress=report)
    return {"at": done.at, "index_version": done.index_version, "n_able": done.n_able}
