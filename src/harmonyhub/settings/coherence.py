"""Values that are right alone and wrong together, or wrong for who has to take them."""

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.alert_services import check_alert_services
from harmonyhub.settings.catalogue import show_value
from harmonyhub.settings.gathered import Gathered
from harmonyhub.settings.misplaced import CLIENT_ID, CLIENT_SECRET, check_places
from harmonyhub.settings.redirect import check_redirect
from harmonyhub.settings.registry import PREFIX
from harmonyhub.settings.shapes import is_loopback, split_url
from harmonyhub.settings.shared_store import check_shared_store

HOST = f"{PREFIX}HOST"
PASSWORD = f"{PREFIX}ACCESS_PASSWORD"


def check_coherence(gathered: Gathered) -> list[Finding]:
    """Check the values that passed on their own against each other."""
    findings = [
        _check_partners(gathered),
        check_redirect(gathered),
        _check_open_door(gathered),
        _check_encryption(gathered, "SPOTIFY_API_URL"),
        _check_encryption(gathered, "SPOTIFY_ACCOUNTS_URL"),
    ]
    return [
        *(finding for finding in findings if finding is not None),
        *check_places(gathered),
        *check_alert_services(gathered),
        *check_shared_store(gathered),
    ]


def _check_partners(gathered: Gathered) -> Finding | None:
    present = [name for name in (CLIENT_ID, CLIENT_SECRET) if name in gathered.named]
    if len(present) != 1:
        return None
    missing = CLIENT_SECRET if present == [CLIENT_ID] else CLIENT_ID
    return catalogue.NO_PARTNER.found(
        f"{missing} is missing: {present[0]} is set, and Spotify needs both or neither.",
        fix=f"Set {missing}, or remove {present[0]}.",
        variable=missing,
    )


def _check_open_door(gathered: Gathered) -> Finding | None:
    host = gathered.sound.get(HOST)
    if host is None or is_loopback(host.text) or PASSWORD in gathered.named:
        return None
    return catalogue.OPEN_DOOR.found(
        f"{HOST} lets other machines in, and no password is set: anyone who reaches the port could"
        " read and change everybody's listening history.",
        fix=f"Set {PASSWORD}, or remove {HOST} to listen on this machine only.",
        variable=PASSWORD,
        provenance=host.provenance,
        evidence=f"{HOST} is {show_value(host.text, is_secret=False)}",
    )


def _check_encryption(gathered: Gathered, short_name: str) -> Finding | None:
    raw = gathered.sound.get(PREFIX + short_name)
    if raw is None:
        return None
    parts = split_url(raw.text)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return None
    return catalogue.IN_THE_CLEAR.found(
        f"{raw.name} is http beyond this machine: secret and tokens would travel unencrypted.",
        fix="Use https, or a server on this machine.",
        variable=raw.name,
        provenance=raw.provenance,
        evidence=show_value(raw.text, is_secret=False),
    )
