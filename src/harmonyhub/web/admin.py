"""What the operator's commands ask a running process; the gate asks for the admin token first."""

import os

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

import harmonyhub
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.incidents import Incident
from harmonyhub.domain.releases import Instance
from harmonyhub.domain.upstreams import UpstreamState
from harmonyhub.flows.orders import submit_evaluation
from harmonyhub.flows.quality_log import TrainingVerdict, load_quality, report_as_json
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.settings.snapshot import configuration_fingerprint, fingerprints, snapshot
from harmonyhub.web.metrics import TallyHere
from harmonyhub.web.requests import HouseHere
from harmonyhub.web.schemas import JobView

ALIVE_S = 60  # processes tell of themselves every 5 s


class SettingView(msgspec.Struct, frozen=True):
    """One variable as this process has it: where from, and a keyed fingerprint of the value."""

    name: str
    provenance: str
    is_secret: bool
    fingerprint: str


class InstanceState(msgspec.Struct, frozen=True):
    """What one process tells of itself and of what the fleet shares."""

    version: str
    pid: int
    started_at: int
    release: int | None
    configuration_fingerprint: str
    settings: list[SettingView]
    upstreams: list[UpstreamState]
    instances: list[Instance]
    incidents: list[Incident]


class QualityState(msgspec.Struct, frozen=True):
    """What was measured of the lists, the newest first."""

    reports: list[dict[str, object]]
    trainings: list[TrainingVerdict]


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes care of an incident."""

    by: str


@get("/state")
async def show_state(house: HouseHere, tally: TallyHere) -> InstanceState:
    """Give the configuration in use as names and fingerprints, and what is known of the rest.

    `drift` of an instance names the variables whose source has changed without being loaded.
    """
    settings = house.settings
    key = fingerprint_key(encryption_key(settings))
    marks = fingerprints(settings, key)
    now = house.clock()
    return InstanceState(
        version=harmonyhub.__version__,
        pid=os.getpid(),
        started_at=tally.started_at,
        release=settings.release,
        configuration_fingerprint=configuration_fingerprint(settings, key),
        settings=[
            SettingView(entry.name, entry.provenance, entry.is_secret, marks[entry.name])
            for entry in snapshot(settings)
        ],
        upstreams=list(await house.upstreams.states(now=now)),
        instances=await house.store.instances.seen_since(now - ALIVE_S),
        incidents=await house.store.incidents.current(),
    )


@post("/incidents/{incident_id:str}/acknowledge", status_code=200)
async def acknowledge(
    *, house: HouseHere, incident_id: FromPath[str], data: JSONBody[Acknowledgement]
) -> Incident:
    """Note who takes care of an incident; the first one stands, and nobody else is called."""
    incidents = house.store.incidents
    taken = await incidents.acknowledge(incident_id, by=data.by, now=house.clock())
    incident = taken or await incidents.get(incident_id)
    if incident is None:
        raise NotFoundError(
            f"There is no incident {incident_id}.", hint="`harmonyhub why` shows the open ones."
        )
    return incident


@get("/quality")
async def show_quality(house: HouseHere) -> QualityState:
    """Give the reports, one per index, and what trainings were told; each the newest first."""
    history = await load_quality(house)
    return QualityState(
        reports=[report_as_json(report) for report in history.reports],
        trainings=list(history.trainings),
    )


@post("/quality", status_code=202)
async def measure_quality(house: HouseHere) -> JobView:
    """Queue an evaluation of this instance; one that waits already is returned as it is."""
    return JobView.of(await submit_evaluation(house))


admin = Router(
    "/admin/v1",
    route_handlers=[show_state, acknowledge, show_quality, measure_quality],
    include_in_schema=False,
)
