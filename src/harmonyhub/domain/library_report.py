"""What was read of a listener's library, part by part, as pages, API and command line tell it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harmonyhub.domain.library_parts import ListState, Part
from harmonyhub.domain.listens import Tally
from harmonyhub.domain.upstreams import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """One part of a library: its ledger, and how far it is. Times are unix seconds UTC.

    Attributes
    ----------
    n_lists, n_whole : int
        Lists of the part (ranges, playlists), and how many of them are read whole.
    n_entries : int
        Entries read = n_kept + n_duplicate + n_not_music + n_unreadable.
    n_total : int or None
        Entries that Spotify has, where it tells.
    n_duplicate : int
        Told before: twice in a list; of plays, by an import or the reading before.
    n_unreadable : int
        Gone or hollow entries, and files of the listener's own that have no id.
    is_reading : bool
        Whether a reading is under way, or waits to go on.
    read_at : int or None
        When the oldest of the lists was read whole.
    outcome : Outcome
        What became of the last call, the worst of the lists.
    gap_since, gap_until : int or None
        Of plays: between these some may be missing, since Spotify tells the last fifty only.
    """

    part: Part
    n_lists: int
    n_whole: int
    n_entries: int
    n_kept: int
    n_duplicate: int
    n_not_music: int
    n_unreadable: int
    n_total: int | None
    is_reading: bool
    read_at: int | None
    outcome: Outcome
    gap_since: int | None = None
    gap_until: int | None = None


@dataclass(frozen=True, slots=True)
class LibraryReport:
    """All parts of which anything is known, in the order of their reading."""

    parts: tuple[PartReport, ...] = ()

    @property
    def is_reading(self) -> bool:
        """Whether any reading is under way."""
        return any(part.is_reading for part in self.parts)


def report_library(states: Iterable[ListState]) -> LibraryReport:
    """Add lists up by part."""
    of_part: dict[Part, list[ListState]] = {}
    for state in states:
        of_part.setdefault(state.name.part, []).append(state)
    return LibraryReport(tuple(_report(part, of_part[part]) for part in Part if part in of_part))


def _report(part: Part, lists: Sequence[ListState]) -> PartReport:
    tally = sum((_shown_tally(one) for one in lists), Tally())
    totals = [one.total if one.reading is None else one.reading.total for one in lists]
    known = [total for total in totals if total is not None]
    gap = next((one for one in lists if one.gap_since), None)
    failed = [one.outcome for one in lists if one.outcome is not Outcome.OK]
    return PartReport(
        part=part,
        n_lists=len(lists),
        n_whole=sum(one.read_at > 0 for one in lists),
        n_entries=tally.lines,
        n_kept=tally.kept,
        n_duplicate=tally.duplicate,
        n_not_music=tally.not_music,
        n_unreadable=tally.unreadable,
        n_total=sum(known) if known else None,
        is_reading=any(one.reading is not None for one in lists),
        read_at=min((one.read_at for one in lists), default=0) or None,
        outcome=failed[0] if failed else Outcome.OK,
        gap_since=gap.gap_since if gap else None,
        gap_until=gap.gap_until if gap else None,
    )


def _shown_tally(state: ListState) -> Tally:
    """Give the ledger of what counts now: the reading under way only before the first is whole."""
    if state.reading is not None and not state.generation:
        return state.reading.tally
    return state.tally
