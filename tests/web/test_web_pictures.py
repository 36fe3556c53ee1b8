"""The small pictures and the words for numbers."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from harmonyhub.web.pages.pictures import MONTHS_SHOWN, draw_months, draw_shares, draw_tile
from harmonyhub.web.pages.rendering import count, day, duration, moment
from harmonyhub.web.pages.visitor import way_back

YEAR = 31_557_600


@given(st.text(), st.text())
def test_a_tile_is_well_formed_and_the_same_every_time(artist: str, title: str) -> None:
    """Whatever the names, the tile is XML, and depends on nothing else."""
    tile = draw_tile(artist, title)
    assert "svg" == ET.fromstring(tile).tag  # noqa: S314 - our own text
    assert tile == draw_tile(artist, title)
    assert "style=" not in tile


def test_tracks_of_an_artist_share_their_colours() -> None:
    """The ground colour is the artist's; the pattern is the title's."""
    first, second = draw_tile("Nina", "One"), draw_tile("NINA", "Two")
    assert first.split('"/>')[0] == second.split('"/>')[0]
    assert first != second


@given(st.lists(st.integers(0, 60 * YEAR), min_size=1, max_size=50))
def test_months_end_with_the_last_play(plays: list[int]) -> None:
    """There is a bar for each month, at most the last three years of them."""
    bars = draw_months(plays).count("<rect")
    assert 1 <= bars <= MONTHS_SHOWN


def test_months_count_plays() -> None:
    """Two plays in one month and one in the next are told as such."""
    picture = draw_months([0, 86_400, 40 * 86_400])
    assert "1970-01: 2" in picture
    assert "1970-02: 1" in picture


def test_shares_fill_the_bar() -> None:
    """The widths of the parts add up to the whole; an empty account draws nothing wrong."""
    bar = ET.fromstring(draw_shares([("kept", 3), ("duplicate", 1)]))  # noqa: S314 - our own text
    assert ["75.000", "25.000"] == [part.get("width") for part in bar]
    assert "NaN" not in draw_shares([("kept", 0)])


def test_numbers_are_written_for_people() -> None:
    """Counts have thin spaces, durations have minutes, times carry their machine form."""
    assert "27\u202f109" == count(27_109)
    assert ("3:07", "1:02:45") == (duration(187.2), duration(3765))
    assert '<time datetime="1970-01-02T00:00:00Z" data-kind="day">2 Jan 1970</time>' == day(86_400)
    assert "2 Jan 1970, 00:00 UTC" in moment(86_400)


@given(st.text())
def test_no_way_back_leaves_the_site(path: str) -> None:
    """Whatever a form says, the way back starts with one slash and no second one."""
    way = way_back(path)
    assert way.startswith("/")
    assert not way.startswith(("//", "/\\"))
