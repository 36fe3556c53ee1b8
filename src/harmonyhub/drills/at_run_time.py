"""Faults that appear while real processes run: who is told, how fast, and how it ends."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.drills.alert_reading import Mailbox, read_alert, reading
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.injector import Injection, RunScene, Truth
from harmonyhub.drills.runtime_faults import RUNTIME_FAULTS
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.service import Service
from harmonyhub.drills.site import Ground, Site

NEVER_S = 3600.0  # counts for what did not happen in time
FAULTS_A_LANE = 8
N_USERS = 60
LOOK_S = 0.02
WITHIN_S = 1.0  # of the moment that the injector draws
ALERT_S = 40.0  # far more than the target: a late alert is measured, not missed
QUIET_S = 8.0  # without an alert, where there must be none
SHORT_SILENCE_S = 4.0  # as an election
RARELY_MET = "premium-lapsed"  # tokens are still issued, and the API is asked once a minute
RARELY_MET_S = 65.0
REFUSES_S = 4.0  # the sink, while a fleet is latched
RECOVERY_S = 40.0
MINUTE_S = 60.0
AFTER_ALERT_S = 2.0  # what is asked to find the variable belongs to the alert

Opening = AbstractAsyncContextManager[Site]

MONGODB = ("mongodb-killed", "mongodb-cut")
SPOTIFYS = tuple(fault.id for fault in RUNTIME_FAULTS if fault.id not in MONGODB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What became of one fault.

    Attributes
    ----------
    alert_s : float or None
        From the fault to the alert at the sink; None: none came.
    failing_s : float or None
        The same from the first call that failed, where such calls are rare.
    """

    truth: Truth
    alert_s: float | None
    failing_s: float | None = None
    named: tuple[str, ...] = ()
    false_proven: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether somebody was told, and of the right variables, exactly where that must be."""
        is_told = self.alert_s is not None
        return is_told == self.truth.is_paged and (
            not is_told or self.truth.is_named_by(self.named)
        )


@dataclass(slots=True)
class Log:
    """What all services of the act lived through.

    Attributes
    ----------
    lived : list of Lived
        Faults of Spotify's side.
    silences : list of Lived
        Faults of MongoDB's side: nobody is told before a silence of 8 s.
    told_late : list of Lived
        Told while the sink refused for some seconds.
    unjudged : list of str
        What turned out to be another fault than was meant, in words.
    latched_calls : int
        The most token calls in any minute of the latched time.
    recoveries : list of float
        Seconds, of each service that was latched.
    """

    lived: list[Lived] = field(default_factory=list)
    silences: list[Lived] = field(default_factory=list)
    told_late: list[Lived] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    latched_calls: int = 0
    n_tokens: int = 0
    n_tokens_left: int = 0

    async def count_tokens(self, service: Service) -> None:
        """Count what is left of the refresh tokens of a service."""
        n_left = await service.count_tokens()  # first: other services count meanwhile
        self.n_tokens += len(service.user_ids)
        self.n_tokens_left += n_left


async def play_at_run_time(ground: Ground, *, seed: int, scale: Scale, guards: Guards) -> Log:
    """Run several services side by side and let faults appear in each."""
    log = Log()
    n_lanes = max(1, scale.n_runtime // FAULTS_A_LANE)
    async with asyncio.TaskGroup() as group:
        for number in range(n_lanes):
            group.create_task(
                _play_spotifys(
                    ground.site(f"run{number}", seed=seed + number),
                    log,
                    seed=seed + 1000 * number,
                    n_faults=scale.n_runtime // n_lanes,
                    commands=("work", "serve") if number == 0 else ("work",),
                    guards=guards,
                )
            )
        latched = ground.site("latched", seed=seed + n_lanes)
        group.create_task(_play_latched(latched, log, latched_s=scale.latched_s, guards=guards))
        group.create_task(_play_mongodb(ground.folder / "own", log, seed=seed, guards=guards))
    return log


async def _play_spotifys(
    opening: Opening,
    log: Log,
    *,
    seed: int,
    n_faults: int,
    commands: Sequence[str],
    guards: Guards,
) -> None:
    """Let faults of Spotify's side appear one after the other, each healed before the next."""
    async with (
        opening as site,
        Service.start(site, guards=guards, n_users=N_USERS, commands=commands) as service,
    ):
        async with reading(site.sink) as mailbox:
            for number in range(n_faults):
                lived = await inject(service, mailbox, seed=seed + number, only=SPOTIFYS)
                if lived.truth.kinds == ("secret-revoked",):
                    log.recoveries.append(await recover(service))
                log.lived.append(lived)
                try:
                    await service.calm_down()
                except UnavailableError:
                    break  # a service that does not recover has no more to show
        await log.count_tokens(service)


async def _play_latched(opening: Opening, log: Log, *, latched_s: float, guards: Guards) -> None:
    """Revoke a fleet's secret while the sink refuses; count its calls while latched."""
    async with (
        opening as site,
        Service.start(site, guards=guards, n_users=N_USERS, commands=("work", "work")) as service,
        reading(site.sink) as mailbox,
    ):
        await site.sink.refuse(REFUSES_S)
        lived = await inject(service, mailbox, seed=0, only=("secret-revoked",))
        since = time.time() + AFTER_ALERT_S
        await asyncio.sleep(AFTER_ALERT_S + latched_s)
        calls = await service.token_calls(since=since)
        log.latched_calls = most_within([call.at for call in calls], window_s=MINUTE_S)
        log.told_late.append(lived)
        log.recoveries.append(await recover(service))
        await log.count_tokens(service)


async def _play_mongodb(folder: Path, log: Log, *, seed: int, guards: Guards) -> None:
    """Kill MongoDB, cut it off for as long as an election, then for good."""
    async with Ground.open(folder) as ground, asyncio.TaskGroup() as group:
        keeping = group.create_task(ground.server.keep_alive())
        async with (
            ground.site("database", seed=seed) as site,
            Service.start(site, guards=guards, n_users=N_USERS) as service,
            reading(site.sink) as mailbox,
        ):
            silence = _Silence()
            listening = asyncio.create_task(silence.listen(service))
            killed = await inject(service, mailbox, seed=seed, only=("mongodb-killed",))
            listening.cancel()
            short = await inject(
                service,
                mailbox,
                seed=seed,
                only=("mongodb-cut",),
                timeout_s=QUIET_S,
                lasts_s=SHORT_SILENCE_S,
            )
            long = await inject(service, mailbox, seed=seed + 1, only=("mongodb-cut",))
            if silence.longest_s < QUIET_S - WITHIN_S:
                log.silences.append(killed)
            else:  # away so long on a busy machine that somebody may be told, or may not
                log.unjudged.append(f"mongodb-killed, away for {silence.longest_s:.1f} s")
            log.silences += [short, long]
            await service.heal()
            await log.count_tokens(service)
        keeping.cancel()


@dataclass(slots=True)
class _Silence:
    """How long MongoDB did not answer."""

    longest_s: float = 0.0

    async def listen(self, service: Service) -> None:
        """Ask again and again until cancelled."""
        heard_at = time.monotonic()
        while True:
            with suppress(UnavailableError):
                await service.state()
                self.longest_s = max(self.longest_s, time.monotonic() - heard_at)
                heard_at = time.monotonic()
            await asyncio.sleep(LOOK_S)


async def inject(
    service: Service,
    mailbox: Mailbox,
    *,
    seed: int,
    only: tuple[str, ...],
    contact: str = "first",
    timeout_s: float = ALERT_S,
    lasts_s: float | None = None,
) -> Lived:
    """Let another process draw a fault and a moment, and read what is told.

    Parameters
    ----------
    lasts_s : float or None
        Heal it by itself so long after; then nobody must be told.
    """
    site, hands = service.site, service.hands
    scene = RunScene(
        spotify_url=site.fake.url,
        spotify_line=hands.spotify_line,
        mongodb_line=hands.mongodb_line,
        mongodb_pid=site.server.pid,
        secret_files=dict(hands.secret_files),
        within_s=WITHIN_S,
        only=only,
    )
    began = time.time()
    async with Injection.start(scene, seed=seed, folder=site.folder / "injector") as injection:
        if lasts_s is not None:
            truth = replace(await injection.reveal(), is_paged=False)
            await asyncio.sleep(lasts_s)
            await service.heal()
        message = await mailbox.wait_for_alert(
            (contact,), since=began, timeout_s=WITHIN_S + timeout_s
        )
        if lasts_s is None:
            truth = await injection.reveal()
    failing_at = truth.applied_at
    if truth.kinds == (RARELY_MET,):
        message = message or await mailbox.wait_for_alert(
            (contact,), since=began, timeout_s=RARELY_MET_S
        )
        failing_at = await _first_refusal(service, since=failing_at)
    if message is None:
        return Lived(truth=truth, alert_s=None)
    alert, guilty = read_alert(message), {name for names in truth.at_fault for name in names}
    return Lived(
        truth=truth,
        alert_s=message.at - truth.applied_at,
        failing_s=message.at - failing_at,
        named=tuple(sorted(alert.named)),
        false_proven=tuple(sorted(alert.proven - guilty)),
    )


async def _first_refusal(service: Service, *, since: float) -> float:
    """Tell when the fake first refused a call of the API; before it nothing had failed."""
    entries = await service.site.fake.control.requests(since=since)
    return next((entry.at for entry in entries if entry.outcome == RARELY_MET), since)


async def recover(service: Service) -> float:
    """Write the right secret and wait until calls succeed again; `NEVER_S` if that takes long."""
    written_at = await service.heal()
    try:
        recovered_at = await service.wait_until_accepted(since=written_at, timeout_s=RECOVERY_S)
    except UnavailableError:
        return NEVER_S
    for _ in range(round(RECOVERY_S / LOOK_S)):
        if (await service.state()).latched is None:
            return recovered_at - written_at
        await asyncio.sleep(LOOK_S)
        recovered_at = time.time()
    return NEVER_S


def most_within(moments: Sequence[float], *, window_s: float) -> int:
    """Count the most of these moments that lie within any window of this length."""
    return max(
        (sum(start <= at < start + window_s for at in moments) for start in moments), default=0
    )
