"""The end of a consent as a calendar entry that reminds its owner (RFC 5545)."""

from datetime import UTC, datetime

ALARM_DAYS = (30, 7, 1)
FOLD_AT = 73  # octets; RFC 5545 allows 75 a line, the blank of a folded one included


def consent_calendar(*, ends_at: int, now: int, uid: str, address: str) -> str:
    """Write the calendar: one entry at the end of the consent, an alarm at each notice.

    Parameters
    ----------
    ends_at, now : int
        Unix seconds UTC.
    uid : str
        The same for the same consent, so that a second download replaces the first.
    address : str
        Of the page where it is renewed.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//HarmonyHub//Consent//EN",
        "BEGIN:VEVENT",
        f"UID:{_text(uid)}@harmonyhub",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(ends_at)}",
        f"SUMMARY:{_text('HarmonyHub: connect Spotify again')}",
        f"DESCRIPTION:{_text(f'The consent at Spotify ends. Renew it: {address}')}",
        *(line for days in ALARM_DAYS for line in _alarm(days)),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_fold(line)}\r\n" for line in lines)


def _alarm(days: int) -> tuple[str, ...]:
    return (
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(f'The consent at Spotify ends in {days} days')}",
        f"TRIGGER:-P{days}D",
        "END:VALARM",
    )


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _fold(line: str) -> str:
    """Break a long line between characters, never inside one."""
    parts, part = [], ""
    for sign in line:
        if len((part + sign).encode()) > FOLD_AT:
            parts.append(part)
            part = ""
        part += sign
    return "\r\n ".join([*parts, part])
