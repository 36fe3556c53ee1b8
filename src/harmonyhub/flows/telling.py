"""Carries out what the watch decided: incidents in the store, messages to people."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from harmonyhub.domain.errors import ConfigurationError, ConflictError, UnavailableError
from harmonyhub.domain.incident_text import alert_text, escalation_text, resolved_text
from harmonyhub.domain.incidents import Diagnosis, Event, EventKind, Incident
from harmonyhub.flows.contacts import Contacts
from harmonyhub.flows.watch_rules import Action, Deliver, Escalate, Open, Resolve, Update
from harmonyhub.storage.store import Store
from harmonyhub.telemetry.notify import Delivery, Notifier
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

NOBODY = "nobody is set to be told: HARMONYHUB_ALERT_URLS"
MESSAGES = "alert_messages"
TEST_TEXT = (
    "HarmonyHub: a test of the alert path",
    "Somebody ran `harmonyhub alert test`. Nothing is wrong and nothing is to be done.",
)


class Telling:
    """Keeps the incidents of one house; `contacts` may be replaced while it runs."""

    def __init__(self, house: House, contacts: Contacts) -> None:
        self._house = house
        self.contacts = contacts
        self._accepted: dict[str, int] = {}

    def note_accepted(self, variables: Iterable[str]) -> None:
        """Note that new values of these were tried and work, which may end an incident."""
        self._accepted |= dict.fromkeys(variables, self._house.clock())

    async def act(self, action: Action) -> None:
        """Carry out one decision; a message that does not arrive is noted and tried again."""
        if isinstance(action, Open):
            await self._open(action.diagnosis)
        elif isinstance(action, Update):
            await self._update(action)
        else:
            kinds: dict[type[Action], Callable[[Incident], Awaitable[None]]] = {
                Resolve: self._resolve,
                Deliver: self._deliver,
                Escalate: self._escalate,
            }
            incident = await self._house.store.incidents.get(action.incident_id)
            if incident is not None and incident.is_open:
                await kinds[type(action)](incident)

    async def tell(self, incident: Incident) -> Delivery:
        """Send an incident as it stands to the first contact."""
        return await self._send(self.contacts.first, alert_text(incident))

    async def adopt(self, incident: Incident) -> None:
        """Take over an incident that was told about while the store did not answer."""
        opened = await self._house.store.incidents.open(incident.diagnosis, now=incident.opened_at)
        if incident.notified_at:
            await self._house.store.incidents.mark_notified(
                opened.id, now=incident.notified_at, text="told before MongoDB answered again"
            )

    async def _open(self, diagnosis: Diagnosis) -> None:
        incident = await self._house.store.incidents.open(diagnosis, now=self._house.clock())
        if incident.notified_at == 0:
            await self._deliver(incident)

    async def _update(self, action: Update) -> None:
        now = self._house.clock()
        try:
            incident = await self._house.store.incidents.update_diagnosis(
                action.incident_id, action.diagnosis, now=now
            )
        except ConflictError:
            text = "went on in the incident that has these causes too"
            await self._house.store.incidents.resolve(action.incident_id, now=now, text=text)
            return
        if incident is not None and action.is_told:
            await self._note(incident, await self.tell(incident))

    async def _deliver(self, incident: Incident) -> None:
        log.error("%s", alert_text(incident)[0])
        if not self.contacts.first.has_contact:
            await self._mark_notified(incident, NOBODY)
            return
        delivery = await self.tell(incident)
        if delivery.is_delivered:
            await self._mark_notified(incident, _told(delivery))
            return
        await self._note(incident, delivery)
        if self.contacts.second.has_contact:
            instead = await self._send(self.contacts.second, alert_text(incident))
            if instead.is_delivered:
                text = f"the second contact, {_told(instead)}, for the first was not reached"
                await self._mark_notified(incident, text)

    async def _escalate(self, incident: Incident) -> None:
        if not self.contacts.second.has_contact:
            text = "nobody else is set to be told: HARMONYHUB_ALERT_ESCALATION_URLS"
        else:
            delivery = await self._send(self.contacts.second, escalation_text(incident))
            if not delivery.is_delivered:
                await self._note(incident, delivery)
                return
            text = _told(delivery)
        await self._house.store.incidents.mark_escalated(
            incident.id, now=self._house.clock(), text=text
        )

    async def _resolve(self, incident: Incident) -> None:
        resolved = await self._house.store.incidents.resolve(
            incident.id, now=self._house.clock(), text=self._resolution(incident)
        )
        if resolved is None:
            return  # somebody else was faster
        text = resolved_text(resolved)
        log.warning("%s", text[0])
        contacts = [self.contacts.first] + [self.contacts.second] * bool(resolved.escalated_at)
        for contact in contacts:
            await self._send(contact, text, is_resolved=True)

    def _resolution(self, incident: Incident) -> str:
        causes = incident.diagnosis.causes
        checks = sorted({cause.check_id for cause in causes})
        text = f"{', '.join(checks)} {'passes' if len(checks) == 1 else 'pass'} again"
        corrected = sorted(
            name
            for name in {cause.variable for cause in causes if cause.variable}
            if self._accepted.get(name, 0) >= incident.opened_at
        )
        if not corrected:
            return text
        return f"{text}: a new value of {' and '.join(corrected)} was accepted and taken over"

    async def _mark_notified(self, incident: Incident, text: str) -> None:
        await self._house.store.incidents.mark_notified(
            incident.id, now=self._house.clock(), text=text
        )

    async def _note(self, incident: Incident, delivery: Delivery) -> None:
        if delivery.is_delivered:
            event = Event(self._house.clock(), EventKind.NOTIFIED, _told(delivery))
        else:
            log.error("the alert of incident %s did not arrive: %s", incident.id, delivery.error)
            event = Event(self._house.clock(), EventKind.NOT_DELIVERED, delivery.error)
        await self._house.store.incidents.add_event(incident.id, event)

    async def _send(
        self, contact: Notifier, text: tuple[str, str], *, is_resolved: bool = False
    ) -> Delivery:
        title, body = text
        delivery = await contact.send(title, body, is_resolved=is_resolved)
        try:
            await count_messages(self._house.store, [delivery])
        except UnavailableError:
            log.warning("a message was not counted: MongoDB does not answer")
        return delivery


async def send_test(contacts: Contacts) -> Mapping[str, Delivery]:
    """Send a message that says it is a test to both contacts; the store is not needed for it.

    Raises
    ------
    ConfigurationError
        If nobody is set to be told.
    """
    if not contacts.first.has_contact:
        raise ConfigurationError(
            "Nobody is set to be told.",
            hint="Set HARMONYHUB_ALERT_URLS; docs/operating.md has examples.",
        )
    named = {"first contact": contacts.first, "second contact": contacts.second}
    return {
        name: await contact.send(*TEST_TEXT)
        for name, contact in named.items()
        if contact.has_contact
    }


async def count_messages(store: Store, deliveries: Iterable[Delivery]) -> None:
    """Count what was sent, for the metrics.

    Raises
    ------
    UnavailableError
        If MongoDB does not answer.
    """
    for delivery in deliveries:
        await store.counters.add(
            {
                (MESSAGES, ("delivered",)): delivery.n_ok,
                (MESSAGES, ("failed",)): delivery.n_failed,
            }
        )


def _told(delivery: Delivery) -> str:
    failed = f"; {delivery.error}" if delivery.n_failed else ""
    return f"{delivery.n_ok} address{'' if delivery.n_ok == 1 else 'es'}{failed}"
