"""Gathers what the metrics page tells: what the fleet shares, read from the store."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import harmonyhub
from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.incidents import EventKind, Incident
from harmonyhub.domain.releases import Instance, changed_variables
from harmonyhub.domain.upstreams import Outcome, UpstreamState
from harmonyhub.flows.training_report import LastJudgement, last_judgement
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.telemetry import metrics
from harmonyhub.telemetry.metrics import Sample
from harmonyhub.wiring.house import House
from harmonyhub.wiring.upstreams import SPOTIFY

GATHER_S = 2.0  # Prometheus gives up after 4 s; a page without the store still says so
ALIVE_S = 60  # processes tell of themselves every 5 s
REJECTED_WITHIN_S = 300
CONSENT_S = 181 * 86_400
DAY_S = 86_400
EXPIRY = {"7d": 7 * DAY_S, "30d": 30 * DAY_S}
INCIDENTS_READ = 50

SPOTIFY_CREDENTIALS = ("HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")
REJECTIONS = frozenset({Outcome.CLIENT_REJECTED, Outcome.FOREIGN_APP})
LATCHES = tuple(outcome for outcome in Outcome if outcome.owner is Owner.OPERATOR)
ACCEPTED, REJECTED, UNKNOWN = 1.0, 0.0, -1.0


async def load_metrics(house: House) -> list[Sample]:
    """Load what the fleet shares; without the store only that it does not answer."""
    try:
        async with asyncio.timeout(GATHER_S):
            samples = await _load_shared(house)
    except (UnavailableError, TimeoutError):
        return [Sample(metrics.STORE_UP, 0.0)]
    return [Sample(metrics.STORE_UP, 1.0), *samples]


async def _load_shared(house: House) -> list[Sample]:
    now = house.clock()
    store = house.store
    incidents = await store.incidents.recent(INCIDENTS_READ)
    current = await store.incidents.current()
    states = [await store.upstreams.load(name) for name in house.upstreams.names]
    counters = await store.counters.all()
    instances = await store.instances.seen_since(now - ALIVE_S)
    alerts = _alert_times(incidents)
    return [
        *(
            Sample(metrics.BY_COUNTER[name], value, labels)
            for (name, labels), value in counters.items()
            if name in metrics.BY_COUNTER
        ),
        *(sample for state in states for sample in _upstream(state, now)),
        *_credentials(house, states=states, incidents=current, alerts=alerts),
        *_configuration(current),
        *_processes(instances),
        *await _releases(house),
        *await _tokens(house, now),
        *await _quota(house, now),
        *_incidents(current, now),
        *_training(await last_judgement(house)),
        *alerts,
        Sample(metrics.WATCH_UNTIL, await store.watch_lease.held_until()),
    ]


def _upstream(state: UpstreamState, now: int) -> Iterable[Sample]:
    for outcome in LATCHES:
        labels = (state.name, outcome.value)
        yield Sample(metrics.UPSTREAM_LATCHED, float(state.latched is outcome), labels)
    yield Sample(metrics.UPSTREAM_LAST_OK, state.last_ok_at, (state.name,))
    yield Sample(metrics.UPSTREAM_NOT_BEFORE, state.not_before, (state.name,))
    failing = now - state.failing_since if state.n_failures and state.failing_since else 0
    yield Sample(metrics.UPSTREAM_FAILING, failing, (state.name,))


def _credentials(
    house: House,
    *,
    states: Sequence[UpstreamState],
    incidents: Sequence[Incident],
    alerts: Sequence[Sample],
) -> Iterable[Sample]:
    named = _named(incidents)
    values: dict[str, float] = {}
    for state in states:
        if state.name == SPOTIFY:
            values |= dict.fromkeys(SPOTIFY_CREDENTIALS, _spotify_credential(state))
    if house.settings.mongodb_uri is not None:
        values["HARMONYHUB_MONGODB_URI"] = ACCEPTED  # it has just answered
    if house.settings.alert_urls is not None:
        latest = {sample.metric: sample.value for sample in alerts}
        ok, failed = latest[metrics.ALERT_LAST_OK], latest[metrics.ALERT_LAST_FAILED]
        values["HARMONYHUB_ALERT_URLS"] = UNKNOWN if ok == failed else float(ok > failed)
    for variable, value in values.items():
        is_named = variable in named
        yield Sample(metrics.CREDENTIAL_STATE, REJECTED if is_named else value, (variable,))


def _spotify_credential(state: UpstreamState) -> float:
    # Of a rejected pair only the diagnosis knows which one it is; an incident names it.
    if state.latched in REJECTIONS or not state.last_ok_at:
        return UNKNOWN
    return ACCEPTED


def _named(incidents: Sequence[Incident]) -> set[str]:
    return {
        cause.variable
        for incident in incidents
        for cause in incident.diagnosis.causes
        if cause.variable
    }


def _configuration(incidents: Sequence[Incident]) -> Iterable[Sample]:
    yield Sample(metrics.CONFIGURATION_VALID, float(not _named(incidents)))


def _processes(instances: Sequence[Instance]) -> Iterable[Sample]:
    yield Sample(metrics.INSTANCES, len(instances))
    for instance in instances:
        release = "" if instance.release is None else str(instance.release)
        labels = (harmonyhub.__version__, release, instance.configuration_fingerprint)
        yield Sample(metrics.CONFIGURATION_INFO, 1.0, labels)
    drift = Counter(name for one in instances for name in one.drift if name in BY_NAME)
    for variable, count in drift.items():
        yield Sample(metrics.CONFIGURATION_DRIFT, count, (variable,))


async def _releases(house: House) -> list[Sample]:
    releases = house.store.releases
    verdicts = await releases.count_by_verdict()
    samples = [Sample(metrics.GATE_VERDICTS, n, (v.value,)) for v, n in verdicts.items()]
    live = await releases.live()
    if live is None:
        return samples
    before = None if live.replaced is None else await releases.get(live.replaced)
    changed = changed_variables(before, live)
    return [
        *samples,
        Sample(metrics.RELEASE_LIVE, live.number),
        *(Sample(metrics.RELEASE_CHANGED, 1.0, (name,)) for name in changed),
    ]


async def _tokens(house: House, now: int) -> list[Sample]:
    tokens = house.store.tokens
    states = await tokens.count_by_state()
    rejected = await tokens.count_quarantined_since(
        now - REJECTED_WITHIN_S,
        outcome=Outcome.GRANT_REJECTED,
        consented_since=now - CONSENT_S,
    )
    oldest = await tokens.longest_unsynced()
    lag = now - max(oldest.synced_at, oldest.consented_at) if oldest else 0
    return [
        *(Sample(metrics.TOKENS, count, (state.value,)) for state, count in states.items()),
        *[
            Sample(metrics.TOKENS_EXPIRING, await tokens.expiring_before(now + within), (name,))
            for name, within in EXPIRY.items()
        ],
        Sample(metrics.GRANTS_REJECTED, rejected),
        Sample(metrics.SYNC_LAG, max(0, lag)),
    ]


async def _quota(house: House, now: int) -> list[Sample]:
    client_id = house.settings.spotify_client_id
    if client_id is None:
        return []
    spent = await house.store.api_calls.spending(client_id, now=now)
    return [
        Sample(metrics.UPSTREAM_CALLS_DAY, spent.n_in_day, (SPOTIFY,)),
        Sample(metrics.UPSTREAM_CALLS_ALLOWED, spent.daily_calls, (SPOTIFY,)),
    ]


def _incidents(incidents: Sequence[Incident], now: int) -> Iterable[Sample]:
    checks = Counter(cause.check_id for one in incidents for cause in one.diagnosis.causes)
    for check, count in checks.items():
        yield Sample(metrics.INCIDENTS_OPEN, count, (check,))
    waiting = [now - one.opened_at for one in incidents if one.acknowledged_at == 0]
    yield Sample(metrics.UNACKNOWLEDGED, max(waiting, default=0))


def _training(last: LastJudgement | None) -> Iterable[Sample]:
    if last is None:
        return
    judgement = last.judgement
    yield Sample(metrics.TRAINING_REFUSED, float(not judgement.verdict.is_promoted))
    for index, ndcg in (("new", judgement.new), ("live", judgement.live)):
        if ndcg is not None:
            yield Sample(metrics.TRAINING_NDCG, ndcg, (index,))


def _alert_times(incidents: Sequence[Incident]) -> list[Sample]:
    events = [event for incident in incidents for event in incident.timeline]
    kinds = {
        metrics.ALERT_LAST_OK: {EventKind.NOTIFIED, EventKind.ESCALATED},
        metrics.ALERT_LAST_FAILED: {EventKind.NOT_DELIVERED},
    }
    return [
        Sample(metric, max((event.at for event in events if event.kind in wanted), default=0))
        for metric, wanted in kinds.items()
    ]
