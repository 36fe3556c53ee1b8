"""All pictures of an analysis by name, as SVG text; colours come from classes or `currentColor`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from harmonyhub.analysis.curve_pictures import curves_svg
from harmonyhub.analysis.harmony_pictures import chroma_svg, likeness_svg
from harmonyhub.analysis.overview_picture import overview_svg
from harmonyhub.domain.analysis import TrackAnalysis

PICTURES: Mapping[str, Callable[[TrackAnalysis], str]] = MappingProxyType(
    {
        "overview": overview_svg,
        "curves": curves_svg,
        "chroma": chroma_svg,
        "likeness": likeness_svg,
    }
)


def draw_pictures(analysis: TrackAnalysis) -> dict[str, str]:
    """Draw every picture; each has a title and a description, and needs no inline style."""
    return {name: draw(analysis) for name, draw in PICTURES.items()}
