"""Turns the guards of releases off: what is deployed is neither judged nor watched."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harmonyhub.domain.releases import GateVerdict
from harmonyhub.drills.unguarded import replaced
from harmonyhub.release import deploy, gate
from harmonyhub.release.gate import GateReport
from harmonyhub.settings.load import load_settings


@contextmanager
def without_gate() -> Iterator[None]:
    """GATE: whatever is deployed goes on."""

    async def let_pass(
        environ: Mapping[str, str], *, folder: Path, env_file: Path | None, **_: object
    ) -> GateReport:
        settings, _findings = load_settings(environ, folder=folder, env_file=env_file)
        return GateReport(GateVerdict.PASS, (), (), 0.0, settings)

    with replaced(gate, "judge", let_pass), replaced(deploy, "judge", let_pass):
        yield


@contextmanager
def without_rollback() -> Iterator[None]:
    """ROLLBACK: nobody looks at a release once it carries the traffic."""

    async def look_away(*_: object, **__: object) -> str:
        return ""

    with replaced(deploy, "watch", look_away):
        yield
