"""Lists of a library: when each is due, and what is said of them adds up."""

from dataclasses import replace

import pytest

from harmonyhub.domain.library import Page
from harmonyhub.domain.library_parts import (
    DAY_S,
    READING_LASTS_S,
    ListName,
    ListState,
    OwnPlaylist,
    Part,
    Reading,
    advance,
    begin_reading,
    is_changed,
    is_due,
    note_plays,
)
from harmonyhub.domain.library_report import report_library
from harmonyhub.domain.listens import Tally
from harmonyhub.domain.upstreams import Outcome

NOW = 1_723_600_000
SAVED = ListName(part=Part.SAVED_TRACKS)
READ = ListState(name=SAVED, generation=1, read_at=NOW, total=120, tally=Tally(kept=120))
PLAYLIST = OwnPlaylist(title="A", spotify_id="p", owner_id="o", snapshot_id="s1", is_pushed=False)


def page(n_entries: int = 50, *, total: int | None = 120, is_last: bool = False) -> Page[object]:
    """Make a page of which only the frame matters."""
    return Page(items=(), n_entries=n_entries, total=total, is_last=is_last)


@pytest.mark.parametrize(
    ("state", "age_s", "is_wanted", "expected"),
    [
        (None, 0, False, True),
        (READ, DAY_S - 1, False, False),
        (READ, DAY_S, False, True),
        (READ, 599, True, False),
        (READ, 600, True, True),
        (replace(READ, reading=Reading(generation=2, started_at=NOW)), 1, False, True),
        (ListState(name=SAVED, outcome=Outcome.TIMED_OUT, tried_at=NOW), 1, False, True),
        (ListState(name=SAVED, outcome=Outcome.SCOPE_MISSING, tried_at=NOW), 3600, True, False),
        (ListState(name=SAVED, outcome=Outcome.SCOPE_MISSING, tried_at=NOW), DAY_S, False, True),
    ],
)
def test_when_a_list_is_due(
    *, state: ListState | None, age_s: int, is_wanted: bool, expected: bool
) -> None:
    """Daily, sooner for who waits, at once where it broke off, in a day where it is hidden."""
    assert expected is is_due(state, now=NOW + age_s, is_wanted=is_wanted)


def test_a_playlist_is_read_for_another_snapshot_only() -> None:
    """However old the reading is."""
    items = ListName(part=Part.PLAYLIST_ITEMS, which="p")
    read = ListState(name=items, generation=1, read_at=NOW, snapshot_id="s1")
    assert not is_changed(read, PLAYLIST, now=NOW + 100 * DAY_S)
    assert is_changed(read, replace(PLAYLIST, snapshot_id="s2"), now=NOW)
    assert is_changed(None, PLAYLIST, now=NOW)


def test_a_reading_goes_on_or_begins_again() -> None:
    """It goes on for hours, but not in another version of a playlist."""
    reading = Reading(generation=3, started_at=NOW, offset=50)
    state = replace(READ, snapshot_id="s1", reading=reading)
    same = begin_reading(state, SAVED, title="", snapshot_id="s1", now=NOW + 60)
    assert reading == same.reading
    late = begin_reading(state, SAVED, title="", snapshot_id="s1", now=NOW + READING_LASTS_S)
    other = begin_reading(state, SAVED, title="", snapshot_id="s2", now=NOW + 60)
    for begun in (late, other):
        assert begun.reading is not None
        assert (4, 0) == (begun.reading.generation, begun.reading.offset)
        assert 1 == begun.generation  # what counts until the new one is whole


def test_pages_add_up_to_a_whole_list() -> None:
    """The ledger grows by page and counts with the last one."""
    state = begin_reading(None, SAVED, title="", snapshot_id="", now=NOW)
    state = advance(state, page(), Tally(kept=48, unreadable=2), now=NOW)
    assert state.reading is not None
    assert (0, 50) == (state.generation, state.reading.offset)
    state = advance(state, page(20, total=70, is_last=True), Tally(kept=19, duplicate=1), now=NOW)
    assert (None, 1, NOW, 70) == (state.reading, state.generation, state.read_at, state.total)
    assert Tally(kept=67, duplicate=1, unreadable=2) == state.tally


def test_of_top_lists_one_page_is_read() -> None:
    """Spotify would go on to tell hundreds."""
    name = ListName(part=Part.TOP_TRACKS, which="short_term")
    state = begin_reading(None, name, title="", snapshot_id="", now=NOW)
    state = advance(state, page(total=150), Tally(kept=50), now=NOW)
    assert (None, 50, 50) == (state.reading, state.total, state.tally.lines)


def test_a_gap_is_all_fifty_plays_being_new() -> None:
    """Neither the first reading nor one that meets the one before is too late."""
    plays = ListState(name=ListName(part=Part.PLAYS))

    def read(before: ListState, *played_at: int, n: int = 50) -> ListState:
        return note_plays(before, played_at=played_at, n_entries=n, tally=Tally(kept=n), now=NOW)

    first = read(plays, 1000, 2000)
    assert (2000, 0) == (first.newest_at, first.gap_since)
    assert 0 == read(first, 2000, 3000).gap_since
    assert 0 == read(first, 2500, 3000, n=7).gap_since
    late = read(first, 2500, 3000)
    assert (2000, 2500, 3000) == (late.gap_since, late.gap_until, late.newest_at)
    assert late.gap_since == read(late, 2600, 3000).gap_since  # stays told


def test_the_report_adds_lists_up_by_part() -> None:
    """Playlists together, what is under way named, the first failure shown."""
    items = [
        ListState(
            name=ListName(part=Part.PLAYLIST_ITEMS, which=which),
            generation=1,
            read_at=read_at,
            total=10,
            tally=Tally(kept=7, duplicate=1, not_music=1, unreadable=1),
        )
        for which, read_at in (("a", NOW), ("b", NOW - 60))
    ]
    first = Reading(generation=1, started_at=NOW, offset=50, total=120, tally=Tally(kept=50))
    saved = ListState(name=SAVED, reading=first, outcome=Outcome.BUDGET_SPENT)
    saved_part, items_part = report_library([*items, saved]).parts
    assert (20, 14, 20, 2, NOW - 60) == (
        items_part.n_entries,
        items_part.n_kept,
        items_part.n_total,
        items_part.n_whole,
        items_part.read_at,
    )
    assert (50, 120, True, None) == (
        saved_part.n_entries,
        saved_part.n_total,
        saved_part.is_reading,
        saved_part.read_at,
    )
    assert Outcome.BUDGET_SPENT is saved_part.outcome
