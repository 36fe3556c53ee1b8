"""One call to the Web API: who asks, with which token, for what; and how it is refused."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

from harmonyhub.drills.fake_spotify.library import Library
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.rendering import View
from harmonyhub.drills.fake_spotify.world import Access, World
from harmonyhub.drills.http import Answer, Request, json_answer

PAGE_MOST = 50


class Refused(Exception):  # noqa: N818 - the fake's own way out of an endpoint
    """The fake refuses a call; `outcome` is the word in the journal."""

    def __init__(self, status: int, message: str, outcome: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.outcome = outcome


def error_answer(status: int, message: str, **more: object) -> Answer:
    """Make an error of the Web API."""
    return json_answer(
        {"error": {"status": int(status), "message": message, **more}}, status=status
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request, after its token was looked at; `ids` are what stands for `{}` in the path."""

    world: World
    request: Request
    access: Access
    ids: Sequence[str] = field(default=())

    @property
    def user_id(self) -> str:
        """Who asks; an app's own token is refused."""
        if self.access.user_id is None:
            raise Refused(401, "Valid user authentication required", "no-user")
        return self.access.user_id

    @property
    def is_extended(self) -> bool:
        """Whether the app keeps what new ones do not get."""
        return self.world.apps[self.access.client_id].is_extended

    @property
    def view(self) -> View:
        """How things are shown to whom asks."""
        base = f"http://{self.request.headers.get('host', 'api.spotify.com')}"
        return View(self.is_extended, is_hollow=self.world.is_hollow, base=base)

    @property
    def library(self) -> Library:
        """What the person keeps."""
        return self.world.library_of(self.user_id)

    def need_scope(self, *scopes: str) -> None:
        """Refuse a token that has none of these scopes; none named: any will do."""
        if scopes and not self.access.scopes & set(scopes):
            raise Refused(403, "Insufficient client scope", "insufficient-scope")

    def whole(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """Read a whole number of the query."""
        text = self.request.query.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,12}", text) or not least <= int(text) <= most:
            raise Refused(HTTPStatus.BAD_REQUEST, f"Invalid {name}", "bad-request")
        return int(text)

    def limit(self, *, default: int = 20, most: int = PAGE_MOST) -> int:
        """Read how many things a page shall have."""
        return self.whole("limit", default=default, most=most)

    def offset(self, *, most: int = 100_000) -> int:
        """Read where a page shall begin."""
        return self.whole("offset", default=0, least=0, most=most)

    def text(self, name: str) -> str:
        """Read a text of the query that must be there."""
        text = self.request.query.get(name, "")
        if not text:
            raise Refused(HTTPStatus.BAD_REQUEST, f"Missing {name}", "bad-request")
        return text

    def body(self) -> Json:
        """Read the body as a JSON object."""
        try:
            return self.request.json()
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "Error parsing JSON.", "bad-request") from error

    def address(self, **query: object) -> str:
        """Give the address of this call with another query; None takes a name out."""
        merged = {**self.request.query, **query}
        pairs = [
            f"{name}={quote(str(value), safe=',')}"
            for name, value in merged.items()
            if value is not None
        ]
        return f"{self.view.base}{self.request.path}" + ("?" + "&".join(pairs) if pairs else "")

    def page(
        self,
        show: Callable[[int, int], Sequence[object]],
        *,
        total: int,
        limit: int,
        offset: int,
    ) -> Json:
        """Make one page; `show` gives what stands from a position on up to another."""
        after, before = offset + limit, max(0, offset - limit)
        return {
            "href": self.address(offset=offset, limit=limit),
            "items": list(show(offset, after)),
            "limit": limit,
            "next": self.address(offset=after, limit=limit) if after < total else None,
            "offset": offset,
            "previous": self.address(offset=before, limit=limit) if offset else None,
            "total": total,
        }
