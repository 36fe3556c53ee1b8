"""Results of checks in the words of their readers: a person, GitHub, a JUnit reader, a program."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from xml.etree import ElementTree as ET

from harmonyhub.checks.spotify_walk import Step, WalkReport
from harmonyhub.domain.findings import Finding, Result, Severity, Verdict, describe

ENV_FILE_LINE = re.compile(r"(?P<file>\S+) line (?P<line>\d+)")
NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def failures(findings: Iterable[Finding]) -> tuple[Result, ...]:
    """Give findings as results, each of a check that failed."""
    return tuple(
        Result(check_id=each.check_id, verdict=Verdict.FAILED, finding=each) for each in findings
    )


def render_results(results: Sequence[Result]) -> str:
    """Say results as text: errors, what they block, what could not be verified, warnings, counts.

    Checks that passed or had nothing to look at are counted, not listed.
    """
    blocks = [describe(finding) for finding in _found(results, Severity.ERROR)]
    blocks += _blocked_lines(results)
    blocks += [_describe_unverified(each) for each in _of(results, Verdict.UNVERIFIED)]
    blocks += [describe(finding) for finding in _found(results, Severity.WARNING)]
    if not blocks:
        return f"All checks passed ({_counts(results)})."
    return "\n".join([*blocks, f"{_counts(results)}."])


def _of(results: Iterable[Result], verdict: Verdict) -> list[Result]:
    return [each for each in results if each.verdict is verdict]


def _found(results: Iterable[Result], severity: Severity) -> list[Finding]:
    found = [each.finding for each in _of(results, Verdict.FAILED)]
    return [each for each in found if each is not None and each.severity is severity]


def _blocked_lines(results: Iterable[Result]) -> list[str]:
    by_cause: dict[str, list[str]] = {}
    for result in _of(results, Verdict.BLOCKED):
        by_cause.setdefault(result.blocked_by, []).append(result.check_id)
    return [f"blocked by {cause}: {', '.join(ids)}" for cause, ids in by_cause.items()]


def _describe_unverified(result: Result) -> str:
    if result.finding is None:
        return f"unverified {result.check_id}: {result.note}"
    text = describe(result.finding).removeprefix(f"{result.finding.severity.value} ")
    return f"unverified {text}"


def _counts(results: Sequence[Result]) -> str:
    verdicts = Counter(each.verdict for each in results)
    parts = [
        _count(len(_found(results, Severity.ERROR)), "error"),
        *(
            f"{verdicts[verdict]} {verdict.value}" if verdicts[verdict] else ""
            for verdict in (Verdict.BLOCKED, Verdict.UNVERIFIED)
        ),
        _count(len(_found(results, Severity.WARNING)), "warning"),
        *(
            f"{verdicts[verdict]} {verdict.value}" if verdicts[verdict] else ""
            for verdict in (Verdict.PASSED, Verdict.SKIPPED)
        ),
    ]
    return ", ".join(filter(None, parts)) or "0 passed"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def results_as_json(results: Iterable[Result]) -> list[dict[str, object]]:
    """Give results as plain JSON objects with the fields of Result and of its Finding."""
    return [asdict(result) for result in results]


def results_as_github(results: Sequence[Result]) -> str:
    """Give results as workflow commands of GitHub Actions, one line each, and the counts.

    References
    ----------
    docs.github.com, "Workflow commands for GitHub Actions".
    """
    lines = []
    for result in results:
        finding = result.finding
        if finding is None or result.verdict not in {Verdict.FAILED, Verdict.UNVERIFIED}:
            continue
        has_failed = result.verdict is Verdict.FAILED
        level = "error" if has_failed and finding.severity is Severity.ERROR else "warning"
        text = describe(finding) if has_failed else _describe_unverified(result)
        lines.append(f"::{level} {_github_properties(finding)}::{_github_data(text)}")
    lines += [f"::notice::{_github_data(line)}" for line in _blocked_lines(results)]
    return "\n".join([*lines, f"{_counts(results)}."])


def _github_properties(finding: Finding) -> str:
    title = " ".join(filter(None, [finding.check_id, finding.variable]))
    properties = {"title": title}
    place = ENV_FILE_LINE.fullmatch(finding.provenance)
    if place is not None:
        properties |= place.groupdict()
    return ",".join(
        f"{name}={_github_data(text).replace(':', '%3A').replace(',', '%2C')}"
        for name, text in properties.items()
    )


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def results_as_junit(results: Sequence[Result]) -> str:
    """Give results as JUnit XML: one test case per result.

    What failed is a failure, what could not be verified an error, what is blocked or had nothing to
    look at skipped; a warning passes and says itself in `system-out`.
    """
    cases = [_junit_case(result) for result in results]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    attributes = {"name": "harmonyhub check"} | {name: str(n) for name, n in counts.items()}
    suites = ET.Element("testsuites", attributes)
    ET.SubElement(suites, "testsuite", attributes).extend(cases)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _junit_case(result: Result) -> ET.Element:
    finding = result.finding
    variable = finding.variable if finding is not None else None
    name = " ".join(filter(None, [result.check_id, variable]))
    case = ET.Element("testcase", {"classname": "harmonyhub.checks", "name": _xml(name)})
    match result.verdict:
        case Verdict.FAILED if finding is not None and finding.severity is Severity.ERROR:
            _junit_child(case, "failure", finding.message, text=describe(finding))
        case Verdict.FAILED if finding is not None:
            ET.SubElement(case, "system-out").text = _xml(describe(finding))
        case Verdict.UNVERIFIED:
            message = finding.message if finding is not None else result.note
            _junit_child(case, "error", message, text=_describe_unverified(result))
        case Verdict.BLOCKED:
            ET.SubElement(case, "skipped", {"message": f"blocked by {result.blocked_by}"})
        case Verdict.SKIPPED:
            ET.SubElement(case, "skipped", {"message": _xml(result.note)})
    return case


def _junit_child(case: ET.Element, tag: str, message: str, *, text: str) -> None:
    ET.SubElement(case, tag, {"message": _xml(message)}).text = _xml(text)


def _xml(text: str) -> str:
    return NOT_IN_XML.sub("?", text)


def walk_as_text(report: WalkReport) -> str:
    """Say what the self-test with a real person saw, and what the app may do."""
    width = max(len(step.name) for step in report.steps)
    lines = ["", "Spotify, with a real person:"]
    for step in report.steps:
        outcome = step.found if step.is_passed else _say_failure(step)
        lines.append(f"  {'ok  ' if step.is_passed else 'FAIL'}  {step.name:<{width}}  {outcome}")
    if report.leftover:
        lines.append(f"  The playlist {report.leftover} is left over: remove it at Spotify.")
    if report.profile is None:
        return "\n".join([*lines, "What this app may do is not known."])
    app = report.abilities
    lines += [
        "What this app may do:",
        f"  mode        {app.mode}",
        f"  search      {app.search_page_size} hits a page",
        f"  playlists   it {'may' if app.writes_playlists else 'may not'} write them",
    ]
    if app.scopes_missing:
        lines.append(f"  not allowed {', '.join(app.scopes_missing)}")
    return "\n".join(line.rstrip() for line in lines)


def walk_as_json(report: WalkReport) -> dict[str, object]:
    """Give the same as plain JSON values."""
    steps = [
        {
            "name": step.name,
            "outcome": step.seen.outcome.value,
            "evidence": step.seen.evidence,
            "found": step.found,
        }
        for step in report.steps
    ]
    return {"steps": steps, "leftover": report.leftover, "abilities": asdict(report.abilities)}


def _say_failure(step: Step) -> str:
    owner = step.seen.outcome.owner
    return f"{step.seen.outcome.value} ({step.seen.evidence or 'no answer'}), owner: {owner}"
