"""Names that nothing reads: misspelt variables, and Spotify's without our prefix."""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.origins import Origin
from harmonyhub.settings.registry import BY_NAME, FILE_SUFFIX, NAMES, PREFIX

FOREIGN_PREFIXES = ("SPOTIFY_", "SPOTIPY_")  # Spotify's own examples, and the library spotipy
NEAR_PREFIX = 0.8  # HARMONIHUB_ and HARMONY_HUB_ are; HARMONICS_ is not
KUBERNETES = re.compile(r"_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP)(_\w+)?)$")


def check_names(origins: Sequence[Origin]) -> list[Finding]:
    """Report unknown names that claim to be ours, and lookalikes of variables that are not set."""
    findings = []
    ours_set = {
        name.removesuffix(FILE_SUFFIX) for origin in origins for name in origin.bindings
    } & set(BY_NAME)
    for origin in origins:
        for name in sorted(origin.bindings):
            provenance = origin.bindings[name].provenance
            if name not in NAMES and _claims_to_be_ours(name):
                findings.append(_unknown(name, provenance=provenance))
            elif name.upper().startswith(FOREIGN_PREFIXES) and _counterpart(name) not in ours_set:
                findings.append(_lookalike(name, provenance=provenance))
    return findings


def _claims_to_be_ours(name: str) -> bool:
    head = name.upper()[: len(PREFIX)]
    if head == PREFIX:
        return True
    return "_" in name and SequenceMatcher(None, head, PREFIX).ratio() >= NEAR_PREFIX


def _unknown(name: str, *, provenance: str) -> Finding:
    candidates: Iterable[str] = NAMES if name.upper().endswith(FILE_SUFFIX) else BY_NAME
    matches = get_close_matches(name.upper(), sorted(candidates), n=1, cutoff=0.75)
    if KUBERNETES.search(name):
        matches = []
        fix = "Kubernetes adds it for a Service: set enableServiceLinks: false in the pod."
    elif matches:
        fix = f"Rename it to {matches[0]}, or remove it."
    else:
        fix = "Remove it; docs/settings.md lists all settings."
    return catalogue.UNKNOWN.found(
        f"{name} is not a setting." + (f" Did you mean {matches[0]}?" if matches else ""),
        fix=fix,
        variable=name,
        provenance=provenance,
    )


def _counterpart(name: str) -> str:
    """Give our name of a Spotify variable; that of the id where we have none like it."""
    ours = f"{PREFIX}SPOTIFY_{name.upper().split('_', maxsplit=1)[1]}"
    return ours if ours in BY_NAME else f"{PREFIX}SPOTIFY_CLIENT_ID"


def _lookalike(name: str, *, provenance: str) -> Finding:
    ours = f"{PREFIX}SPOTIFY_{name.upper().split('_', maxsplit=1)[1]}"
    is_known = ours in NAMES
    return catalogue.LOOKALIKE.found(
        f"{name} is set, but HarmonyHub does not read it.",
        fix=f"Set {ours} if you meant HarmonyHub's."
        if is_known
        else f"HarmonyHub reads {PREFIX}SPOTIFY_CLIENT_ID and {PREFIX}SPOTIFY_CLIENT_SECRET.",
        variable=name,
        provenance=provenance,
    )
