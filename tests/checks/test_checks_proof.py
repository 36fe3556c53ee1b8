"""Counterfactual proof: the right variable, proven only by a success, with few calls."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from harmonyhub.checks import proof
from harmonyhub.checks.proof import (
    BOTH,
    CLIENT_ID,
    CLIENT_SECRET,
    MOST_CALLS,
    prove_rejection,
)
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.tokens import Credentials

GOOD = Credentials("1" * 31 + "a", Secret("2" * 31 + "b"))
OTHER_ID, OTHER_SECRET = "3" * 32, Secret("4" * 32)


def observed(outcome: Outcome, evidence: str = "400 invalid_client") -> Observation:
    """Make an answer of the token endpoint."""
    return Observation(outcome=outcome, operation="issue_app_token", at=0, evidence=evidence)


REJECTION = observed(Outcome.CLIENT_REJECTED)


@dataclass
class TokenEndpoint:
    """Accepts one pair, or answers everything alike; remembers what it was asked."""

    accepted: Credentials | None = GOOD
    otherwise: Outcome = Outcome.CLIENT_REJECTED
    asked: list[Credentials] = field(default_factory=list)

    async def __call__(self, pair: Credentials) -> Observation:
        self.asked.append(pair)
        return observed(Outcome.OK if pair == self.accepted else self.otherwise)


def with_id(client_id: str) -> Credentials:
    """Put another id in the place of the right one."""
    return Credentials(client_id, GOOD.client_secret)


def with_secret(secret: str) -> Credentials:
    """Put another secret in the place of the right one."""
    return Credentials(GOOD.client_id, Secret(secret))


@pytest.mark.parametrize(
    ("rejected", "variables"),
    [
        (with_id(OTHER_ID), (CLIENT_ID,)),
        (with_secret("4" * 32), (CLIENT_SECRET,)),
        (Credentials(OTHER_ID, OTHER_SECRET), BOTH),
        (Credentials(GOOD.client_secret.reveal(), Secret(GOOD.client_id)), BOTH),
    ],
    ids=["id", "secret", "both", "swapped"],
)
async def test_known_good_values_prove_which_one_is_wrong(
    rejected: Credentials, variables: tuple[str, ...]
) -> None:
    """With the credentials that worked last, each single fault and both are proven."""
    endpoint = TokenEndpoint()
    found = await prove_rejection(rejected, known=GOOD, rejection=REJECTION, attempt=endpoint)
    assert (variables, True) == (found.variables, found.is_proven)
    assert len(endpoint.asked) == found.n_calls <= 3


async def test_rotated_secret_and_wrong_id_prove_the_id() -> None:
    """The old secret is revoked and the new one right: the id alone is proven wrong."""
    rotated = Credentials(GOOD.client_id, OTHER_SECRET)
    endpoint = TokenEndpoint(accepted=rotated)
    rejected = Credentials(OTHER_ID, OTHER_SECRET)
    found = await prove_rejection(rejected, known=GOOD, rejection=REJECTION, attempt=endpoint)
    assert ((CLIENT_ID,), True) == (found.variables, found.is_proven)


async def test_swapped_pair_is_proven_without_known_good_values() -> None:
    """At a first deploy too, id and secret in each other's place are found and said."""
    rejected = Credentials(GOOD.client_secret.reveal(), Secret(GOOD.client_id))
    found = await prove_rejection(
        rejected, known=None, rejection=REJECTION, attempt=TokenEndpoint()
    )
    assert (BOTH, True) == (found.variables, found.is_proven)
    assert "in each other's place" in found.evidence


@pytest.mark.parametrize(
    ("rejected", "variable"),
    [
        (with_secret(f" {GOOD.client_secret.reveal().upper()}\n"), CLIENT_SECRET),
        (with_id(GOOD.client_id.upper()), CLIENT_ID),
    ],
)
async def test_blanks_and_capitals_are_proven(rejected: Credentials, variable: str) -> None:
    """A value that only looks different is tried in its plain form."""
    endpoint = TokenEndpoint()
    found = await prove_rejection(rejected, known=None, rejection=REJECTION, attempt=endpoint)
    assert ((variable,), True) == (found.variables, found.is_proven)


async def test_revoked_at_run_time_is_the_secret_unproven_and_free() -> None:
    """Credentials that worked as they stand: most likely the secret, without another call."""
    endpoint = TokenEndpoint(accepted=None)
    found = await prove_rejection(GOOD, known=GOOD, rejection=REJECTION, attempt=endpoint)
    assert ((CLIENT_SECRET,), False, []) == (found.variables, found.is_proven, endpoint.asked)


async def test_app_deleted_at_run_time_may_be_either() -> None:
    """Credentials that worked, and an answer that no longer knows the app: both are looked at."""
    endpoint = TokenEndpoint(accepted=None)
    deleted = observed(Outcome.CLIENT_REJECTED, "400 invalid_client: Client not found")
    found = await prove_rejection(GOOD, known=GOOD, rejection=deleted, attempt=endpoint)
    assert (BOTH, False, []) == (found.variables, found.is_proven, endpoint.asked)


@pytest.mark.parametrize(
    ("wording", "variables"),
    [
        ("400 invalid_client: Invalid client secret", (CLIENT_SECRET,)),
        ("400 invalid_client: Unknown client", (CLIENT_ID,)),
        ("400 invalid_client", BOTH),
    ],
)
async def test_wording_is_a_hint_and_never_a_proof(
    wording: str, variables: tuple[str, ...]
) -> None:
    """Where nothing works, what Spotify wrote ranks the variables, unproven."""
    found = await prove_rejection(
        Credentials(OTHER_ID, OTHER_SECRET),
        known=None,
        rejection=observed(Outcome.CLIENT_REJECTED, wording),
        attempt=TokenEndpoint(accepted=None),
    )
    assert (variables, False) == (found.variables, found.is_proven)


async def test_only_value_that_changed_leads_over_the_wording() -> None:
    """The secret changed and the old one is revoked: the secret, whatever the text speaks of."""
    found = await prove_rejection(
        with_secret("4" * 32),
        known=GOOD,
        rejection=observed(Outcome.CLIENT_REJECTED, "400 invalid_client: Invalid client"),
        attempt=TokenEndpoint(accepted=None),
    )
    assert ((CLIENT_SECRET,), False) == (found.variables, found.is_proven)


@pytest.mark.parametrize("known", [GOOD, None])
async def test_a_proof_stays_within_its_calls(known: Credentials | None) -> None:
    """Even where every form differs and nothing works, six calls are not passed."""
    endpoint = TokenEndpoint(accepted=None)
    rejected = Credentials(" ABC", Secret("DEF "))
    found = await prove_rejection(rejected, known=known, rejection=REJECTION, attempt=endpoint)
    assert found.n_calls == len(endpoint.asked) == len(set(endpoint.asked)) <= MOST_CALLS
    assert not found.is_proven


async def test_quota_or_network_ends_the_proof() -> None:
    """An answer that is not about the credentials stops the calls and proves nothing."""
    endpoint = TokenEndpoint(accepted=None, otherwise=Outcome.QUOTA_EXCEEDED)
    rejected = Credentials(OTHER_ID, OTHER_SECRET)
    found = await prove_rejection(rejected, known=GOOD, rejection=REJECTION, attempt=endpoint)
    assert (1, False, BOTH) == (found.n_calls, found.is_proven, found.variables)
    assert "quota-exceeded" in found.evidence


async def test_slow_upstream_leaves_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter-check that hangs is given up, and the likely variable is still named."""
    monkeypatch.setattr(proof, "PROOF_S", 0.01)

    async def hang(_: Credentials) -> Observation:
        await asyncio.Event().wait()
        raise AssertionError

    found = await prove_rejection(with_id(OTHER_ID), known=GOOD, rejection=REJECTION, attempt=hang)
    assert ((CLIENT_ID,), False) == (found.variables, found.is_proven)
    assert "in time" in found.evidence


@pytest.mark.parametrize("spoil", [with_id, with_secret], ids=["id", "secret"])
async def test_proof_shows_no_value(spoil: Callable[[str], Credentials]) -> None:
    """Neither evidence nor representation holds an id or a secret."""
    rejected = spoil("5" * 32)
    found = await prove_rejection(
        rejected, known=GOOD, rejection=REJECTION, attempt=TokenEndpoint()
    )
    values = (
        GOOD.client_id,
        GOOD.client_secret.reveal(),
        rejected.client_secret.reveal(),
        "5" * 32,
    )
    assert not any(value in repr(found) for value in values)


@pytest.mark.parametrize(
    ("known_id", "variables"), [(GOOD.client_id, (CLIENT_SECRET,)), (OTHER_ID, BOTH)]
)
async def test_an_id_that_is_known_alone_tells_which_it_is(
    known_id: str, variables: tuple[str, ...]
) -> None:
    """Where only the id that worked is known, the same id leaves the secret, another one both."""
    found = await prove_rejection(
        with_secret("4" * 32),
        known=None,
        rejection=REJECTION,
        attempt=TokenEndpoint(accepted=None),
        known_id=known_id,
    )
    assert (variables, False) == (found.variables, found.is_proven)
