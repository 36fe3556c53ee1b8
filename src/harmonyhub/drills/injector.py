"""Draws a fault in a process of its own and tells which one it was only at the end."""

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click
import httpx2
import msgspec

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.drills.catalogue import FAULTS
from harmonyhub.drills.children import Running, announce, run_module
from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import FaultClass, Stage, is_blamed
from harmonyhub.drills.process import Control
from harmonyhub.drills.runtime_faults import RUNTIME_FAULTS, Hands

MODULE = "harmonyhub.drills.injector"
SCENE_FILE, ENVIRON_FILE, ALL_FILE = "scene.json", "environ.json", "all.env"
TIMEOUT_S = 10.0
TELL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployScene:
    """What the injector needs to break a deploy.

    Attributes
    ----------
    folder : str
        Where it writes: `.env` and the files that variables name; `environ.json`, the environment
        of the process; `all.env`, both in one file.
    n_faults : int
        1 or 2.
    """

    configuration: Configuration
    stage: Stage
    folder: str
    classes: tuple[FaultClass, ...] = (FaultClass.OFFLINE, FaultClass.LIVE)
    n_faults: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScene:
    """What the injector needs to break a running service; see `Hands`.

    `within_s` bounds the delay that is drawn; `only` are the ids to draw from, all if empty.
    """

    spotify_url: str
    spotify_line: str
    mongodb_line: str
    mongodb_pid: int
    secret_files: dict[str, str]
    within_s: float
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What it was.

    Attributes
    ----------
    at_fault : tuple of tuple of str
        For each fault the names of which one must be told; empty: no variable is wrong.
    is_paged : bool
        Whether somebody must be woken for it.
    applied_at : float
        Unix seconds.
    """

    kinds: tuple[str, ...]
    fault_class: str
    at_fault: tuple[tuple[str, ...], ...]
    is_paged: bool
    applied_at: float

    def is_named_by(self, names: Iterable[str]) -> bool:
        """Tell whether these names blame each fault, and nothing that is innocent."""
        return is_blamed(self.at_fault, names)


class Injection:
    """A running injector."""

    def __init__(self, running: Running, folder: Path) -> None:
        self._running = running
        self.folder = folder

    def environ(self) -> dict[str, str]:
        """Read the environment of the process to be deployed, broken or not."""
        document: dict[str, str] = json.loads((self.folder / ENVIRON_FILE).read_text("utf-8"))
        return document

    async def reveal(self) -> Truth:
        """Ask what it was; waits until it has been done.

        Raises
        ------
        UnavailableError
            If the injector has ended without telling.
        """
        pipes = self._running.process
        assert pipes.stdin is not None  # noqa: S101 - a pipe was asked for
        assert pipes.stdout is not None  # noqa: S101 - a pipe was asked for
        pipes.stdin.write(b"reveal\n")
        line = await asyncio.wait_for(pipes.stdout.readline(), TELL_S)
        if not line:
            raise UnavailableError("The injector ended without telling.", hint="See its log above.")
        return msgspec.json.decode(line, type=Truth)

    @classmethod
    @asynccontextmanager
    async def start(
        cls, scene: DeployScene | RunScene, *, seed: int, folder: Path
    ) -> AsyncIterator[Self]:
        """Run an injector; a deploy is broken when this returns, a running service later.

        Parameters
        ----------
        folder : Path
            A folder of the drill's own for the scene, which holds secrets.
        """
        path = _write_private(folder / SCENE_FILE, msgspec.json.encode(scene))
        act = "deploy" if isinstance(scene, DeployScene) else "run"
        arguments = [f"--act={act}", f"--scene={path}", f"--seed={seed}"]
        async with run_module(MODULE, arguments, listens=True) as running:
            written = Path(scene.folder) if isinstance(scene, DeployScene) else folder
            yield cls(running, written)


def break_deploy(scene: DeployScene, rng: random.Random) -> Truth:
    """Draw a fault and write the broken configuration."""
    catalogue = FAULTS.of(*scene.classes)
    draw = catalogue.draw if scene.n_faults == 1 else catalogue.draw_double
    fault = draw(scene.configuration, stage=scene.stage, rng=rng)
    write_deploy(fault.configuration, Path(scene.folder))
    return Truth(
        kinds=fault.kinds,
        fault_class=fault.fault_class,
        at_fault=tuple(tuple(sorted(names)) for names in fault.at_fault),
        is_paged=True,
        applied_at=time.time(),
    )


def write_deploy(configuration: Configuration, folder: Path) -> None:
    """Write a configuration in both ways in which a deploy can be started with it."""
    configuration.write(folder, env_file=ALL_FILE, is_all_in_file=True)
    configuration.write(folder)
    _write_private(folder / ENVIRON_FILE, json.dumps(dict(configuration.environ)).encode())


def _write_private(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


async def break_run(scene: RunScene, rng: random.Random) -> Truth:
    """Draw a fault and a delay, wait, and do it."""
    fault = rng.choice([one for one in RUNTIME_FAULTS if not scene.only or one.id in scene.only])
    delay_s = rng.uniform(0, scene.within_s)
    async with (
        httpx2.AsyncClient(base_url=scene.spotify_url, timeout=TIMEOUT_S, trust_env=False) as fake,
        httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
    ):
        hands = Hands(
            spotify=Control(fake),
            client=client,
            spotify_line=scene.spotify_line,
            mongodb_line=scene.mongodb_line,
            mongodb_pid=scene.mongodb_pid,
            secret_files=scene.secret_files,
        )
        await asyncio.sleep(delay_s)
        applied_at = time.time()
        await fault.apply(hands, rng)
    return Truth(
        kinds=(fault.id,),
        fault_class="run-time",
        at_fault=(tuple(sorted(fault.at_fault)),) if fault.at_fault else (),
        is_paged=fault.is_paged,
        applied_at=applied_at,
    )


@click.command()
@click.option("--act", type=click.Choice(("deploy", "run")), required=True)
@click.option("--scene", type=click.Path(path_type=Path), required=True)
@click.option("--seed", type=int, required=True)
def main(*, act: str, scene: Path, seed: int) -> None:
    """Break something, wait for a line on standard input, then tell what it was."""
    rng = random.Random(f"injector:{seed}")  # noqa: S311 - a drill, not a secret
    if act == "deploy":
        truth = break_deploy(msgspec.json.decode(scene.read_bytes(), type=DeployScene), rng)
        announce({"act": act})
    else:
        announce({"act": act})
        truth = asyncio.run(break_run(msgspec.json.decode(scene.read_bytes(), type=RunScene), rng))
    sys.stdin.readline()
    sys.stdout.write(msgspec.json.encode(truth).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
