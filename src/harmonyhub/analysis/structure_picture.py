"""The picture of how a track is built: sections, keys, chords and bars on one time axis, as SVG."""

from collections.abc import Callable, Sequence
from html import escape

from harmonyhub.analysis.pictures import AXIS_HEIGHT, WIDTH, draw_axis, frame_picture
from harmonyhub.domain.analysis import TrackAnalysis

ROW, GAP = 26, 4
BAR_TICK = 10
CHARACTER = 6.6  # units that a letter of 11 takes
MOST_BARS = 400  # closer together than 2.5 units, ticks would paint the picture grey
MOST_CHORDS = 1500  # of an hour of music; more would be narrower than a line
SHADES = (0.28, 0.14, 0.36, 0.2, 0.08, 0.42)  # neighbours differ
Span = tuple[float, float, str]


def structure_svg(analysis: TrackAnalysis) -> str:
    """Draw sections, keys and chords as rows of boxes, and a tick where each bar begins.

    Equal labels have equal shades. Classes to style: `structure`, `structure-boxes`,
    `structure-bars`, `axis`.
    """
    rows: list[Sequence[Span]] = [
        analysis.sections,
        [(start, end, f"{tonic} {mode}") for start, end, tonic, mode in analysis.key_segments],
        [(start, end, short_chord(label)) for start, end, label in analysis.chords[:MOST_CHORDS]],
    ]
    scale = WIDTH / analysis.duration if analysis.duration > 0 else 0.0
    parts = [
        _draw_row(row, top=number * (ROW + GAP), place=lambda time_s: time_s * scale)
        for number, row in enumerate(rows)
    ]
    top = len(rows) * (ROW + GAP)
    parts += [_draw_bars(analysis, top=top, scale=scale)]
    parts += [draw_axis(analysis.duration, left=0, top=top + BAR_TICK)]
    return frame_picture(
        "structure",
        f"Structure of {analysis.file_name}",
        _tell(analysis),
        height=top + BAR_TICK + AXIS_HEIGHT,
        parts=parts,
    )


def short_chord(label: str) -> str:
    """Write a chord as musicians do: "A:min7/b3" is "Am7/b3", "N" is nothing."""
    if label == "N":
        return ""
    root, _, rest = label.partition(":")
    quality, slash, bass = rest.partition("/")
    written = {"maj": "", "min": "m", "min7": "m7", "hdim7": "m7b5", "sus4": "sus"}
    return f"{root}{written.get(quality, quality)}{slash}{bass}"


def _draw_row(spans: Sequence[Span], *, top: int, place: Callable[[float], float]) -> str:
    labels = list(dict.fromkeys(label for _, _, label in spans if label))
    drawn = []
    for start, end, label in spans:
        if not label:
            continue
        left, right = place(start), place(end)
        shade = SHADES[labels.index(label) % len(SHADES)]
        drawn.append(
            f'<rect x="{left:.1f}" y="{top}" width="{max(right - left - 1, 0.5):.1f}" '
            f'height="{ROW}" fill-opacity="{shade}"><title>{escape(label)}</title></rect>'
        )
        if len(label) * CHARACTER + 6 < right - left:
            drawn.append(
                f'<text x="{left + 4:.1f}" y="{top + 17}" font-size="11">{escape(label)}</text>'
            )
    return f'<g class="structure-boxes" fill="currentColor">{"".join(drawn)}</g>'


def _draw_bars(analysis: TrackAnalysis, *, top: int, scale: float) -> str:
    if not analysis.downbeats or len(analysis.downbeats) > MOST_BARS:
        return ""
    path = "".join(f"M{beat * scale:.1f} {top}v{BAR_TICK - 2}" for beat in analysis.downbeats)
    return f'<path class="structure-bars" stroke="currentColor" stroke-width="0.8" d="{path}"/>'


def _tell(analysis: TrackAnalysis) -> str:
    """Say the picture in words."""
    sections = ", ".join(label for _, _, label in analysis.sections) or "none found"
    keys = ", ".join(f"{tonic} {mode}" for _, _, tonic, mode in analysis.key_segments) or "none"
    chords = len([label for _, _, label in analysis.chords if label != "N"])
    bars = f"{len(analysis.downbeats)} bars of {analysis.time_signature} beats"
    meter = bars if analysis.time_signature else "no bars"
    return f"Sections: {sections}. Keys: {keys}. {chords} chords, {meter}."
