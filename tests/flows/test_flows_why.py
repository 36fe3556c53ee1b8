"""Why it does not work, with and without a store to read incidents from."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.errors import StoreUnavailableError
from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incident_text import storeless_text
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.flows.why import Explanation, explain, explain_without_store
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House


def diagnosis(owner: Owner) -> Diagnosis:
    """Give a diagnosis of one cause."""
    cause = Finding(
        check_id="HH101", severity=Severity.ERROR, owner=owner, message="It fails.", fix="Mend it."
    )
    return Diagnosis(causes=(cause,), failing_since=1)


@pytest.fixture
def whole(house: House, mongodb_uri: str) -> House:
    """Give a house that knows where its MongoDB is."""
    settings = replace(house.settings, mongodb_database=house.store._database.name)
    return replace(house, mongodb_uri=Secret(mongodb_uri), settings=settings)


async def test_a_house_in_order_says_what_was_looked_at(whole: House) -> None:
    """Without an incident a fresh look names what is fine, and ends with 0."""
    found = await explain(whole)
    assert ((), None, 0) == (found.incidents, found.fresh, found.exit_status)
    assert any(note.startswith("HH203") for note in found.fine)


async def test_open_incidents_are_told_as_they_stand(whole: House) -> None:
    """While an incident is open nobody is asked anew."""
    opened = await whole.store.incidents.open(diagnosis(Owner.OPERATOR), now=5)
    found = await explain(whole)
    assert (opened,) == found.incidents
    assert (None, (), 78) == (found.fresh, found.fine, found.exit_status)


async def test_the_incident_before_is_remembered(whole: House) -> None:
    """Where all is well now, the last incident is named."""
    opened = await whole.store.incidents.open(diagnosis(Owner.OPERATOR), now=5)
    ended = await whole.store.incidents.resolve(opened.id, now=9, text="over")
    assert ended == (await explain(whole)).last


@pytest.mark.parametrize(
    ("owner", "status"), [(Owner.OPERATOR, 78), (Owner.NETWORK, 75), (Owner.QUOTA, 75)]
)
def test_the_exit_status_tells_whose_fault_it_is(owner: Owner, status: int) -> None:
    """78 calls for the operator; 75 for patience."""
    assert status == Explanation(incidents=(), fresh=diagnosis(owner)).exit_status


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the variables of a machine without a MongoDB."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HARMONYHUB_ENCRYPTION_KEY", base64.b64encode(bytes(32)).decode())
    return monkeypatch


async def test_a_dead_mongodb_by_address_is_named_with_what_is_fine(
    alone: pytest.MonkeyPatch,
) -> None:
    """The variable, the evidence and what was ruled out stand on one screen; no password does."""
    alone.setenv("HARMONYHUB_MONGODB_URI", "mongodb://somebody:hunter2hunter2@127.0.0.1:9/")
    found = await explain_without_store(StoreUnavailableError("MongoDB does not answer."))
    assert found.fresh is not None
    assert "HARMONYHUB_MONGODB_URI" == found.fresh.causes[0].variable
    said = "\n".join(storeless_text(found.fresh))
    assert "connection refused" in said
    assert "disk" in said
    for untold in ("hunter2", "Users:", "Since:"):
        assert untold not in said


@pytest.mark.usefixtures("alone")
async def test_an_embedded_mongodb_that_does_not_start_is_the_cause() -> None:
    """What its start said is the answer, and what to do is its hint."""
    error = StoreUnavailableError("MongoDB ended at its start with status 14.", hint="See its log.")
    found = await explain_without_store(error)
    assert found.fresh is not None
    (cause,) = found.fresh.causes
    assert (error.message, "See its log.", None) == (cause.message, cause.fix, cause.variable)
    assert (78, error.message) == (found.exit_status, found.without_store)
