"""The live checks, one list for every door: check, start gate, watch, deploy gate and drill."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from harmonyhub.checks import alerting, clock, encryption, mongodb, serving, spotify
from harmonyhub.checks.masking import Masker
from harmonyhub.checks.subject import Baseline, Scene, Subject, repair
from harmonyhub.checks.verdicts import Results, blocked, skipped, unverified
from harmonyhub.domain.errors import BrokenCheckError
from harmonyhub.domain.findings import Check, Owner, Result, Severity, Verdict
from harmonyhub.settings.embedded import uri_passwords
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.sources.spotify import client

log = logging.getLogger(__name__)

CHECK_S = 3.5  # a connection, and a counter-check beside it
MONGODB_S = 10.0  # nobody there takes twice 1.5 s; on a busy machine the proof names the variable
APPRISE_S = 10.0  # loading its services takes 1.2 s of a core, more where it is shared
DELIVERY_S = 25.0  # both contacts one after the other, each with the time of the notifier


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """One check, how it is made, and how long it may take.

    `looks_anyway`: also where a check that it needs was skipped, for there is nothing to look at.
    """

    check: Check
    run: Callable[[Scene], Awaitable[Results]]
    timeout_s: float = CHECK_S
    looks_anyway: bool = False


LIVE = (  # what a check needs stands before it
    LiveCheck(spotify.ENDPOINT, spotify.check_endpoint),
    LiveCheck(spotify.QUOTA, spotify.check_quota),
    LiveCheck(spotify.CREDENTIALS, spotify.check_credentials),
    LiveCheck(spotify.RIGHT_APP, spotify.check_right_app, looks_anyway=True),
    LiveCheck(spotify.API, spotify.check_api),
    LiveCheck(clock.CLOCK, clock.check_clock),
    LiveCheck(mongodb.REACHABLE, mongodb.check_reachable, MONGODB_S),
    LiveCheck(mongodb.RIGHT_DATABASE, mongodb.check_right_database),
    LiveCheck(mongodb.RIGHTS, mongodb.check_rights),
    LiveCheck(mongodb.SCHEMA, mongodb.check_schema),
    LiveCheck(mongodb.REPLICA_SET, mongodb.check_replica_set),
    LiveCheck(encryption.RIGHT_KEY, encryption.check_right_key),
    LiveCheck(serving.INDEX, serving.check_index),
    LiveCheck(serving.DECODER, serving.check_decoder),
    LiveCheck(serving.DISK, serving.check_disk),
    LiveCheck(alerting.ADDRESSES, alerting.check_addresses, APPRISE_S),
    LiveCheck(alerting.DELIVERY, alerting.check_delivery, DELIVERY_S),
)
LIVE_CHECKS = tuple(sorted((each.check for each in LIVE), key=lambda check: check.id))
LIVE_BY_ID = {check.id: check for check in LIVE_CHECKS}


async def check_live(subject: Subject, *, checks: Iterable[LiveCheck] = LIVE) -> Results:
    """Make the live checks, all at once but for those that need another.

    Returns
    -------
    tuple of Result
        In the order of the ids; one per check, or one per variable that a check names.

    Raises
    ------
    BrokenCheckError
        If a check itself broke; what the others found is in it.
    """
    checks = tuple(checks)
    await asyncio.to_thread(_prepare, subject.settings)
    results, baseline = await _make_all(subject, checks)
    repaired = repair(subject, results, baseline)
    if repaired is not None:
        behind = _needed_for({each.check_id for each in results if _was_not_made(each)}, checks)
        seen, _ = await _make_all(repaired, behind)
        results = _with_what_is_behind(results, seen)
    masker = Masker(_secrets(subject, baseline))
    return tuple(masker.mask_result(result) for result in results)


def _prepare(settings: Settings) -> None:
    """Load libraries before the first clock runs: the time is ours, and no service's fault."""
    alerting.prepare(settings)
    if settings.spotify_client_id is not None:
        client.prepare()


async def _make_all(
    subject: Subject, checks: Iterable[LiveCheck]
) -> tuple[Results, Baseline | None]:
    async with Scene(subject) as scene, asyncio.TaskGroup() as group:
        run = _Run(scene)
        for each in checks:
            run.tasks[each.check.id] = group.create_task(run.make(each))
    results = tuple(result for name in sorted(run.tasks) for result in run.tasks[name].result())
    for check_id, error in run.broken.items():
        masker = Masker(_secrets(subject, scene.baseline_seen))
        raise BrokenCheckError(
            f"The check {check_id} itself broke ({type(error).__name__}).",
            hint="This is a fault of ours; report it with the log.",
            results=tuple(map(masker.mask_result, results)),
        ) from error
    return results, scene.baseline_seen


def _was_not_made(result: Result) -> bool:
    return result.verdict in {Verdict.BLOCKED, Verdict.SKIPPED}


def _needed_for(check_ids: set[str], checks: Iterable[LiveCheck]) -> tuple[LiveCheck, ...]:
    """Choose these checks and all that they need, in the order given."""
    by_id = {each.check.id: each for each in checks}
    wanted, waiting = set[str](), list(check_ids)
    while waiting:
        check_id = waiting.pop()
        if check_id not in wanted:
            wanted.add(check_id)
            waiting += by_id[check_id].check.needs
    return tuple(each for each in by_id.values() if each.check.id in wanted)


def _with_what_is_behind(results: Results, seen: Results) -> Results:
    """Put in what fails for certain behind a proven cause; else a blocked check stays so."""
    hidden = {each.check_id for each in results if _was_not_made(each)}
    found = [each for each in seen if each.verdict is Verdict.FAILED and each.check_id in hidden]
    ids = {each.check_id for each in found}
    kept = [each for each in results if each.check_id not in ids]
    return tuple(sorted([*kept, *found], key=lambda each: each.check_id))


class _Run:
    """The checks of one run, each waiting for those that it needs."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.tasks: dict[str, asyncio.Task[Results]] = {}
        self.broken: dict[str, Exception] = {}

    async def make(self, each: LiveCheck) -> Results:
        """Make one check, or say what keeps it from being made; empty where it broke."""
        for need in each.check.needs:
            stop = await self._stop_for(each, need)
            if stop:
                return stop
        try:
            async with asyncio.timeout(each.timeout_s):
                return await each.run(self._scene)
        except TimeoutError:
            return _late(each)
        except Exception as error:
            log.exception("check broke", extra={"check": each.check.id})
            self.broken[each.check.id] = error
            return ()

    async def _stop_for(self, each: LiveCheck, need: str) -> Results:
        """Say why a check is not made because of another; empty where that one is fine."""
        check = each.check
        for result in await self.tasks[need]:
            if result.verdict is Verdict.SKIPPED:
                return () if each.looks_anyway else skipped(check, result.note)
            if result.verdict is Verdict.BLOCKED:
                return blocked(check, result.blocked_by)
            if result.finding is not None and result.finding.severity is Severity.ERROR:
                return blocked(check, need)
        return blocked(check, need) if need in self.broken else ()


def _late(each: LiveCheck) -> Results:
    finding = each.check.found(
        f"{each.check.id} did not end within {each.timeout_s} s.",
        fix="See how busy this machine is, and whether what the check calls answers.",
        owner=Owner.NETWORK,
    )
    return unverified(finding)


def _secrets(subject: Subject, baseline: Baseline | None) -> set[str]:
    secrets = set(subject.settings.secret_values())
    if subject.mongodb_uri is not None:
        secrets.add(subject.mongodb_uri.reveal())
    if baseline is not None:
        secrets |= {
            value.reveal()
            for name, value in baseline.values.items()
            if name in BY_NAME and BY_NAME[name].is_secret
        }
    return secrets | {part for secret in secrets for part in uri_passwords(secret)}
