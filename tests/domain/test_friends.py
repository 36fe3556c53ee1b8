"""What is between two listeners: who may do what next, and who sees what of it."""

import pytest

from harmonyhub.domain.errors import ConflictError, NotFoundError, RefusedInputError
from harmonyhub.domain.friends import (
    MOST_ASKED,
    REST_S,
    Friend,
    Standing,
    add_friend,
    check_room,
    remove_friend,
    see,
)
from harmonyhub.domain.ids import UserId

ANNA, BEN = UserId("anna"), UserId("ben")


def standings(known):
    """Say how each of the two sees it."""
    return tuple(seen and seen.standing for seen in (see(known, ANNA), see(known, BEN)))


def test_both_have_to_want_it():
    """A request is open until the other asks too, and nobody asks twice or himself."""
    asked = add_friend(None, by=ANNA, to=BEN, now=1)
    assert (Standing.ASKED, Standing.ASKS_YOU) == standings(asked)
    with pytest.raises(ConflictError, match="asked already"):
        add_friend(asked, by=ANNA, to=BEN, now=2)
    friends = add_friend(asked, by=BEN, to=ANNA, now=3)
    assert (Standing.FRIEND, Standing.FRIEND) == standings(friends)
    for one, other in ((ANNA, BEN), (BEN, ANNA)):
        with pytest.raises(ConflictError, match="friend already"):
            add_friend(friends, by=one, to=other, now=4)
        assert remove_friend(friends, by=one, to=other, now=4) is None
    with pytest.raises(RefusedInputError):
        add_friend(None, by=ANNA, to=ANNA, now=1)


def test_who_was_declined_neither_learns_it_nor_asks_again_at_once():
    """The asker sees an open request; taken back and asked again it reaches nobody for a month."""
    declined = remove_friend(add_friend(None, by=ANNA, to=BEN, now=1), by=BEN, to=ANNA, now=2)
    assert (Standing.ASKED, None) == standings(declined)
    withdrawn = remove_friend(declined, by=ANNA, to=BEN, now=3)
    assert (None, None) == standings(withdrawn)
    again = add_friend(withdrawn, by=ANNA, to=BEN, now=4)
    assert (Standing.ASKED, None) == standings(again)
    later = add_friend(withdrawn, by=ANNA, to=BEN, now=2 + REST_S)
    assert (Standing.ASKED, Standing.ASKS_YOU) == standings(later)


def test_who_declined_may_change_his_mind():
    """To ask whom one declined makes friends, unless that one took it back: then it is asked."""
    declined = remove_friend(add_friend(None, by=ANNA, to=BEN, now=1), by=BEN, to=ANNA, now=2)
    assert (Standing.FRIEND, Standing.FRIEND) == standings(
        add_friend(declined, by=BEN, to=ANNA, now=3)
    )
    withdrawn = remove_friend(declined, by=ANNA, to=BEN, now=3)
    assert (Standing.ASKS_YOU, Standing.ASKED) == standings(
        add_friend(withdrawn, by=BEN, to=ANNA, now=4)
    )


def test_nothing_cannot_end():
    """Where one sees nothing there is nothing to end, also after a decline of one's own."""
    asked = add_friend(None, by=ANNA, to=BEN, now=1)
    assert remove_friend(asked, by=ANNA, to=BEN, now=2) is None
    declined = remove_friend(asked, by=BEN, to=ANNA, now=2)
    for known in (None, declined):
        with pytest.raises(NotFoundError):
            remove_friend(known, by=BEN, to=ANNA, now=3)


def test_open_requests_are_limited():
    """The request that is one too many is refused; one that is counted already is not."""
    open_ones = [Friend(UserId(f"u{n}"), Standing.ASKED, 1) for n in range(MOST_ASKED)]
    check_room(open_ones, of=ANNA, change=Friend(UserId("u0"), Standing.ASKED, 2))
    with pytest.raises(ConflictError, match="open already"):
        check_room(open_ones, of=ANNA, change=Friend(BEN, Standing.ASKED, 2))
