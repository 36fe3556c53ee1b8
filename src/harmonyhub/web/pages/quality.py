"""The operator's page Quality: the latest report, the trend over trainings, and a new report."""

from litestar import Response, Router, get, post
from litestar.response import Redirect

from harmonyhub.flows.orders import submit_evaluation
from harmonyhub.flows.quality_log import load_quality
from harmonyhub.web.pages.quality_picture import draw_trend
from harmonyhub.web.pages.visitor import VisitorHere
from harmonyhub.web.requests import HouseHere


@get("/quality")
async def show_quality(*, house: HouseHere, visitor: VisitorHere) -> Response[bytes]:
    """Show how good the lists of this instance are, as last measured."""
    history = await load_quality(house)
    live = await house.store.models.current()
    return visitor.page(
        "quality.html",
        report=history.reports[0] if history.reports else None,
        older=history.reports[1:],
        trainings=history.trainings,
        trend=draw_trend(history.trainings),
        live_version=live.version if live else None,
    )


@post("/quality")
async def take_evaluation(house: HouseHere) -> Redirect:
    """Take the button "measure now", and go to the job."""
    job = await submit_evaluation(house)
    return Redirect(f"/jobs/{job.id}", status_code=303)


quality = Router("/", route_handlers=[show_quality, take_evaluation])
