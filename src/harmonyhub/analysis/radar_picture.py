"""The picture of a track against what its listener usually hears, as SVG."""

from collections.abc import Mapping
from math import cos, pi, sin

from harmonyhub.analysis.picture_frame import LETTER, frame_picture
from harmonyhub.analysis.usual import (
    TRAITS,
    Usual,
    find_unusual,
    gather_traits,
    place_trait,
)
from harmonyhub.domain.analysis import TrackAnalysis

WIDTH, HEIGHT, RADIUS = 440, 340, 115
RINGS = (0.25, 0.5, 0.75, 1.0)
SIDEWAYS = 0.3  # beyond this much right or left of the middle a name stands beside its axis


def radar_svg(analysis: TrackAnalysis, usual: Usual) -> str:
    """Draw six traits as axes: the middle half of the favourites as a band, the track as a line.

    What was not measured has no corner. Classes to style: `radar`, `radar-grid`, `radar-usual`,
    `radar-median`, `radar-track`, `axis`.
    """
    traits = gather_traits(analysis)
    values = {name: value for name in TRAITS if (value := getattr(traits, name)) is not None}
    low, median, high = (
        _draw_ring({trait: getattr(one, name) for trait, one in usual.traits.items()})
        for name in ("low", "median", "high")
    )
    parts = [
        _draw_grid(),
        _draw_path("radar-usual", high + low, 'fill-opacity="0.3" fill-rule="evenodd"'),
        _draw_path("radar-median", median, 'stroke-dasharray="3 3"'),
        _draw_path("radar-track", _draw_ring(values), 'stroke-width="2.5" stroke-linejoin="round"'),
        *(_name_axis(name, values) for name in TRAITS),
    ]
    title = f"{analysis.file_name} against what you usually hear"
    described = describe_radar(analysis, usual)
    return frame_picture("radar", title, described, size=(WIDTH, HEIGHT), parts=parts)


def describe_radar(analysis: TrackAnalysis, usual: Usual) -> str:
    """Say the picture in words: what is unusual, then all numbers."""
    traits = gather_traits(analysis)
    words = [say_unusual(analysis, usual)]
    for name, quartiles in usual.traits.items():
        value = getattr(traits, name)
        here = "not measured" if value is None else _write(name, value)
        low, high = _write(name, quartiles.low), _write(name, quartiles.high)
        words.append(f"{name.capitalize()} {here}, usually {low} to {high}.")
    return " ".join(words)


def say_unusual(analysis: TrackAnalysis, usual: Usual) -> str:
    """Name what is above or below the middle half of the favourites."""
    above, below = find_unusual(gather_traits(analysis), usual)
    words = [
        f"{place} your usual: {', '.join(names)}."
        for place, names in (("Above", above), ("Below", below))
        if names
    ]
    return " ".join(words) or "Nothing of it is outside of your usual."


def _draw_path(name: str, path: str, look: str) -> str:
    """Draw a path: a surface where the look is that of one, else a line."""
    fill, stroke = ("currentColor", "none") if "fill" in look else ("none", "currentColor")
    return f'<path class="{name}" fill="{fill}" stroke="{stroke}" {look} d="{path}"/>'


def _draw_ring(values: Mapping[str, float]) -> str:
    """Path round the axes that have a value."""
    corners = [_place(name, place_trait(name, value)) for name, value in values.items()]
    return f"M{'L'.join(f'{x:.1f},{y:.1f}' for x, y in corners)}Z" if corners else ""


def _draw_grid() -> str:
    rings = "".join(
        f"M{'L'.join('{:.1f},{:.1f}'.format(*_place(name, ring)) for name in TRAITS)}Z"
        for ring in RINGS
    )
    spokes = "".join(
        "M{:.1f},{:.1f}L{:.1f},{:.1f}".format(*_place(name, 0), *_place(name, 1)) for name in TRAITS
    )
    return (
        f'<path class="radar-grid" fill="none" stroke="currentColor" stroke-opacity="0.25" '
        f'd="{rings}{spokes}"/>'
    )


def _name_axis(name: str, values: Mapping[str, float]) -> str:
    """Write the name and the value of the track outside of the end of an axis."""
    x, y = _place(name, 1.12)
    side = (x - WIDTH / 2) / RADIUS
    anchor = "middle" if abs(side) < SIDEWAYS else ("start" if side > 0 else "end")
    lift = 14 if y < HEIGHT / 2 - RADIUS else 2  # the two lines over the topmost axis
    value = _write(name, values[name]) if name in values else "not measured"
    return (
        f'<text class="axis" fill="currentColor" font-size="{LETTER}" text-anchor="{anchor}">'
        f'<tspan x="{x:.1f}" y="{y - lift:.1f}">{name}</tspan>'
        f'<tspan x="{x:.1f}" y="{y + 16 - lift:.1f}">{value}</tspan></text>'
    )


def _place(name: str, share: float) -> tuple[float, float]:
    """Place a point on an axis: the first goes straight up, the others follow clockwise."""
    angle = 2 * pi * TRAITS.index(name) / len(TRAITS)
    return WIDTH / 2 + RADIUS * share * sin(angle), HEIGHT / 2 - RADIUS * share * cos(angle)


def _write(name: str, value: float) -> str:
    if name == "tempo":
        return f"{value:.0f} BPM"
    return f"{value:.0f} Hz" if name == "brightness" else f"{value:.2f}"
