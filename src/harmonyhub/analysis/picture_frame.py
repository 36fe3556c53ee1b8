"""What all pictures of an analysis share: the SVG around them, the axis of time, runs of cells."""

from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 1000
LEFT = 54  # for the names and numbers of rows, the same in all pictures over time
AXIS_HEIGHT = 24
LETTER = 13  # size of all writing: 11 px are left of it where a phone scrolls the picture sideways
CHARACTER = 7.6  # units that a character of that size takes
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 12
HUES = 6  # classes hue-0 to hue-5 that a page may colour; more hues are not told apart


def frame_picture(
    name: str, title: str, described: str, *, size: tuple[float, float], parts: Iterable[str]
) -> str:
    """Put parts into an SVG of this class and (width, height), with a title and a description."""
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" '
        f'viewBox="0 0 {width:g} {height:g}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(described)}</desc>' + "".join(parts) + "</svg>"
    )


def draw_axis(duration_s: float, *, top: int, left: int = LEFT, width: int = WIDTH) -> str:
    """Draw tick marks with times at round steps, from `left` to `width`."""
    if duration_s <= 0:
        return ""
    most = max(2, MOST_TICKS * (width - left) // WIDTH)
    step = next((s for s in TICK_STEPS_S if duration_s / s <= most), TICK_STEPS_S[-1])
    scale = (width - left) / duration_s
    ticks = []
    for second in range(0, int(duration_s) + 1, step):
        x = left + second * scale
        ticks.append(f'<path stroke="currentColor" d="M{x:.1f} {top}v5"/>')
        if x < width - 40:  # a label at the very end would be cut off
            ticks.append(f'<text x="{x + 3:.1f}" y="{top + 17}">{write_clock(second)}</text>')
    return f'<g class="axis" fill="currentColor" font-size="{LETTER}">{"".join(ticks)}</g>'


def write_text(text: str, *, x: float, y: float, anchor: str = "start") -> str:
    """Write in the muted colour of an axis."""
    return (
        f'<text class="axis" fill="currentColor" font-size="{LETTER}" x="{x:.1f}" y="{y:.1f}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def write_clock(duration_s: float) -> str:
    """Write seconds as 3:05 or 1:03:05."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def find_runs(shades: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    """Yield (start, end, shade) of equal neighbours."""
    start = 0
    for index in range(1, len(shades) + 1):
        if index == len(shades) or shades[index] != shades[start]:
            yield start, index, shades[start]
            start = index


def choose_hue(label: str) -> int:
    """Give a section its hue: that of its letter, so variants share it; ends have the last."""
    letter = label.rstrip("'")
    return (ord(letter[-1]) - ord("A")) % (HUES - 1) if letter.isupper() else HUES - 1
