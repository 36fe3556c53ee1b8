"""Generated listeners: sessions with a daily and weekly rhythm, two years up to now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harmonyhub.domain.ids import PERSONA, UserId
from harmonyhub.domain.listens import Outcome, SourceLine
from harmonyhub.domain.music import TrackDescription
from harmonyhub.sources.demo.tastes import (
    DAY,
    Favourite,
    FloatArray,
    Neighbourhoods,
    draw_favourites,
)
from harmonyhub.sources.starter.library import LibraryArtist

PERSONA_SEEDS = ("Massive Attack", "Nick Drake", "Tinariwen", "Miles Davis")
PERSONA_LISTENS = 1_800
MEDIAN_LISTENS = 420  # of the other listeners; a few have some thousand
TRACKS_PER_SESSION = 7
HISTORY_DAYS = 730
HOUR = 3_600
SKIPPED_SHARE = 0.03  # plays under 30 s, which an import counts apart
SHORTEST_LISTEN_MS = 30_000

# Hours of the day when people press play: (centre, spread, weight) on weekdays and at weekends.
WEEKDAY_HOURS = ((8.2, 1.0, 0.9), (12.8, 1.3, 0.5), (17.8, 1.2, 0.9), (21.0, 1.8, 1.2))
WEEKEND_HOURS = ((11.0, 1.8, 1.2), (16.0, 2.5, 1.2), (21.5, 2.2, 1.5))


@dataclass(frozen=True, slots=True)
class DemoHistory:
    """The generated history of one listener, newest line first, ready for the ordinary import."""

    user_id: UserId
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True)
class _Play:
    track: TrackDescription
    played_at: int
    played_ms: int


def generate_listeners(
    library: Sequence[LibraryArtist],
    *,
    now: int,
    rng: np.random.Generator,
    n_listeners: int = 60,
) -> Iterator[DemoHistory]:
    """Generate the persona `local`, then `demo-listener-001` and so on.

    Parameters
    ----------
    library : sequence of LibraryArtist
        What there is to hear.
    now : int
        Unix seconds UTC; no listen ends later, the first are two years older.
    rng : numpy Generator
        The same seed, library and `now` give the same histories.
    n_listeners : int
        Listeners beside the persona.
    """
    # Each listener draws from a stream of their own: one more listener changes no other.
    everyone, persona, *others = rng.spawn(2 + n_listeners)
    neighbourhoods = Neighbourhoods(library, rng=everyone)
    yield _generate_history(
        PERSONA,
        favourites=draw_favourites(
            neighbourhoods,
            seeds=PERSONA_SEEDS,
            since=now - HISTORY_DAYS * DAY,
            now=now,
            rng=persona,
        ),
        n_listens=PERSONA_LISTENS,
        now=now,
        rng=persona,
    )
    for number, stream in enumerate(others, start=1):
        n_days = int(HISTORY_DAYS * stream.uniform(0.4, 1))
        seeds = neighbourhoods.draw_seeds(int(stream.integers(2, 5)), rng=stream)
        yield _generate_history(
            UserId(f"demo-listener-{number:03d}"),
            favourites=draw_favourites(
                neighbourhoods, seeds=seeds, since=now - n_days * DAY, now=now, rng=stream
            ),
            n_listens=int(np.clip(stream.lognormal(np.log(MEDIAN_LISTENS), 0.6), 120, 2_500)),
            now=now,
            rng=stream,
        )


def _generate_history(
    user_id: UserId,
    *,
    favourites: Sequence[Favourite],
    n_listens: int,
    now: int,
    rng: np.random.Generator,
) -> DemoHistory:
    since = min(favourite.since for favourite in favourites)
    n_sessions = round(n_listens / TRACKS_PER_SESSION)
    starts = _draw_session_starts(n_sessions, since=since, now=now, rng=rng)
    plays: list[_Play] = []
    for start in starts:
        if plays and start < plays[-1].played_at + 2 * HOUR:
            continue
        plays += _play_session(start, favourites=favourites, rng=rng)
    done = [play for play in plays if play.played_at + play.played_ms / 1_000 <= now]
    return DemoHistory(
        user_id=user_id,
        lines=tuple(_to_line(number, play) for number, play in enumerate(reversed(done), start=1)),
    )


def _draw_session_starts(n: int, *, since: int, now: int, rng: np.random.Generator) -> list[int]:
    """Draw starts of sessions in order; each listener keeps own hours in an own time zone."""
    offset = int(rng.choice([-8, -5, -3, 0, 1, 2, 5, 9])) * HOUR
    first_day, last_day = (since + offset) // DAY, (now + offset) // DAY
    days = rng.integers(first_day, last_day + 1, size=n)
    is_weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday, the fourth day of its week
    weekday_weights, weekend_weights = (
        rng.dirichlet([3 * weight for _, _, weight in hours])
        for hours in (WEEKDAY_HOURS, WEEKEND_HOURS)
    )
    hours = np.where(
        is_weekend,
        _draw_hours(n, bumps=WEEKEND_HOURS, weights=weekend_weights, rng=rng),
        _draw_hours(n, bumps=WEEKDAY_HOURS, weights=weekday_weights, rng=rng),
    )
    starts = days * DAY - offset + (hours * HOUR).astype(np.int64)
    return sorted(int(start) for start in starts if since <= start < now)


def _draw_hours(
    n: int,
    *,
    bumps: Sequence[tuple[float, float, float]],
    weights: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    which = rng.choice(len(bumps), size=n, p=weights)
    centres = np.array([centre for centre, _, _ in bumps])
    spreads = np.array([spread for _, spread, _ in bumps])
    return np.asarray(rng.normal(centres[which], spreads[which]))


def _play_session(
    start: int, *, favourites: Sequence[Favourite], rng: np.random.Generator
) -> Iterator[_Play]:
    """Play some tracks of one taste in a row, now and then two of the same artist."""
    active = [favourite for favourite in favourites if favourite.since <= start <= favourite.until]
    if not active:
        return
    weights = np.array([favourite.weight for favourite in active])
    mood = active[_draw(weights, rng=rng)].taste
    circle = [favourite for favourite in active if favourite.taste == mood]
    weights = np.array([favourite.weight for favourite in circle])
    clock = start
    current = circle[_draw(weights, rng=rng)]
    last: TrackDescription | None = None
    for _ in range(int(rng.geometric(1 / TRACKS_PER_SESSION))):
        if rng.random() > 0.3:
            current = circle[_draw(weights, rng=rng)]
        track = current.artist.tracks[_draw(current.track_weights, rng=rng)]
        if track is last:
            continue
        last = track
        played_ms = _draw_played_ms(rng)
        yield _Play(track=track, played_at=clock, played_ms=played_ms)
        clock += played_ms // 1_000 + int(rng.integers(1, 20))


def _draw_played_ms(rng: np.random.Generator) -> int:
    if rng.random() < SKIPPED_SHARE:
        return int(rng.integers(4_000, SHORTEST_LISTEN_MS))
    return int(np.clip(rng.normal(235_000, 45_000), 95_000, 480_000))


def _draw(weights: FloatArray, *, rng: np.random.Generator) -> int:
    bounds = np.cumsum(weights)
    return int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))


def _to_line(number: int, play: _Play) -> SourceLine:
    is_listen = play.played_ms >= SHORTEST_LISTEN_MS
    return SourceLine(
        number=number,
        outcome=Outcome.KEPT if is_listen else Outcome.TOO_SHORT,
        played_at=play.played_at,
        played_ms=play.played_ms,
        track=play.track,
        reason="" if is_listen else "played for less than 30 seconds",
        is_skipped=not is_listen,
    )
