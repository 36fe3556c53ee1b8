"""Commands around Spotify: who is connected, what the calls went to, read now, leave."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import ProgressLine, as_json_option, print_json, run_in_house
from harmonyhub.domain.jobs import Progress

if TYPE_CHECKING:
    from harmonyhub.domain.connection_report import ConnectionReport
    from harmonyhub.domain.ids import UserId
    from harmonyhub.domain.library_report import LibraryReport
    from harmonyhub.domain.upstreams import Outcome
    from harmonyhub.flows.quota import AppQuota
    from harmonyhub.wiring.house import House

whose_option = click.option("--user", "user", required=True, help="Which listener.")


@click.group()
def spotify() -> None:
    """See and handle the listeners' connections to Spotify.

    A listener connects in the browser, on the page /spotify; docs/spotify.md goes through it step
    by step. Nothing here asks Spotify but `sync`.
    """


@spotify.command()
@as_json_option
def status(*, as_json: bool) -> None:
    """List all consents: how each stands, what is not allowed, when it ends, last read when."""
    import msgspec

    from harmonyhub.domain.connection_report import report_connection
    from harmonyhub.flows.connection import list_connections

    async def load(house: "House") -> "list[ConnectionReport]":
        found = await list_connections(house)
        return [report_connection(one.user_id, one.connection) for one in found]

    reports = run_in_house("spotify status", load)
    if as_json:
        print_json({"connections": msgspec.to_builtins(reports)})
        return
    if not reports:
        click.echo("Nobody has connected a Spotify account. The page /spotify is where it is done.")
    for report in reports:
        click.echo("\n".join(_describe(report)))


def _describe(report: "ConnectionReport") -> list[str]:
    account = report.account or "an account not named yet"
    app = f"{'household app' if report.is_household else 'app'} {(report.app or '')[:8]}…"
    lines = [f"{report.user}: {report.standing.value}, as {account}, {app}"]
    if report.ends_at is not None:
        soon = "  connect again soon" if report.notice is not None else ""
        lines.append(f"  ends       {_day(report.ends_at)}, in {report.days_left} days{soon}")
    lines.append(f"  last read  {_moment(report.synced_at) if report.synced_at else 'due now'}")
    if report.missing_scopes:
        lines.append(f"  not allowed: {', '.join(report.missing_scopes)}")
    if report.trouble is not None:
        trouble = report.trouble
        until = f" Until {_moment(trouble.until)}." if trouble.until else ""
        lines.append(
            f"  trouble    {trouble.what} ({trouble.outcome.value}, {trouble.whose}){until}"
        )
        lines.append(f"  do         {trouble.do}")
    return lines


@spotify.command()
@as_json_option
def quota(*, as_json: bool) -> None:
    """Show what each app spent: of 30 seconds, of 24 hours, by operation and outcome.

    Spotify publishes no limits. HarmonyHub assumes 90 calls in 30 s and 10,000 a day, and learns
    the real number of a day when Spotify says that it is spent. People who wait are served first,
    then plays, then libraries, then looking up ids. Token calls are listed, and not counted.
    """
    import msgspec

    from harmonyhub.flows.quota import load_quotas

    quotas = run_in_house("spotify quota", load_quotas)
    if as_json:
        print_json({"apps": msgspec.to_builtins(quotas)})
        return
    if not quotas:
        click.echo("No Spotify app is set up, and no calls were made. docs/spotify.md says how.")
    for one in quotas:
        click.echo("\n".join(_describe_quota(one)))


def _describe_quota(one: "AppQuota") -> list[str]:
    spent = one.spending
    known = "learned from Spotify" if spent.is_learned else "assumed"
    lines = [
        f"{'This service' if one.is_own else 'Household or former app'}, app {one.app[:8]}…",
        f"  last 30 s  {spent.n_in_window:,} of {one.window_calls:,} calls",
        f"  last 24 h  {spent.n_in_day:,} of {spent.daily_calls:,} calls ({known})",
    ]
    if one.held_until is not None:
        lines.append(f"  held       Spotify wants no calls until {_moment(one.held_until)}")
    waiting = [purpose.value for purpose, wait_s in one.waits_s.items() if wait_s]
    if waiting:
        lines.append(f"  waiting    {', '.join(waiting)}: the rest is kept for what is more urgent")
    if one.frees_at is not None:
        lines.append(f"  next free  {one.n_freed:,} calls at {_moment(one.frees_at)}")
    lines.extend(f"    {name:<22}{_outcomes(found)}" for name, found in one.calls.items())
    return lines


def _outcomes(found: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(found.items()))


@spotify.command()
@whose_option
@as_json_option
def disconnect(user: str, *, as_json: bool) -> None:
    """Delete a listener's tokens and everything that came from Spotify; imports stay."""
    from harmonyhub.domain.ids import UserId
    from harmonyhub.flows.disconnect import forget_spotify

    async def leave(house: "House") -> bool:
        was_connected = await house.store.tokens.get(user) is not None
        await forget_spotify(house, UserId(user))
        return was_connected

    was_connected = run_in_house("spotify disconnect", leave)
    if as_json:
        print_json({"user": user, "was_connected": was_connected})
    elif was_connected:
        click.echo(f"{user} is disconnected; all that came from Spotify is deleted.")
    else:
        click.echo(f"{user} was not connected; nothing from Spotify is left of them.")


@spotify.command()
@whose_option
@as_json_option
def sync(user: str, *, as_json: bool) -> None:
    """Read a listener's plays and library from Spotify now, and show the ledger.

    What was read today is read again, but for what is ten minutes old or less. A service need not
    run for it; one that does is not disturbed.
    """
    import msgspec

    from harmonyhub.domain.ids import UserId
    from harmonyhub.domain.upstreams import Outcome

    outcome, library = run_in_house("spotify sync", lambda house: _sync(house, UserId(user)))
    if as_json:
        print_json({"user": user, "outcome": outcome.value, **msgspec.to_builtins(library)})
        return
    click.echo("\n".join(_describe_library(library)))
    if outcome is not Outcome.OK or library.is_reading:
        click.echo(f"Not all was read ({outcome.value}); a service that runs reads on by itself.")


async def _sync(house: "House", user: "UserId") -> "tuple[Outcome, LibraryReport]":
    import asyncio

    from harmonyhub.flows.library_report import load_library_report
    from harmonyhub.flows.sync import sync_now

    line = ProgressLine()
    reading = asyncio.ensure_future(sync_now(house, user))
    try:
        while not (await asyncio.wait([reading], timeout=0.5))[0]:
            library = await load_library_report(house, user)
            n_read = sum(part.n_entries for part in library.parts)
            line(Progress(done=n_read, unit="entries", message="reading from Spotify"))
        return await reading, await load_library_report(house, user)
    finally:
        line.close()


def _describe_library(library: "LibraryReport") -> list[str]:
    lines = ["part                 kept  told before  not music  unreadable  entries"]
    for part in library.parts:
        of_all = f" of {part.n_total:,}" if part.n_total not in {None, part.n_entries} else ""
        lines.append(
            f"{part.part.value:<17}{part.n_kept:>8,}{part.n_duplicate:>13,}{part.n_not_music:>11,}"
            f"{part.n_unreadable:>12,}{part.n_entries:>9,}{of_all}"
        )
        if part.gap_since and part.gap_until:
            lines.append(
                f"  plays may be missing from {_moment(part.gap_since)} to "
                f"{_moment(part.gap_until)}; a history file fills the gap"
            )
    return lines


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d %H:%M} UTC"


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%d}"
