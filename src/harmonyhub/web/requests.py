"""What handlers share: the house, ids out of addresses and forms, answers that stream."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from harmonyhub.domain.errors import NotFoundError, RefusedInputError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.kept_lists import KeptListName
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
