"""The pages around imports and uploads: drop a file, watch it, read its ledger."""

from dataclasses import dataclass
from typing import Any

from litestar import MediaType, Request, Response, Router, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import JobId, LedgerId, TrackId
from harmonyhub.domain.jobs import Job, JobKind, JobState
from harmonyhub.domain.listens import Outcome
from harmonyhub.flows.analyse import load_track_page, submit_analysis
from harmonyhub.flows.imports import load_ledger, submit_import
from harmonyhub.flows.leave import leave, look_before
from harmonyhub.flows.push_playlist import load_push
from harmonyhub.web.pages.pictures import draw_shares
from harmonyhub.web.pages.rendering import render
from harmonyhub.web.pages.visitor import COOKIE, VisitorHere, own_query
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.schemas import LedgerView
from harmonyhub.web.uploads import BODY_BYTES_MAX, received_upload
from harmonyhub.web.views import load_job
from harmonyhub.wiring.house import House

N_JOBS_SEARCHED = 200
GROUPS = {
    Outcome.KEPT: ("Kept", "listens that count from now on"),
    Outcome.DUPLICATE: ("Duplicate", "listens that were here already"),
    Outcome.TOO_SHORT: ("Too short", "skipped before they say anything of your taste"),
    Outcome.NOT_MUSIC: ("Not music", "podcasts, audiobooks, videos, private sessions"),
    Outcome.UNREADABLE: ("Unreadable", "damaged or incomplete lines"),
}


@get("/import")
async def show_import(house: HouseHere, visitor: VisitorHere) -> Response[bytes]:
    """Show the drop zone, how to get each export, and the past imports."""
    ledgers = await house.store.ledgers.of_user(visitor.user_id)
    return visitor.page("import.html", ledgers=[LedgerView.of(ledger) for ledger in ledgers])


@dataclass(frozen=True, slots=True)
class LeaveForm:
    """The name, typed by hand."""

    name: str


@get("/leave")
async def show_leaving(house: HouseHere, visitor: VisitorHere) -> Response[bytes]:
    """Show in numbers what would go, and ask for the name."""
    departure = await look_before(house, visitor.user_id)
    return visitor.page("leave.html", departure=departure, own=own_query(visitor))


@post("/leave", status_code=200)
async def take_leave(
    *, house: HouseHere, visitor: VisitorHere, data: URLEncodedBody[LeaveForm]
) -> Response[bytes]:
    """Delete everything of the visitor; from then on this browser is nobody's."""
    if data.name.strip() != visitor.user_id:
        raise RefusedInputError(
            "That is not the name whose data this page is about. Nothing was deleted.",
            hint=f"Type {visitor.user_id}, capitals and all.",
        )
    departure = await leave(house, visitor.user_id)
    response = Response(
        render("left.html", departure=departure, path=visitor.path), media_type=MediaType.HTML
    )
    response.delete_cookie(COOKIE)
    return response


@post("/import", request_max_body_size=BODY_BYTES_MAX)
async def take_import(
    *, house: HouseHere, visitor: VisitorHere, request: Request[Any, Any, Any]
) -> Redirect:
    """Take a file from the form, and go to its ledger."""
    async with received_upload(request, spool_dir=house.spool_dir) as upload:
        _, ledger = await submit_import(
            house, user_id=visitor.user_id, path=upload.path, file_name=upload.file_name
        )
    return Redirect(f"/import/{ledger.id}", status_code=303)


@get("/import/{ledger_id:str}")
async def show_ledger(
    *, house: HouseHere, visitor: VisitorHere, ledger_id: FromPath[str]
) -> Response[bytes]:
    """Show one import: live while it runs, then the balanced account with its downloads."""
    # The job first: it ends after its ledger, so a job that has ended shows a ledger that has.
    job = await _find_import(house, ledger_id)
    ledger = LedgerView.of(await load_ledger(house, LedgerId(ledger_id)))
    groups = [(outcome, *GROUPS[outcome], getattr(ledger, outcome.value)) for outcome in GROUPS]
    training = await _find_training(house, since=ledger.started_at)
    return visitor.page(
        "ledger.html",
        ledger=ledger,
        groups=groups,
        shares=draw_shares([(outcome.value, number) for outcome, _, _, number in groups]),
        job=job,
        training=training,
    )


@post("/tracks/{track_id:str}/audio", request_max_body_size=BODY_BYTES_MAX)
async def take_audio(
    *,
    house: HouseHere,
    visitor: VisitorHere,
    request: Request[Any, Any, Any],
    track_id: FromPath[str],
) -> Redirect:
    """Take audio for a track from its page, and go to the job."""
    page = await load_track_page(house, user_id=visitor.user_id, track_id=TrackId(track_id))
    async with received_upload(request, spool_dir=house.spool_dir) as upload:
        job = await submit_analysis(
            house,
            path=upload.path,
            file_name=upload.file_name,
            user_id=visitor.user_id,
            track_id=page.track.id,
        )
    return Redirect(f"/jobs/{job.id}", status_code=303)


@get("/jobs/{job_id:str}")
async def show_job(
    *, house: HouseHere, visitor: VisitorHere, job_id: FromPath[str]
) -> Response[bytes]:
    """Show one job: live while it runs, then where its result is."""
    job = await load_job(house, JobId(job_id))
    return visitor.page("job.html", job=job, push=await load_push(house, job))


async def _find_import(house: House, ledger_id: str) -> Job | None:
    jobs = await house.store.jobs.recent(N_JOBS_SEARCHED)
    return next((job for job in jobs if job.arguments.get("ledger") == ledger_id), None)


async def _find_training(house: House, *, since: int) -> Job | None:
    jobs = await house.store.jobs.recent(N_JOBS_SEARCHED)
    trainings = [
        job
        for job in jobs
        if job.kind is JobKind.TRAIN
        and (job.state in {JobState.QUEUED, JobState.RUNNING} or job.created_at >= since)
    ]
    return trainings[0] if trainings else None


importing = Router(
    "/",
    route_handlers=[
        show_import,
        take_import,
        show_leaving,
        take_leave,
        show_ledger,
        take_audio,
        show_job,
    ],
)
