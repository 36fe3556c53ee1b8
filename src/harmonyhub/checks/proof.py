"""Tells which variable is wrong by counterfactual: another value in its place, and it works."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.tokens import Credentials

CLIENT_ID = "HARMONYHUB_SPOTIFY_CLIENT_ID"
CLIENT_SECRET = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"  # noqa: S105 - the name of a variable
BOTH = (CLIENT_ID, CLIENT_SECRET)

MOST_CALLS = 6  # the token endpoint counts rejected calls too
SWAPPED = "id and secret in each other's place"
PROOF_S = 2.0  # what the verdict on a wrong secret may wait for a proof: 3 s with the first call


Attempt = Callable[[Credentials], Awaitable[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Which variables are wrong, and how sure that is.

    Attributes
    ----------
    variables : tuple of str
        The variables at fault; where nothing tells, those that it may be.
    is_proven : bool
        A call with other values in place of exactly these variables was accepted.
    evidence : str
        What was tried and what it means, without any value.
    n_calls : int
        Token calls made for it, at most `MOST_CALLS`.
    """

    variables: tuple[str, ...]
    is_proven: bool
    evidence: str
    n_calls: int = 0


@dataclass(frozen=True, slots=True)
class _Trial:
    """One counterfactual: what to try, what its success proves, and its description."""

    credentials: Credentials
    variables: tuple[str, ...]
    description: str


async def prove_rejection(
    rejected: Credentials,
    *,
    known: Credentials | None,
    rejection: Observation,
    attempt: Attempt,
    known_id: str | None = None,
) -> Proof:
    """Find out which half of rejected credentials is wrong.

    Parameters
    ----------
    known : Credentials or None
        The credentials that were accepted last.
    rejection : Observation
        The answer to the rejected pair; its wording is a hint, never a proof.
    attempt : callable
        Asks the token endpoint with a pair.
    known_id : str or None
        The id that was accepted last, where its secret is not known any more but is another one.
    """
    n_calls = 0
    last: Observation | None = None
    try:
        async with asyncio.timeout(PROOF_S):
            for trial in islice(_trials(rejected, known), MOST_CALLS):
                n_calls += 1
                last = await attempt(trial.credentials)
                if last.outcome is Outcome.OK:
                    return Proof(
                        variables=trial.variables,
                        is_proven=True,
                        evidence=f"with {trial.description}, Spotify accepts the credentials",
                        n_calls=n_calls,
                    )
                if last.outcome is not Outcome.CLIENT_REJECTED:
                    break  # quota, upstream or network: more calls would say nothing either
    except TimeoutError:
        last = None
    guess = _most_likely(rejected, known=known, wording=rejection.evidence)
    if known is None and known_id is not None:
        guess = _by_id(rejected, known_id)
    return _unproven(guess, tried=(n_calls, last))


def _trials(rejected: Credentials, known: Credentials | None) -> Iterator[_Trial]:
    """Give the counterfactuals, each pair once, the smallest change first."""
    if known == rejected:
        return  # they were right as they stand: no value that we know could take their place
    seen = {rejected}
    replaced = () if known is None else _known_trials(rejected, known)
    for trial in (*replaced, *_form_trials(rejected)):
        if trial.credentials not in seen:
            seen.add(trial.credentials)
            yield trial


def _known_trials(rejected: Credentials, known: Credentials) -> Iterator[_Trial]:
    with_id = Credentials(known.client_id, rejected.client_secret)
    yield _Trial(with_id, (CLIENT_ID,), "the id that worked last and this secret")
    with_secret = Credentials(rejected.client_id, known.client_secret)
    yield _Trial(with_secret, (CLIENT_SECRET,), "the secret that worked last and this id")
    if _swapped(rejected) == known:
        yield _Trial(known, BOTH, SWAPPED)
    else:
        yield _Trial(known, BOTH, "both as they worked last, and with neither of them alone")


def _form_trials(rejected: Credentials) -> Iterator[_Trial]:
    yield _Trial(_swapped(rejected), BOTH, SWAPPED)
    client_id = rejected.client_id.strip().lower()
    secret = Secret(rejected.client_secret.reveal().strip().lower())
    cleaned = "without blanks around it and in lower case"
    yield _Trial(Credentials(rejected.client_id, secret), (CLIENT_SECRET,), f"the secret {cleaned}")
    yield _Trial(Credentials(client_id, rejected.client_secret), (CLIENT_ID,), f"the id {cleaned}")


def _swapped(credentials: Credentials) -> Credentials:
    return Credentials(credentials.client_secret.reveal(), Secret(credentials.client_id))


def _unproven(
    guess: tuple[tuple[str, ...], str], *, tried: tuple[int, Observation | None]
) -> Proof:
    n_calls, last = tried
    variables, reason = guess
    if n_calls == 0:
        attempts = "no other value is known that could be tried"
    elif last is None:
        attempts = "the counter-check did not end in time"
    elif last.outcome is Outcome.CLIENT_REJECTED:
        attempts = "every other combination that could be tried is rejected too"
    else:
        attempts = f"the counter-check could not be made ({last.outcome.value})"
    return Proof(
        variables=variables,
        is_proven=False,
        evidence=f"{reason}; not proven: {attempts}",
        n_calls=n_calls,
    )


def _most_likely(
    rejected: Credentials, *, known: Credentials | None, wording: str
) -> tuple[tuple[str, ...], str]:
    if known is None:
        return _speaks_of(wording)
    if known == rejected:
        if _speaks_of(wording)[0] == (CLIENT_ID,):
            return BOTH, "these very credentials worked before, and Spotify no longer knows the app"
        return (CLIENT_SECRET,), "these very credentials worked, and an app's id never changes"
    if known.client_id == rejected.client_id:
        return (CLIENT_SECRET,), "the id is the one that worked last, the secret is not"
    if known.client_secret == rejected.client_secret:
        return (CLIENT_ID,), "the secret is the one that worked last, the id is not"
    return BOTH, "both differ from those that worked last"


def _by_id(rejected: Credentials, known_id: str) -> tuple[tuple[str, ...], str]:
    if rejected.client_id == known_id:
        return (CLIENT_SECRET,), "the id is the one that worked last, the secret is not"
    return BOTH, "both differ from those that worked last"


def _speaks_of(wording: str) -> tuple[tuple[str, ...], str]:
    wording = wording.lower()
    if "secret" in wording:
        return (CLIENT_SECRET,), "Spotify's answer speaks of the secret"
    if "unknown" in wording or "not found" in wording:
        return (CLIENT_ID,), "Spotify's answer says that it does not know the id"
    return BOTH, "Spotify's answer does not say which of the two is wrong"
