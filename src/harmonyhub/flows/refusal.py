"""Tells people that the service does not run, where there is no watch yet that could."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harmonyhub.checks.diagnosis import Facts, diagnose
from harmonyhub.checks.encryption import ENCRYPTION_KEY, RIGHT_KEY
from harmonyhub.checks.live import LIVE, LiveCheck, check_live
from harmonyhub.checks.machine_facts import machine_facts
from harmonyhub.checks.subject import Baseline, Subject
from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError, StoreUnavailableError
from harmonyhub.domain.findings import Owner, Result, Verdict
from harmonyhub.domain.incident_text import refusal_text
from harmonyhub.domain.incidents import Diagnosis
from harmonyhub.flows.diagnosing import as_result, describe_silence
from harmonyhub.flows.last_good import load_last_good, load_plain_last_good
from harmonyhub.settings.load import data_folder, read_texts, survey_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.telemetry.notify import Delivery, Notifier
from harmonyhub.wiring.house import system_clock

log = logging.getLogger(__name__)

CONTACTS = ("HARMONYHUB_ALERT_URLS", "HARMONYHUB_ALERT_ESCALATION_URLS")
STAMP_FILE = "told-refusal.json"
TELL_AGAIN_S = 3600  # whoever starts it again and again is told once an hour
# Whatever Spotify, the model and the decoder answer, the service starts.
LOOKED_AT = tuple(each for each in LIVE if each.check.id.startswith(("HH2", "HH5", "HH6")))
# Unless it is known what worked: then one message names all that is wrong.
BY_WHAT_WORKED = tuple(
    each for each in LIVE if each.check.id.startswith(("HH1", "HH2", "HH5", "HH6"))
)
BLAMED = (ConfigurationError, StoreUnavailableError)  # what the embedded MongoDB ends a start with


async def tell_refusal(error: HarmonyHubError) -> Delivery | None:
    """Tell why the service does not run, once for each cause.

    The second contact is told where the first cannot be.

    The addresses are taken from where they are set even while other settings are wrong.

    Returns
    -------
    Delivery or None
        None where nobody is set to be told, where it was told lately, or where nothing is found
        that the settings or what they lead to could be blamed for.
    """
    texts = await asyncio.to_thread(read_texts)
    settings, _ = await asyncio.to_thread(survey_settings)
    return await tell_refusal_of(
        error,
        settings=settings,
        addresses=tuple(Secret(texts[name].text) for name in CONTACTS if name in texts),
        # Where it starts again every few seconds, wrong settings are told once an hour too.
        folder=await asyncio.to_thread(data_folder),
    )


async def tell_refusal_of(
    error: HarmonyHubError,
    *,
    settings: Settings | None,
    addresses: Sequence[Secret],
    folder: Path | None = None,
) -> Delivery | None:
    """Tell the first contact that can be told why a service with these settings does not run.

    What was told is noted in the data folder: that of the settings, or `folder` without any.
    """
    if not addresses:
        return None
    diagnosis = await diagnose_refusal(error, settings)
    if settings is not None:
        folder = settings.data_dir
    stamp = None if folder is None else folder / STAMP_FILE
    if diagnosis is None or (
        stamp is not None and await asyncio.to_thread(_is_told, stamp, diagnosis)
    ):
        return None
    for address in addresses:
        delivery = await Notifier(address).send(*refusal_text(diagnosis))
        if delivery.is_delivered:
            break
    if not delivery.is_delivered:
        log.error("nobody was told that the service does not run: %s", delivery.error)
    elif stamp is not None:
        await asyncio.to_thread(_note, stamp, diagnosis)
    return delivery


async def diagnose_refusal(
    error: HarmonyHubError, settings: Settings | None, *, checks: Sequence[LiveCheck] = LOOKED_AT
) -> Diagnosis | None:
    """Find the cause: what the start itself found, else what the live checks find.

    An embedded MongoDB that does not start is asked by no check: there the error is the cause.
    What worked last, as the data folder has it, proves a cause and shows what is behind it.
    """
    findings = error.findings if isinstance(error, ConfigurationError) else ()
    results: tuple[Result, ...] = tuple(map(as_result, findings))
    if settings is not None:
        before, other_key = await asyncio.to_thread(_load_before, settings)
        if not results or before is not None:
            checks = checks if before is None else BY_WHAT_WORKED
            subject = Subject(settings=settings, clock=system_clock, baseline=before)
            results = _merge(await check_live(subject, checks=checks), results)
        results = _merge(results, other_key)
        if isinstance(error, BLAMED) and not findings and settings.mongodb_uri is None:
            silence = describe_silence(error, settings)
            results += (as_result(replace(silence, message=error.message, evidence="")),)
    facts = Facts(
        failing_since=system_clock(),
        release=None if settings is None else settings.release,
        machine=None if settings is None else machine_facts(settings.data_dir),
    )
    return diagnose(results, facts, confirmed_only=False)


def _load_before(settings: Settings) -> tuple[Baseline | None, tuple[Result, ...]]:
    """Load what worked last, or say that it does not open."""
    try:
        return load_last_good(settings), ()
    except ConfigurationError as error:
        finding = RIGHT_KEY.found(
            f"{ENCRYPTION_KEY} is not the key that this data folder was written with.",
            fix=error.hint,
            variable=ENCRYPTION_KEY,
            provenance=settings.provenance("encryption_key"),
            evidence="what worked last does not open",
        )
        return load_plain_last_good(settings), (as_result(finding),)


def _merge(results: Sequence[Result], others: Sequence[Result]) -> tuple[Result, ...]:
    """Add what others know of checks that have found nothing; of Spotify only what is certain."""
    kept = [each for each in results if _is_certain(each) or not each.check_id.startswith("HH1")]
    known = {each.check_id for each in kept if each.finding is not None}
    return (*kept, *(each for each in others if each.check_id not in known))


def _is_certain(result: Result) -> bool:
    finding = result.finding
    is_operators = finding is not None and finding.owner is Owner.OPERATOR
    return is_operators and result.verdict is Verdict.FAILED


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
