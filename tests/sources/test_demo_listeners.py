"""Generated listeners: reproducible, plausible in time, and rich enough for every list."""

import itertools
from collections import Counter

import numpy as np
import pytest

from harmonyhub.domain.ids import PERSONA
from harmonyhub.domain.listens import Outcome
from harmonyhub.sources.demo.listeners import DemoHistory, generate_listeners
from harmonyhub.sources.demo.tastes import Neighbourhoods
from harmonyhub.sources.starter.library import load_library

NOW = 1_795_370_000
DAY = 86_400


@pytest.fixture(scope="module")
def histories() -> list[DemoHistory]:
    """All histories of one seed."""
    return list(generate_listeners(load_library(), now=NOW, rng=np.random.default_rng(7)))


@pytest.mark.slow
def test_same_seed_gives_the_same_histories(histories: list[DemoHistory]) -> None:
    """The histories are a function of library, time and seed; another seed gives others."""
    again = generate_listeners(load_library(), now=NOW, rng=np.random.default_rng(7))
    other = generate_listeners(load_library(), now=NOW, rng=np.random.default_rng(8))
    assert histories[:5] == [next(again) for _ in range(5)]
    assert histories[0] != next(other)


def test_users_are_labelled_as_generated(histories: list[DemoHistory]) -> None:
    """Beside the persona every user id says that this is a demo listener."""
    assert histories[0].user_id == PERSONA
    assert [f"demo-listener-{n:03d}" for n in range(1, 61)] == [h.user_id for h in histories[1:]]


def test_size_fits_a_demo(histories: list[DemoHistory]) -> None:
    """About 25,000 listens: enough to learn from, few enough to import in seconds."""
    n_lines = sum(len(history.lines) for history in histories)
    assert 20_000 < n_lines < 32_000
    assert 1_200 < len(histories[0].lines) < 2_400
    assert min(len(history.lines) for history in histories) > 50


def test_lines_are_numbered_newest_first(histories: list[DemoHistory]) -> None:
    """Lines count 1 and up from the newest, no two plays overlap, none ends after now."""
    for history in histories:
        assert list(range(1, len(history.lines) + 1)) == [line.number for line in history.lines]
        spans = [(line.played_at or 0, line.played_ms or 0) for line in history.lines]
        assert spans[0][0] + spans[0][1] / 1_000 <= NOW
        assert spans[-1][0] >= NOW - 732 * DAY
        for (later, _), (earlier, played_ms) in itertools.pairwise(spans):
            assert earlier + played_ms / 1_000 <= later


def test_short_plays_are_counted_apart(histories: list[DemoHistory]) -> None:
    """A few plays under 30 s are too short, with a reason; all others are listens."""
    lines = [line for history in histories for line in history.lines]
    short = [line for line in lines if (line.played_ms or 0) < 30_000]
    assert 0.02 < len(short) / len(lines) < 0.04
    assert {Outcome.TOO_SHORT} == {line.outcome for line in short}
    assert all(line.reason for line in short)
    assert len(lines) - len(short) == sum(line.outcome is Outcome.KEPT for line in lines)


def test_persona_has_loved_tracks_to_rediscover(histories: list[DemoHistory]) -> None:
    """At least 20 tracks were played 5 times or more, but not in the last 90 days."""
    plays = Counter(line.track for line in histories[0].lines)
    recent = {line.track for line in histories[0].lines if (line.played_at or 0) > NOW - 90 * DAY}
    assert sum(n >= 5 and track not in recent for track, n in plays.items()) >= 20


@pytest.mark.slow
def test_each_listener_sleeps(histories: list[DemoHistory]) -> None:
    """A listener's quietest six hours of the day hold under an eighth of the listens."""
    for history in histories:
        hours = Counter((line.played_at or 0) % DAY // 3_600 for line in history.lines)
        nights = [sum(hours[(start + k) % 24] for k in range(6)) for start in range(24)]
        assert min(nights) < 0.125 * len(history.lines)


def test_weekends_differ_from_weekdays() -> None:
    """At weekends nobody listens on the way to work: the hours are others."""
    (persona, *_) = generate_listeners(
        load_library(), now=NOW, rng=np.random.default_rng(3), n_listeners=0
    )
    hours: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for line in persona.lines:
        day, second = divmod(line.played_at or 0, DAY)
        hours[(day + 3) % 7 >= 5][second // 3_600] += 1
    weekday, weekend = (
        np.array([hours[is_weekend][hour] for hour in range(24)]) / hours[is_weekend].total()
        for is_weekend in (False, True)
    )
    assert np.abs(weekday - weekend).sum() > 0.4


def test_listening_has_a_long_tail(histories: list[DemoHistory]) -> None:
    """Some tracks have a dozen listeners, hundreds have one or two."""
    listeners = Counter(
        track for h in histories for track in {line.track for line in h.lines if line.track}
    )
    counts = sorted(listeners.values(), reverse=True)
    assert counts[0] >= 12
    assert sum(count <= 2 for count in counts) >= 300


def test_tags_place_like_beside_like() -> None:
    """Massive Attack stands nearer to Portishead than to Édith Piaf, and nearest to itself."""
    library = load_library()
    neighbourhoods = Neighbourhoods(library, rng=np.random.default_rng(0))
    place = neighbourhoods.places
    row = neighbourhoods.nearness[place["Massive Attack"]]
    assert row[place["Portishead"]] > 0.6
    assert row[place["Édith Piaf"]] < 0.2
    assert row[place["Massive Attack"]] == pytest.approx(1)
