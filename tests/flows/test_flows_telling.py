"""The messages of the watch: the test of the path, what is counted, and what ended an incident."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.drills.sink import Sink
from harmonyhub.flows.contacts import Contacts
from harmonyhub.flows.telling import Telling, count_messages, send_test
from harmonyhub.flows.watch_rules import Open, Resolve
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Delivery, Notifier
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.tools.fakes import fresh_sink

SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
REJECTED = Diagnosis(
    causes=(
        Finding(
            check_id="HH101",
            severity=Severity.ERROR,
            owner=Owner.OPERATOR,
            message=f"Spotify rejects {SECRET}.",
            fix="Copy it again.",
            variable=SECRET,
        ),
    ),
    failing_since=1,
)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Give somebody who can be told."""
    async with fresh_sink() as sink:
        yield sink


def contacts(sink: Sink, *, has_second: bool = True) -> Contacts:
    """Give the two contacts of a sink."""
    second = Secret(sink.address("second")) if has_second else None
    return Contacts(
        first=Notifier(Secret(sink.address("first"))),
        second=Notifier(second),
        escalate_after_s=60,
    )


async def resolved(telling: Telling, house: House) -> str:
    """Open an incident, let it end, and give what it says ended it."""
    (incident,) = await house.store.incidents.current()
    await telling.act(Resolve(incident.id))
    ended = await house.store.incidents.get(incident.id)
    assert ended is not None
    return ended.resolution


async def test_a_test_reaches_both_contacts_and_says_that_it_is_one(sink: Sink) -> None:
    """Both are told once, down the path of alerts, that nothing is wrong."""
    deliveries = await send_test(contacts(sink))
    taken = {"first contact": Delivery(1, 0), "second contact": Delivery(1, 0)}
    assert taken == deliveries
    assert ["first", "second"] == sorted(each.contact for each in await sink.messages())
    assert all("a test" in each.title for each in await sink.messages())


async def test_without_a_second_contact_one_is_told(sink: Sink) -> None:
    """A contact that is not set is not named."""
    assert ["first contact"] == list(await send_test(contacts(sink, has_second=False)))


async def test_a_contact_that_refuses_is_told_by_its_place(sink: Sink) -> None:
    """What failed is told by its place and its answer, never by its address."""
    await sink.refuse(60)
    delivery = (await send_test(contacts(sink)))["first contact"]
    assert (0, 1) == (delivery.n_ok, delivery.n_failed)
    assert "500" in delivery.error
    assert str(sink.port) not in delivery.error


async def test_nobody_to_tell_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """Where no address is set, the test names the variable."""
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None
    with pytest.raises(ConfigurationError, match="Nobody") as refused:
        await send_test(Contacts.of(settings))
    assert "HARMONYHUB_ALERT_URLS" in refused.value.hint


async def test_messages_are_counted_by_what_became_of_them(house: House) -> None:
    """Delivered and failed ones add up, those of a test as well."""
    await count_messages(house.store, [Delivery(2, 1, "x"), Delivery(1, 0)])
    counted = await house.store.counters.all()
    found = {labels: n for (name, labels), n in counted.items() if name == "alert_messages"}
    assert {("delivered",): 3, ("failed",): 1} == found


async def test_the_end_names_the_value_that_was_corrected(
    house: House, clock: SetClock, sink: Sink
) -> None:
    """A value accepted while the incident was open is what ended it, in store and message."""
    telling = Telling(house, contacts(sink))
    await telling.act(Open(REJECTED))
    clock.now += 5
    telling.note_accepted([SECRET, "HARMONYHUB_SPOTIFY_CLIENT_ID"])
    text = f"HH101 passes again: a new value of {SECRET} was accepted and taken over"
    assert text == await resolved(telling, house)
    assert text in (await sink.messages())[-1].body


async def test_a_value_from_before_is_not_what_ended_it(
    house: House, clock: SetClock, sink: Sink
) -> None:
    """A value taken over before the incident began did not end it."""
    telling = Telling(house, contacts(sink))
    telling.note_accepted([SECRET])
    clock.now += 5
    await telling.act(Open(REJECTED))
    assert "HH101 passes again" == await resolved(telling, house)


async def test_two_who_tell_at_once_tell_one_end(house: House, sink: Sink) -> None:
    """Of two processes that see the end one says it."""
    telling = Telling(house, contacts(sink))
    await telling.act(Open(REJECTED))
    (incident,) = await house.store.incidents.current()
    other = Telling(replace(house), contacts(sink))
    await asyncio.gather(*(each.act(Resolve(incident.id)) for each in (telling, other)))
    kinds = [each.kind for each in await sink.messages(contact="first")]
    assert ["failure", "success"] == kinds
