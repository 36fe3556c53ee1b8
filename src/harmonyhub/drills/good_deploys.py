"""Deploys that nothing is wrong with, and what goes on around them at Spotify."""

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from itertools import cycle

from harmonyhub.drills.configuration import Configuration, env_line
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.faults_in_values import (
    ADMIN_TOKEN,
    ALERT_URLS,
    API_URL,
    CLIENT_ID,
    CLIENT_SECRET,
    ENCRYPTION_KEY,
    ESCALATE_AFTER_S,
    LOG_LEVEL,
    MONGODB_URI,
    PASSWORD,
    PORT,
)
from harmonyhub.drills.site import Site
from harmonyhub.drills.toxic import Toxic
from harmonyhub.release.instance import free_port

QUOTA_S = 20 * 3600
MOVED = (CLIENT_ID, CLIENT_SECRET, ENCRYPTION_KEY, MONGODB_URI, API_URL)

Change = Callable[[Configuration, Site, random.Random], Configuration]


class World(StrEnum):
    """What goes on at Spotify while a good configuration is deployed."""

    UPSTREAM_DOWN = "while Spotify is down"
    ROTATED = "with a rotated secret"
    CALM = "on a calm day"


# A fifth each of the first two, as the target asks for.
DAYS = (World.UPSTREAM_DOWN, World.ROTATED, World.CALM, World.CALM, World.CALM)
TROUBLES = (
    Mode.UNAVAILABLE,
    Mode.CAPTIVE_PORTAL,
    Mode.QUOTA,
    Mode.RATE_LIMIT,
    Mode.HANG,
    Mode.RESET,
    None,  # the line to it is cut
)


def draw_worlds(n: int, *, at_once: int) -> Iterator[tuple[World, int]]:
    """Give the days on which so many deploys take place, and how many on each."""
    for world in cycle(DAYS):
        if n <= 0:
            return
        yield world, min(n, at_once)
        n -= at_once


@asynccontextmanager
async def world_as(
    world: World, site: Site, live: Configuration, *, rng: random.Random
) -> AsyncIterator[Configuration]:
    """Let it be such a day; gives the configuration that the deploys of this day start from."""
    if world is World.ROTATED:
        app = await site.fake.control.rotate_secret(live[CLIENT_ID])
        secret = app.client_secret.reveal()
        site.secrets[f"rotated secret {len(site.secrets)}"] = secret
        yield live.having({CLIENT_SECRET: secret})
    elif world is World.UPSTREAM_DOWN:
        await _break_upstream(site, rng.choice(TROUBLES))
        yield live
        await site.fake.control.clear()
        await site.spotify.set(Toxic.NONE)
    else:
        yield live


async def _break_upstream(site: Site, mode: Mode | None) -> None:
    if mode is None:
        await site.spotify.set(Toxic.CUT)
    else:
        await site.fake.control.set(mode, seconds=QUOTA_S if mode is Mode.QUOTA else 30)


def draw_good(live: Configuration, site: Site, *, rng: random.Random) -> Configuration:
    """Draw a configuration that is as good as the live one: some of it changed, or nothing."""
    for change in rng.sample(CHANGES, rng.randrange(3)):
        live = change(live, site, rng)
    return live


def _change_password(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    return _with_new_secret(good, PASSWORD, site, rng=rng)


def _change_admin_token(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    return _with_new_secret(good, ADMIN_TOKEN, site, rng=rng)


def _with_new_secret(
    good: Configuration, name: str, site: Site, *, rng: random.Random
) -> Configuration:
    secret = f"Sentinel-{rng.randbytes(12).hex()}-nEw"
    site.secrets[f"new {name} {len(site.secrets)}"] = secret
    return good.having({name: secret})


def _change_port(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    del site, rng
    return good.having({PORT: str(free_port())})


def _change_log_level(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    del site
    return good.having({LOG_LEVEL: rng.choice(("debug", "info", "warning", "error"))})


def _change_contact(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    return good.having({ALERT_URLS: site.sink.address(f"contact{rng.randrange(1000)}")})


def _change_escalation(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    del site
    return good.having({ESCALATE_AFTER_S: str(rng.randrange(60, 3600))})


def _move_into_file(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    """Keep a value, but in a file of its own."""
    del site
    names = [name for name in MOVED if name in good]
    if not names:
        return good
    name = rng.choice(names)
    return good.naming_file(name, f"{good[name]}\n".encode())


def _move_into_lines(good: Configuration, site: Site, rng: random.Random) -> Configuration:
    """Keep a value, but in `.env`."""
    del site
    names = [name for name in MOVED if name in good]
    if not names:
        return good
    name = rng.choice(names)
    return good.without(name).with_lines([env_line(name, good[name])])


CHANGES: tuple[Change, ...] = (
    _change_password,
    _change_admin_token,
    _change_port,
    _change_log_level,
    _change_contact,
    _change_escalation,
    _move_into_file,
    _move_into_lines,
)
