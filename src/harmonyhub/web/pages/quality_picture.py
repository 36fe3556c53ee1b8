"""Draws the trend of quality over trainings as SVG: numbers only, no style and no script."""

from collections.abc import Sequence

from markupsafe import Markup

from harmonyhub.flows.quality_log import TrainingVerdict

STEP, HEIGHT, PAD = 26, 150, 14
AXIS = 46  # room for the numbers at the left


def draw_trend(trainings: Sequence[TrainingVerdict]) -> Markup | None:
    """Draw NDCG@100 of each judged training, oldest first; None where none was judged.

    A dot is the new index, a dash the one that was live, and the bar is the 95 % interval of the
    new one: the paired difference, seen from the live one. An index that was refused has the class
    `refused`.
    """
    judged = [(one, span) for one in reversed(trainings) if (span := _span(one)) is not None]
    if not judged:
        return None
    spans = [span for _, span in judged]
    lowest, highest = min(min(span) for span in spans), max(max(span) for span in spans)
    room = max(highest - lowest, 0.01)  # one noise beside another must not look like a cliff

    def y(value: float) -> float:
        return PAD + (HEIGHT - 2 * PAD) * (1 - (value - lowest) / room)

    marks = [
        _draw_training(one, [y(value) for value in span], x=AXIS + STEP * number + STEP / 2)
        for number, (one, span) in enumerate(judged)
    ]
    width = AXIS + STEP * len(judged)
    scale = Markup("").join(
        Markup(
            '<text x="{}" y="{:.1f}" text-anchor="end">{:.3f}</text>'
            '<path class="grid" d="M{} {:.1f}H{}"/>'
        ).format(AXIS - 6, y(value) + 4, value, AXIS, y(value), width)
        for value in (lowest, lowest + room)
    )
    return Markup(
        '<svg class="trend" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">'
        "<title>NDCG@100 of {2} trainings, oldest first</title>{3}{4}</svg>"
    ).format(width, HEIGHT, len(judged), scale, Markup("").join(marks))


def _span(one: TrainingVerdict) -> tuple[float, float, float, float] | None:
    """Give new, live, and the ends of the interval of the new one."""
    told = one.judgement
    if told.new is None or told.live is None or told.low is None or told.high is None:
        return None
    return told.new, told.live, told.live + told.low, told.live + told.high


def _draw_training(one: TrainingVerdict, heights: Sequence[float], *, x: float) -> Markup:
    new, live, low, high = heights
    kind = "point" if one.judgement.verdict.is_promoted else "point refused"
    return Markup(
        '<g class="{}"><title>{}</title><path d="M{:.1f} {:.1f}V{:.1f}"/>'
        '<path class="live" d="M{:.1f} {:.1f}h12"/><circle cx="{:.1f}" cy="{:.1f}" r="4"/></g>'
    ).format(kind, one.judgement.why, x, low, high, x - 6, live, x, new)
