"""Why does it not work: the open incidents, or what a fresh look finds, on one screen."""

import asyncio
from dataclasses import dataclass

from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError, UnavailableError
from harmonyhub.domain.findings import Owner, Result, Verdict
from harmonyhub.domain.incidents import Diagnosis, Incident
from harmonyhub.flows.diagnosing import diagnose_house, subject_of
from harmonyhub.flows.refusal import diagnose_refusal
from harmonyhub.settings.load import survey_settings
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
    without_store : str
        What the store was not opened for; incidents and users are then not known.
    """

    incidents: tuple[Incident, ...]
    fresh: Diagnosis | None = None
    fine: tuple[str, ...] = ()
    last: Incident | None = None
    without_store: str = ""

    @property
    def exit_status(self) -> int:
        """78 for the operator's fault, 75 for somebody else's, 0 where nothing is wrong."""
        if self.incidents:
            return ConfigurationError.exit_status
        if self.fresh is None:
            return 0
        is_operators = self.fresh.causes[0].owner is Owner.OPERATOR
        return (ConfigurationError if is_operators else UnavailableError).exit_status


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


async def explain_without_store(error: HarmonyHubError) -> Explanation:
    """Look at everything else where the store could not be opened.

    Raises
    ------
    HarmonyHubError
        What kept the store shut, where nothing is found that explains it.
    """
    settings, _ = await asyncio.to_thread(survey_settings)
    fresh = await diagnose_refusal(error, settings, checks=LOOKED_AT)
    if fresh is None:
        raise error
    return Explanation(incidents=(), fresh=fresh, without_store=error.message)


def _notes(results: tuple[Result, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.check_id} {each.note}"
        for each in results
        if each.verdict is Verdict.PASSED and each.note
    )
