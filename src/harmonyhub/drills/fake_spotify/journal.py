"""What the fake was asked and what it answered: the drill reads verdicts from here."""

from collections import deque
from dataclasses import dataclass, field

from harmonyhub.drills.http import Answer, Misbehaviour, Request

LONGEST = 200_000  # a drill of three minutes makes a few ten thousand requests
EXCHANGES_MOST = 5_000  # with their bodies, 50 kB each at most
SHOWN_HEADERS = frozenset({"content-type", "if-none-match", "accept"})


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the words under which it is counted."""

    answer: Answer | Misbehaviour
    operation: str
    outcome: str
    client_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request that was served; `at` in unix seconds of the real clock, `status` 0: none."""

    at: float
    operation: str
    outcome: str
    status: int
    client_id: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer as they went over the line, without any token.

    Attributes
    ----------
    headers : dict
        Of the request, as far as they are no secret; `has_token` says whether it bore one.
    status : int
        0: there was no answer, it was lost or withheld.
    """

    at: float
    operation: str
    outcome: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    has_token: bool = False
    body: str = ""
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer_body: str = ""


class Journal:
    """The requests served, the last 200,000 of them; bodies too while `is_recording`."""

    def __init__(self) -> None:
        self.is_recording = False
        self._entries: deque[Entry] = deque(maxlen=LONGEST)
        self._exchanges: deque[Exchange] = deque(maxlen=EXCHANGES_MOST)

    def note(self, told: Told, request: Request, *, at: float) -> None:
        """Write one request down."""
        status = told.answer.status if isinstance(told.answer, Answer) else 0
        self._entries.append(
            Entry(
                at=at,
                operation=told.operation,
                outcome=told.outcome,
                status=int(status),
                client_id=told.client_id,
                user_id=told.user_id,
            )
        )
        if self.is_recording and request.path.startswith("/v1/"):
            self._exchanges.append(_exchange(told, request, at=at))

    def since(self, at: float) -> list[Entry]:
        """Give the requests at or after a time."""
        return [entry for entry in self._entries if entry.at >= at]

    def exchanges_since(self, at: float) -> list[Exchange]:
        """Give what was recorded at or after a time."""
        return [one for one in self._exchanges if one.at >= at]


def _exchange(told: Told, request: Request, *, at: float) -> Exchange:
    answer = told.answer if isinstance(told.answer, Answer) else Answer(0)
    return Exchange(
        at=at,
        operation=told.operation,
        outcome=told.outcome,
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers={name: text for name, text in request.headers.items() if name in SHOWN_HEADERS},
        has_token=request.headers.get("authorization", "").startswith("Bearer "),
        body=request.body.decode("utf-8", "replace"),
        status=int(answer.status),
        answer_headers=dict(answer.headers),
        answer_body=answer.body.decode("utf-8", "replace"),
    )
