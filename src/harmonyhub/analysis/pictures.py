"""Pictures of an analysis as SVG text; colours come from the page's classes or `currentColor`."""

from collections.abc import Iterable, Sequence
from html import escape

from harmonyhub.domain.analysis import TrackAnalysis

WIDTH = 1000
WAVEFORM_HEIGHT = 160
AXIS_HEIGHT = 22
CHROMA_ROW = 14
LABEL_WIDTH = 34
PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 12
MOST_LINES = 400  # closer together than 2.5 units they would paint the picture grey
SHADES = 9  # steps of chroma opacity; more cannot be told apart and double the bytes


def waveform_svg(analysis: TrackAnalysis) -> str:
    """Draw the waveform over a time axis, with a thin line per beat.

    Classes to style: `waveform`, `waveform-outline`, `waveform-beats`, `axis`.
    """
    title = f"Waveform of {analysis.file_name}"
    described = f"{_clock(analysis.duration)} long, {_describe_beats(analysis)}."
    parts = [
        f'<path class="waveform-outline" fill="currentColor" d="{_outline(analysis.waveform)}"/>'
        if analysis.waveform
        else "",
        _pulse_lines(analysis),
        draw_axis(analysis.duration, left=0, top=WAVEFORM_HEIGHT),
    ]
    return frame_picture(
        "waveform", title, described, height=WAVEFORM_HEIGHT + AXIS_HEIGHT, parts=parts
    )


def chroma_svg(analysis: TrackAnalysis) -> str:
    """Draw how strong each pitch class is over time: 12 rows, C at the bottom.

    Classes to style: `chroma`, `chroma-cells`, `axis`.
    """
    key = f"The key is {analysis.key.name}." if analysis.key else "No key stands out."
    height = 12 * CHROMA_ROW
    parts = [
        _chroma_cells(analysis.chroma),
        *(
            f'<text class="axis" fill="currentColor" font-size="11" x="2" '
            f'y="{_row_top(row) + CHROMA_ROW - 3}">{name}</text>'
            for row, name in enumerate(PITCH_NAMES)
        ),
        draw_axis(analysis.duration, left=LABEL_WIDTH, top=height),
    ]
    title = f"Pitch classes of {analysis.file_name}"
    return frame_picture("chroma", title, key, height=height + AXIS_HEIGHT, parts=parts)


def frame_picture(
    name: str, title: str, described: str, *, height: int, parts: Iterable[str]
) -> str:
    """Put parts into an SVG of this class, `WIDTH` wide, with a title and a description."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" '
        f'viewBox="0 0 {WIDTH} {height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(described)}</desc>' + "".join(parts) + "</svg>"
    )


def _outline(waveform: Sequence[tuple[float, float]]) -> str:
    """Path along the highs and back along the lows."""
    middle = WAVEFORM_HEIGHT / 2
    step = WIDTH / len(waveform)
    # Half a unit at least, so that silence shows as a line.
    tops = [middle - max(high * middle, 0.5) for _, high in waveform]
    bottoms = [middle - min(low * middle, -0.5) for low, _ in waveform]
    there = [f"{index * step:.1f},{top:.1f}" for index, top in enumerate(tops)]
    back = [f"{index * step:.1f},{bottom:.1f}" for index, bottom in enumerate(bottoms)]
    return "M" + "L".join([*there, *reversed(back)]) + "Z"


def choose_pulse(analysis: TrackAnalysis) -> tuple[str, Sequence[float]]:
    """Say what the lines over the waveform are, and at which seconds: beats, bars, or "" for none.

    A long piece has more beats than lines can be told apart; then each bar gets one.
    """
    for name, times in (("beats", analysis.beats), ("bars", analysis.downbeats)):
        if 0 < len(times) <= MOST_LINES:
            return name, times
    return "", ()


def _pulse_lines(analysis: TrackAnalysis) -> str:
    _, times = choose_pulse(analysis)
    if not times:
        return ""
    scale = WIDTH / analysis.duration
    path = "".join(f"M{at * scale:.1f} 0V{WAVEFORM_HEIGHT}" for at in times)
    return (
        '<path class="waveform-beats" stroke="currentColor" stroke-opacity="0.35" '
        f'stroke-width="0.7" d="{path}"/>'
    )


def _chroma_cells(chroma: Sequence[Sequence[float]]) -> str:
    """One path per shade: neighbours of one shade become one cell."""
    n_columns = len(chroma[0]) if chroma else 0
    if not n_columns:
        return ""
    width = (WIDTH - LABEL_WIDTH) / n_columns
    paths: dict[int, list[str]] = {}
    for row, values in enumerate(chroma):
        for start, end, shade in _runs([round(value * SHADES) for value in values]):
            cell = (
                f"M{LABEL_WIDTH + start * width:.1f} {_row_top(row)}"
                f"H{LABEL_WIDTH + end * width:.1f}v{CHROMA_ROW - 1}"
                f"H{LABEL_WIDTH + start * width:.1f}z"
            )
            paths.setdefault(shade, []).append(cell)
    drawn = "".join(
        f'<path fill-opacity="{shade / SHADES:.2f}" d="{"".join(cells)}"/>'
        for shade, cells in sorted(paths.items())
        if shade > 0
    )
    return f'<g class="chroma-cells" fill="currentColor">{drawn}</g>'


def _runs(shades: Sequence[int]) -> Iterable[tuple[int, int, int]]:
    """Yield (start, end, shade) of equal neighbours."""
    start = 0
    for index in range(1, len(shades) + 1):
        if index == len(shades) or shades[index] != shades[start]:
            yield start, index, shades[start]
            start = index


def _row_top(row: int) -> int:
    return (11 - row) * CHROMA_ROW


def draw_axis(duration_s: float, *, left: int, top: int) -> str:
    """Draw tick marks with times at round steps."""
    if duration_s <= 0:
        return ""
    step = next((s for s in TICK_STEPS_S if duration_s / s <= MOST_TICKS), TICK_STEPS_S[-1])
    scale = (WIDTH - left) / duration_s
    ticks = []
    for second in range(0, int(duration_s) + 1, step):
        x = left + second * scale
        ticks.append(f'<path stroke="currentColor" d="M{x:.1f} {top}v5"/>')
        if x < WIDTH - 30:  # a label at the very end would be cut off
            ticks.append(f'<text x="{x + 3:.1f}" y="{top + 16}">{_clock(second)}</text>')
    return f'<g class="axis" fill="currentColor" font-size="11">{"".join(ticks)}</g>'


def _describe_beats(analysis: TrackAnalysis) -> str:
    if analysis.tempo is None:
        return "without a steady beat"
    return f"{len(analysis.beats)} beats at {analysis.tempo:.0f} beats per minute"


def _clock(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
