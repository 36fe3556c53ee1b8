"""Values in the wrong variable: of another kind, the same as another, or swapped."""

import re
from collections.abc import Mapping
from itertools import combinations

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue, shapes
from harmonyhub.settings.alert_services import ESCALATION_URLS, SCHEMES, URLS
from harmonyhub.settings.catalogue import show_value
from harmonyhub.settings.gathered import Gathered
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import Raw
from harmonyhub.settings.registry import BY_NAME, PREFIX, Variable
from harmonyhub.settings.snapshot import fingerprints

CLIENT_ID = f"{PREFIX}SPOTIFY_CLIENT_ID"
CLIENT_SECRET = f"{PREFIX}SPOTIFY_CLIENT_SECRET"
MONGODB_URI = f"{PREFIX}MONGODB_URI"
# What takes 32 hex digits without meaning a Spotify secret by them.
TAKES_HEX = tuple(
    PREFIX + name for name in ("ACCESS_PASSWORD", "ADMIN_TOKEN", "HOST", "MONGODB_DATABASE")
)
# The looser a shape, the likelier that a value strayed into it from elsewhere.
LOOSENESS = {
    shapes.HOST: 4,
    shapes.DATABASE: 4,
    shapes.PASSWORD: 3,
    shapes.ADMIN_TOKEN: 2,
    shapes.ALERT_URLS: 1,
}


def check_place(raw: Raw, variable: Variable) -> Finding | None:
    """Recognize an address that belongs to another variable."""
    home = _home_of_address(raw.text, variable)
    if home is None:
        return None
    return catalogue.WRONG_PLACE.found(
        f"{raw.name} holds an address that belongs into {home}.",
        fix=f"Move it to {home}. {raw.name} takes {variable.shape.description}.",
        variable=raw.name,
        provenance=raw.provenance,
        evidence=show_value(raw.text, is_secret=variable.is_secret),
    )


def _home_of_address(text: str, variable: Variable) -> str | None:
    scheme, separator, _ = text.partition("://")
    if not separator:
        return None
    if scheme in {"mongodb", "mongodb+srv"}:
        return None if variable.name == MONGODB_URI else MONGODB_URI
    if scheme in SCHEMES:
        return None if variable.name in {URLS, ESCALATION_URLS} else URLS
    if scheme in {"http", "https"} and variable.shape in {shapes.PASSWORD, shapes.ADMIN_TOKEN}:
        return f"{PREFIX}BASE_URL"
    return None


def check_places(gathered: Gathered) -> list[Finding]:
    """Report one value in two variables, and what looks like a Spotify secret elsewhere."""
    findings = [
        _say_twice(first, second, gathered=gathered)
        for first, second in combinations(gathered.given.values(), 2)
        if first.text.strip() == second.text.strip() and _is_suspicious(first, second)
    ]
    found = {finding.variable for finding in findings}
    findings += [
        _say_like_spotify(raw)
        for name in TAKES_HEX
        if name not in found
        and (raw := gathered.sound.get(name)) is not None
        and re.fullmatch(r"[0-9a-f]{32}", raw.text)
    ]
    return findings


def _is_suspicious(first: Raw, second: Raw) -> bool:
    # Two empty ones are reported each on its own; the same contact may be told twice.
    if not first.text.strip() or {first.name, second.name} == {URLS, ESCALATION_URLS}:
        return False
    return BY_NAME[first.name].is_secret or BY_NAME[second.name].is_secret


def _say_twice(first: Raw, second: Raw, *, gathered: Gathered) -> Finding:
    if {first.name, second.name} == {CLIENT_ID, CLIENT_SECRET}:
        return catalogue.SAME_VALUE.found(
            f"{CLIENT_ID} and {CLIENT_SECRET} hold the same value.",
            fix="Copy both again: the dashboard shows the id first, the secret after a click on"
            ' "View client secret".',
            variable=CLIENT_SECRET,
            provenance=gathered.given[CLIENT_SECRET].provenance,
        )
    at_fault = max(first, second, key=lambda raw: (*_suspicion(raw, gathered), raw is second))
    other = second if at_fault is first else first
    return catalogue.SAME_SECRET.found(
        f"{at_fault.name} and {other.name} hold the same value.",
        fix=f"{BY_NAME[at_fault.name].obtain} Each secret has one place: who learns one value must"
        " not have two.",
        variable=at_fault.name,
        provenance=at_fault.provenance,
    )


def _suspicion(raw: Raw, gathered: Gathered) -> tuple[bool, int]:
    looseness = LOOSENESS.get(BY_NAME[raw.name].shape, 0)
    return raw.name not in gathered.sound, looseness


def _say_like_spotify(raw: Raw) -> Finding:
    return catalogue.LIKE_A_SPOTIFY_SECRET.found(
        f"{raw.name} has the shape of a Spotify client secret.",
        fix=f"If it is one, move it to {CLIENT_SECRET} and make a new one on Spotify's dashboard."
        " If it is not, this warning changes nothing.",
        variable=raw.name,
        provenance=raw.provenance,
    )


def check_against(settings: Settings, known: Mapping[str, str], *, key: bytes) -> list[Finding]:
    """Compare with fingerprints of values that worked: swapped, or strayed from another variable.

    Parameters
    ----------
    known : mapping of variable name to fingerprint
        As `fingerprints` gives them with the same `key`; "" where a variable was not set.
    """
    now = fingerprints(settings, key)
    findings = []
    for name, variable in BY_NAME.items():
        if not now[name] or now[name] == known.get(name) or not _is_distinctive(variable):
            continue
        for source in known:
            is_contact = {name, source} == {URLS, ESCALATION_URLS}  # people change places
            if source == name or is_contact or known[source] != now[name]:
                continue
            is_swap = now.get(source) == known.get(name) != ""
            findings.append(_say_strayed(settings, name, source=source, is_swap=is_swap))
    return findings


def _is_distinctive(variable: Variable) -> bool:
    # A port and a level take a few values only: that two are the same says nothing.
    return variable.is_secret or variable.name == CLIENT_ID


def _say_strayed(settings: Settings, name: str, *, source: str, is_swap: bool) -> Finding:
    provenance = settings.provenance(BY_NAME[name].field)
    if is_swap:
        return catalogue.SWAPPED.found(
            f"{name} and {source} hold each other's last good values: they were swapped.",
            fix=f"Exchange the values of {name} and {source}.",
            variable=name,
            provenance=provenance,
            evidence=f"the fingerprint is that of the last good {source}",
        )
    return catalogue.WRONG_PLACE.found(
        f"{name} holds the last good value of {source}.",
        fix=BY_NAME[name].obtain,
        variable=name,
        provenance=provenance,
        evidence=f"the fingerprint is that of the last good {source}",
    )
