"""The picture of how tempo and loudness move, over one axis of time, as SVG."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor
from statistics import median

from harmonyhub.analysis.picture_frame import (
    AXIS_HEIGHT,
    LEFT,
    WIDTH,
    draw_axis,
    frame_picture,
    write_clock,
    write_text,
)
from harmonyhub.domain.analysis import TrackAnalysis

PANEL, GAP = 96, 30
TEMPO_BEATS = 8  # intervals that one point of the tempo is the median of: two bars
MOST_POINTS = 300
LEAST_TEMPO_RANGE = 0.1  # of the tempo on each side: a machine's beat shall look steady
LEAST_LOUDNESS_RANGE_LU = 6.0
Points = Sequence[tuple[float, float]]


def curves_svg(analysis: TrackAnalysis) -> str:
    """Draw the tempo of every two bars, and short-term loudness; what is not known says so.

    Classes to style: `curves`, `curve`, `curve-grid`, `axis`.
    """
    tempo, loudness = find_tempo_curve(analysis), _place_loudness(analysis)
    borders = [start for start, _, _ in analysis.sections[1:]]
    tempo_words, loudness_words = _describe(tempo, "BPM"), _describe(loudness, "LUFS")
    middle = analysis.tempo or 100.0
    panels = [
        ("Tempo in BPM", tempo, middle * LEAST_TEMPO_RANGE, "no steady beat was found"),
        ("Loudness of 3 s in LUFS", loudness, LEAST_LOUDNESS_RANGE_LU / 2, "not measured"),
    ]
    parts, top = [], 18
    for name, points, least, missing in panels:
        parts.append(write_text(name if points else f"{name}: {missing}", x=LEFT, y=top - 5))
        if points:
            parts.append(
                _draw_panel(points, borders, top=top, end_s=analysis.duration, least=least)
            )
            top += PANEL + GAP
        else:
            top += GAP
    axis_top = top - GAP + 6
    parts.append(draw_axis(analysis.duration, top=axis_top))
    described = f"Tempo {tempo_words}. Loudness {loudness_words}."
    title = f"Tempo and loudness of {analysis.file_name}"
    return frame_picture(
        "curves", title, described, size=(WIDTH, axis_top + AXIS_HEIGHT), parts=parts
    )


def find_tempo_curve(analysis: TrackAnalysis) -> Points:
    """Find the tempo around each beat: (s, BPM), from the median of eight intervals.

    At most 300 points; empty without a tempo or with fewer than nine beats.
    """
    beats = analysis.beats
    if analysis.tempo is None or len(beats) <= TEMPO_BEATS:
        return []
    intervals = [later - beat for beat, later in pairwise(beats)]
    starts = range(0, len(intervals) - TEMPO_BEATS + 1, ceil(len(intervals) / MOST_POINTS))
    return [
        (
            (beats[start] + beats[start + TEMPO_BEATS]) / 2,
            60.0 / median(intervals[start : start + TEMPO_BEATS]),
        )
        for start in starts
    ]


def _place_loudness(analysis: TrackAnalysis) -> Points:
    step = analysis.duration / max(1, len(analysis.loudness_curve))
    return [((index + 0.5) * step, level) for index, level in enumerate(analysis.loudness_curve)]


def _draw_panel(
    points: Points, borders: Sequence[float], *, top: int, end_s: float, least: float
) -> str:
    """Draw one curve between its round limits, with a line where a section begins."""
    low, high = _find_limits([value for _, value in points], least)
    scale = (WIDTH - LEFT) / end_s

    def place(at: float, value: float) -> str:
        up = (value - low) / (high - low)
        return f"{LEFT + at * scale:.1f},{top + PANEL * (1 - up):.1f}"

    grid = "".join(f"M{LEFT} {top + PANEL * part:.1f}H{WIDTH}" for part in (0, 0.5, 1))
    grid += "".join(f"M{LEFT + at * scale:.1f} {top}v{PANEL}" for at in borders)
    numbers = [
        write_text(_write_number(value), x=LEFT - 5, y=y, anchor="end")
        for value, y in ((high, top + 10), (low, top + PANEL))
    ]
    curve = "L".join(place(at, value) for at, value in points)
    return (
        f'<path class="curve-grid" stroke="currentColor" stroke-opacity="0.2" d="{grid}"/>'
        f'<path class="curve" fill="none" stroke="currentColor" stroke-width="1.6" '
        f'stroke-linejoin="round" d="M{curve}"/>' + "".join(numbers)
    )


def _find_limits(values: Sequence[float], least: float) -> tuple[int, int]:
    """Find whole numbers around all values, at least `least` from their middle."""
    low, high = min(values), max(values)
    middle = (low + high) / 2
    return floor(min(low, middle - least)), ceil(max(high, middle + least))


def _write_number(value: float) -> str:
    return f"{value:.0f}".replace("-", "\u2212")


def _describe(points: Points, unit: str) -> str:
    """Say where a curve is lowest and highest."""
    if not points:
        return "not known"
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    said = [f"{_write_number(value)} {unit} at {write_clock(at)}" for at, value in (low, high)]
    return f"from {said[0]} to {said[1]}"
