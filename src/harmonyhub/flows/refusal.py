"""Tells people that the service does not run, where there is no watch yet that could."""

import asyncio
import json
import logging
from pathlib import Path

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.live import LIVE, check_live
from harmonyhub.checks.machine_facts import machine_facts
from harmonyhub.checks.subject import Subject
from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError
from harmonyhub.domain.findings import Result, Verdict
from harmonyhub.domain.incident_text import diagnosis_text
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.settings.load import read_texts, survey_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Delivery, Notifier
from harmonyhub.wiring.house import system_clock

log = logging.getLogger(__name__)

ALERT_URLS = "HARMONYHUB_ALERT_URLS"
STAMP_FILE = "told-refusal.json"
TELL_AGAIN_S = 3600  # whoever starts it again and again is told once an hour
LOOKED_AT = tuple(each for each in LIVE if not each.check.id.startswith("HH6"))


async def tell_refusal(error: HarmonyHubError) -> Delivery | None:
    """Tell the first contact why the service does not run, once for each cause.

    The address is taken from where it is set even while other settings are wrong.

    Returns
    -------
    Delivery or None
        None where nobody is set to be told, where it was told lately, or where nothing is found
        that the settings or what they lead to could be blamed for.
    """
    address = (await asyncio.to_thread(read_texts)).get(ALERT_URLS)
    settings, _ = await asyncio.to_thread(survey_settings)
    diagnosis = await diagnose_refusal(error, settings)
    if address is None or diagnosis is None:
        return None
    stamp = None if settings is None else settings.data_dir / STAMP_FILE
    if stamp is not None and await asyncio.to_thread(_is_told, stamp, diagnosis):
        return None
    title, body = diagnosis_text(diagnosis)
    delivery = await Notifier(Secret(address.text)).send(f"{title}. It does not run.", body)
    if not delivery.is_delivered:
        log.error("nobody was told that the service does not run: %s", delivery.error)
    elif stamp is not None:
        await asyncio.to_thread(_note, stamp, diagnosis)
    return delivery


async def diagnose_refusal(error: HarmonyHubError, settings: Settings | None) -> Diagnosis | None:
    """Find the cause: what the start itself found, else what the live checks find."""
    findings = error.findings if isinstance(error, ConfigurationError) else ()
    results: tuple[Result, ...] = tuple(
        Result(check_id=each.check_id, verdict=Verdict.FAILED, finding=each) for each in findings
    )
    if not results and settings is not None:
        results = await check_live(Subject(settings=settings, clock=system_clock), checks=LOOKED_AT)
    facts = Facts(
        failing_since=system_clock(),
        release=None if settings is None else settings.release,
        machine=None if settings is None else machine_facts(settings.data_dir),
    )
    return diagnose(results, facts, confirmed_only=False)


def _is_told(stamp: Path, diagnosis: Diagnosis) -> bool:
    try:
        told = json.loads(stamp.read_bytes())
        return bool(told["causes"] == _causes(diagnosis)) and (
            system_clock() - int(told["at"]) < TELL_AGAIN_S
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _note(stamp: Path, diagnosis: Diagnosis) -> None:
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(json.dumps({"causes": _causes(diagnosis), "at": system_clock()}))
    except OSError as error:
        log.warning("the next start will tell again: %s", error.strerror)


def _causes(diagnosis: Diagnosis) -> list[str]:
    return [f"{cause.check_id} {cause.variable}" for cause in diagnosis.causes]
