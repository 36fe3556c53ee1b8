"""The picture of a scale run: CPU seconds and memory over pairs, both on logarithmic axes."""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path

WIDTH, HEIGHT, EDGE = 560, 320, 56
COLOURS = {"cpu_s": "#b45309", "peak_mb": "#1d4ed8"}
NAMES = {"cpu_s": "CPU seconds", "peak_mb": "peak memory, MB"}

Row = Mapping[str, float]


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write the picture, with a dashed line of what grows in proportion to the pairs."""
    pairs = [row["pairs"] for row in rows]
    last = rows[-1]
    even = [(count, last["cpu_s"] * count / last["pairs"]) for count in (pairs[0], pairs[-1])]
    axes = _Axes(pairs, [even[0][1], *(row[name] for row in rows for name in NAMES)])
    parts = [axes.frame()]
    parts.append(axes.line(even, "#78716c", "6 5"))
    parts.append(axes.text(*even[0], "in proportion to the pairs", dy=14))
    for name, colour in COLOURS.items():
        points = [(row["pairs"], row[name]) for row in rows]
        parts += [axes.line(points, colour), axes.text(*points[0], NAMES[name], dy=-10)]
        parts += [axes.dot(*point, colour) for point in points]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>CPU seconds and peak memory of a training over its pairs</title>"
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    path.write_text("\n".join([head, title, ground, *parts, "</svg>\n"]), "utf-8")


class _Axes:
    """Places on paper of values on two logarithmic axes."""

    def __init__(self, across: Sequence[float], up: Sequence[float]) -> None:
        self._low = (log10(min(across)), log10(min(up)) - 0.2)
        self._high = (log10(max(across)), log10(max(up)))

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Find the place of a point, in units of the picture."""
        right, rise = (
            (log10(value) - low) / (high - low)
            for value, low, high in zip((x, y), self._low, self._high, strict=True)
        )
        return EDGE + right * (WIDTH - 2 * EDGE), HEIGHT - EDGE - rise * (HEIGHT - 2 * EDGE)

    def line(self, points: Sequence[tuple[float, float]], colour: str, dashes: str = "") -> str:
        """Join points."""
        places = " ".join("{:.1f},{:.1f}".format(*self.place(*point)) for point in points)
        look = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}" fill="none"'
        return f'<polyline points="{places}" {look}/>'

    def dot(self, x: float, y: float, colour: str) -> str:
        """Mark a point and write its value beside it."""
        right, down = self.place(x, y)
        label = self.text(x, y, f"{y:,.0f}", dy=16)
        return f'<circle cx="{right:.1f}" cy="{down:.1f}" r="3.5" fill="{colour}"/>{label}'

    def text(self, x: float, y: float, words: str, *, dy: float) -> str:
        """Write beside a point."""
        right, down = self.place(x, y)
        return (
            f'<text x="{right:.1f}" y="{down + dy:.1f}" font-family="sans-serif" font-size="11" '
            f'fill="#1c1917">{words}</text>'
        )

    def frame(self) -> str:
        """Draw the lower axis, with its powers of ten."""
        foot = HEIGHT - EDGE / 2
        parts = [f'<path d="M{EDGE} {foot - 14}H{WIDTH - EDGE}" stroke="#a8a29e"/>']
        for power in range(int(-(-self._low[0] // 1)), int(self._high[0]) + 1):
            right, _ = self.place(10.0**power, 1)
            words = f'<text x="{right:.1f}" y="{foot}" font-family="sans-serif" font-size="11">'
            parts.append(f"{words}{10**power:,} pairs</text>")
        return "".join(parts)
