"""The alert rules as data: what is wrong, how long, whom it wakes, and the fault that proves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.domain.findings import Owner
from harmonyhub.telemetry import metrics
from harmonyhub.telemetry.metrics import Metric

SCRAPE_S = 5  # with the evaluation at the same pace, a fault fires within 10 s and its `for`


class Level(StrEnum):
    """What an alert does: wake somebody, write a ticket, call the second contact."""

    PAGE = "page"
    TICKET = "ticket"
    ESCALATION = "escalation"


class Layer(StrEnum):
    """Whether an alert names a cause; a cause silences the symptoms that it explains."""

    CAUSE = "cause"
    SYMPTOM = "symptom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert.

    Attributes
    ----------
    summary : str
        One line; `{name}` stands for a label of the expression.
    runbook : str
        Id of the check whose runbook says what to do; "" where the summary says it.
    fault : mapping
        Series, each with its value during the fault; the values before are those of a healthy
        house. They prove in a test that the rule fires.
    labels : mapping
        The labels that the expression keeps, as the fault has them.
    """

    name: str
    expression: str
    for_s: int
    level: Level
    layer: Layer
    owner: Owner
    summary: str
    runbook: str
    fault: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)


def _series(metric: Metric, **labels: str) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{metric.exposed_name}{{{inner}}}" if inner else metric.exposed_name


SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"  # noqa: S105 - the name of a variable
UPSTREAM = {"upstream": "spotify"}
LATCHED = metrics.UPSTREAM_LATCHED.exposed_name

HEALTHY: Mapping[str, str] = {
    'up{job="harmonyhub",instance="a"}': "1",
    _series(metrics.STORE_UP): "1",
    _series(metrics.CONFIGURATION_VALID): "1",
    _series(metrics.CREDENTIAL_STATE, variable=SECRET): "1",
    _series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="client-rejected"): "0",
    _series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="request-refused"): "0",
    _series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="foreign-app"): "0",
    _series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="premium-lapsed"): "0",
    _series(metrics.UPSTREAM_NOT_BEFORE, **UPSTREAM): "0",
    _series(metrics.UPSTREAM_FAILING, **UPSTREAM): "0",
    _series(metrics.TOKENS, state="active"): "200",
    _series(metrics.TOKENS, state="quarantined"): "0",
    _series(metrics.TOKENS_EXPIRING, within="7d"): "0",
    _series(metrics.GRANTS_REJECTED): "0",
    _series(metrics.SYNC_LAG): "60",
    _series(metrics.ALERT_LAST_OK): "100",
    _series(metrics.ALERT_LAST_FAILED): "0",
    # Far ahead: in a test the clock starts at 0.
    _series(metrics.WATCH_UNTIL): "10000000",
    _series(metrics.UNACKNOWLEDGED): "0",
    _series(metrics.USERS_SERVED): "1",
    _series(metrics.CONFIGURATION_DRIFT, variable=SECRET): "0",
}
"""Every series that a rule looks at, as it is while nothing is wrong."""

RULES = (
    Rule(
        name="HarmonyHubCredentialRejected",
        expression=f"min by (variable) ({metrics.CREDENTIAL_STATE.exposed_name}) == 0",
        for_s=0,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="{variable} is rejected. `harmonyhub why` shows evidence and fix.",
        runbook="HH101",
        fault={_series(metrics.CREDENTIAL_STATE, variable=SECRET): "0"},
        labels={"variable": SECRET},
    ),
    Rule(
        name="HarmonyHubConfigurationInvalid",
        expression=f"min({metrics.CONFIGURATION_VALID.exposed_name}) == 0",
        for_s=0,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="A setting is wrong. `harmonyhub why` names it.",
        runbook="",
        fault={_series(metrics.CONFIGURATION_VALID): "0"},
    ),
    Rule(
        name="HarmonyHubClientRejected",
        expression=(
            f'max by (upstream) ({LATCHED}{{outcome=~"client-rejected|request-refused"}}) == 1'
        ),
        for_s=10,  # by then the diagnosis names the variable, and that alert silences this one
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="{upstream} rejects this service; all calls are stopped.",
        runbook="HH101",
        fault={_series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="client-rejected"): "1"},
        labels=UPSTREAM,
    ),
    Rule(
        name="HarmonyHubForeignApp",
        expression=f'max by (upstream) ({LATCHED}{{outcome="foreign-app"}}) == 1',
        for_s=0,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="The credentials for {upstream} are those of another app; nothing is lost.",
        runbook="HH102",
        fault={_series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="foreign-app"): "1"},
        labels=UPSTREAM,
    ),
    Rule(
        name="HarmonyHubPremiumLapsed",
        expression=f'max by (upstream) ({LATCHED}{{outcome="premium-lapsed"}}) == 1',
        for_s=0,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="The subscription of the app's owner at {upstream} has ended.",
        runbook="HH104",
        fault={_series(metrics.UPSTREAM_LATCHED, **UPSTREAM, outcome="premium-lapsed"): "1"},
        labels=UPSTREAM,
    ),
    Rule(
        name="HarmonyHubDown",
        expression='min by (instance) (up{job="harmonyhub"}) == 0',
        for_s=30,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="The process at {instance} does not answer.",
        runbook="",
        fault={'up{job="harmonyhub",instance="a"}': "0"},
        labels={"instance": "a"},
    ),
    Rule(
        name="HarmonyHubStoreDown",
        expression=f"min({metrics.STORE_UP.exposed_name}) == 0",
        for_s=10,  # a primary is elected in 2 to 4 s
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="MongoDB does not answer.",
        runbook="HH201",
        fault={_series(metrics.STORE_UP): "0"},
    ),
    Rule(
        name="HarmonyHubWatchDead",
        expression=f"time() - max({metrics.WATCH_UNTIL.exposed_name}) > 30",
        for_s=0,
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="No process watches: no probe, no incident, no alert of its own.",
        runbook="",
        fault={_series(metrics.WATCH_UNTIL): "0"},
    ),
    Rule(
        name="HarmonyHubAlertPathBroken",
        expression=(
            f"max({metrics.ALERT_LAST_FAILED.exposed_name})"
            f" > max({metrics.ALERT_LAST_OK.exposed_name})"
        ),
        for_s=30,  # a message is tried again after 2, 5 and 15 s
        level=Level.PAGE,
        layer=Layer.CAUSE,
        owner=Owner.OPERATOR,
        summary="The built-in alerts reach nobody. `harmonyhub alert test` tries the path.",
        runbook="HH602",
        fault={_series(metrics.ALERT_LAST_FAILED): "200"},
    ),
    Rule(
        name="HarmonyHubUsersUnserved",
        expression=f"min({metrics.USERS_SERVED.exposed_name}) < 0.95",
        for_s=60,
        level=Level.PAGE,
        layer=Layer.SYMPTOM,
        owner=Owner.OPERATOR,
        summary="More than 5% of the users of the last 5 minutes got an error of ours.",
        runbook="",
        fault={_series(metrics.USERS_SERVED): "0.9"},
    ),
    Rule(
        name="HarmonyHubNotAcknowledged",
        expression=f"max({metrics.UNACKNOWLEDGED.exposed_name}) > 900",
        for_s=0,
        level=Level.ESCALATION,
        layer=Layer.SYMPTOM,
        owner=Owner.OPERATOR,
        summary="An incident waits for 15 minutes and nobody has taken it.",
        runbook="",
        fault={_series(metrics.UNACKNOWLEDGED): "901"},
    ),
    Rule(
        name="HarmonyHubGrantsRejected",
        expression=(
            f"max({metrics.GRANTS_REJECTED.exposed_name}) > clamp_min(0.05"
            f" * sum(max by (state) ({metrics.TOKENS.exposed_name})), 3)"
        ),
        for_s=0,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.USER,
        summary="More than 5% of the consents were rejected within 5 minutes.",
        runbook="HH102",
        fault={_series(metrics.GRANTS_REJECTED): "11"},
    ),
    Rule(
        name="HarmonyHubQuotaHeld",
        expression=(
            f"max by (upstream) ({metrics.UPSTREAM_NOT_BEFORE.exposed_name}) - time() > 600"
        ),
        for_s=0,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.QUOTA,
        summary="The quota at {upstream} is spent; calls wait.",
        runbook="HH105",
        fault={_series(metrics.UPSTREAM_NOT_BEFORE, **UPSTREAM): "20000"},
        labels=UPSTREAM,
    ),
    Rule(
        name="HarmonyHubUpstreamDown",
        expression=f"max by (upstream) ({metrics.UPSTREAM_FAILING.exposed_name}) > 900",
        for_s=0,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.UPSTREAM,
        summary="{upstream} does not answer for 15 minutes; pages are served from what is stored.",
        runbook="HH103",
        fault={_series(metrics.UPSTREAM_FAILING, **UPSTREAM): "901"},
        labels=UPSTREAM,
    ),
    Rule(
        name="HarmonyHubSyncLag",
        expression=f"max({metrics.SYNC_LAG.exposed_name}) > 7200",
        for_s=600,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.UPSTREAM,
        summary="Somebody's plays were not read for two hours.",
        runbook="",
        fault={_series(metrics.SYNC_LAG): "7300"},
    ),
    Rule(
        name="HarmonyHubConsentsExpire",
        expression=f'max({metrics.TOKENS_EXPIRING.exposed_name}{{within="7d"}}) > 0',
        for_s=0,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.USER,
        summary="Consents end within a week; those users must sign in again.",
        runbook="",
        fault={_series(metrics.TOKENS_EXPIRING, within="7d"): "12"},
    ),
    Rule(
        name="HarmonyHubNotLoaded",
        expression=f"max by (variable) ({metrics.CONFIGURATION_DRIFT.exposed_name}) > 0",
        for_s=600,
        level=Level.TICKET,
        layer=Layer.SYMPTOM,
        owner=Owner.OPERATOR,
        summary="{variable} was changed but is not loaded: restart or deploy.",
        runbook="",
        fault={_series(metrics.CONFIGURATION_DRIFT, variable=SECRET): "1"},
        labels={"variable": SECRET},
    ),
)
