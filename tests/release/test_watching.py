"""What makes a release go back while it is watched."""

from pathlib import Path

import pytest

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.domain.incidents import Diagnosis, Incident
from harmonyhub.release.digest import code_digest
from harmonyhub.release.facts import KeeperFacts, TrafficFacts
from harmonyhub.release.watching import describe_errors, name_findings


@pytest.mark.parametrize(
    ("n_requests", "n_5xx", "n_errors", "is_bad"),
    [(1000, 0, 0, False), (1000, 2, 0, False), (1000, 8, 2, False), (1000, 8, 4, True),
     (3, 2, 1, True), (2, 2, 0, False)],
)  # fmt: skip
def test_errors_count_from_the_switch(
    n_requests: int, n_5xx: int, n_errors: int, *, is_bad: bool
) -> None:
    """Three or more errors that are over 1% of the requests since the switch are too many."""
    before = TrafficFacts(500, 90, 7)
    now = TrafficFacts(500 + n_requests, 90 + n_5xx, 7 + n_errors)
    assert is_bad == bool(describe_errors(before, now))


@pytest.mark.parametrize(
    ("owner", "opened_at", "is_named"),
    [(Owner.OPERATOR, 100, True), (Owner.OPERATOR, 99, False), (Owner.UPSTREAM, 100, False)],
)
def test_new_findings_of_the_operator_are_named(
    owner: Owner, opened_at: int, *, is_named: bool
) -> None:
    """An incident from before the switch, or by somebody else's fault, is no reason to go back."""
    cause = Finding("HH101", Severity.ERROR, owner, "the secret is rejected", "correct it")
    diagnosis = Diagnosis(causes=(cause,), failing_since=90)
    incident = Incident(id="1", diagnosis=diagnosis, opened_at=opened_at)
    named = name_findings([incident], since=100)
    assert ("HH101 the secret is rejected" if is_named else "") == named


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"),
     ("::", "http://[::1]:80"), ("::1", "http://[::1]:80")],
)  # fmt: skip
def test_address_of_the_proxy(host: str, url: str) -> None:
    """A wildcard is reached on loopback, and IPv6 stands in brackets."""
    facts = KeeperFacts(1, host, 80, None, {}, TrafficFacts(0, 0, 0))
    assert url == facts.url


def test_code_digest_changes_with_a_byte_and_a_name(tmp_path: Path) -> None:
    """Content and names count; what the interpreter caches does not."""
    (tmp_path / "a.py").write_text("1")
    first = code_digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert first == code_digest(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    second = code_digest(tmp_path)
    (tmp_path / "b.py").write_text("2")
    assert 3 == len({first, second, code_digest(tmp_path)})
