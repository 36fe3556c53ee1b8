"""Commands of incidents: why, alert, incident."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import OutputPath, as_json_option, print_json, run_in_house, say
from harmonyhub.domain.errors import HarmonyHubError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from harmonyhub.domain.incidents import Incident
    from harmonyhub.flows.why import Explanation
    from harmonyhub.telemetry.notify import Delivery
    from harmonyhub.wiring.house import House

LISTED = 20


@click.command()
@as_json_option
def why(*, as_json: bool) -> None:
    """Say why it does not work: one screen with cause, variable, evidence and fix.

    Open incidents as the alert told them; without one, what a fresh look finds. Exit status 78:
    the operator's fault; 75: somebody else's; 0: nothing is wrong.
    """
    import asyncio

    from harmonyhub.flows.why import explain, explain_without_store

    try:
        explanation = run_in_house("why", explain)
    except HarmonyHubError as error:
        if isinstance(error, UnavailableError):
            say(f"{error.message} Looking at the rest ...")
        explanation = asyncio.run(explain_without_store(error))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(explanation))
    else:
        click.echo("\n\n".join(_describe(explanation)))
    sys.exit(explanation.exit_status)


def _describe(explanation: "Explanation") -> list[str]:
    from harmonyhub.domain.incident_text import alert_text, diagnosis_text, storeless_text

    if explanation.incidents:
        return ["\n".join(alert_text(incident)) for incident in explanation.incidents]
    if explanation.fresh is not None:
        text_of = storeless_text if explanation.without_store else diagnosis_text
        return ["\n".join(text_of(explanation.fresh))]
    parts = ["Nothing is wrong.", "\n".join(f"  {note}" for note in explanation.fine)]
    if explanation.last is not None:
        parts.append(f"The last incident: {_line_of(explanation.last)}")
    return parts


@click.group()
def alert() -> None:
    """See that an alert reaches somebody."""


@alert.command("test")
@as_json_option
def alert_test(*, as_json: bool) -> None:
    """Send a message down the real path, to both contacts, and wait for the receipts."""
    import asyncio

    from harmonyhub.flows.contacts import Contacts
    from harmonyhub.flows.telling import count_messages, send_test
    from harmonyhub.settings.load import read_settings

    deliveries = asyncio.run(send_test(Contacts.of(read_settings())))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(deliveries))
    else:
        for contact, delivery in deliveries.items():
            color = "green" if delivery.n_failed == 0 and delivery.is_delivered else "red"
            click.secho(f"{contact}: {_describe_delivery(delivery)}", fg=color)
    try:
        run_in_house("alert test", lambda house: count_messages(house.store, deliveries.values()))
    except HarmonyHubError as error:
        say(f"The messages are not in the metrics: {error.message}")
    if not all(each.is_delivered and each.n_failed == 0 for each in deliveries.values()):
        sys.exit(75)


def _describe_delivery(delivery: "Delivery") -> str:
    taken = f"{delivery.n_ok} of {delivery.n_ok + delivery.n_failed} addresses took the message"
    return f"{taken}; {delivery.error}" if delivery.error else taken


@click.group()
def incident() -> None:
    """See and handle incidents."""


@incident.command("list")
@as_json_option
def list_(*, as_json: bool) -> None:
    """List incidents, the newest first."""

    async def load(house: "House") -> "list[Incident]":
        return await house.store.incidents.recent(LISTED)

    incidents = run_in_house("incident list", load)
    if as_json:
        import msgspec

        print_json({"incidents": msgspec.to_builtins(incidents)})
        return
    if not incidents:
        click.echo("There was no incident yet.")
    for each in incidents:
        click.echo(_line_of(each))


def _line_of(incident: "Incident") -> str:
    opened = datetime.fromtimestamp(incident.opened_at, tz=UTC)
    state = "open" if incident.is_open else f"{incident.resolved_at - incident.opened_at} s"
    causes = "; ".join(f"{each.check_id} {each.message}" for each in incident.diagnosis.causes)
    return f"{incident.id}  {opened:%Y-%m-%d %H:%M} UTC  {state:<8}  {causes}"


@incident.command()
@click.argument("incident_id")
@click.option("--by", required=True, help="Who takes care of it.")
def acknowledge(incident_id: str, *, by: str) -> None:
    """Take an incident: the second contact is then not told."""

    async def take(house: "House") -> "Incident":
        taken = await house.store.incidents.acknowledge(incident_id, by=by, now=house.clock())
        return taken or await _load(house, incident_id)

    taken = run_in_house("incident acknowledge", take)
    click.echo(f"{taken.id} is with {taken.acknowledged_by or 'nobody: it is resolved'}.")


@incident.command()
@click.argument("incident_id", required=False)
@click.option("-o", "--output", type=OutputPath(), help="File to write to.")
def export(incident_id: str | None, *, output: Path | None) -> None:
    """Write the draft of a postmortem in Markdown; without an id, of the latest incident."""
    from harmonyhub.domain.incident_text import postmortem

    async def draft(house: "House") -> str:
        return postmortem(await _load(house, incident_id), now=house.clock())

    text = run_in_house("incident export", draft)
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    click.echo(f"wrote {output}")


async def _load(house: "House", incident_id: str | None) -> "Incident":
    if incident_id is None:
        recent = await house.store.incidents.recent(1)
        found = recent[0] if recent else None
    else:
        found = await house.store.incidents.get(incident_id)
    if found is None:
        name = f"incident {incident_id}" if incident_id else "incident yet"
        raise NotFoundError(f"There is no {name}.", hint="harmonyhub incident list")
    return found
