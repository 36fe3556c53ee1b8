"""What every call to an upstream passes: permission before, the shared state after."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import replace

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstream_policy import (
    Gate,
    Permission,
    after,
    next_probe_at,
    permit,
    take_retry,
)
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.storage.store import Store

log = logging.getLogger(__name__)

METRIC = "upstream_requests"
MAX_RETRIES = 2
RETRY_S = 0.2  # doubled for the second; times a half to one and a half
# The call never arrived: even one that must not be made twice may be tried again.
NEVER_ARRIVED = frozenset({Outcome.DNS_FAILED, Outcome.CONNECTION_REFUSED, Outcome.TLS_FAILED})
OK_KNOWN_FOR_S = 5  # how much later than it was the last success may stand in the state

Clock = Callable[[], int]


class UpstreamDoor:
    """The policy of `domain.upstream_policy` over the state that all processes share.

    Parameters
    ----------
    name : str
        Of the state.
    label : str
        Of the upstream in metrics, which are kept to a closed set of names.
    clock : callable
        Tells unix seconds UTC.
    rng : Random
        Spreads probes and retries.
    """

    def __init__(
        self, name: str, *, label: str, store: Store, clock: Clock, rng: random.Random
    ) -> None:
        self.name = name
        self._label = label
        self._store = store
        self._clock = clock
        self._rng = rng

    async def state(self) -> UpstreamState:
        """Load what all processes know."""
        return await self._store.upstreams.load(self.name)

    def permit(self, state: UpstreamState, fingerprint: str) -> Permission:
        """Decide whether an ordinary call may leave now."""
        return permit(state, fingerprint=fingerprint, now=self._clock())

    async def permit_probe(self, state: UpstreamState, fingerprint: str) -> bool:
        """Decide whether a probe may leave now; of a whole fleet one gets the permission."""
        permission, now = self.permit(state, fingerprint), self._clock()
        if permission.is_go:
            return True
        if not permission.lets_probe or now < permission.until:
            return False
        next_at = next_probe_at(permission.gate, now=now, jitter=self._rng.random())
        return await self._store.upstreams.claim_probe(self.name, now=now, next_at=next_at)

    def stopped(
        self, state: UpstreamState, permission: Permission, *, operation: str
    ) -> Observation:
        """Say in place of a call that did not leave why it would fail."""
        outcome = _reason(state, permission.gate)
        now = self._clock()
        return Observation(
            outcome=outcome,
            operation=operation,
            at=now,
            evidence=state.last_evidence,
            retry_after_s=max(0, permission.until - now),
        )

    async def count(self, observation: Observation) -> None:
        """Count a call that left."""
        owner = observation.outcome.owner
        labels = (
            self._label,
            observation.operation,
            observation.outcome.value,
            "none" if owner is None else owner.value,
        )
        await self._store.counters.add({(METRIC, labels): 1})

    async def settle(
        self, observation: Observation, fingerprint: str, *, before: UpstreamState
    ) -> UpstreamState:
        """Let all processes know what was seen; `before` is what they knew a moment ago."""
        jitter = self._rng.random()
        foreseen = after(before, observation, fingerprint=fingerprint, jitter=jitter)
        if not _is_news(before, foreseen):
            return before
        known = await self._store.upstreams.update(
            self.name,
            lambda state: after(state, observation, fingerprint=fingerprint, jitter=jitter),
        )
        self._tell(before, known)
        return known

    async def wait_to_retry(
        self, seen: Observation, n_retries: int, *, fingerprint: str, is_repeatable: bool
    ) -> bool:
        """Wait before another try of a call that failed; False: there is none.

        Parameters
        ----------
        n_retries : int
            How often it was tried again already.
        is_repeatable : bool
            Whether it may be made a second time after its answer was lost.
        """
        if seen.outcome.owner not in {Owner.UPSTREAM, Owner.NETWORK} or n_retries == MAX_RETRIES:
            return False
        may_repeat = is_repeatable or seen.outcome in NEVER_ARRIVED
        if not (may_repeat and await self._take_retry(fingerprint)):
            return False
        await asyncio.sleep(RETRY_S * 2**n_retries * (0.5 + self._rng.random()))
        return True

    async def _take_retry(self, fingerprint: str) -> bool:
        """Pay for a retry from the budget of all processes."""
        is_paid = False

        def pay(state: UpstreamState) -> UpstreamState:
            nonlocal is_paid
            paid = take_retry(state)
            is_paid = paid != state and self.permit(state, fingerprint).is_go
            return paid if is_paid else state

        await self._store.upstreams.update(self.name, pay)
        return is_paid

    def _tell(self, before: UpstreamState, now: UpstreamState) -> None:
        if now.latched is not None and before.latched is not now.latched:
            log.error("calls to %s stop: %s (%s)", self.name, now.latched, now.last_evidence)
        elif before.latched is not None and now.latched is None:
            log.info("calls to %s go on", self.name)
        elif now.not_before > max(before.not_before, self._clock()):
            log.warning("%s wants no calls for %d s", self.name, now.not_before - self._clock())


def _reason(state: UpstreamState, gate: Gate) -> Outcome:
    last = state.last_outcome
    if gate is Gate.LATCHED:
        # None: other credentials work, these were refused before.
        return state.latched or Outcome.CLIENT_REJECTED
    if gate is Gate.HELD:
        return last if last.owner is Owner.QUOTA else Outcome.QUOTA_EXCEEDED
    return last if last.owner in {Owner.UPSTREAM, Owner.NETWORK} else Outcome.UPSTREAM_FAILED


def _is_news(before: UpstreamState, now: UpstreamState) -> bool:
    """Tell whether it is worth a write: thousands of successes in a row say little."""
    if now.last_ok_at - before.last_ok_at > OK_KNOWN_FOR_S:
        return True
    return replace(now, last_ok_at=before.last_ok_at) != before
