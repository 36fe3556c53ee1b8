"""The calendar entry of a consent's end, read line by line as RFC 5545 has it."""

from harmonyhub.domain.calendar import consent_calendar


def test_the_entry_reminds_at_each_notice() -> None:
    """One event at the end in UTC, three alarms before it, short lines that end in CRLF."""
    text = consent_calendar(
        ends_at=1_760_000_000,
        now=1_750_000_000,
        uid="spotify-1",
        address="https://music.example.org/a,b;c/" + "é" * 60,
    )
    lines = text.split("\r\n")
    assert "" == lines[-1]
    assert "\n" not in "".join(lines)
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert "DTSTART:20251009T085320Z" in unfolded
    assert ["-P30D", "-P7D", "-P1D"] == [
        line.partition(":")[2] for line in unfolded if line.startswith("TRIGGER")
    ]
    assert unfolded.count("BEGIN:VEVENT") == unfolded.count("END:VEVENT") == 1
    (address,) = (line for line in unfolded if "https" in line)
    assert address.endswith("https://music.example.org/a\\,b\\;c/" + "é" * 60)
