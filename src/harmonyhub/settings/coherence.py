"""Values that are right alone and wrong together, or wrong for who has to take them."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.catalogue import show_value
from harmonyhub.settings.origins import Raw
from harmonyhub.settings.registry import PREFIX
from harmonyhub.settings.shapes import is_ip_address, is_loopback, split_url

CLIENT_ID = f"{PREFIX}SPOTIFY_CLIENT_ID"
CLIENT_SECRET = f"{PREFIX}SPOTIFY_CLIENT_SECRET"
REDIRECT_URI = f"{PREFIX}SPOTIFY_REDIRECT_URI"
HOST = f"{PREFIX}HOST"
PASSWORD = f"{PREFIX}ACCESS_PASSWORD"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found of all variables, by name.

    `named` are all that are set, readable or not; `given` holds every text that could be read,
    `sound` those that passed on their own.
    """

    named: Set[str]
    given: Mapping[str, Raw]
    sound: Mapping[str, Raw]


def check_coherence(gathered: Gathered) -> list[Finding]:
    """Check the values that passed on their own against each other."""
    checks = (_check_partners, _check_same_value, _check_redirect, _check_open_door)
    findings = [check(gathered) for check in checks]
    urls = [
        _check_encryption(gathered, name) for name in ("SPOTIFY_API_URL", "SPOTIFY_ACCOUNTS_URL")
    ]
    return [finding for finding in (*findings, *urls) if finding is not None]


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


def _check_same_value(gathered: Gathered) -> Finding | None:
    client_id, secret = gathered.given.get(CLIENT_ID), gathered.given.get(CLIENT_SECRET)
    if client_id is None or secret is None or client_id.text.strip() != secret.text.strip():
        return None
    return catalogue.SAME_VALUE.found(
        f"{CLIENT_ID} and {CLIENT_SECRET} hold the same value.",
        fix="Copy both again: the dashboard shows the id first, the secret after a click on"
        ' "View client secret".',
        variable=CLIENT_SECRET,
        provenance=secret.provenance,
    )


def _check_redirect(gathered: Gathered) -> Finding | None:
    # developer.spotify.com/documentation/web-api/concepts/redirect_uri
    raw = gathered.sound.get(REDIRECT_URI)
    if raw is None:
        return None
    parts = split_url(raw.text)
    host = parts.hostname or ""
    if is_loopback(host) and not is_ip_address(host):
        problem = "Spotify refuses `localhost` in a redirect URI"
        fix = f"Write 127.0.0.1 instead of {host}, here and on the Spotify dashboard."
    elif parts.scheme == "http" and not is_loopback(host):
        problem = "Spotify refuses a redirect URI with http beyond this machine"
        fix = "Use https, here and on the Spotify dashboard."
    else:
        return None
    return catalogue.REFUSED_REDIRECT.found(
        f"{REDIRECT_URI}: {problem}.",
        fix=fix,
        variable=REDIRECT_URI,
        provenance=raw.provenance,
        evidence=show_value(raw.text, is_secret=False),
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
