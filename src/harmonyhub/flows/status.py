"""What works now, how much there is, and how fresh it is."""

from dataclasses import dataclass

import harmonyhub
from harmonyhub.domain.factor_origin import FactorOrigin
from harmonyhub.domain.freshness import SourceFreshness
from harmonyhub.domain.incidents import Incident
from harmonyhub.domain.jobs import Job
from harmonyhub.flows.music_folder import MusicFolderState, load_music_folder
from harmonyhub.flows.training_report import LastJudgement, last_judgement
from harmonyhub.wiring.house import House

RECENT_JOBS = 20


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The state of the house; times are unix seconds UTC, None where there is nothing yet."""

    version: str
    store: str
    schema_version: int
    n_users: int
    n_tracks: int
    n_artists: int
    n_listens: int
    n_analyses: int
    model_version: str | None
    model_trained_at: int | None
    model_facts: dict[str, int]
    model_factors: FactorOrigin | None
    is_training_due: bool
    last_judgement: LastJudgement | None
    jobs: list[Job]
    sources: tuple[SourceFreshness, ...]
    incidents: list[Incident]
    music_folder: MusicFolderState | None


async def load_status(house: House) -> StatusReport:
    """Load the figures of the status page and of `harmonyhub status`."""
    counts = await house.store.counts()
    record = await house.store.models.current()
    facts = dict(record.metadata) if record else {}
    return StatusReport(
        version=harmonyhub.__version__,
        store="MongoDB, embedded" if house.settings.mongodb_uri is None else "MongoDB",
        schema_version=await house.store.schema_version(),
        n_users=counts.users,
        n_tracks=counts.tracks,
        n_artists=counts.artists,
        n_listens=counts.listens,
        n_analyses=counts.analyses,
        model_version=record.version if record else None,
        model_trained_at=record.trained_at if record else None,
        model_facts=facts,
        model_factors=record.factors if record else None,
        is_training_due=counts.listens != facts.get("n_listens", 0),
        last_judgement=await last_judgement(house),
        jobs=await house.store.jobs.recent(RECENT_JOBS),
        sources=await house.upstreams.freshness(now=house.clock()),
        incidents=await house.store.incidents.current(),
        music_folder=await load_music_folder(house),
    )
