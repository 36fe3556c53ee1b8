"""Names that nothing reads: misspelt variables, and Spotify's without our prefix."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.origins import Origin
from harmonyhub.settings.registry import BY_NAME, FILE_SUFFIX, NAMES, PREFIX

FOREIGN_PREFIXES = ("SPOTIFY_", "SPOTIPY_")  # Spotify's own examples, and the library spotipy


def check_names(origins: Sequence[Origin]) -> list[Finding]:
    """Report unknown names that claim to be ours, and lookalikes of variables that are not set."""
    findings = []
    is_spotify_set = any(
        f"{PREFIX}SPOTIFY_CLIENT_ID{suffix}" in origin.bindings
        for origin in origins
        for suffix in ("", FILE_SUFFIX)
    )
    for origin in origins:
        for name in sorted(origin.bindings):
            provenance = origin.bindings[name].provenance
            if name.upper().startswith(PREFIX) and name not in NAMES:
                findings.append(_unknown(name, provenance=provenance))
            elif name.upper().startswith(FOREIGN_PREFIXES) and not is_spotify_set:
                findings.append(_lookalike(name, provenance=provenance))
    return findings


def _unknown(name: str, *, provenance: str) -> Finding:
    candidates: Iterable[str] = NAMES if name.upper().endswith(FILE_SUFFIX) else BY_NAME
    matches = get_close_matches(name.upper(), sorted(candidates), n=1, cutoff=0.75)
    return catalogue.UNKNOWN.found(
        f"{name} is not a setting." + (f" Did you mean {matches[0]}?" if matches else ""),
        fix=f"Rename it to {matches[0]}, or remove it."
        if matches
        else "Remove it; docs/settings.md lists all settings.",
        variable=name,
        provenance=provenance,
    )


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
