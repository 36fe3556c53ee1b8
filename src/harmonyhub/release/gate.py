"""The gate: what is said of a configuration before it meets any user, without starting anything."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harmonyhub.checks.live import check_live
from harmonyhub.checks.machine import check_data_folder
from harmonyhub.checks.subject import Baseline, Subject, load_baseline
from harmonyhub.domain.findings import Finding, Owner, Result, Severity, Verdict
from harmonyhub.domain.releases import GateVerdict, Release
from harmonyhub.settings import catalogue
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.misplaced import check_against
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.shapes import is_loopback
from harmonyhub.settings.snapshot import OF_THE_PROCESS, changed_names, fingerprints
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import Clock, system_clock

# What a group of live checks looks at. Where somebody else's fault keeps us from knowing, only a
# change of these is a risk; an unchanged configuration is as good as the one that is live.
LOOKS_AT: Mapping[str, frozenset[str]] = {
    "HH1": frozenset(
        {
            "HARMONYHUB_SPOTIFY_CLIENT_ID",
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET",
            "HARMONYHUB_SPOTIFY_API_URL",
            "HARMONYHUB_SPOTIFY_ACCOUNTS_URL",
        }
    ),
    "HH2": frozenset(
        {
            "HARMONYHUB_MONGODB_URI",
            "HARMONYHUB_MONGODB_DATABASE",
            "HARMONYHUB_ENCRYPTION_KEY",
        }
    ),
    "HH6": frozenset({"HARMONYHUB_ALERT_URLS", "HARMONYHUB_ALERT_ESCALATION_URLS"}),
}


@dataclass(frozen=True, slots=True)
class GateReport:
    """The verdict, and what it is based on.

    Attributes
    ----------
    settings : Settings or None
        The configuration that was judged; None where it cannot even be read.
    changed : tuple of str
        Names of the variables that differ from the live release.
    n_s : float
        How long it took, in seconds.
    """

    verdict: GateVerdict
    results: tuple[Result, ...]
    changed: tuple[str, ...]
    n_s: float
    settings: Settings | None = field(default=None, repr=False)

    @property
    def note(self) -> str:
        """Why it is no PASS, in one line; empty where it is one."""
        if self.verdict is GateVerdict.PASS:
            return ""
        causes = decisive(self.results, self.changed, verdict=self.verdict)
        return "; ".join(f"{cause.check_id} {cause.message}" for cause in causes)


async def judge(
    environ: Mapping[str, str],
    *,
    folder: Path,
    env_file: Path | None,
    live: Release | None,
    store: Store,
    fingerprint_key: bytes,
    public_host: str | None = None,
    mongodb_uri: Secret | None = None,
    baseline: Baseline | None = None,
    clock: Clock = system_clock,
) -> GateReport:
    """Judge the configuration that an environment and an env file make.

    Parameters
    ----------
    live : Release or None
        What it is compared with.
    store : Store
        The store of the live release: what worked before.
    public_host : str or None
        Where the keeper listens, whatever the configuration says.
    mongodb_uri : Secret or None
        The embedded server, where the configuration names no other.
    baseline : Baseline or None
        What worked before, where it is known already.
    """
    started = time.monotonic()
    settings, findings = load_settings(environ, folder=folder, env_file=env_file)
    results = _as_results(findings)
    changed: tuple[str, ...] = ()
    if settings is not None:
        changed = diff(settings, live, fingerprint_key)
        results += _as_results(_check_here(settings, public_host))
        results += _as_results(check_against(settings, _known(live), key=fingerprint_key))
    if settings is not None and decide(results, changed) is GateVerdict.PASS:
        subject = Subject(
            settings=settings,
            clock=clock,
            mongodb_uri=mongodb_uri,
            baseline=baseline or await load_baseline(store),
        )
        results += await check_live(subject)
    return GateReport(
        verdict=decide(results, changed),
        results=results,
        changed=changed,
        n_s=round(time.monotonic() - started, 3),
        settings=settings,
    )


def diff(settings: Settings, live: Release | None, fingerprint_key: bytes) -> tuple[str, ...]:
    """Name the variables that differ from the live release; all that are set where none is live."""
    names = changed_names(_known(live), fingerprints(settings, fingerprint_key))
    return tuple(name for name in names if name not in OF_THE_PROCESS)


def _known(live: Release | None) -> dict[str, str]:
    return {each.name: each.fingerprint for each in live.configuration} if live else {}


def decide(results: Iterable[Result], changed: Sequence[str]) -> GateVerdict:
    """Turn results into a verdict.

    FAIL on a definite error of the operator's. HOLD where somebody else's fault keeps us from
    knowing whether something that has changed is right. PASS else: a start does not get better
    by waiting for an upstream.
    """
    results = tuple(results)
    for verdict in (GateVerdict.FAIL, GateVerdict.HOLD):
        if decisive(results, changed, verdict=verdict):
            return verdict
    return GateVerdict.PASS


def decisive(
    results: Iterable[Result], changed: Sequence[str], *, verdict: GateVerdict
) -> list[Finding]:
    """Give the findings that lead to a verdict."""
    found = []
    for result in results:
        finding = result.finding
        if finding is None or finding.severity is not Severity.ERROR:
            continue
        is_ours = result.verdict is Verdict.FAILED and finding.owner is Owner.OPERATOR
        is_open = not is_ours and not LOOKS_AT.get(result.check_id[:3], frozenset()).isdisjoint(
            changed
        )
        if is_ours if verdict is GateVerdict.FAIL else is_open:
            found.append(finding)
    return found


def _check_here(settings: Settings, public_host: str | None) -> list[Finding]:
    findings = [check_data_folder(settings)]
    if public_host is not None and not is_loopback(public_host) and not settings.access_password:
        findings.append(
            catalogue.OPEN_DOOR.found(
                "The keeper lets other machines in, and this configuration has no password.",
                fix="Set HARMONYHUB_ACCESS_PASSWORD.",
                variable="HARMONYHUB_ACCESS_PASSWORD",
                evidence=f"`harmonyhub keep` listens on {public_host}",
            )
        )
    return [finding for finding in findings if finding is not None]


def _as_results(findings: Iterable[Finding]) -> tuple[Result, ...]:
    return tuple(
        Result(check_id=finding.check_id, verdict=Verdict.FAILED, finding=finding)
        for finding in findings
    )
