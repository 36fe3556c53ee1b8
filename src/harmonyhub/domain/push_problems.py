"""What a person is told where a playlist could not be saved: what happened, and what to do."""

from typing import Final

from harmonyhub.domain.errors import UpstreamError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.spotify_messages import Message, explain
from harmonyhub.domain.upstreams import Outcome

AGAIN: Final = "Save it again later: nothing is lost, and it goes on where it stopped."
OWN_WORDS: Final = {
    Outcome.NOT_FOUND: (
        "The playlist is gone: you removed it at Spotify.",
        "Save it as a new one if you want it back.",
    ),
    Outcome.REQUEST_REFUSED: (
        "Spotify took what was sent for wrong.",
        "Save it again: its tracks are looked up anew. If that does not help, ask the operator.",
    ),
    Outcome.SCOPE_MISSING: (
        "You have not allowed HarmonyHub to write playlists.",
        "Connect again, agree to everything on the list, then save the playlist.",
    ),
}
MINUTE_S, HOUR_S = 60, 3600


def push_problem(
    outcome: Outcome, *, wait_s: int | None = None, is_household: bool = False
) -> UpstreamError:
    """Say why a playlist is not saved.

    Parameters
    ----------
    wait_s : int or None
        How long Spotify asks for, where it does.
    is_household : bool
        Whether it was met with an app that a household made for itself.
    """
    said = explain(outcome, is_household=is_household)
    what, do = OWN_WORDS.get(outcome) or ("" if said is None else said.what, _next(outcome, said))
    if wait_s and outcome.owner is Owner.QUOTA:
        do = f"It takes calls again in {_in_words(wait_s)}. {do}"
    return UpstreamError(f"The playlist is not saved. {what}", hint=do, outcome=outcome)


def _next(outcome: Outcome, said: Message | None) -> str:
    do = "" if said is None else said.do
    if outcome.owner is Owner.USER:
        return f"{do} Then save the playlist again."
    return f"{do} {AGAIN}" if outcome.owner is Owner.OPERATOR else AGAIN


def _in_words(wait_s: int) -> str:
    if wait_s < 2 * MINUTE_S:
        return f"{wait_s} s"
    if wait_s < 2 * HOUR_S:
        return f"{-(-wait_s // MINUTE_S)} minutes"
    return f"{-(-wait_s // HOUR_S)} hours"
