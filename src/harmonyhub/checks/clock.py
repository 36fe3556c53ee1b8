"""Checks the clock of this machine against the `Date` of Spotify's answers."""

from dataclasses import replace

from harmonyhub.checks.spotify_calls import token_answer
from harmonyhub.checks.subject import Scene
from harmonyhub.checks.verdicts import Results, failed, passed, skipped
from harmonyhub.domain.findings import Check, Severity

CLOCK = Check(
    "HH106",
    Severity.ERROR,
    "The clock of this machine is wrong, by the `Date` of Spotify's answers.",
    needs=("HH103",),
)

WARNING_S = 30
ERROR_S = 300  # tokens that live an hour are refreshed too late, signed requests are refused


async def check_clock(scene: Scene) -> Results:
    """Compare the two clocks at the moment of the answer."""
    observation, _ = await token_answer(scene)
    if observation.server_time is None:
        return skipped(CLOCK, "Spotify's answer has no date")
    ahead_s = observation.at - observation.server_time
    if abs(ahead_s) <= WARNING_S:
        return passed(CLOCK, "the clock is right")
    finding = CLOCK.found(
        f"The clock of this machine is {abs(ahead_s)} s {'ahead' if ahead_s > 0 else 'behind'}.",
        fix="Set the clock and keep it so: timedatectl set-ntp true.",
        evidence=f"{ahead_s:+d} s against the date of Spotify's answer",
    )
    if abs(ahead_s) <= ERROR_S:
        finding = replace(finding, severity=Severity.WARNING)
    return failed(finding)
