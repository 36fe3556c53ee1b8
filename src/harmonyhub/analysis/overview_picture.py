"""The picture of a whole track as SVG: form, waveform, beats, chords and keys over one axis."""

from collections import defaultdict
from collections.abc import Sequence
from html import escape

from harmonyhub.analysis.picture_frame import (
    AXIS_HEIGHT,
    CHARACTER,
    LEFT,
    LETTER,
    WIDTH,
    choose_hue,
    draw_axis,
    frame_picture,
    write_clock,
    write_text,
)
from harmonyhub.domain.analysis import TrackAnalysis

ROW, GAP = 26, 4
WAVE_TOP = ROW + GAP
WAVE_HEIGHT = 150
CHORDS_TOP = WAVE_TOP + WAVE_HEIGHT + GAP
KEYS_TOP = CHORDS_TOP + ROW + GAP
AXIS_TOP = KEYS_TOP + ROW + GAP
BEAT_HEIGHT = 12
ROWS = (("Form", 0), ("Wave", WAVE_TOP), ("Chords", CHORDS_TOP), ("Keys", KEYS_TOP))
MOST_LINES = 400  # closer together than 2.5 units they would paint the picture grey
MOST_CHORDS = 1500  # of an hour of music; more would be narrower than a line
SHADES = (0.28, 0.14, 0.36, 0.2, 0.08, 0.42)  # neighbours differ
MAIN_CHORDS = 4
Span = tuple[float, float, str]


def overview_svg(analysis: TrackAnalysis) -> str:
    """Draw what happens when: rows of boxes and the waveform, aligned over one axis of time.

    Classes to style: `overview`; `overview-part` with `hue-0` to `hue-5`, one per letter of the
    form; `waveform-outline`, `waveform-beats`, `waveform-bars`, `overview-boxes`, `axis`.
    """
    keys = [(start, end, f"{tonic} {mode}") for start, end, tonic, mode in analysis.key_segments]
    chords = [
        (start, end, short_chord(label)) for start, end, label in analysis.chords[:MOST_CHORDS]
    ]
    scale = (WIDTH - LEFT) / analysis.duration if analysis.duration > 0 else 0.0
    beats, bars = choose_pulse(analysis)
    parts = [
        _draw_sections(analysis.sections, scale),
        _draw_outline(analysis.waveform),
        _draw_lines("waveform-beats", beats, scale=scale, height=BEAT_HEIGHT),
        _draw_lines("waveform-bars", bars, scale=scale, height=WAVE_HEIGHT),
        _draw_boxes(chords, top=CHORDS_TOP, scale=scale),
        _draw_boxes(keys, top=KEYS_TOP, scale=scale),
        *(write_text(name, x=0, y=top + 18) for name, top in ROWS),
        draw_axis(analysis.duration, top=AXIS_TOP),
    ]
    return frame_picture(
        "overview",
        f"Overview of {analysis.file_name}",
        describe_overview(analysis),
        size=(WIDTH, AXIS_TOP + AXIS_HEIGHT),
        parts=parts,
    )


def describe_overview(analysis: TrackAnalysis) -> str:
    """Say the picture in words: length, beats, form with times, keys, chords that last longest."""
    words = [f"{write_clock(analysis.duration)} long, {_describe_beats(analysis)}."]
    if analysis.sections:
        form = ", ".join(f"{label} at {write_clock(at)}" for at, _, label in analysis.sections)
        words.append(f"Sections: {form}.")
    if analysis.key_segments:
        keys = [
            f"{tonic} {mode} at {write_clock(at)}" for at, _, tonic, mode in analysis.key_segments
        ]
        words.append(f"Keys: {', '.join(keys)}.")
    shares = _rank_chords(analysis)[:MAIN_CHORDS]
    if shares:
        said = ", ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in shares)
        words.append(f"Chords, by time: {said}.")
    return " ".join(words)


def choose_pulse(analysis: TrackAnalysis) -> tuple[Sequence[float], Sequence[float]]:
    """Choose the beats and the bars that are drawn; none of either that are too many."""
    beats, bars = analysis.beats, analysis.downbeats
    return (
        beats if len(beats) <= MOST_LINES else (),
        bars if len(bars) <= MOST_LINES else (),
    )


def short_chord(label: str) -> str:
    """Write a chord as musicians do: "A:min7/b3" is "Am7/b3", "N" is nothing."""
    if label == "N":
        return ""
    root, _, rest = label.partition(":")
    quality, slash, bass = rest.partition("/")
    written = {"maj": "", "min": "m", "min7": "m7", "hdim7": "m7b5", "sus4": "sus"}
    return f"{root}{written.get(quality, quality)}{slash}{bass}"


def _draw_sections(sections: Sequence[Span], scale: float) -> str:
    """Name the sections in a row, and lay their hue behind the waveform."""
    drawn = []
    for start, end, label in sections:
        left, width = LEFT + start * scale, max((end - start) * scale - 1, 0.5)
        place = f'x="{left:.1f}" width="{width:.1f}"'
        told = f"{escape(label)}, {write_clock(start)} to {write_clock(end)}"
        drawn.append(
            f'<g class="overview-part hue-{choose_hue(label)}" fill="currentColor">'
            f'<rect {place} y="0" height="{ROW}" fill-opacity="0.32"><title>{told}</title></rect>'
            f'<rect {place} y="{WAVE_TOP}" height="{WAVE_HEIGHT}" fill-opacity="0.1"/></g>'
            + _write_inside(label, left=left, width=width, top=0)
        )
    return "".join(drawn)


def _draw_outline(waveform: Sequence[tuple[float, float]]) -> str:
    """Path along the highs and back along the lows."""
    if not waveform:
        return ""
    middle, half = WAVE_TOP + WAVE_HEIGHT / 2, WAVE_HEIGHT / 2
    step = (WIDTH - LEFT) / len(waveform)
    # Half a unit at least, so that silence shows as a line.
    tops = [middle - max(high * half, 0.5) for _, high in waveform]
    bottoms = [middle - min(low * half, -0.5) for low, _ in waveform]
    there = [f"{LEFT + index * step:.1f},{top:.1f}" for index, top in enumerate(tops)]
    back = [f"{LEFT + index * step:.1f},{bottom:.1f}" for index, bottom in enumerate(bottoms)]
    path = "M" + "L".join([*there, *reversed(back)]) + "Z"
    return f'<path class="waveform-outline" fill="currentColor" d="{path}"/>'


def _draw_lines(name: str, times: Sequence[float], *, scale: float, height: int) -> str:
    """Draw a line per time, up from the foot of the waveform."""
    if not times:
        return ""
    foot = WAVE_TOP + WAVE_HEIGHT
    path = "".join(f"M{LEFT + at * scale:.1f} {foot}v-{height}" for at in times)
    return (
        f'<path class="{name}" stroke="currentColor" stroke-opacity="0.4" '
        f'stroke-width="0.8" d="{path}"/>'
    )


def _draw_boxes(spans: Sequence[Span], *, top: int, scale: float) -> str:
    """Draw a row of boxes; equal labels have equal shades."""
    labels = list(dict.fromkeys(label for _, _, label in spans if label))
    drawn = []
    for start, end, label in spans:
        if not label:
            continue
        left, width = LEFT + start * scale, max((end - start) * scale - 1, 0.5)
        shade = SHADES[labels.index(label) % len(SHADES)]
        drawn.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW}" '
            f'fill-opacity="{shade}"><title>{escape(label)}</title></rect>'
            + _write_inside(label, left=left, width=width, top=top)
        )
    return f'<g class="overview-boxes" fill="currentColor">{"".join(drawn)}</g>'


def _write_inside(label: str, *, left: float, width: float, top: int) -> str:
    """Write a label into its box where there is room."""
    if len(label) * CHARACTER + 3 > width:
        return ""
    return (
        f'<text class="label" fill="currentColor" x="{left + 3:.1f}" y="{top + 18}" '
        f'font-size="{LETTER}">{escape(label)}</text>'
    )


def _rank_chords(analysis: TrackAnalysis) -> list[tuple[str, float]]:
    """List chords with their share of the time that has a chord, the longest first."""
    seconds: dict[str, float] = defaultdict(float)
    for start, end, label in analysis.chords:
        if name := short_chord(label):
            seconds[name] += end - start
    total = sum(seconds.values())
    return [(name, spent / total) for name, spent in sorted(seconds.items(), key=lambda s: -s[1])]


def _describe_beats(analysis: TrackAnalysis) -> str:
    if analysis.tempo is None:
        return "without a steady beat"
    beats = f"{len(analysis.beats)} beats at {analysis.tempo:.0f} beats per minute"
    if analysis.time_signature is None:
        return beats
    return f"{beats}, {len(analysis.downbeats)} bars of {analysis.time_signature}"
