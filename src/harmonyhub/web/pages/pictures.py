"""Small pictures of the pages as SVG: cover tiles, plays by month, the bar of a ledger.

Colours are presentation attributes or classes: the content security policy bars inline styles.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import cos, radians, sin

from markupsafe import Markup

TILE = 96
BAR_WIDTH = 6
BAR_GAP = 2
BARS_HEIGHT = 48
MONTHS_SHOWN = 36


@lru_cache(maxsize=4096)
def draw_tile(artist: str, title: str) -> Markup:
    """Draw the cover-like tile of a track: colours by its artist, pattern by its title."""
    hue_bytes = hashlib.blake2b(artist.casefold().encode(), digest_size=4).digest()
    shape = hashlib.blake2b(title.casefold().encode(), digest_size=8).digest()
    hue = 130 + int.from_bytes(hue_bytes[:2]) % 270  # green to red: dark yellows are brown
    turn = 20 + hue_bytes[2] % 50  # neighbours on the colour wheel look calm together
    if hue_bytes[3] % 2:
        turn = -turn
    colours = (
        _colour(0.43, chroma=0.11, hue=hue),
        _colour(0.64, chroma=0.13, hue=hue + turn),
        _colour(0.84, chroma=0.09, hue=hue + 2 * turn),
    )
    figure = _FIGURES[shape[0] % len(_FIGURES)](shape, colours)
    return Markup(  # noqa: S704 - made of numbers only
        f'<svg class="tile" viewBox="0 0 {TILE} {TILE}" aria-hidden="true" focusable="false">'
        f'<rect width="{TILE}" height="{TILE}" fill="{colours[0]}"/>{figure}</svg>'
    )


def _colour(lightness: float, *, chroma: float, hue: float) -> str:
    """Write an OKLCH colour as sRGB: unlike in HSL, all hues are equally light.

    References
    ----------
    Ottosson 2020, "A perceptual color space for image processing".
    """
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_gamma(part):02x}" for part in linear)


def _gamma(linear: float) -> int:
    clipped = min(1.0, max(0.0, linear))
    return round(
        255 * (1.055 * clipped ** (1 / 2.4) - 0.055 if clipped > 0.0031308 else 12.92 * clipped)
    )


def _circles(shape: bytes, colours: Sequence[str]) -> str:
    x, y = 20 + shape[1] % 56, 20 + shape[2] % 56
    rings = (
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{colours[1 + n % 2]}" '
        f'stroke-width="7"/>'
        for n, radius in enumerate(range(9, 100, 14 + shape[3] % 5))
    )
    return "".join(rings)


def _waves(shape: bytes, colours: Sequence[str]) -> str:
    lines = []
    for n in range(6):
        y = 8 + n * 16
        bend = 6 + shape[n] % 14
        lines.append(
            f'<path d="M-8 {y}q14 -{bend} 28 0t28 0t28 0t28 0" fill="none" '
            f'stroke="{colours[1 + n % 2]}" stroke-width="6"/>'
        )
    return "".join(lines)


def _bars(shape: bytes, colours: Sequence[str]) -> str:
    bars = (
        f'<rect x="{6 + n * 11}" y="{(TILE - height) // 2}" width="7" height="{height}" rx="3.5" '
        f'fill="{colours[1 + n % 2]}"/>'
        for n, height in enumerate(16 + byte % 62 for byte in shape)
    )
    return "".join(bars)


def _moon(shape: bytes, colours: Sequence[str]) -> str:
    x, y = 34 + shape[1] % 30, 34 + shape[2] % 24
    dx, dy = 6 + shape[3] % 12, shape[4] % 12
    return (
        f'<circle cx="{x}" cy="{y}" r="25" fill="{colours[2]}"/>'
        f'<circle cx="{x + dx}" cy="{y - dy}" r="21" fill="{colours[0]}"/>'
        f'<path d="M0 {74 + shape[5] % 8}q24 -{6 + shape[6] % 14} 48 0t48 0v40h-96z" '
        f'fill="{colours[1]}"/>'
    )


def _diagonals(shape: bytes, colours: Sequence[str]) -> str:
    slope = -1 if shape[1] % 2 else 1
    lines = (
        f'<path d="M{x} {-4 if slope > 0 else 100}l110 {110 * slope}" '
        f'stroke="{colours[1 + n % 2]}" stroke-width="{4 + shape[2 + n % 6] % 8}"/>'
        for n, x in enumerate(range(-96, 96, 24))
    )
    return "".join(lines)


_FIGURES = (_circles, _waves, _bars, _moon, _diagonals)


def draw_months(plays: Sequence[int]) -> Markup:
    """Draw how often a track was played in each month, up to the month of the last play.

    Parameters
    ----------
    plays : sequence of int
        Unix seconds, in any order, at least one.
    """
    months = [_month(at) for at in plays]
    last = max(months)
    first = max(min(months), last - MONTHS_SHOWN + 1)
    counts = [months.count(month) for month in range(first, last + 1)]
    tallest = max(counts)
    bars = []
    for n, plays_then in enumerate(counts):
        height = max(2, round(BARS_HEIGHT * plays_then / tallest)) if plays_then else 1
        year, month = divmod(first + n, 12)
        bars.append(
            f'<rect x="{n * (BAR_WIDTH + BAR_GAP)}" y="{BARS_HEIGHT - height}" '
            f'width="{BAR_WIDTH}" height="{height}" rx="1.5">'
            f"<title>{year}-{month + 1:02}: {plays_then}</title></rect>"
        )
    width = len(counts) * (BAR_WIDTH + BAR_GAP)
    return Markup(  # noqa: S704 - made of numbers only
        f'<svg class="months" viewBox="0 0 {width} {BARS_HEIGHT}" width="{width}" '
        f'height="{BARS_HEIGHT}" role="img"><title>Plays by month</title>{"".join(bars)}</svg>'
    )


def draw_shares(shares: Sequence[tuple[str, int]]) -> Markup:
    """Draw counts as parts of one bar; each part carries the class `part-NAME`."""
    total = sum(number for _, number in shares)
    parts, x = [], 0.0
    for name, number in shares:
        width = 100 * number / total if total else 0.0
        parts.append(
            Markup('<rect class="part-{}" x="{:.3f}" width="{:.3f}" height="4"/>').format(
                name, x, width
            )
        )
        x += width
    return Markup(
        '<svg class="shares" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        "{}</svg>"
    ).format(Markup("").join(parts))


def _month(at: int) -> int:
    when = datetime.fromtimestamp(at, tz=UTC)
    return when.year * 12 + when.month - 1
