"""What machines and the operator's commands ask a running process."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.releases import Instance
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from harmonyhub.telemetry.metrics import METRICS
from harmonyhub.web.tally import feature_of
from harmonyhub.wiring.house import House, furnish

NOW = 1_760_000_000
TOKEN = "an-admin-token-of-24-let"
PASSWORD = "correct horse battery"
CLIENT_SECRET = "5e0a" * 8
SECRET_NAME = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
LABELS = {metric.exposed_name: metric.labels for metric in METRICS}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Served = Callable[[House], AbstractAsyncContextManager[str]]


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    """Give a house with Spotify's credentials, a password and an admin token."""
    settings, findings = load_settings(
        {
            "HARMONYHUB_DATA_DIR": str(tmp_path),
            "HARMONYHUB_ADMIN_TOKEN": TOKEN,
            "HARMONYHUB_ACCESS_PASSWORD": PASSWORD,
            "HARMONYHUB_SPOTIFY_CLIENT_ID": "0f9b" * 8,
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET": CLIENT_SECRET,
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "http://127.0.0.1:8000/spotify/callback",
        },
        folder=tmp_path,
    )
    assert settings is not None, findings
    return replace(furnish(settings, store), clock=lambda: NOW)


async def read_metrics(client: httpx2.AsyncClient) -> dict[str, dict[tuple[str, ...], float]]:
    """Ask for the page and give its values by name and labels."""
    answer = await client.get("/metrics", headers=BEARER)
    assert 200 == answer.status_code, answer.text
    values: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            order = LABELS.get(sample.name, ())
            labels = tuple(sample.labels[name] for name in order)
            values.setdefault(sample.name, {})[labels] = sample.value
    return values


def diagnosis() -> Diagnosis:
    """Give a diagnosis that blames the client secret."""
    cause = Finding(
        check_id="HH101",
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="Spotify rejects the credentials.",
        fix="Write the right one.",
        variable=SECRET_NAME,
    )
    return Diagnosis(causes=(cause,), failing_since=NOW - 5)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/admin/v1/state"])
@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", f"Bearer {PASSWORD}", f"Bearer {TOKEN}x", "Bearer"]
)
async def test_only_the_admin_token_opens(
    house: House, served: Served, path: str, authorization: str | None
) -> None:
    """Neither nobody nor who knows the access password reads what is the operator's."""
    headers = {"Authorization": authorization} if authorization else {}
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        answer = await client.get(path, headers=headers)
    assert (401, "unauthorized") == (answer.status_code, answer.json()["code"])


async def test_token_is_made_where_none_is_set(
    store: Store, served: Served, tmp_path: Path
) -> None:
    """Without the variable the token is in a file that only this user can read."""
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None
    async with served(furnish(settings, store)) as url, httpx2.AsyncClient(base_url=url) as client:
        path = tmp_path / "admin.token"
        assert 0o600 == path.stat().st_mode & 0o777
        bearer = {"Authorization": f"Bearer {path.read_text().strip()}"}
        assert 200 == (await client.get("/metrics", headers=bearer)).status_code


async def test_metrics_of_a_quiet_house(house: House, served: Served) -> None:
    """With nothing wrong nothing is latched, open or rejected, and credentials are unknown."""
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        values = await read_metrics(client)
    assert {1.0} == set(values["harmonyhub_store_up"].values())
    assert {0.0} == set(values["harmonyhub_upstream_latched"].values())
    assert {1.0} == set(values["harmonyhub_configuration_valid"].values())
    assert {-1.0} == set(values["harmonyhub_credential_state"].values())
    assert "harmonyhub_incidents_open" not in values


async def test_metrics_name_the_rejected_variable(house: House, served: Served) -> None:
    """Latched without a diagnosis both are unknown; the incident then names one of them."""
    await house.store.upstreams.update(
        "spotify",
        lambda old: replace(
            old, latched=Outcome.CLIENT_REJECTED, latched_since=NOW - 5, last_ok_at=NOW - 9
        ),
    )
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        before = (await read_metrics(client))["harmonyhub_credential_state"]
        await house.store.incidents.open(diagnosis(), now=NOW - 3)
        values = await read_metrics(client)
    assert {-1.0} == set(before.values())
    assert 0.0 == values["harmonyhub_credential_state"][SECRET_NAME,]
    assert -1.0 == values["harmonyhub_credential_state"]["HARMONYHUB_SPOTIFY_CLIENT_ID",]
    assert 1.0 == values["harmonyhub_upstream_latched"]["spotify", "client-rejected"]
    assert 0.0 == values["harmonyhub_configuration_valid"][()]
    assert 3.0 == values["harmonyhub_incident_unacknowledged_seconds"][()]


async def test_metrics_count_tokens_calls_and_messages(house: House, served: Served) -> None:
    """Consents by state and expiry, lag, and the counters of the fleet are on the page."""
    store = house.store
    for user, age_days, synced in (("anna", 1, 120), ("ben", 170, 60)):
        token = UserToken(
            user_id=user,
            client_id="app",
            state=TokenState.ACTIVE,
            consented_at=NOW - age_days * 86_400,
            access_expires_at=NOW,
            synced_at=NOW - synced,
        )
        await store.tokens.save(token, refresh_token=Secret("refresh"), access_token=None)
    await store.tokens.quarantine("ben", outcome=Outcome.GRANT_REJECTED, now=NOW - 10)
    call = ("spotify", "refresh", "grant-rejected", "user")
    await store.counters.add({("upstream_requests", call): 3, ("of-another-code", ("x",)): 1})
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        values = await read_metrics(client)
    assert {("active",): 1.0, ("quarantined",): 1.0} == values["harmonyhub_tokens"]
    assert {("7d",): 0.0, ("30d",): 0.0} == values["harmonyhub_tokens_expiring"]
    assert 1.0 == values["harmonyhub_grants_rejected"][()]
    assert 120.0 == values["harmonyhub_sync_lag_seconds"][()]
    assert {call: 3.0} == values["harmonyhub_upstream_requests_total"]


async def test_metrics_tell_each_process_and_its_drift(house: House, served: Served) -> None:
    """Release and fingerprint of every process are told, and what it has not loaded."""
    for number in (1, 2):
        await house.store.instances.beat(
            Instance(
                name=f"host-{number}",
                release=7,
                configuration_fingerprint="ab12",
                drift=(SECRET_NAME,),
                seen_at=NOW - 4,
            )
        )
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        values = await read_metrics(client)
    assert 2.0 == values["harmonyhub_instances"][()]
    assert {(SECRET_NAME,): 2.0} == values["harmonyhub_configuration_drift"]
    [(version, release, fingerprint)] = values["harmonyhub_configuration_info"]
    assert ("7", "ab12") == (release, fingerprint)
    assert version


async def test_requests_are_counted_without_naming_users(house: House, served: Served) -> None:
    """Feature, outcome and freshness are told; no user and no secret stands on the page."""
    entered = {"Authorization": f"Bearer {PASSWORD}"}
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        for user in ("anna-k", "ben-k"):
            await client.get(f"/api/v1/users/{user}/recommendations", headers=entered)
        await client.get("/api/v1/tracks/none", headers=entered)
        values = await read_metrics(client)
        text = (await client.get("/metrics", headers=BEARER)).text
    requests = values["harmonyhub_requests_total"]
    assert 2.0 == requests["recommendations", "ok", "untried"]
    assert 1.0 == requests["tracks", "refused", "untried"]
    assert 1.0 == values["harmonyhub_known_users_served_ratio"][()]
    told = ("anna-k", "ben-k", CLIENT_SECRET, TOKEN, PASSWORD)
    assert [] == [word for word in told if word in text]


async def test_every_name_on_the_page_is_declared(house: House, served: Served) -> None:
    """Nothing of ours is on the page that the reference does not have."""
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        await client.get("/livez")
        values = await read_metrics(client)
    ours = {name for name in values if name.startswith("harmonyhub_")}
    assert set() == ours - {metric.exposed_name for metric in METRICS}


async def test_page_stays_while_mongodb_is_away(
    house: House, served: Served, mongodb_uri: str
) -> None:
    """Without the store the page says so, and still tells of this process."""
    store = await Store.connect(mongodb_uri, database="gone")
    lost = replace(furnish(house.settings, store), clock=lambda: NOW)
    async with served(lost) as url, httpx2.AsyncClient(base_url=url) as client:
        await store.close()
        values = await read_metrics(client)
    assert 0.0 == values["harmonyhub_store_up"][()]
    assert NOW == values["harmonyhub_started_timestamp_seconds"][()]


async def test_state_tells_names_and_fingerprints(house: House, served: Served) -> None:
    """The operator sees where each value came from, and never a value."""
    await house.store.incidents.open(diagnosis(), now=NOW)
    async with served(house) as url, httpx2.AsyncClient(base_url=url) as client:
        answer = await client.get("/admin/v1/state", headers=BEARER)
    assert 200 == answer.status_code, answer.text
    state = answer.json()
    settings = {one["name"]: one for one in state["settings"]}
    assert "environment" == settings[SECRET_NAME]["provenance"]
    assert 8 == len(settings[SECRET_NAME]["fingerprint"])
    assert "" == settings["HARMONYHUB_ALERT_URLS"]["fingerprint"]
    assert ["HH101"] == [i["diagnosis"]["causes"][0]["check_id"] for i in state["incidents"]]
    assert [False] * 3 == [word in answer.text for word in (CLIENT_SECRET, TOKEN, PASSWORD)]


async def test_incident_is_acknowledged_once(house: House, served: Served) -> None:
    """The first who takes an incident stands; an unknown one is not found."""
    incident = await house.store.incidents.open(diagnosis(), now=NOW)
    address = f"/admin/v1/incidents/{incident.id}/acknowledge"
    async with served(house) as url, httpx2.AsyncClient(base_url=url, headers=BEARER) as client:
        answers = [await client.post(address, json={"by": name}) for name in ("anna", "ben")]
        unknown = await client.post("/admin/v1/incidents/none/acknowledge", json={"by": "anna"})
    assert ["anna", "anna"] == [answer.json()["acknowledged_by"] for answer in answers]
    assert (404, "not-found") == (unknown.status_code, unknown.json()["code"])


@pytest.mark.parametrize(
    ("path", "feature"),
    [
        ("/", "recommendations"),
        ("/discover", "recommendations"),
        ("/api/v1/users/anna/recommendations", "recommendations"),
        ("/api/v1/users/anna/listens/export", "listens"),
        ("/api/v1/users", "other"),
        ("/api/v1/tracks/x/analysis", "tracks"),
        ("/jobs/3", "imports"),
        ("/trackside", "other"),
        ("/wp-login.php", "other"),
    ],
)
def test_feature_is_one_of_a_closed_set(path: str, feature: str) -> None:
    """Any address, also one that does not exist, belongs to one of few features."""
    assert feature == feature_of(path)
