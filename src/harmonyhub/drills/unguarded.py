"""Turns single guards of the product off, in this process, for the time of an act.

As a program, `python -m harmonyhub.drills.unguarded GUARD,GUARD work` runs a command without them.
"""

import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from harmonyhub.checks import spotify as spotify_checks
from harmonyhub.checks.proof import BOTH, Proof
from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.domain.releases import GateVerdict
from harmonyhub.domain.upstream_policy import Gate, Permission
from harmonyhub.domain.upstreams import Outcome, UpstreamState
from harmonyhub.drills.baseline import NaiveService
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.flows.watch import Watch
from harmonyhub.flows.watch_rules import Sight
from harmonyhub.release import deploy, gate
from harmonyhub.release.gate import GateReport
from harmonyhub.settings.load import load_settings
from harmonyhub.sources.spotify.tokens import Credentials
from harmonyhub.storage.tokens import Tokens
from harmonyhub.storage.vault import Vault
from harmonyhub.web.api import users
from harmonyhub.wiring import spotify_app
from harmonyhub.wiring.house import House
from harmonyhub.wiring.upstream_door import UpstreamDoor


@contextmanager
def replaced(owner: object, name: str, new: object) -> Iterator[None]:
    """Put something in the place of a function of a module or class, and the old one back."""
    old = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


@contextmanager
def without_stored_reads(services: Mapping[Path, NaiveService]) -> Iterator[None]:
    """STORED_READS: a list is shown once Spotify has told what its reader played last.

    Parameters
    ----------
    services : mapping of data folder to NaiveService
        How each house that is served asks.
    """

    async def recommend_after_asking(house: House, **wanted: object) -> Answer:
        service = services[house.settings.data_dir]
        if not await service.read(str(wanted["user_id"]), now=house.clock()):
            raise UnavailableError("Spotify refuses.", hint="Sign in again.")
        return await recommend(house, **wanted)  # type: ignore[arg-type]  # as it was called

    with replaced(users, "recommend", recommend_after_asking):
        yield


@contextmanager
def without_sealing() -> Iterator[None]:
    """SEALING: what is secret lies in the database as it is."""

    def keep(_: Vault, text: str, *, purpose: str) -> bytes:  # noqa: ARG001 - as it is called
        return text.encode()

    def read(_: Vault, sealed: bytes, *, purpose: str) -> str:  # noqa: ARG001 - as it is called
        return sealed.decode()

    with replaced(Vault, "seal", keep), replaced(Vault, "open", read):
        yield


def without_probe() -> AbstractContextManager[None]:
    """PROBE: nobody tries the credentials; only what users' calls meet is known."""

    async def look_away(_: Watch) -> None:
        return None

    return replaced(Watch, "_probe", look_away)


def without_proof() -> AbstractContextManager[None]:
    """PROOF: that the credentials are rejected is known, but not which of the two is wrong."""

    async def guess(_: Credentials, **__: object) -> Proof:
        return Proof(variables=BOTH, is_proven=False, evidence="nothing was tried")

    return replaced(spotify_checks, "prove_rejection", guess)


def without_latch() -> AbstractContextManager[None]:
    """LATCH: rejected credentials are tried again and again."""

    def let_through(_: UpstreamDoor, __: UpstreamState, ___: str) -> Permission:
        return Permission(Gate.GO)

    return replaced(UpstreamDoor, "permit", let_through)


def without_brake() -> AbstractContextManager[None]:
    """BRAKE: rejected users are rejected users, however many there are."""
    return replaced(spotify_app, "BRAKE_LEAST", sys.maxsize)


def without_quarantine() -> AbstractContextManager[None]:
    """QUARANTINE: a consent that was rejected is deleted."""

    async def delete(tokens: Tokens, user_id: str, **_: object) -> bool:
        await tokens.forget(user_id)
        return True

    return replaced(Tokens, "quarantine", delete)


def without_reload() -> AbstractContextManager[None]:
    """RELOAD: what is in the files counts at the next start."""

    async def keep(_: Watch) -> None:
        return None

    return replaced(Watch, "follow_sources", keep)


@contextmanager
def without_owners() -> Iterator[None]:
    """OWNERS: every failure of a call is taken for the operator's."""
    sight = Watch._sight  # noqa: SLF001 - what it lets pass is told here

    async def take_all(watch: Watch, state: UpstreamState) -> Sight:
        seen = await sight(watch, state)
        if state.last_outcome is Outcome.OK or seen.diagnosis is not None:
            return seen
        finding = spotify_checks.ENDPOINT.found(
            "Calls to Spotify fail.", fix="Look.", owner=Owner.OPERATOR
        )
        return replace(seen, diagnosis=Diagnosis(causes=(finding,), failing_since=0))

    with replaced(Watch, "_sight", take_all):
        yield


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


def without_rollback() -> AbstractContextManager[None]:
    """ROLLBACK: nobody looks at a release once it carries the traffic."""

    async def look_away(*_: object, **__: object) -> str:
        return ""

    return replaced(deploy, "watch", look_away)


WITHOUT: Mapping[Guard, Callable[[], AbstractContextManager[None]]] = {
    Guard.PROBE: without_probe,
    Guard.PROOF: without_proof,
    Guard.LATCH: without_latch,
    Guard.BRAKE: without_brake,
    Guard.QUARANTINE: without_quarantine,
    Guard.RELOAD: without_reload,
    Guard.OWNERS: without_owners,
    Guard.GATE: without_gate,
    Guard.ROLLBACK: without_rollback,
}
"""What a process may be started without."""


@contextmanager
def unguarded(guards: Guards) -> Iterator[None]:
    """Turn off in this process what is not among the guards, of those that can be turned off so."""
    with ExitStack() as stack:
        for guard, without in WITHOUT.items():
            if guard not in guards:
                stack.enter_context(without())
        yield


def main() -> None:
    """Run a command of the product without some guards."""
    _, off, *arguments = sys.argv
    sys.argv = ["harmonyhub", *arguments]
    with unguarded(Guards.all().without(*map(Guard, off.split(",")))):
        runpy.run_module("harmonyhub", run_name="__main__")


if __name__ == "__main__":
    main()
