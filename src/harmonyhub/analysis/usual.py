"""What a listener usually hears: quartiles of the traits of favourites, and where a track lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import log2

import numpy as np

from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.sound import SoundTraits

LEAST_FAVOURITES = 5  # quartiles of fewer are single tracks
TRAITS = tuple(field.name for field in fields(SoundTraits))
# Where 0 and 1 of an axis lie, in octaves between: the ear hears both as ratios.
BRIGHTNESS_HZ = (250.0, 4000.0)
TEMPO_BPM = (45.0, 200.0)


@dataclass(frozen=True, slots=True)
class Quartiles:
    """A quarter of the values is below `low`, half below `median`, three quarters below `high`."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Usual:
    """Quartiles per trait of `n_tracks` favourites; a trait that few of them have is left out."""

    n_tracks: int
    traits: Mapping[str, Quartiles]


def gather_traits(analysis: TrackAnalysis) -> SoundTraits:
    """Take the traits out of an analysis."""
    described = {
        name: found.value
        for name, found in analysis.descriptors.items()
        if name in TRAITS and isinstance(found.value, int | float)
    }
    values = {name: described.get(name) for name in TRAITS}
    return SoundTraits(**{**values, "tempo": analysis.tempo})


def find_usual(favourites: Sequence[SoundTraits]) -> Usual | None:
    """Find the quartiles of favourites; None of fewer than five."""
    if len(favourites) < LEAST_FAVOURITES:
        return None
    found = {}
    for name in TRAITS:
        values = [value for one in favourites if (value := getattr(one, name)) is not None]
        if len(values) >= LEAST_FAVOURITES:
            found[name] = Quartiles(*(float(q) for q in np.percentile(values, (25, 50, 75))))
    return Usual(len(favourites), found)


def place_trait(name: str, value: float) -> float:
    """Place a trait on its axis, 0 to 1."""
    if name in ("brightness", "tempo"):
        low, high = BRIGHTNESS_HZ if name == "brightness" else TEMPO_BPM
        value = log2(max(value, low) / low) / log2(high / low)
    return min(max(value, 0.0), 1.0)


def find_unusual(traits: SoundTraits, usual: Usual) -> tuple[list[str], list[str]]:
    """Name the traits above and below the middle half of the favourites."""
    above, below = [], []
    for name, quartiles in usual.traits.items():
        value = getattr(traits, name)
        if value is not None and value > quartiles.high:
            above.append(name)
        elif value is not None and value < quartiles.low:
            below.append(name)
    return above, below
