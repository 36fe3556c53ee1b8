"""Why does it not work: the open incidents, or what a fresh look finds, on one screen."""

from dataclasses import dataclass

from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.domain.findings import Result, Verdict
from harmonyhub.domain.incidents import Diagnosis, Incident
from harmonyhub.flows.diagnosing import diagnose_house, subject_of
from harmonyhub.wiring.house import House
from harmonyhub.wiring.upstreams import SPOTIFY

LOOKED_AT = tuple(each for each in LIVE if each.check.id != "HH602")  # it would send a message


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is wrong now.

    Attributes
    ----------
    incidents : tuple of Incident
        Those that are open; their diagnoses were made when they began.
    fresh : Diagnosis or None
        What was found just now, also what is not the operator's fault; None while an incident is
        open, whose alert holds the diagnosis, and where nothing is wrong.
    fine : tuple of str
        What was looked at just now and is fine.
    last : Incident or None
        The incident before, where none is open.
    """

    incidents: tuple[Incident, ...]
    fresh: Diagnosis | None = None
    fine: tuple[str, ...] = ()
    last: Incident | None = None


async def explain(house: House) -> Explanation:
    """Tell the open incidents; look afresh where there is none.

    While an incident is open nothing is asked of an upstream that rejects us.
    """
    incidents = await house.store.incidents.current()
    if incidents:
        return Explanation(incidents=tuple(incidents))
    results = await check_live(subject_of(house, house.settings), checks=LOOKED_AT)
    state = await house.store.upstreams.load(SPOTIFY)
    fresh = await diagnose_house(house, results=results, state=state, confirmed_only=False)
    recent = await house.store.incidents.recent(1)
    return Explanation(
        incidents=(), fresh=fresh, fine=_notes(results), last=recent[0] if recent else None
    )


def _notes(results: tuple[Result, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.check_id} {each.note}"
        for each in results
        if each.verdict is Verdict.PASSED and each.note
    )
