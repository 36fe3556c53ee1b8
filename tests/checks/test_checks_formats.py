"""Results as text, JSON, GitHub's workflow commands and JUnit XML."""

import json
from xml.etree import ElementTree as ET

from harmonyhub.checks.formats import (
    failures,
    render_results,
    results_as_github,
    results_as_json,
    results_as_junit,
)
from harmonyhub.domain.findings import Check, Finding, Owner, Result, Severity, Verdict

ERROR = Check("HH101", Severity.ERROR, "").found(
    "Spotify refuses 100% of it,\nall: of it.",
    fix="Copy it again.",
    variable="HARMONYHUB_SPOTIFY_CLIENT_SECRET",
    provenance="ci.env line 7",
    evidence="400 invalid_client",
)
WARNING = Check("HH003", Severity.WARNING, "").found(
    "HARMONYHUB_PORT differs.", fix="Remove one.", variable="HARMONYHUB_PORT"
)
DOWN = Check("HH201", Severity.ERROR, "", owner=Owner.NETWORK).found(
    "MongoDB does not answer.", fix="Look at the network."
)


def result(check_id: str, verdict: Verdict, finding: Finding | None = None) -> Result:
    """Make a result; what is blocked is blocked by HH101, what is skipped says why."""
    return Result(
        check_id=check_id,
        verdict=verdict,
        finding=finding,
        blocked_by="HH101" if verdict is Verdict.BLOCKED else "",
        note="no alerts are set" if verdict is Verdict.SKIPPED else "",
    )


RESULTS = (
    result("HH001", Verdict.PASSED),
    result("HH003", Verdict.FAILED, WARNING),
    result("HH102", Verdict.BLOCKED),
    result("HH201", Verdict.UNVERIFIED, DOWN),
    result("HH101", Verdict.FAILED, ERROR),
    result("HH104", Verdict.BLOCKED),
    result("HH601", Verdict.SKIPPED),
)
COUNTS = "1 error, 2 blocked, 1 unverified, 1 warning, 1 passed, 1 skipped."


def test_text_begins_with_what_fails() -> None:
    """Errors first, what they block in one line, then unverified, warnings and the counts."""
    assert [
        "error HH101: Spotify refuses 100% of it,",
        "all: of it.",
        "    seen:   400 invalid_client",
        "    set in: ci.env line 7",
        "    do:     Copy it again.",
        "blocked by HH101: HH102, HH104",
        "unverified HH201: MongoDB does not answer.",
        "    do:     Look at the network.",
        "warning HH003: HARMONYHUB_PORT differs.",
        "    do:     Remove one.",
        COUNTS,
    ] == render_results(RESULTS).splitlines()


def test_text_of_good_results_is_one_line() -> None:
    """Where nothing is wrong, one line says so and counts."""
    good = (result("HH001", Verdict.PASSED), result("HH601", Verdict.SKIPPED))
    assert "All checks passed (1 passed, 1 skipped)." == render_results(good)


def test_findings_become_results_that_failed() -> None:
    """Bare findings go into the same formats."""
    assert [("HH101", Verdict.FAILED, ERROR)] == [
        (each.check_id, each.verdict, each.finding) for each in failures([ERROR])
    ]


def test_json_has_all_fields() -> None:
    """Every result is an object with its finding inside, and goes through JSON unchanged."""
    objects = results_as_json(RESULTS)
    assert objects == json.loads(json.dumps(objects))
    assert "passed" == objects[0]["verdict"]
    assert ("HH101", None) == (objects[2]["blocked_by"], objects[2]["finding"])
    finding = objects[4]["finding"]
    assert isinstance(finding, dict)
    assert ("operator", "400 invalid_client") == (finding["owner"], finding["evidence"])


def test_github_gets_one_command_per_finding() -> None:
    """Errors are errors at their line of the file, the rest warnings; all is escaped."""
    lines = results_as_github(RESULTS).splitlines()
    assert [
        (
            "::warning title=HH003 HARMONYHUB_PORT::warning HH003: HARMONYHUB_PORT differs."
            "%0A    do:     Remove one."
        ),
        (
            "::warning title=HH201::unverified HH201: MongoDB does not answer."
            "%0A    do:     Look at the network."
        ),
        (
            "::error title=HH101 HARMONYHUB_SPOTIFY_CLIENT_SECRET,file=ci.env,line=7::error HH101:"
            " Spotify refuses 100%25 of it,%0Aall: of it.%0A    seen:   400 invalid_client"
            "%0A    set in: ci.env line 7%0A    do:     Copy it again."
        ),
        "::notice::blocked by HH101: HH102, HH104",
        COUNTS,
    ] == lines


def test_github_property_cannot_be_broken_out_of() -> None:
    """Commas and colons of a name are escaped: nobody adds a property through a variable."""
    odd = Check("HH001", Severity.ERROR, "").found("x", fix="", variable="HARMONYHUB_A,line=9::b")
    first = results_as_github(failures([odd])).splitlines()[0]
    assert first.startswith("::error title=HH001 HARMONYHUB_A%2Cline=9%3A%3Ab::error HH001: x")


def test_junit_counts_and_carries_the_text() -> None:
    """Failure, error, skipped and passed cases agree with the counts of the suite."""
    suites = ET.fromstring(results_as_junit(RESULTS))  # noqa: S314 - our own text
    suite = suites[0]
    expected = {"tests": "7", "failures": "1", "errors": "1", "skipped": "3"}
    assert expected == {name: suite.attrib[name] for name in expected}
    cases = {case.attrib["name"]: case for case in suite}
    failure = cases["HH101 HARMONYHUB_SPOTIFY_CLIENT_SECRET"].find("failure")
    assert failure is not None
    assert "Copy it again." in (failure.text or "")
    assert 0 == len(cases["HH001"])
    assert "HARMONYHUB_PORT differs." in cases["HH003 HARMONYHUB_PORT"].findtext("system-out", "")
    skipped = cases["HH102"].find("skipped")
    assert skipped is not None
    assert "blocked by HH101" == skipped.attrib["message"]


def test_junit_holds_no_character_that_xml_forbids() -> None:
    """A control character of a variable's name does not break the reader."""
    odd = Check("HH001", Severity.ERROR, "").found(
        "x\x00\x1b<&", fix="", variable="HARMONYHUB_\x01"
    )
    suites = ET.fromstring(results_as_junit(failures([odd])))  # noqa: S314 - our own text
    assert "HH001 HARMONYHUB_?" == suites[0][0].attrib["name"]
    assert "x??<&" == suites[0][0][0].attrib["message"]


def test_proof_is_said() -> None:
    """Whether a counterfactual succeeded stands behind the message."""
    proven = Check("HH101", Severity.ERROR, "").found("It is wrong.", fix="", is_proven=True)
    assert render_results(failures([proven])).startswith("error HH101: It is wrong. (proven)\n")
