"""Faults that appear while the service runs: what is done to the world, and whose fault that is."""

import os
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from harmonyhub.domain.findings import Owner
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.faults_in_values import CLIENT_ID, CLIENT_SECRET, MONGODB_URI
from harmonyhub.drills.process import Control
from harmonyhub.drills.toxic import Toxic, set_toxic

NOBODYS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a fault at run time may lay hands on.

    Attributes
    ----------
    spotify_line, mongodb_line : str
        The controls of the toxic proxies in front of the two.
    secret_files : mapping of variable name to path
        The files from which the running service takes Spotify's id and secret.
    """

    spotify: Control
    client: httpx2.AsyncClient
    spotify_line: str
    mongodb_line: str
    mongodb_pid: int
    secret_files: Mapping[str, str]


Apply = Callable[[Hands, random.Random], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RuntimeFault:
    """One fault; `at_fault` are the variables to correct, none where it is nobody's setting.

    The owner says what must happen: a page where it is the operator, silence otherwise.
    """

    id: str
    owner: Owner
    at_fault: frozenset[str]
    apply: Apply

    @property
    def is_paged(self) -> bool:
        """Whether somebody must be woken."""
        return self.owner is Owner.OPERATOR


async def heal(hands: Hands) -> None:
    """End everything that ends by itself in the real world; a secret stays revoked."""
    await hands.spotify.clear()
    for line in (hands.spotify_line, hands.mongodb_line):
        await set_toxic(hands.client, line, Toxic.NONE)


async def write_right_credentials(hands: Hands) -> None:
    """Write the current id and secret of the main app into their files, as an operator would."""
    app = (await hands.spotify.apps())[0]
    write_secret(hands.secret_files, CLIENT_ID, app.client_id)
    write_secret(hands.secret_files, CLIENT_SECRET, app.client_secret.reveal())


def write_secret(files: Mapping[str, str], name: str, text: str) -> None:
    """Replace a secret's file at once, so that nobody reads half of it."""
    if name not in files:
        return
    path = Path(files[name])
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)


async def _revoke_secret(hands: Hands, rng: random.Random) -> None:
    del rng
    await hands.spotify.rotate_secret((await hands.spotify.apps())[0].client_id)


async def _write_other_app(hands: Hands, rng: random.Random) -> None:
    del rng
    other = await hands.spotify.add_app()
    write_secret(hands.secret_files, CLIENT_ID, other.client_id)
    write_secret(hands.secret_files, CLIENT_SECRET, other.client_secret.reveal())


async def _kill_mongodb(hands: Hands, rng: random.Random) -> None:
    del rng
    os.kill(hands.mongodb_pid, signal.SIGKILL)


async def _cut_mongodb(hands: Hands, rng: random.Random) -> None:
    toxic = rng.choice((Toxic.CUT, Toxic.BLACKHOLE, Toxic.RESET))
    await set_toxic(hands.client, hands.mongodb_line, toxic)


async def _cut_spotify(hands: Hands, rng: random.Random) -> None:
    toxic = rng.choice((Toxic.CUT, Toxic.BLACKHOLE, Toxic.RESET, Toxic.HALF_OPEN))
    await set_toxic(hands.client, hands.spotify_line, toxic)


async def _skew_clock(hands: Hands, rng: random.Random) -> None:
    seconds = rng.choice((-1, 1)) * rng.randrange(600, 7200)
    await hands.spotify.set(Mode.CLOCK_SKEW, seconds=seconds)


async def _spend_quota(hands: Hands, rng: random.Random) -> None:
    await hands.spotify.set(Mode.QUOTA, seconds=3600 * rng.randrange(2, 20))


def _mode(mode: Mode, *, seconds: int = 0) -> Apply:
    async def apply(hands: Hands, rng: random.Random) -> None:
        del rng
        await hands.spotify.set(mode, seconds=seconds)

    return apply


SPOTIFYS = frozenset({CLIENT_ID, CLIENT_SECRET})

RUNTIME_FAULTS = (
    RuntimeFault("secret-revoked", Owner.OPERATOR, frozenset({CLIENT_SECRET}), _revoke_secret),
    # Both are of an app that is gone: another one has another id and another secret.
    RuntimeFault("app-deleted", Owner.OPERATOR, SPOTIFYS, _mode(Mode.ID_DELETED)),
    RuntimeFault("other-app", Owner.OPERATOR, SPOTIFYS, _write_other_app),
    # No variable is wrong: the owner of the app that the id names has to pay.
    RuntimeFault("premium-lapsed", Owner.OPERATOR, NOBODYS, _mode(Mode.PREMIUM_LAPSED)),
    RuntimeFault("clock-skew", Owner.OPERATOR, NOBODYS, _skew_clock),
    RuntimeFault("quota", Owner.QUOTA, NOBODYS, _spend_quota),
    RuntimeFault("rate-limit", Owner.QUOTA, NOBODYS, _mode(Mode.RATE_LIMIT, seconds=5)),
    RuntimeFault("unavailable", Owner.UPSTREAM, NOBODYS, _mode(Mode.UNAVAILABLE)),
    RuntimeFault("mongodb-killed", Owner.UPSTREAM, NOBODYS, _kill_mongodb),
    # Their own database: whom else to wake? It comes back by itself where it was only killed.
    RuntimeFault("mongodb-cut", Owner.OPERATOR, frozenset({MONGODB_URI}), _cut_mongodb),
    RuntimeFault("spotify-cut", Owner.NETWORK, NOBODYS, _cut_spotify),
    RuntimeFault("captive-portal", Owner.NETWORK, NOBODYS, _mode(Mode.CAPTIVE_PORTAL)),
)
