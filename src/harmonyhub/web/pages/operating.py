"""The pages of the operator and the developer: status, and the API reference."""

from typing import Any

from litestar import MediaType, Request, Response, Router, get, post
from litestar.response import Redirect

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.incident_text import headline, public_text
from harmonyhub.domain.incidents import Incident
from harmonyhub.flows.orders import submit_training
from harmonyhub.flows.status import StatusReport, load_status
from harmonyhub.web.pages.rendering import render
from harmonyhub.web.pages.visitor import (
    Visitor,
    VisitorHere,
    generated_listeners,
    provide_visitor,
)
from harmonyhub.web.reference import list_codes, list_operations
from harmonyhub.web.requests import HouseHere


@get("/status")
async def show_status(house: HouseHere, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show what works now and how fresh it is; also while the store does not answer.

    Without the access password, where there is one, only what everybody may know.
    """
    has_entered = bool(request.scope["state"]["has_entered"])
    report: StatusReport | None = None
    visitor: Visitor | None = None
    outage: UnavailableError | None = None
    try:
        report = await load_status(house)
        visitor = await provide_visitor(request, house) if has_entered else None
    except UnavailableError as error:
        outage = error
    body = render(
        "status.html",
        report=report,
        outage=outage,
        visitor=visitor,
        has_entered=has_entered,
        incidents=_say_incidents(report, has_entered=has_entered),
        is_demo=bool(generated_listeners(request)),
        path="/status",
    )
    return Response(body, media_type=MediaType.HTML, status_code=200 if report else 503)


def _say_incidents(report: StatusReport | None, *, has_entered: bool) -> list[tuple[Incident, str]]:
    say = headline if has_entered else public_text
    return [(incident, say(incident)) for incident in report.incidents] if report else []


@post("/training")
async def take_training(house: HouseHere) -> Redirect:
    """Take the button "train now", and go to the job."""
    job = await submit_training(house)
    return Redirect(f"/jobs/{job.id}", status_code=303)


@get("/api/v1/docs")
async def show_reference(request: Request[Any, Any, Any], visitor: VisitorHere) -> Response[bytes]:
    """Show the API reference, made from the OpenAPI document."""
    operations = list_operations(request.app.openapi_schema.to_schema())
    return visitor.page("reference.html", operations=operations, codes=list_codes())


operating = Router("/", route_handlers=[show_status, take_training, show_reference])
