"""What handlers share: the house, ids out of addresses and forms, answers that stream."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.kept_lists import KeptListName
from harmonyhub.domain.recommendations import ListName
from harmonyhub.web.events import Closing
from harmonyhub.wiring.house import House

USER_LENGTH_MAX = 100
DEFAULT_USER = UserId("local")

HouseHere = NamedDependency[SkipValidation[House]]
ClosingHere = NamedDependency[SkipValidation[Closing]]


def parse_user(text: str) -> UserId:
    """Take a user's name as it is, if it is one.

    Raises
    ------
    RefusedInputError
        If it is empty, too long, or holds a slash or a character that does not print.
    """
    name = text.strip()
    if not name or len(name) > USER_LENGTH_MAX or "/" in name or not name.isprintable():
        raise RefusedInputError(
            "That is no user name.",
            hint=f"Use 1 to {USER_LENGTH_MAX} characters that print, without a slash.",
        )
    return UserId(name)


def parse_kept(name: str) -> KeptListName:
    """Take the name of a list that is kept.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    if name not in {known.value for known in KeptListName}:
        raise NotFoundError(f"No list {name} is kept.", hint="Ask for daily or weekly.")
    return KeptListName(name)


def check_seed(list_name: ListName, track: str | None) -> TrackId | None:
    """Take the seed track of a list: needed for more-like-this, refused for any other.

    Raises
    ------
    RefusedInputError
        If it does not fit the list.
    """
    needs_seed = list_name is ListName.MORE_LIKE_THIS
    if needs_seed and not track:
        raise RefusedInputError(
            "The list more-like-this starts from a track.", hint="Add track=ID to the address."
        )
    if track and not needs_seed:
        raise RefusedInputError(
            f"The list {list_name.value} starts from no track.",
            hint="Leave track out, or ask for list=more-like-this.",
        )
    return TrackId(track) if track else None
