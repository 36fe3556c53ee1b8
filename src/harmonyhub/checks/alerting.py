"""Checks of the way on which people are told: the addresses, and whether a message arrives."""

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harmonyhub.checks.subject import Scene
from harmonyhub.checks.verdicts import Results, failed, passed, skipped, unverified
from harmonyhub.domain.findings import Check, Finding, Owner, Severity
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.secret import Secret

if TYPE_CHECKING:
    from harmonyhub.telemetry.notify import Notifier

ADDRESSES = Check("HH601", Severity.ERROR, "An alert address is not understood.")
DELIVERY = Check(
    "HH602", Severity.ERROR, "A message down the alert path does not arrive.", needs=("HH601",)
)

CONTACTS = ("HARMONYHUB_ALERT_URLS", "HARMONYHUB_ALERT_ESCALATION_URLS")
REFUSED = re.compile(r"answered 4\d\d")
# Apprise's schemes of plain HTTP; elsewhere the host is a service's, or stands in no fixed place.
WEBHOOK_PORTS = {"json": 80, "xml": 80, "form": 80, "jsons": 443, "xmls": 443, "forms": 443}
KNOCK_S = 1.0
TITLE = "HarmonyHub: a test of the alert path"
BODY = "This is a test: nothing is wrong. It shows that an alert would arrive here."


def prepare(settings: Settings) -> None:
    """Load Apprise where somebody is to be told: 0.3 s of a core, more where it is shared."""
    if _contacts(settings):
        import harmonyhub.telemetry.notify  # noqa: F401, PLC0415


async def check_addresses(scene: Scene) -> Results:
    """Let Apprise read every address; nothing is sent."""
    contacts = _contacts(scene.settings)
    if not contacts:
        return skipped(ADDRESSES, "nobody is to be told: HARMONYHUB_ALERT_URLS is not set")
    findings = [
        _finding(ADDRESSES, scene, variable=variable, evidence="; ".join(problems))
        for variable, urls in contacts.items()
        if (problems := await _notifier(urls).check())
    ]
    return failed(*findings) if findings else passed(ADDRESSES, "the alert addresses are right")


async def check_delivery(scene: Scene) -> Results:
    """Send a message to every address; unasked, only knock at webhooks of our own."""
    results: Results = ()
    for variable, urls in _contacts(scene.settings).items():
        error = await (_send(urls) if scene.subject.deliver else _knock(urls))
        if error:
            results += _judge(_finding(DELIVERY, scene, variable=variable, evidence=error))
    if results:
        return results
    if scene.subject.deliver:
        return passed(DELIVERY, "a message to every alert address arrived")
    return skipped(DELIVERY, "no message is sent unasked: harmonyhub alert test")


async def _send(urls: Secret) -> str:
    delivery = await _notifier(urls).send(TITLE, BODY, is_resolved=True)
    return delivery.error if delivery.n_failed else ""


async def _knock(urls: Secret) -> str:
    """Open a connection to each webhook whose host and port stand in its address."""
    problems = []
    for index, url in enumerate(urls.reveal().split(), start=1):
        parts = urlsplit(url)
        port = parts.port or WEBHOOK_PORTS.get(parts.scheme)
        if parts.scheme not in WEBHOOK_PORTS or parts.hostname is None or port is None:
            continue
        try:
            async with asyncio.timeout(KNOCK_S):
                _, writer = await asyncio.open_connection(parts.hostname, port)
                writer.close()
                await writer.wait_closed()
        except OSError:  # of which a timeout is one
            problems.append(f"address {index} ({parts.scheme}): no connection")
    return "; ".join(problems)


def _judge(finding: Finding) -> Results:
    """Tell a refusal, which is the operator's, from a service that does not answer."""
    if REFUSED.search(finding.evidence):
        return failed(finding)
    message = finding.message.replace("does not work", "could not be tried")
    return unverified(
        DELIVERY.found(
            message,
            fix="See that this machine reaches the service, then try again: harmonyhub alert test.",
            variable=finding.variable,
            provenance=finding.provenance,
            evidence=finding.evidence,
            owner=Owner.NETWORK,
        )
    )


def _contacts(settings: Settings) -> dict[str, Secret]:
    values = {name: getattr(settings, BY_NAME[name].field) for name in CONTACTS}
    return {name: urls for name, urls in values.items() if urls is not None}


def _notifier(urls: Secret) -> "Notifier":
    # Here: Apprise takes a second to load, which who has no contact should not wait for.
    from harmonyhub.telemetry.notify import Notifier  # noqa: PLC0415

    return Notifier(urls)


def _finding(check: Check, scene: Scene, *, variable: str, evidence: str) -> Finding:
    return check.found(
        f"{variable}: an address does not work.",
        fix=BY_NAME[variable].obtain,
        variable=variable,
        provenance=scene.settings.provenance(BY_NAME[variable].field),
        evidence=evidence,
    )
