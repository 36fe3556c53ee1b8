"""Jobs: what runs in the background, live; and training by hand."""

from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from harmonyhub.domain.ids import JobId
from harmonyhub.flows.orders import submit_training
from harmonyhub.web.events import job_events
from harmonyhub.web.requests import ClosingHere, HouseHere
from harmonyhub.web.schemas import JobList, JobView
from harmonyhub.web.views import load_job

EVENT_STREAM = "text/event-stream"


class JobRoutes(Controller):
    """Background work."""

    tags = ("jobs",)

    @get("/jobs", summary="Recent jobs")
    async def list_jobs(
        self, *, house: HouseHere, n: Annotated[int, QueryParameter(ge=1, le=200)] = 50
    ) -> JobList:
        """List jobs, the newest first."""
        return JobList(items=[JobView.of(job) for job in await house.store.jobs.recent(n)])

    @get("/jobs/{job_id:str}", summary="One job")
    async def show_job(self, *, house: HouseHere, job_id: FromPath[str]) -> JobView:
        """Show how far a job is, and how it ended."""
        return JobView.of(await load_job(house, JobId(job_id)))

    @get("/jobs/{job_id:str}/events", summary="A job, live", media_type=EVENT_STREAM)
    async def watch_job(
        self, *, house: HouseHere, closing: ClosingHere, job_id: FromPath[str]
    ) -> Stream:
        """Stream `progress` events and one `end` event (server-sent events), each with the job."""
        job = await load_job(house, JobId(job_id))
        return Stream(
            job_events(house, job.id, closing=closing),
            media_type=EVENT_STREAM,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @post(
        "/training",
        summary="Train the recommender now",
        status_code=202,
        responses={202: ResponseSpec(JobView, description="Queued")},
    )
    async def add_training(self, house: HouseHere) -> Response[JobView]:
        """Queue a training; one that waits already is returned as it is."""
        job = await submit_training(house)
        return Response(
            JobView.of(job), status_code=202, headers={"Location": f"/api/v1/jobs/{job.id}"}
        )
