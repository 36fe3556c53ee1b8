"""What a radio gave, as a text: it comes back whole, stays short, and nonsense is refused."""

import pytest

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.radio import MOST_GIVEN, mark, read_given, write_given


def test_what_was_given_comes_back():
    """Marks of both pages are read back in their order."""
    first = write_given((), [TrackId("t1"), TrackId("t2")])
    both = write_given(read_given(first), [TrackId("t3")])
    assert tuple(mark(TrackId(f"t{n}")) for n in (1, 2, 3)) == read_given(both)
    assert () == read_given("")


def test_a_long_radio_forgets_its_beginning():
    """An address stays short however long the radio plays; the latest tracks are kept."""
    many = [TrackId(f"t{n}") for n in range(MOST_GIVEN + 10)]
    text = write_given((), many)
    assert len(text) <= 2_000
    assert tuple(map(mark, many[10:])) == read_given(text)


@pytest.mark.parametrize("text", ["x", "AAAA=", "é", "AAAAA===", "A" * 2_004])
def test_what_we_did_not_write_is_refused(text):
    """A damaged text is no place in a radio."""
    with pytest.raises(RefusedInputError):
        read_given(text)
