"""The metrics page, for Prometheus; the gate asks for the admin token before it."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from harmonyhub.flows.metrics import load_metrics
from harmonyhub.telemetry.metrics import CONTENT_TYPE, render
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.tally import Tally

TallyHere = NamedDependency[SkipValidation[Tally]]


@get("/metrics", include_in_schema=False)
async def show_metrics(house: HouseHere, tally: TallyHere) -> Response[bytes]:
    """Give every metric of docs/metrics.md that there is; also while MongoDB is silent."""
    body = render([*await load_metrics(house), *tally.samples()])
    return Response(body, media_type=CONTENT_TYPE)
