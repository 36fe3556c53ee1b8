"""From what the checks found to a diagnosis with the facts of this house around it."""

import asyncio
from collections.abc import Sequence

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.machine_facts import machine_facts
from harmonyhub.checks.subject import Subject
from harmonyhub.domain.errors import HarmonyHubError
from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.releases import changed_variables
from harmonyhub.domain.upstreams import Observation, UpstreamState
from harmonyhub.settings.model import Settings
from harmonyhub.wiring.house import House


def subject_of(house: House, settings: Settings, *, answer: Observation | None = None) -> Subject:
    """Make the running house what the live checks look at."""
    return Subject(
        settings=settings, clock=house.clock, mongodb_uri=house.mongodb_uri, answer=answer
    )


async def diagnose_house(
    house: House,
    *,
    results: Sequence[Result],
    findings: Sequence[Finding] = (),
    state: UpstreamState,
    confirmed_only: bool = True,
) -> Diagnosis | None:
    """Put results and findings together with release, users and machine.

    Parameters
    ----------
    findings : sequence of Finding
        What settings say now that is wrong; each counts as a check that failed.
    state : UpstreamState
        Of Spotify: since when it fails, and whether users cannot be synchronized.
    confirmed_only : bool
        Whether only the operator's faults count.
    """
    failed = tuple(map(as_result, findings))
    release, changed = await load_change(house)
    n_known = sum((await house.store.tokens.count_by_state()).values())
    facts = Facts(
        failing_since=state.failing_since or house.clock(),
        release=release,
        changed=changed,
        n_users_affected=n_known if state.latched is not None else 0,
        n_users_known=n_known,
        machine=await asyncio.to_thread(machine_facts, house.settings.data_dir),
    )
    return diagnose((*failed, *results), facts, confirmed_only=confirmed_only)


def as_result(finding: Finding) -> Result:
    """Take a finding for a check that failed."""
    return Result(check_id=finding.check_id, verdict=Verdict.FAILED, finding=finding)


def describe_silence(error: HarmonyHubError, settings: Settings) -> Finding:
    """Say that MongoDB does not answer, by what was met when it was asked."""
    is_embedded = settings.mongodb_uri is None
    return Finding(
        check_id="HH201",
        severity=Severity.ERROR,
        owner=Owner.OPERATOR,
        message="MongoDB does not answer.",
        fix=error.hint or "See whether it runs, and whether this machine reaches it.",
        variable=None if is_embedded else "HARMONYHUB_MONGODB_URI",
        provenance="" if is_embedded else settings.provenance("mongodb_uri"),
        evidence=error.message,
    )


async def load_change(house: House) -> tuple[int | None, tuple[str, ...]]:
    """Tell the release that runs, and which variables it changed against the one before it."""
    number = house.settings.release
    release = None if number is None else await house.store.releases.get(number)
    if release is None:
        return number, ()
    before = None
    if release.replaced is not None:
        before = await house.store.releases.get(release.replaced)
    return number, changed_variables(before, release)
