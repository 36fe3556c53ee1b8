"""What the fake was asked and what it answered: the drill reads verdicts from here."""

from collections import deque
from dataclasses import dataclass

from harmonyhub.drills.http import Answer, Misbehaviour

LONGEST = 200_000  # a drill of three minutes makes a few ten thousand requests


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


class Journal:
    """The requests served, the last 200,000 of them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=LONGEST)

    def note(self, told: Told, *, at: float) -> None:
        """Write one request down."""
        self._entries.append(
            Entry(
                at=at,
                operation=told.operation,
                outcome=told.outcome,
                status=told.answer.status if isinstance(told.answer, Answer) else 0,
                client_id=told.client_id,
                user_id=told.user_id,
            )
        )

    def since(self, at: float) -> list[Entry]:
        """Give the requests at or after a time."""
        return [entry for entry in self._entries if entry.at >= at]
