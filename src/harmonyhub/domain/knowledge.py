"""Knowledge packs: what others play together, learned elsewhere, with its origin and licence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What a pack says of itself.

    Attributes
    ----------
    name : str
        Lower case letters, digits, dots and dashes; a pack takes the place of one of its name.
    version : str
        As its maker counts, such as "2026.11".
    licence, source : str
        Under which licence the listens came, and from where: in words, never empty.
    made_by : str
        The HarmonyHub that built it.
    created_at : int
        Unix seconds UTC.
    n_listeners, n_tracks, n_pairs, n_neighbours : int
        What it was learned from, pairs of listener and track, and how many neighbours it holds.
    """

    name: str
    version: str
    licence: str
    source: str
    made_by: str
    created_at: int
    n_listeners: int
    n_tracks: int
    n_pairs: int
    n_neighbours: int


@dataclass(frozen=True, slots=True)
class InstalledPack:
    """A pack that trainings use; `sha256` is of its file, `installed_at` in unix seconds UTC."""

    facts: PackFacts
    sha256: str
    installed_at: int
