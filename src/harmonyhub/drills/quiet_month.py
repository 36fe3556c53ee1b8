"""Replays a quiet month on the product's own rules, and counts whom they wake."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.live import LIVE_BY_ID
from harmonyhub.domain.consents import CONSENT_LASTS_S
from harmonyhub.domain.findings import Owner, Result, Verdict
from harmonyhub.domain.incidents import Incident
from harmonyhub.domain.upstream_policy import (
    BRAKE_WINDOW_S,
    ISSUE_APP_TOKEN,
    REFRESH,
    Gate,
    after,
    next_probe_at,
    permit,
)
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.drills.quiet_events import N_USERS, Hiccup, Month
from harmonyhub.flows.watch import PROBE_EVERY_S, SPOTIFY_IDS
from harmonyhub.flows.watch_rules import (
    Deliver,
    Escalate,
    Open,
    Resolve,
    Sight,
    Update,
    decide,
    wants_diagnosis,
)
from harmonyhub.sources.spotify.operations import RECENTLY_PLAYED
from harmonyhub.wiring.spotify_app import BRAKE_LEAST, BRAKE_SHARE

STEP_S = round(PROBE_EVERY_S)
SETTLE_S = 300  # after an event everything is looked at that long, and until it is calm
ESCALATE_AFTER_S = 900
DIAGNOSE_AGAIN_S = 60  # as the watch does while calls have stopped
CREDENTIALS = "the credentials in use"
TOLD_BY = {Outcome.CLIENT_REJECTED: "HH101", Outcome.FOREIGN_APP: "HH102"}


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards that keep such a month quiet; a test turns each off and must see pages.

    Attributes
    ----------
    confirms : bool
        One answer that blames the operator is asked for again.
    spares_aged : bool
        Consents that end by their age do not count as a mass rejection.
    asks_owner : bool
        Only the operator's faults stop calls and wake; else the first failure does.
    """

    confirms: bool = True
    spares_aged: bool = True
    asks_owner: bool = True


ALL_GUARDS = Guards()


@dataclass(frozen=True, slots=True)
class Page:
    """Somebody is woken; `at` in seconds from the beginning of the month."""

    at: int
    check_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a month has led to."""

    pages: tuple[Page, ...]
    n_looks: int
    n_calls: int


def replay(month: Month, *, rng: random.Random, guards: Guards = ALL_GUARDS) -> Replayed:
    """Replay a month on the policy for upstreams and on the decisions of the watch."""
    house = _House(month, rng=rng, guards=guards)
    n_looks = 0
    for now in _moments(month, house):
        house.look(now)
        n_looks += 1
    return Replayed(tuple(house.pages), n_looks, house.n_calls)


def _moments(month: Month, house: "_House") -> Iterator[int]:
    """Give the times of the probes that matter: those after an event, until all is calm.

    In between each probe succeeds and leaves everything as it was.
    """
    starts = [hiccup.start for hiccup in month.hiccups]
    starts += [at for day in month.quota_days for at in (day.start, day.end)]
    starts += [rejection.at for rejection in month.rejections]
    starts += [] if month.revoked_at is None else [month.revoked_at]
    now = 0
    for start in sorted(starts):
        now = max(now, start // STEP_S * STEP_S)
        until = start + SETTLE_S
        while now < until or (house.is_busy and now < until + SETTLE_S):
            yield now
            now += STEP_S


class _House:
    """The policy's state, the open incidents, and what Spotify answers at a time."""

    def __init__(self, month: Month, *, rng: random.Random, guards: Guards) -> None:
        self._month = month
        self._rng = rng
        self._guards = guards
        self._state = UpstreamState(name="spotify")
        self._incidents: list[Incident] = []
        self._n_rejected = 0
        self._starts = [hiccup.start for hiccup in month.hiccups]
        odd_at = [at for hiccup in month.hiccups for at in hiccup.odd_at]
        self._odd_at = sorted(odd_at, reverse=True)
        self._found: tuple[Result, ...] = ()
        self._found_for: tuple[object, ...] = ()
        self._found_at = 0
        self.pages: list[Page] = []
        self.n_calls = 0

    @property
    def is_busy(self) -> bool:
        """Whether something is still going on that only further probes can end."""
        return self._state.latched is not None or bool(self._incidents) or self._is_failing

    @property
    def _is_failing(self) -> bool:
        return self._state.n_failures > 0

    def look(self, now: int) -> None:
        """Do what happens between two probes: a probe, a user's call, rejections, the watch."""
        self._call(ISSUE_APP_TOKEN, now)
        self._call(RECENTLY_PLAYED.name, now)
        self._reject(now)
        self._watch(now)

    def _call(self, operation: str, now: int) -> None:
        permission = permit(self._state, fingerprint=CREDENTIALS, now=now)
        is_latched = permission.gate is Gate.LATCHED
        if not permission.is_go:
            is_probe = operation == ISSUE_APP_TOKEN and permission.lets_probe
            if not is_probe or now < permission.until:
                return
            at = next_probe_at(permission.gate, now=now, jitter=self._rng.random())
            self._state = replace(self._state, next_probe_at=at)
        if is_latched and self._state.latched is Outcome.FOREIGN_APP:
            operation = REFRESH  # another app's own token says nothing; a user's refresh does
        seen = self._ask(operation, now)
        if self._guards.confirms and not is_latched and seen.outcome.owner is Owner.OPERATOR:
            second = self._ask(operation, now)
            was_chance = second.outcome is Outcome.OK
            seen = replace(seen, outcome=Outcome.UPSTREAM_FAILED) if was_chance else second
        self._settle(seen)

    def _settle(self, seen: Observation) -> None:
        owner = seen.outcome.owner
        if not self._guards.asks_owner and owner in {Owner.UPSTREAM, Owner.NETWORK, Owner.QUOTA}:
            seen = replace(seen, outcome=Outcome.CLIENT_REJECTED)
        self._state = after(self._state, seen, fingerprint=CREDENTIALS, jitter=self._rng.random())

    def _ask(self, operation: str, now: int) -> Observation:
        self.n_calls += 1
        outcome, wait_s = self._answer(operation, now)
        return Observation(outcome=outcome, operation=operation, at=now, retry_after_s=wait_s)

    def _answer(self, operation: str, now: int) -> tuple[Outcome, int | None]:
        if self._is_odd(now):
            return Outcome.CLIENT_REJECTED, None
        hiccup = self._hiccup(now)
        if hiccup is not None and self._rng.random() < hiccup.share:
            return hiccup.outcome, None
        revoked_at = self._month.revoked_at
        if revoked_at is not None and now >= revoked_at and operation != RECENTLY_PLAYED.name:
            return Outcome.CLIENT_REJECTED, None
        if operation == RECENTLY_PLAYED.name:
            for day in self._month.quota_days:
                if day.start <= now < day.end:
                    return Outcome.QUOTA_EXCEEDED, day.end - now
        return Outcome.OK, None

    def _is_odd(self, now: int) -> bool:
        """Tell whether this call gets an odd answer: one call each, if one is made at that time."""
        last = None
        while self._odd_at and self._odd_at[-1] <= now:
            last = self._odd_at.pop()
        return last is not None and now - last < STEP_S

    def _hiccup(self, now: int) -> Hiccup | None:
        # They may overlap: of those that have begun, the last ones are looked at.
        for index in range(bisect_right(self._starts, now) - 1, -1, -1):
            hiccup = self._month.hiccups[index]
            if now < hiccup.end:
                return hiccup
            if now - hiccup.start > SETTLE_S * 4:
                return None
        return None

    def _reject(self, now: int) -> None:
        """Let users be rejected, and count as the brake on mass rejections does."""
        rejections = self._month.rejections
        while self._n_rejected < len(rejections) and rejections[self._n_rejected].at <= now:
            self._n_rejected += 1
            recent = [
                one
                for one in rejections[: self._n_rejected]
                if one.at >= now - BRAKE_WINDOW_S
                and (not self._guards.spares_aged or one.consented_at >= now - CONSENT_LASTS_S)
            ]
            if len(recent) > max(BRAKE_LEAST, BRAKE_SHARE * N_USERS):
                seen = Observation(outcome=Outcome.FOREIGN_APP, operation=REFRESH, at=now)
                self._state = after(self._state, seen, fingerprint=CREDENTIALS, jitter=0)

    def _watch(self, now: int) -> None:
        diagnosis = diagnose(
            self._results(now), Facts(failing_since=self._state.failing_since), confirmed_only=True
        )
        is_well = self._state.latched is None and self._state.last_outcome is Outcome.OK
        sight = Sight(diagnosis=diagnosis, passed=SPOTIFY_IDS if is_well else frozenset())
        for action in decide(sight, self._incidents, now=now, escalate_after_s=ESCALATE_AFTER_S):
            match action:
                case Open(found):
                    self._incidents.append(
                        Incident(id=str(now), diagnosis=found, opened_at=now, notified_at=now)
                    )
                    self._page(now, found.key)
                case Resolve(incident_id):
                    self._incidents = [one for one in self._incidents if one.id != incident_id]
                case Escalate(incident_id):
                    self._incidents = [
                        replace(one, escalated_at=now) if one.id == incident_id else one
                        for one in self._incidents
                    ]
                case Update(_, found, is_told=True):
                    self._page(now, found.key)
                case Update() | Deliver():
                    pass  # written down; every message of this month arrives

    def _page(self, now: int, key: str) -> None:
        self.pages.append(Page(now, tuple(key.split("+"))))

    def _results(self, now: int) -> tuple[Result, ...]:
        """Check as the watch does once calls have stopped, and again each minute until told."""
        state = self._state
        if state.latched is None:
            self._found, self._found_for = (), ()
            return ()
        what = (state.latched, state.latched_since)
        is_old = now - self._found_at >= DIAGNOSE_AGAIN_S
        if what != self._found_for or (is_old and wants_diagnosis(state, self._incidents)):
            self._found_for, self._found_at = what, now
            self._found = (self._check(state.latched, now),)
        return self._found

    def _check(self, latched: Outcome, now: int) -> Result:
        check = LIVE_BY_ID[TOLD_BY[latched]]
        asks_again = self._guards.confirms and self._guards.asks_owner
        is_sure = latched is Outcome.FOREIGN_APP or not asks_again
        outcome = latched if is_sure else self._ask(ISSUE_APP_TOKEN, now).outcome
        if outcome is Outcome.OK:
            return Result(check_id=check.id, verdict=Verdict.PASSED)
        finding = check.found(str(outcome), fix="", owner=outcome.owner)
        is_ours = outcome.owner is Owner.OPERATOR
        verdict = Verdict.FAILED if is_ours else Verdict.UNVERIFIED
        return Result(check_id=check.id, verdict=verdict, finding=finding)
