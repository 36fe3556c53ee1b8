"""The watch: probes, diagnoses, keeps incidents; needs nothing but the house itself."""

import asyncio
import logging
import random
import time
from dataclasses import replace

from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.checks.subject import Subject
from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict
from harmonyhub.domain.incidents import Diagnosis, Incident
from harmonyhub.domain.releases import Instance
from harmonyhub.domain.upstream_policy import ISSUE_APP_TOKEN
from harmonyhub.domain.upstreams import Observation, Outcome, UpstreamState
from harmonyhub.flows.contacts import Contacts
from harmonyhub.flows.diagnosing import describe_silence, diagnose_house, subject_of
from harmonyhub.flows.last_good import keep_last_good
from harmonyhub.flows.reloading import RELOADED, Drift, Sources, Survey
from harmonyhub.flows.telling import Telling
from harmonyhub.flows.watch_rules import Sight, decide, wants_diagnosis
from harmonyhub.settings.load import survey_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.snapshot import configuration_fingerprint
from harmonyhub.sources.spotify.tokens import Credentials
from harmonyhub.wiring.house import House

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
SOURCES_EVERY_S = 0.5
PROBE_EVERY_S = 3.0  # an alert within 5 s needs it; one small token call each
SLOW_EVERY_S = 30.0
BEAT_EVERY_S = 5.0
REMEMBER_EVERY_S = 600.0
LEASE_EVERY_S = 2.0
LEASE_S = 10  # a watch that died is replaced by another process after that
DIAGNOSE_AGAIN_S = 60  # while latched at most two token calls a minute may leave
WRONG_CLOCK_S = 300  # from there on the check of the clock calls it an error
SWAP_AGAIN_S = 15.0  # at most as often as a latched probe may ask
STORE_SILENT_S = 8.0  # a primary is elected in 2 s, the embedded server is back after 4

SPOTIFY = "spotify"
SPOTIFY_LIVE = tuple(each for each in LIVE if each.check.id.startswith("HH1"))
SPOTIFY_IDS = frozenset(each.check.id for each in SPOTIFY_LIVE)
SLOW_LIVE = tuple(each for each in LIVE if each.check.id not in SPOTIFY_IDS)
ALERT_PATH = "HH602"

Results = tuple[Result, ...]


class Watch:
    """One process's watch. Of a fleet one watches at a time; every one follows its own sources.

    Parameters
    ----------
    owner : str
        This process's name in the lease, unique.
    key : bytes
        Of the fingerprints.
    survey : callable
        Reads the settings of this process again.
    """

    def __init__(
        self,
        house: House,
        *,
        owner: str,
        key: bytes,
        rng: random.Random | None = None,
        survey: Survey = survey_settings,
    ) -> None:
        self._house = house
        self._owner = owner
        self._key = key
        self._rng = rng or random.Random()  # noqa: S311 - spreads looks, guards nothing
        self._sources = Sources(house.settings, key=key, survey=survey)
        self._settings = house.settings
        self._telling = Telling(house, Contacts.of(house.settings))
        self._drift = Drift(settings=house.settings)
        self._refused: tuple[Finding, ...] = ()
        self._is_unsure = False
        self._slow: Results = ()
        self._spotify: Results = ()
        self._answer: Observation | None = None
        self._diagnosed: tuple[object, ...] = ()
        self._due: dict[str, float] = {}
        self._is_watching = False
        self._silent_since: float | None = None
        self._untold: Incident | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._telling.contacts.first.check())
            group.create_task(self._follow_sources())
            group.create_task(self._keep_looking())

    async def _follow_sources(self) -> None:
        while True:
            try:
                await self.follow_sources()
            except UnavailableError as error:
                log.warning("changed settings wait: %s", error.message)
            await asyncio.sleep(SOURCES_EVERY_S)

    async def _keep_looking(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self.look()
                self._silent_since = None
            except UnavailableError as error:
                await self._look_without_store(error, since=began)
            await asyncio.sleep(LOOK_EVERY_S)

    async def follow_sources(self) -> None:
        """Read files and environment again; try what changed and take it over if it works."""
        drift = self._sources.look()
        self._drift = drift
        settings = drift.settings
        if settings is None or not (self._sources.is_new(drift) or self._tries_again()):
            return
        self._is_unsure = False
        taken = frozenset(drift.changed) & RELOADED
        credentials = {name for name in taken if "_SPOTIFY_" in name}
        if credentials and not await self._swap(settings, credentials):
            taken -= credentials
        elif not credentials:
            self._refused = ()
        if taken:
            log.info("took over changed settings: %s", ", ".join(sorted(taken)))
            self._settings = settings
            self._due.pop("remember", None)
            self._telling.contacts = Contacts.of(settings)
            self._telling.note_accepted(taken & credentials)
            self._sources.take(settings, taken)

    async def _swap(self, settings: Settings, names: set[str]) -> bool:
        """Try changed credentials; those in use stay where the new ones are not accepted."""
        client_id, secret = settings.spotify_client_id, settings.spotify_client_secret
        if self._house.spotify is None or client_id is None or secret is None:
            return False  # Spotify comes or goes as a whole: that takes a restart
        seen = await self._house.spotify.swap(Credentials(client_id, secret))
        self._refused = _refusals(names, seen, settings)
        is_accepted = seen.outcome is Outcome.OK
        self._is_unsure = not is_accepted and seen.outcome.owner is not Owner.OPERATOR
        self._due["swap"] = time.monotonic() + SWAP_AGAIN_S
        return is_accepted

    def _tries_again(self) -> bool:
        """Tell whether values that nobody could judge, Spotify being down, are due for a try."""
        return self._is_unsure and self._is_due("swap", SWAP_AGAIN_S)

    async def look(self) -> None:
        """Look once: probe, diagnose what is new, decide, tell."""
        await self._beat()
        if not await self._holds_lease():
            return
        await self._catch_up()
        if self._is_due("slow", SLOW_EVERY_S):
            self._slow = await self._check_slowly()
        await self._probe()
        incidents = await self._house.store.incidents.current()
        state = await self._house.store.upstreams.load(SPOTIFY)
        await self._diagnose_spotify(state, incidents)
        sight = await self._sight(state)
        for action in decide(
            sight,
            incidents,
            now=self._house.clock(),
            escalate_after_s=self._telling.contacts.escalate_after_s,
        ):
            await self._telling.act(action)
        await self._remember(sight, state)

    async def _remember(self, sight: Sight, state: UpstreamState) -> None:
        """Keep settings that everything works with, for a start that needs to know them."""
        is_accepted = self._house.spotify is None or (
            self._answer is not None and self._answer.outcome is Outcome.OK
        )
        is_fine = sight.diagnosis is None and state.latched is None and is_accepted
        if is_fine and self._is_due("remember", REMEMBER_EVERY_S):
            await keep_last_good(self._house, self._settings)

    async def _holds_lease(self) -> bool:
        if self._is_due("lease", LEASE_EVERY_S):
            self._is_watching = await self._house.store.watch_lease.hold(
                self._owner, now=self._house.clock(), lease_s=LEASE_S
            )
        return self._is_watching

    async def _beat(self) -> None:
        if not self._is_due("beat", BEAT_EVERY_S):
            return
        await self._house.store.instances.beat(
            Instance(
                name=self._owner,
                release=self._settings.release,
                configuration_fingerprint=configuration_fingerprint(self._settings, self._key),
                drift=self._drift.changed,
                seen_at=self._house.clock(),
            )
        )

    async def _probe(self) -> None:
        if self._house.spotify is None or not self._is_due("probe", PROBE_EVERY_S):
            return
        self._answer = await self._house.spotify.probe()

    async def _check_slowly(self) -> Results:
        """Check all but Spotify; what fails must fail twice before anybody is woken."""
        first = _with_dead_contacts(await check_live(self._subject(), checks=SLOW_LIVE))
        if not _causes(first):
            return first
        second = _with_dead_contacts(await check_live(self._subject(), checks=SLOW_LIVE))
        certain = {cause.check_id for cause in _causes(first)}
        return tuple(
            result
            for result in second
            if result.verdict is not Verdict.FAILED or result.check_id in certain
        )

    async def _diagnose_spotify(self, state: UpstreamState, incidents: list[Incident]) -> None:
        """Find out which variable it is as soon as something is wrong, and again while it is."""
        what = self._suspicion(state)
        if not what:
            self._spotify, self._diagnosed = (), ()
            return
        is_told = state.latched is not None and not wants_diagnosis(state, incidents)
        if self._diagnosed == what and (is_told or not self._is_due("diagnosis", DIAGNOSE_AGAIN_S)):
            return
        self._diagnosed = what
        self._due["diagnosis"] = time.monotonic() + DIAGNOSE_AGAIN_S
        self._spotify = await check_live(self._subject(), checks=SPOTIFY_LIVE)

    def _suspicion(self, state: UpstreamState) -> tuple[object, ...]:
        """Tell what calls for a diagnosis; empty where nothing does.

        Also what is the network's or the upstream's by its looks: only a counter-check tells an
        address that was changed from a service that is down.
        """
        if state.latched is not None:
            return (state.latched, state.latched_since, state.latched_fingerprint)
        answer = self._answer
        if answer is None:
            return ("nothing is asked",)
        if answer.outcome.owner in {Owner.UPSTREAM, Owner.NETWORK}:
            return ("failing", state.failing_since)
        if answer.server_time is not None and abs(answer.at - answer.server_time) > WRONG_CLOCK_S:
            return ("the clock",)
        return ()

    async def _sight(self, state: UpstreamState) -> Sight:
        findings = (*self._drift.findings, *self._refused)
        results = (*self._slow, *self._spotify)
        causes = (*findings, *_causes(results))
        diagnosis = None
        if causes:
            diagnosis = await diagnose_house(
                self._house, results=results, findings=findings, state=state
            )
        return Sight(diagnosis=diagnosis, passed=self._passed(state))

    def _passed(self, state: UpstreamState) -> frozenset[str]:
        passed = {each.check_id for each in self._slow if each.verdict is Verdict.PASSED}
        if state.latched is None and state.last_outcome is Outcome.OK:
            passed |= SPOTIFY_IDS
        if self._drift.settings is not None:
            passed |= {f"HH{number:03}" for number in range(1, 100)}
        causes = _causes((*self._slow, *self._spotify))
        failed = {each.check_id for each in (*self._refused, *causes)}
        return frozenset(passed - failed)

    async def _look_without_store(self, error: UnavailableError, *, since: float) -> None:
        """MongoDB is silent: wait out an election, then tell, and write it down afterwards."""
        moment = time.monotonic()
        if self._silent_since is None:
            self._silent_since = since
            log.warning("the watch waits for MongoDB: %s", error.message)
        if moment - self._silent_since < STORE_SILENT_S or self._untold is not None:
            return
        now = self._house.clock()
        incident = Incident(id="unwritten", diagnosis=self._silence(error), opened_at=now)
        delivery = await self._telling.tell(incident)
        self._untold = replace(incident, notified_at=now if delivery.is_delivered else 0)

    def _silence(self, error: UnavailableError) -> Diagnosis:
        finding = describe_silence(error, self._settings)
        since = self._house.clock() - int(STORE_SILENT_S)
        return Diagnosis(causes=(finding,), failing_since=since, release=self._settings.release)

    async def _catch_up(self) -> None:
        if self._untold is not None:
            incident, self._untold = self._untold, None
            await self._telling.adopt(incident)
            self._due.pop("slow", None)

    def _subject(self) -> Subject:
        return subject_of(self._house, self._settings, answer=self._fresh_answer())

    def _fresh_answer(self) -> Observation | None:
        """Give what the token endpoint said at this very look, so that it is not asked again."""
        answer = self._answer
        if answer is None or answer.operation != ISSUE_APP_TOKEN:
            return None
        return answer if self._house.clock() - answer.at <= 1 else None

    def _is_due(self, name: str, every_s: float) -> bool:
        moment = time.monotonic()
        if moment < self._due.get(name, 0.0):
            return False
        self._due[name] = moment + every_s * self._rng.uniform(0.8, 1.0)
        return True


def _with_dead_contacts(results: Results) -> Results:
    """Take a contact that nobody answers at for the operator's, whose alert path it is."""
    return tuple(
        replace(
            result,
            verdict=Verdict.FAILED,
            finding=replace(result.finding, owner=Owner.OPERATOR),
        )
        if result.check_id == ALERT_PATH and result.finding is not None
        else result
        for result in results
    )


def _causes(results: Results) -> tuple[Finding, ...]:
    """Give the confirmed faults of the operator; nobody is woken for anything else."""
    return tuple(
        result.finding
        for result in results
        if result.finding is not None
        and result.verdict is Verdict.FAILED
        and result.finding.severity is Severity.ERROR
        and result.finding.owner is Owner.OPERATOR
    )


def _refusals(names: set[str], seen: Observation, settings: Settings) -> tuple[Finding, ...]:
    """Say that the new values of credentials are not accepted; the old ones stay in use."""
    return tuple(
        Finding(
            check_id="HH101",
            severity=Severity.ERROR,
            owner=Owner.OPERATOR,
            message=f"The new value of {name} is not accepted; the one before stays in use.",
            fix="Write the right value into its source; it is tried within a second.",
            variable=name,
            provenance=settings.provenance(BY_NAME[name].field),
            evidence=seen.evidence,
        )
        for name in sorted(names)
        if seen.outcome.owner is Owner.OPERATOR
    )
