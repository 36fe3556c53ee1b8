"""The act of the alerts: faults past the gate and at run time, read where the engineer is told."""

import asyncio
import math
import random
from collections.abc import Iterable, Mapping, Sequence

from harmonyhub.drills.at_run_time import NEVER_S, Log, play_at_run_time
from harmonyhub.drills.baseline import rehearse
from harmonyhub.drills.faults_in_values import CLIENT_ID, CLIENT_SECRET
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.lost_tokens import Losses, play_foreign_app
from harmonyhub.drills.past_gate import Told, play_past_gate
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import Figure
from harmonyhub.drills.site import Ground
from harmonyhub.drills.unguarded import unguarded

BASELINE_HOURS = 2


async def play_alerts(
    ground: Ground, *, seed: int, scale: Scale, guards: Guards
) -> Mapping[str, Figure]:
    """Play it, or with all guards off the application of 2024-08-14 in its place."""
    if not guards.on:
        return await _rehearse_baseline(ground, seed=seed, scale=scale)
    with unguarded(guards):
        async with (
            ground.site("past", seed=seed) as past_site,
            ground.site("foreign", seed=seed) as foreign_site,
            asyncio.TaskGroup() as group,
        ):
            past = group.create_task(
                play_past_gate(
                    past_site, seed=seed, n_single=scale.n_single, n_double=scale.n_double
                )
            )
            lost = group.create_task(play_foreign_app(foreign_site))
            log = group.create_task(play_at_run_time(ground, seed=seed, scale=scale, guards=guards))
    return summarize(past.result(), log.result(), lost.result(), scale=scale)


def summarize(
    past: Sequence[Told], log: Log, losses: Losses, *, scale: Scale
) -> Mapping[str, Figure]:
    """Turn what was seen into figures, with every miss in a note."""
    single = [told for told in past if len(told.fault.kinds) == 1]
    double = [told for told in past if len(told.fault.kinds) == 2]
    lived = [*log.lived, *log.silences, *log.told_late]
    n_single = len(single) + len(lived)
    n_right = sum(told.is_named for told in single) + sum(one.is_right for one in lived)
    proven = [name for told in past for name in told.false_proven]
    proven += [name for one in lived for name in one.false_proven]
    n_tokens = losses.n_before + log.n_tokens
    missed = [
        *(_say(told) for told in single if not told.is_named),
        *(f"{one.truth.kinds[0]} at run time" for one in lived if not one.is_right),
    ]
    return {
        "alert.built_in_p95_s": _speed(past, log),
        "named.single": Figure(
            _percent(n_right, n_single),
            n_single,
            "; ".join(filter(None, [_list("missed", missed), _list("not judged", log.unjudged)])),
        ),
        "named.double": Figure(
            _percent(sum(told.is_named for told in double), len(double)),
            len(double),
            _list("missed", [_say(told) for told in double if not told.is_named]),
        ),
        "named.false_proven": Figure(len(proven), len(past) + len(lived), _list("of", proven)),
        "latched.token_calls_per_min": Figure(
            log.latched_calls,
            1,
            f"the most within a minute of {scale.latched_s:.0f} s, two workers",
        ),
        "recovery.secret_file_s": Figure(max(log.recoveries, default=NEVER_S), len(log.recoveries)),
        "tokens.lost": Figure(
            n_tokens - losses.n_after - log.n_tokens_left,
            n_tokens,
            f"{losses.n_before} rejected at once as by another app",
        ),
    }


def _speed(past: Sequence[Told], log: Log) -> Figure:
    """Give p95 over everything that is told at once.

    MongoDB's silence is waited out for 8 s, since a primary is elected in less: what is told after
    that, and what the sink refused at first, stands in the note.
    """
    at_once = [
        (_seconds(told.seconds), "+".join(told.fault.kinds))
        for told in past
        if not told.waits_for_mongodb
    ]
    at_once += [
        (_seconds(one.failing_s), f"{one.truth.kinds[0]} at run time")
        for one in log.lived
        if one.truth.is_paged
    ]
    waited = [told.seconds for told in past if told.waits_for_mongodb]
    waited += [one.alert_s for one in log.silences if one.truth.is_paged]
    slowest = max((_seconds(each) for each in waited), default=0.0)
    refused = max((_seconds(one.alert_s) for one in log.told_late), default=0.0)
    slow = ", ".join(f"{kinds} {seconds:.1f} s" for seconds, kinds in sorted(at_once)[-3:])
    return Figure(
        p95([seconds for seconds, _ in at_once]),
        len(at_once),
        f"slowest: {slow}; {len(waited)} of a silent MongoDB, told after it was"
        f" waited for, at most {slowest:.1f} s;"
        f" after a sink that refused, {refused:.1f} s",
    )


async def _rehearse_baseline(ground: Ground, *, seed: int, scale: Scale) -> Mapping[str, Figure]:
    """Run the application as it was with a wrong secret, then with another app's credentials."""
    rng = random.Random(f"baseline:{seed}")  # noqa: S311 - a drill, not a secret
    async with ground.site("baseline", seed=seed) as site:
        environ = dict(site.good.environ)
        users = await site.fake.control.seed_users(scale.n_users)
        wrong = {**environ, CLIENT_SECRET: site.former_secret.reveal()}
        secret = await rehearse(site.fake, wrong, users, rng=rng, hours=BASELINE_HOURS)
        users = await site.fake.control.seed_users(scale.n_users, prefix="other")
        foreign = {
            **environ,
            CLIENT_ID: site.other.client_id,
            CLIENT_SECRET: site.other.client_secret.reveal(),
        }
        other = await rehearse(site.fake, foreign, users, rng=rng, hours=BASELINE_HOURS)
    fired_s = NEVER_S if secret.alert_after_s is None else float(secret.alert_after_s)
    return {
        "alert.built_in_p95_s": Figure(fired_s, 1, "more than 20 % of requests fail"),
        "named.single": Figure(0, 1, "the alert names no variable"),
        "named.double": Figure(0, 1, "the alert names no variable"),
        "latched.token_calls_per_min": Figure(secret.token_calls_per_min, 1),
        "tokens.lost": Figure(other.n_tokens_lost, len(users)),
    }


def _say(told: Told) -> str:
    return f"{'+'.join(told.fault.kinds)} ({', '.join(told.named) or 'nothing named'})"


def _list(title: str, items: Iterable[str]) -> str:
    text = ", ".join(items)
    return f"{title}: {text}" if text else ""


def _percent(n: int, n_all: int) -> float:
    return 100 * n / n_all if n_all else 0.0


def _seconds(value: float | None) -> float:
    return NEVER_S if value is None else value


def p95(values: Sequence[float]) -> float:
    """Give the value that 95 % do not exceed; an hour where there is none."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else NEVER_S
