"""All checks in one table: offline and live, each with the page that tells what to do."""

from harmonyhub.checks.live import LIVE_CHECKS
from harmonyhub.checks.machine import MACHINE_CHECKS
from harmonyhub.domain.findings import Check
from harmonyhub.settings.catalogue import SETTING_CHECKS

CHECKS = tuple(sorted((*SETTING_CHECKS, *MACHINE_CHECKS, *LIVE_CHECKS), key=lambda check: check.id))

HEAD = """\
# Checks

This page is generated from the lists of checks by `harmonyhub generate`; each id leads to its
runbook.

`harmonyhub check` runs HH0xx, HH501 to HH504, HH506 to HH508 without calling anyone, in about
a quarter of a second, and a start runs them first. `harmonyhub check --live` runs all of them; so
do the watch and the gate of a deploy.

| Ids | look at |
|---|---|
| HH0xx | the settings |
| HH1xx | Spotify |
| HH2xx | MongoDB |
| HH3xx | the recommendation model |
| HH4xx | the analysis of audio |
| HH5xx | this machine |
| HH6xx | the way on which people are told |

Each finding says what was seen, where it was set and what to do; a secret's value is never shown.
It has an owner: only the operator's errors refuse a start or a deploy (exit status 78). What cannot
be verified because somebody else is down ends with 75. A check whose "needs" failed says nothing of
its own and is blocked: it would send you to the wrong place.
"""


def render_reference() -> str:
    """Render `docs/checks.md`: every check with its id, its page and what it needs."""
    rows = "\n".join(map(_row, CHECKS))
    table = f"| Id | Severity | Owner | Meaning | Needs |\n|---|---|---|---|---|\n{rows}\n"
    return f"{HEAD}\n{table}"


def _row(check: Check) -> str:
    link = f"[{check.id}](runbooks/{check.id}.md)"
    needs = ", ".join(check.needs)
    return f"| {link} | {check.severity.value} | {check.owner.value} | {check.meaning} | {needs} |"


def render_runbook_index() -> str:
    """Render `docs/runbooks/README.md`: every page with what its check means."""
    rows = "\n".join(f"| [{check.id}]({check.id}.md) | {check.meaning} |" for check in CHECKS)
    return f"{INDEX_HEAD}\n| Page | It means |\n|---|---|\n{rows}\n"


INDEX_HEAD = """\
# Runbooks

This page is generated from the lists of checks by `harmonyhub generate`.

One page per check, named by its id: what it means, what you see, the fix, how to tell that it is
fixed. An alert, `harmonyhub why` and `harmonyhub check` name the id. Where several fail, begin with
the one that blocks the others.

Users keep being served from what is stored while you work: no page, list or analysis waits for
Spotify. To win time, `harmonyhub rollback` brings back the code and the configuration that ran
before.
"""
