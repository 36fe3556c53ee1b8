"""Schedules of faults for consents and playlists: what hits, when, drawn from a seed."""

import random
from dataclasses import dataclass

from harmonyhub.domain.playlists import PushMode
from harmonyhub.drills.fake_spotify.modes import Fault, Strike

SIZES = (20, 100, 130, 230)
WRITES = ("create-playlist", "replace-items", "add-items")
ANY = (*WRITES, *WRITES, "own-playlists", "playlist", "playlist-items", "search", "refresh", "*")
FAULTS = (
    Fault.LOST_RESET,
    Fault.LOST_RESET,
    Fault.LOST_RESET,
    Fault.RESET,
    Fault.UNAVAILABLE,
    Fault.RATE_LIMIT,
)
SLOW_SHARE = 0.03  # a call that hangs takes its five seconds


@dataclass(frozen=True, slots=True)
class Restart:
    """A stop of the worker after some calls; `is_answered`: Spotify has done the last of them.

    `is_killed`: nothing was given back, so that its lease has to end first.
    """

    n_calls: int
    is_answered: bool
    is_killed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One story: a consent, a playlist, and what goes wrong.

    Attributes
    ----------
    is_public : bool
        A household's own app: each refresh rotates, and the former refresh token is dead at once.
    rotation : float
        How many refreshes of our app rotate, in [0, 1].
    n_there : int
        Tracks of an earlier push without faults.
    n_workers : int
        How many processes begin the same push, and refresh, at the same time.
    access_life_s : int
        Of access tokens: short ones end in the middle.
    """

    seed: int
    is_public: bool
    rotation: float
    mode: PushMode
    n_there: int
    n_tracks: int
    n_workers: int
    access_life_s: int
    strikes: tuple[Strike, ...]
    restarts: tuple[Restart, ...]


def draw_schedule(seed: int, *, may_hang: bool = True) -> Schedule:
    """Draw one schedule; the same seed gives the same one.

    Parameters
    ----------
    may_hang : bool
        Whether some answers are lost by a silence of five seconds, not by a reset.
    """
    rng = random.Random(f"schedule:{seed}")  # noqa: S311 - a drill
    mode = rng.choice(list(PushMode))
    return Schedule(
        seed=seed,
        is_public=rng.random() < 0.5,
        rotation=rng.choice((0.0, 0.5, 1.0)),
        mode=mode,
        n_there=0 if mode is PushMode.CREATE else rng.choice((0, 40, 120)),
        n_tracks=rng.choice(SIZES),
        n_workers=rng.choice((1, 1, 2)),
        access_life_s=rng.choice((3600, 3600, 90)),
        strikes=tuple(
            _draw_strike(rng, may_hang=may_hang) for _ in range(rng.choice((1, 2, 2, 3)))
        ),
        restarts=tuple(
            Restart(rng.randint(1, 6), rng.choice((True, False)), rng.choice((True, False)))
            for _ in range(rng.choice((0, 0, 1, 2)))
        ),
    )


def _draw_strike(rng: random.Random, *, may_hang: bool) -> Strike:
    fault = rng.choice(FAULTS)
    if may_hang and fault is Fault.LOST_RESET and rng.random() < SLOW_SHARE:
        fault = Fault.LOST_HANG
    return Strike(
        fault=fault,
        operation=rng.choice(ANY),
        skip=rng.choice((0, 0, 1, 2)),
        times=rng.choice((1, 1, 2, 3)),
        seconds=rng.randint(1, 9),
    )
