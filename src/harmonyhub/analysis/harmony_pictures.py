"""Pictures of the notes of a track, as SVG: how strong each is, and which moments are alike."""

from collections.abc import Sequence

import numpy as np

from harmonyhub.analysis import FloatArray
from harmonyhub.analysis.picture_frame import (
    AXIS_HEIGHT,
    CHARACTER,
    LEFT,
    WIDTH,
    choose_hue,
    draw_axis,
    find_runs,
    frame_picture,
    write_clock,
    write_text,
)
from harmonyhub.domain.analysis import TrackAnalysis

CHROMA_ROW = 15
PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SHADES = 9  # steps of chroma opacity; more cannot be told apart and double the bytes
ALIKE_SHADES = 5
SIDE, CELLS = 480, 96  # of the square of self-similarity; cells of 5 units keep it under 60 kB
MARGIN = 22
DELAYS = 4  # columns that are compared at once: a moment alone would be alike by chance


def chroma_svg(analysis: TrackAnalysis) -> str:
    """Draw how strong each pitch class is over time: 12 rows, C at the bottom.

    Classes to style: `chroma`, `chroma-cells`, `axis`.
    """
    key = f"The key is {analysis.key.name}." if analysis.key else "No key stands out."
    strongest = _name_strongest(analysis.chroma)
    height = 12 * CHROMA_ROW
    parts = [
        _chroma_cells(analysis.chroma),
        *(
            write_text(name, x=LEFT - 6, anchor="end", y=_row_top(row) + CHROMA_ROW - 3)
            for row, name in enumerate(PITCH_NAMES)
        ),
        draw_axis(analysis.duration, top=height),
    ]
    title = f"Pitch classes of {analysis.file_name}"
    return frame_picture(
        "chroma", title, f"{key}{strongest}", size=(WIDTH, height + AXIS_HEIGHT), parts=parts
    )


def likeness_svg(analysis: TrackAnalysis) -> str:
    """Draw which moments have like notes: time goes right and down, strong colour is alike.

    A line beside the diagonal is a repetition, a block a stretch that stays the same.
    Classes to style: `likeness`, `likeness-cells`, `likeness-border`, `overview-part`, `axis`.

    References
    ----------
    Foote 1999, "Visualizing music and audio using self-similarity", ACM Multimedia; Serra, Serra
    and Andrzejak 2009, "Cross recurrence quantification for cover song identification", New J.
    Physics 11 (several moments compared at once).
    """
    likeness = compare_moments(analysis.chroma)
    scale = SIDE / analysis.duration if analysis.duration > 0 else 0.0
    parts = [_likeness_cells(likeness), *_mark_sections(analysis, scale)]
    parts += [draw_axis(analysis.duration, left=MARGIN, top=MARGIN + SIDE, width=MARGIN + SIDE)]
    size = (MARGIN + SIDE, MARGIN + SIDE + AXIS_HEIGHT)
    title = f"Self-similarity of {analysis.file_name}"
    return frame_picture("likeness", title, _describe_form(analysis), size=size, parts=parts)


def compare_moments(chroma: Sequence[Sequence[float]]) -> FloatArray:
    """Compare the notes of all moments with each other.

    Returns
    -------
    array, shape (n, n), n at most `CELLS`
        Correlation of what four neighbouring moments have beyond the mean of the track, 0 to 1.
    """
    table = np.sqrt(np.array(chroma, np.float64)).T if chroma else np.empty((0, 12))
    edges = np.linspace(0, len(table), min(CELLS, len(table)) + 1).round().astype(int)
    if len(edges) <= DELAYS:
        return np.empty((0, 0))
    columns = np.add.reduceat(table, edges[:-1]) / np.diff(edges)[:, None]
    centred = columns - columns.mean(axis=0)
    padded = np.concatenate([centred, np.repeat(centred[-1:], DELAYS - 1, axis=0)])
    moments = np.hstack([padded[delay : delay + len(centred)] for delay in range(DELAYS)])
    moments /= np.maximum(np.linalg.norm(moments, axis=1, keepdims=True), 1e-9)
    likeness: FloatArray = np.clip(moments @ moments.T, 0.0, 1.0)
    return likeness


def _likeness_cells(likeness: FloatArray) -> str:
    """One path of strokes per shade, in the units of cells."""
    if not len(likeness):
        return ""
    paths: dict[int, list[str]] = {}
    for row, values in enumerate(np.round(likeness * ALIKE_SHADES).astype(int).tolist()):
        for start, end, shade in find_runs(values):
            paths.setdefault(shade, []).append(f"M{start} {row}h{end - start}")
    drawn = "".join(
        f'<path stroke-opacity="{shade / ALIKE_SHADES:.2f}" d="{"".join(runs)}"/>'
        for shade, runs in sorted(paths.items())
        if shade > 0
    )
    cell = SIDE / len(likeness)
    return (
        f'<g class="likeness-cells" stroke="currentColor" fill="none" '
        f'transform="translate({MARGIN} {MARGIN + cell / 2:.2f}) scale({cell:.4f})">{drawn}</g>'
    )


def _mark_sections(analysis: TrackAnalysis, scale: float) -> list[str]:
    """Draw each section along both sides, with its label above where there is room."""
    marks = []
    for start, end, label in analysis.sections:
        at, length = MARGIN + start * scale, max((end - start) * scale - 1, 0.5)
        marks.append(
            f'<g class="overview-part hue-{choose_hue(label)}" fill="currentColor" '
            f'fill-opacity="0.4"><rect x="{at:.1f}" y="{MARGIN - 5}" width="{length:.1f}" '
            f'height="4"/><rect y="{at:.1f}" x="{MARGIN - 5}" height="{length:.1f}" width="4"/></g>'
        )
        if len(label) * CHARACTER < length:
            marks.append(write_text(label, x=at + length / 2, y=MARGIN - 8, anchor="middle"))
    return marks


def _describe_form(analysis: TrackAnalysis) -> str:
    """Say which sections return."""
    places: dict[str, list[str]] = {}
    for start, _, label in analysis.sections:
        places.setdefault(label, []).append(write_clock(start))
    returns = [f"{label} at {', '.join(at)}" for label, at in places.items() if len(at) > 1]
    if not returns:
        return "No section returns as it was."
    return f"Sections that return: {'; '.join(returns)}."


def _chroma_cells(chroma: Sequence[Sequence[float]]) -> str:
    """One path per shade: neighbours of one shade become one cell."""
    n_columns = len(chroma[0]) if chroma else 0
    if not n_columns:
        return ""
    width = (WIDTH - LEFT) / n_columns
    paths: dict[int, list[str]] = {}
    for row, values in enumerate(chroma):
        for start, end, shade in find_runs([round(value * SHADES) for value in values]):
            cell = (
                f"M{LEFT + start * width:.1f} {_row_top(row)}"
                f"H{LEFT + end * width:.1f}v{CHROMA_ROW - 1}"
                f"H{LEFT + start * width:.1f}z"
            )
            paths.setdefault(shade, []).append(cell)
    drawn = "".join(
        f'<path fill-opacity="{shade / SHADES:.2f}" d="{"".join(cells)}"/>'
        for shade, cells in sorted(paths.items())
        if shade > 0
    )
    return f'<g class="chroma-cells" fill="currentColor">{drawn}</g>'


def _name_strongest(chroma: Sequence[Sequence[float]]) -> str:
    """Name the three pitch classes that sound most."""
    if not any(map(any, chroma)):
        return ""
    sums = [sum(values) for values in chroma]
    strongest = sorted(range(12), key=lambda row: -sums[row])[:3]
    return f" Strongest are {', '.join(PITCH_NAMES[row] for row in strongest)}."


def _row_top(row: int) -> int:
    return (11 - row) * CHROMA_ROW
