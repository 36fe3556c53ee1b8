"""The one door to Spotify, against a Spotify that fails on command and one MongoDB for all."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.consents import CONSENT_LASTS_S
from harmonyhub.domain.library import RecentPlay
from harmonyhub.domain.upstream_policy import ISSUE_APP_TOKEN, Gate
from harmonyhub.domain.upstreams import Observation, Outcome, TokenState, UserToken
from harmonyhub.drills.fake_spotify.modes import Mode, Surface
from harmonyhub.drills.process import FakeApp, FakeSpotify, FakeUser
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.requests import recently_played
from harmonyhub.sources.spotify.tokens import Credentials
from harmonyhub.storage.store import Store
from harmonyhub.wiring.spotify import Spotify, finished
from tests.conftest import SetClock
from tests.tools.fakes import fresh_fake

TOKEN_CALLS = ("app-token", "refresh")
KEY = bytes(32)


@dataclass
class Desk:
    """A fake Spotify, a store, a clock, and as many processes' `Spotify` as a test wants."""

    fake: FakeSpotify
    store: Store
    clock: SetClock
    app: FakeApp
    opened: list[Spotify] = field(default_factory=list)

    def open(self, app: FakeApp | None = None, *, seed: int = 1) -> Spotify:
        """Open the door as one more process does."""
        client = SpotifyClient(
            accounts_url=self.fake.accounts_url, api_url=self.fake.api_url, clock=self.clock
        )
        spotify = Spotify(
            credentials(app or self.app),
            client=client,
            store=self.store,
            clock=self.clock,
            rng=random.Random(seed),  # noqa: S311
            fingerprint_key=KEY,
        )
        self.opened.append(spotify)
        return spotify

    async def sign_in(self, n_users: int, *, consent_age_s: int = 86_400) -> list[FakeUser]:
        """Let people consent, their access tokens ended."""
        users = list(await self.fake.control.seed_users(n_users, prefix=f"u{consent_age_s}"))
        for user in users:
            token = UserToken(
                user_id=user.user_id,
                client_id=user.client_id,
                state=TokenState.ACTIVE,
                consented_at=self.clock() - consent_age_s,
                access_expires_at=self.clock() - 1,
            )
            await self.store.tokens.save(
                token, refresh_token=user.refresh_token, access_token=user.access_token
            )
        return users

    async def counts(self) -> Counter[tuple[str, str]]:
        """Count what the fake was asked, by operation and outcome."""
        return Counter(await self.fake.control.counts())

    async def n_token_calls(self) -> int:
        """Count the calls of the token endpoint."""
        counts = await self.counts()
        return sum(n for (operation, _), n in counts.items() if operation in TOKEN_CALLS)

    async def states(self) -> dict[TokenState, int]:
        """Count the tokens by state."""
        return dict(await self.store.tokens.count_by_state())

    async def latched(self) -> Outcome | None:
        """Tell what is latched."""
        return (await self.store.upstreams.load("spotify")).latched


async def read_plays(
    spotify: Spotify, user_id: str
) -> tuple[Observation, Sequence[RecentPlay] | None]:
    """Read what a user played last, through the door."""
    seen, page = await spotify.ask(user_id, recently_played(), purpose=Purpose.PLAYS)
    return seen, page.items if page else None


def credentials(app: FakeApp, *, secret: str | None = None) -> Credentials:
    """Give an app's credentials, with another secret if one is given."""
    return Credentials(app.client_id, app.client_secret if secret is None else Secret(secret))


def wrong(app: FakeApp) -> FakeApp:
    """Give an app with a wrong secret."""
    return replace(app, client_secret=Secret("0" * 32))


@pytest.fixture
async def desk(store: Store, clock: SetClock) -> AsyncIterator[Desk]:
    """Give a desk around a fake of seed 7."""
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        desk = Desk(fake, store, clock, app)
        yield desk
        for spotify in desk.opened:
            await spotify.aclose()


async def test_a_probe_of_good_credentials(desk: Desk) -> None:
    """A token and an API call; then tokens only, while users use the API."""
    spotify = desk.open()
    seen = await spotify.probe()
    await spotify.probe()

    assert (Outcome.OK, True) == (seen.outcome, seen.server_time is not None)
    assert {("app-token", "ok"): 2, ("search", "ok"): 1} == await desk.counts()
    desk.clock.now += 60
    await spotify.probe()
    assert 2 == (await desk.counts())["search", "ok"]


async def test_credentials_that_work_are_remembered(desk: Desk) -> None:
    """Sealed, under the names of their variables, and written only when they change."""
    spotify = desk.open()
    await spotify.probe()
    known = await desk.store.known_good.load("spotify")
    desk.clock.now += 100
    await spotify.probe()
    await desk.open().probe()

    assert known == await desk.store.known_good.load("spotify")
    assert known is not None
    assert {
        "HARMONYHUB_SPOTIFY_CLIENT_ID": Secret(desk.app.client_id),
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": desk.app.client_secret,
    } == known.values


async def test_rejected_credentials_are_confirmed_and_latch(desk: Desk) -> None:
    """Two calls, then silence, whatever is asked for; users' tokens stay as they are."""
    users = await desk.sign_in(2)
    spotify = desk.open(wrong(desk.app))
    seen = await spotify.probe()
    for _ in range(5):
        again = await spotify.probe()
        refused, access = await spotify.refresh_user(users[0].user_id)

    assert {("app-token", "invalid_client"): 2} == await desk.counts()
    assert [Outcome.CLIENT_REJECTED] * 3 == [each.outcome for each in (seen, again, refused)]
    assert (None, Gate.LATCHED) == (access, (await spotify.permission()).gate)
    assert 2 == (await desk.states())[TokenState.ACTIVE]
    assert None is await desk.store.known_good.load("spotify")


@pytest.mark.slow
async def test_four_processes_probe_a_latch_twice_a_minute(desk: Desk) -> None:
    """For ten minutes four processes probe each second and try to refresh a user each."""
    users = await desk.sign_in(4)
    fleet = [desk.open(wrong(desk.app), seed=number) for number in range(4)]
    await fleet[0].probe()
    n_before, calls = await desk.n_token_calls(), []
    for _ in range(600):
        desk.clock.now += 1
        await asyncio.gather(*(spotify.probe() for spotify in fleet))
        if desk.clock.now % 10 == 0:
            pairs = zip(fleet, users, strict=True)
            await asyncio.gather(*(one.refresh_user(user.user_id) for one, user in pairs))
        n_now = await desk.n_token_calls() if desk.clock.now % 5 == 0 else None
        if n_now is not None and n_now > n_before + len(calls):
            calls += [desk.clock.now] * (n_now - n_before - len(calls))

    assert 10 <= len(calls) <= 20
    assert max(sum(at <= other < at + 60 for other in calls) for at in calls) <= 2
    assert Outcome.CLIENT_REJECTED is await desk.latched()


async def test_a_successful_probe_frees_the_fleet(desk: Desk) -> None:
    """The secret is put right at Spotify: one probe, and every process goes on."""
    (user,) = await desk.sign_in(1)
    await desk.fake.control.set(Mode.SECRET_REVOKED)
    prober, other = desk.open(), desk.open(seed=2)
    await prober.probe()
    await desk.fake.control.clear()
    assert Outcome.CLIENT_REJECTED is (await other.refresh_user(user.user_id))[0].outcome

    desk.clock.now += 60
    assert Outcome.OK is (await prober.probe()).outcome
    assert Outcome.OK is (await other.refresh_user(user.user_id))[0].outcome


async def test_right_credentials_are_tried_and_taken(desk: Desk) -> None:
    """The correction of a wrong secret works at once, without waiting for the next probe."""
    (user,) = await desk.sign_in(1)
    spotify = desk.open(wrong(desk.app))
    await spotify.probe()
    swapped = await spotify.swap(credentials(desk.app))

    assert (Outcome.OK, None) == (swapped.outcome, await desk.latched())
    assert credentials(desk.app) == spotify.credentials
    assert Outcome.OK is (await spotify.refresh_user(user.user_id))[0].outcome


async def test_wrong_credentials_are_tried_and_left(desk: Desk) -> None:
    """What is in use goes on, and nothing is latched."""
    spotify = desk.open()
    swapped = await spotify.swap(credentials(wrong(desk.app)))

    assert Outcome.CLIENT_REJECTED is swapped.outcome
    assert credentials(desk.app) == spotify.credentials
    assert Outcome.OK is (await spotify.probe()).outcome


async def test_credentials_of_an_app_without_consents_are_left(desk: Desk) -> None:
    """They are accepted by Spotify, and would reject every user."""
    await desk.sign_in(3)
    spotify = desk.open()
    swapped = await spotify.swap(credentials(await desk.fake.control.add_app()))

    assert Outcome.FOREIGN_APP is swapped.outcome
    assert credentials(desk.app) == spotify.credentials


async def test_a_foreign_app_is_known_before_it_rejects_anybody(desk: Desk) -> None:
    """A naive probe succeeds; the consents say that they are another app's. Nobody is asked."""
    users = await desk.sign_in(3)
    spotify = desk.open(await desk.fake.control.add_app())
    seen = await spotify.probe()
    refused, _ = await spotify.refresh_user(users[0].user_id)

    assert [Outcome.FOREIGN_APP] * 2 == [seen.outcome, refused.outcome]
    assert {("app-token", "ok"): 1} == await desk.counts()
    assert (Outcome.FOREIGN_APP, 3) == (
        await desk.latched(),
        (await desk.states())[TokenState.ACTIVE],
    )
    assert None is await desk.store.known_good.load("spotify")


async def test_mass_rejection_stops_and_returns(desk: Desk) -> None:
    """4 of 10 are rejected and kept aside, 6 not even asked; all 10 return with the right app."""
    users = await desk.sign_in(10)
    spotify = desk.open()
    await desk.fake.control.set(Mode.FOREIGN_APP)
    outcomes = [(await spotify.refresh_user(user.user_id))[0].outcome for user in users]

    assert [Outcome.GRANT_REJECTED] * 4 + [Outcome.FOREIGN_APP] * 6 == outcomes
    assert {("refresh", "invalid_grant"): 4} == await desk.counts()
    assert (Outcome.FOREIGN_APP, 4) == (
        await desk.latched(),
        (await desk.states())[TokenState.QUARANTINED],
    )

    desk.clock.now += 60
    assert Outcome.FOREIGN_APP is (await spotify.probe()).outcome
    assert {("refresh", "invalid_grant"): 5} == await desk.counts()
    await desk.fake.control.clear()
    desk.clock.now += 60
    assert Outcome.OK is (await spotify.probe()).outcome
    assert (None, 10) == (await desk.latched(), (await desk.states())[TokenState.ACTIVE])
    assert Outcome.OK is (await spotify.refresh_user(users[0].user_id))[0].outcome


async def test_a_change_of_credentials_returns_the_rejected(desk: Desk) -> None:
    """Those few who were rejected under the former secret are tried again under the new one."""
    users = await desk.sign_in(10)
    spotify = desk.open(wrong(desk.app))
    for user in users[:4]:
        await desk.store.tokens.quarantine(
            user.user_id, outcome=Outcome.GRANT_REJECTED, now=desk.clock()
        )
    await spotify.swap(credentials(desk.app))

    assert 10 == (await desk.states())[TokenState.ACTIVE]


async def test_a_restart_with_the_right_app_returns_the_rejected(desk: Desk) -> None:
    """The process that starts with other credentials frees what the former one had latched."""
    users = await desk.sign_in(10)
    await desk.fake.control.set(Mode.FOREIGN_APP)
    spotify = desk.open()
    for user in users:
        await spotify.refresh_user(user.user_id)
    await desk.fake.control.clear()
    rotated = await desk.fake.control.rotate_secret(desk.app.client_id)

    assert Outcome.OK is (await desk.open(rotated).probe()).outcome
    assert (None, 10) == (await desk.latched(), (await desk.states())[TokenState.ACTIVE])


async def test_one_rejected_user_is_kept_aside_alone(desk: Desk) -> None:
    """Nobody else notices, and the token is still there."""
    gone, stays = await desk.sign_in(2)
    await desk.fake.control.revoke([gone.user_id])
    spotify = desk.open()
    outcomes = [
        (await spotify.refresh_user(user.user_id))[0].outcome for user in (gone, gone, stays)
    ]

    assert [Outcome.GRANT_REJECTED, Outcome.GRANT_REJECTED, Outcome.OK] == outcomes
    assert {("refresh", "invalid_grant"): 1, ("refresh", "ok"): 1} == await desk.counts()
    kept = await desk.store.tokens.get(gone.user_id)
    assert kept is not None
    assert (TokenState.QUARANTINED, Outcome.GRANT_REJECTED) == (kept.state, kept.quarantined_for)
    assert gone.refresh_token == (await desk.store.tokens.secrets_of(gone.user_id))[0]


async def test_a_cohort_of_ended_consents_is_no_foreign_app(desk: Desk) -> None:
    """Consents die six months after they were given, and many were given on one day."""
    users = await desk.sign_in(8, consent_age_s=CONSENT_LASTS_S + 1)
    await desk.fake.control.revoke([user.user_id for user in users])
    spotify = desk.open()
    for user in users:
        await spotify.refresh_user(user.user_id)

    assert (None, 8) == (await desk.latched(), (await desk.states())[TokenState.QUARANTINED])


async def test_a_refresh_keeps_the_old_refresh_token(desk: Desk) -> None:
    """Spotify's answer often has no new one."""
    (user,) = await desk.sign_in(1)
    seen, access = await desk.open().refresh_user(user.user_id)
    token = await desk.store.tokens.get(user.user_id)

    assert Outcome.OK is seen.outcome
    assert token is not None
    assert desk.clock() + 3600 == token.access_expires_at
    assert (user.refresh_token, access) == await desk.store.tokens.secrets_of(user.user_id)


async def test_one_of_many_refreshes_and_all_get_the_token(desk: Desk) -> None:
    """Eight tasks of four processes want the same user's token: one call."""
    (user,) = await desk.sign_in(1)
    fleet = [desk.open(seed=number) for number in range(4)] * 2
    answers = await asyncio.gather(*(each.refresh_user(user.user_id) for each in fleet))

    assert {("refresh", "ok"): 1} == await desk.counts()
    assert 1 == len({access for _, access in answers})


async def test_recent_plays_of_a_user(desk: Desk) -> None:
    """The token is refreshed first where it ends within a minute, and used while it is good."""
    (user,) = await desk.sign_in(1)
    spotify = desk.open()
    seen, plays = await read_plays(spotify, user.user_id)
    await read_plays(spotify, user.user_id)

    assert Outcome.OK is seen.outcome
    assert plays is not None
    assert 50 == len(plays)
    assert sorted(plays, key=lambda play: -play.played_at) == list(plays)
    assert {("refresh", "ok"): 1, ("recently-played", "ok"): 2} == await desk.counts()


async def test_a_rejected_access_token_is_refreshed_once(desk: Desk) -> None:
    """Spotify ended it before its time: one refresh, one more call."""
    (user,) = await desk.sign_in(1)
    token = await desk.store.tokens.get(user.user_id)
    assert token is not None
    await desk.store.tokens.save(
        replace(token, access_expires_at=desk.clock() + 3000),
        refresh_token=user.refresh_token,
        access_token=Secret("ended"),
    )
    seen, plays = await read_plays(desk.open(), user.user_id)

    assert (Outcome.OK, True) == (seen.outcome, bool(plays))
    assert {
        ("recently-played", "invalid-token"): 1,
        ("refresh", "ok"): 1,
        ("recently-played", "ok"): 1,
    } == await desk.counts()


async def test_a_lapsed_subscription_stops_everybody(desk: Desk) -> None:
    """Tokens are issued, the API refuses; a call in nobody's name confirms whose fault it is."""
    (user,) = await desk.sign_in(1)
    await desk.fake.control.set(Mode.PREMIUM_LAPSED)
    spotify = desk.open()
    seen, plays = await read_plays(spotify, user.user_id)

    assert (Outcome.PREMIUM_LAPSED, None) == (seen.outcome, plays)
    assert Outcome.PREMIUM_LAPSED is await desk.latched()
    assert 1 == (await desk.states())[TokenState.ACTIVE]
    assert Outcome.PREMIUM_LAPSED is (await spotify.probe()).outcome

    await desk.fake.control.clear()
    desk.clock.now += 60
    assert (Outcome.OK, None) == ((await spotify.probe()).outcome, await desk.latched())


async def test_a_probe_finds_a_lapsed_subscription(desk: Desk) -> None:
    """Without any user."""
    await desk.fake.control.set(Mode.PREMIUM_LAPSED)

    assert Outcome.PREMIUM_LAPSED is (await desk.open().probe()).outcome
    assert Outcome.PREMIUM_LAPSED is await desk.latched()


@pytest.mark.parametrize("seed", range(6))
async def test_a_user_off_the_list_is_kept_aside(store: Store, clock: SetClock, seed: int) -> None:
    """Whatever Spotify's words are, in JSON or not: the app is asked for nobody, and works."""
    async with fresh_fake(seed=seed) as fake:
        (app,) = await fake.control.apps()
        desk = Desk(fake, store, clock, app)
        off, on = await desk.sign_in(2)
        await fake.control.set(Mode.NOT_ALLOWED, user_ids=[off.user_id])
        spotify = desk.open()
        outcomes = [(await read_plays(spotify, user.user_id))[0].outcome for user in (off, on)]
        await spotify.aclose()

        assert [Outcome.USER_NOT_ALLOWED, Outcome.OK] == outcomes
        assert {TokenState.ACTIVE: 1, TokenState.QUARANTINED: 1} == await desk.states()


async def test_a_quota_holds_the_fleet_over_a_restart(desk: Desk) -> None:
    """The first 429 with hours of waiting is the last call of all processes, old and new."""
    users = await desk.sign_in(2)
    await desk.fake.control.set(Mode.QUOTA, seconds=48_925)
    seen, _ = await read_plays(desk.open(), users[0].user_id)
    n_calls = sum((await desk.counts()).values())
    held = []
    for hours in range(14):
        desk.clock.now += 3600 * (hours > 0)
        restarted = desk.open()
        held += [await restarted.probe(), (await read_plays(restarted, users[1].user_id))[0]]

    assert (Outcome.QUOTA_EXCEEDED, 48_925) == (seen.outcome, seen.retry_after_s)
    assert {Outcome.QUOTA_EXCEEDED} == {each.outcome for each in held}
    assert n_calls == sum((await desk.counts()).values())
    await desk.fake.control.clear()
    desk.clock.now += 48_925 - 13 * 3600
    assert Outcome.OK is (await desk.open().probe()).outcome


@pytest.mark.parametrize("mode", [Mode.UNAVAILABLE, Mode.CAPTIVE_PORTAL, Mode.RESET])
async def test_others_faults_do_not_latch(desk: Desk, mode: Mode) -> None:
    """One try and two retries, a breaker, and everything goes on when it is over."""
    (user,) = await desk.sign_in(1)
    await desk.fake.control.set(mode)
    spotify = desk.open()
    seen, _ = await spotify.refresh_user(user.user_id)
    stopped, _ = await spotify.refresh_user(user.user_id)

    assert 3 == sum((await desk.counts()).values())
    assert seen.outcome is stopped.outcome
    state = await desk.store.upstreams.load("spotify")
    assert (None, 8.0, Gate.OPEN) == (
        state.latched,
        state.retry_budget,
        (await spotify.permission()).gate,
    )
    await desk.fake.control.clear()
    desk.clock.now += 8
    assert Outcome.OK is (await spotify.probe()).outcome
    assert Outcome.OK is (await spotify.refresh_user(user.user_id))[0].outcome


async def test_retries_end_with_their_budget(desk: Desk) -> None:
    """A long outage is not made worse: the first calls are tried three times, later ones once."""
    (user,) = await desk.sign_in(1)
    await desk.fake.control.set(Mode.UNAVAILABLE)
    spotify, n_tries = desk.open(), []
    for _ in range(12):
        before = sum((await desk.counts()).values())
        await spotify.refresh_user(user.user_id)
        n_tries.append(sum((await desk.counts()).values()) - before)
        desk.clock.now += 61

    assert 3 == n_tries[0]
    assert {1} == set(n_tries[-3:])


async def test_an_outage_of_the_api_alone_opens_the_breaker(desk: Desk) -> None:
    """Tokens that are still issued do not hide it."""
    await desk.fake.control.set(Mode.UNAVAILABLE, surface=Surface.API)
    spotify = desk.open()
    seen = [(await spotify.probe()).outcome for _ in range(4)]

    assert [Outcome.UPSTREAM_FAILED] * 4 == seen
    assert Gate.OPEN is (await spotify.permission()).gate


@pytest.mark.alone
async def test_a_hanging_spotify_costs_five_seconds(desk: Desk) -> None:
    """And not more, though single steps are slow enough to pass one by one."""
    await desk.fake.control.set(Mode.HANG)
    began = time.monotonic()
    seen = await desk.open().probe()

    assert Outcome.TIMED_OUT is seen.outcome
    assert 4.9 <= time.monotonic() - began < 7


async def test_a_shifted_clock_is_seen(desk: Desk) -> None:
    """The probe tells the server's time."""
    await desk.fake.control.set(Mode.CLOCK_SKEW, seconds=-7200)
    seen = await desk.open().probe()

    assert seen.server_time is not None
    assert -7205 <= seen.server_time - time.time() <= -7195


async def test_every_call_is_counted(desk: Desk) -> None:
    """By operation, outcome and owner; what the policy stops is none."""
    spotify = desk.open(wrong(desk.app))
    for _ in range(3):
        await spotify.probe()
    await spotify.swap(credentials(desk.app))

    assert {
        (
            "upstream_requests",
            ("spotify", "issue-app-token", "client-rejected", "operator"),
        ): 2.0,
        ("upstream_requests", ("spotify", "issue-app-token", "ok", "none")): 1.0,
    } == await desk.store.counters.all()


async def test_a_secret_in_the_place_of_the_id_is_not_stored(desk: Desk) -> None:
    """Calls are stored by the app's id once it was accepted, and not before."""
    secret = desk.app.client_secret.reveal()
    exchanged = desk.open(replace(desk.app, client_id=secret, client_secret=Secret("no secret")))
    assert Outcome.CLIENT_REJECTED is (await exchanged.probe()).outcome
    assert [] == await desk.store.api_calls.apps()
    assert Outcome.OK is (await desk.open().swap(credentials(desk.app))).outcome
    await desk.open(wrong(desk.app)).swap(credentials(wrong(desk.app)))
    assert [desk.app.client_id] == await desk.store.api_calls.apps()
    (hour,) = await desk.store.api_calls.hours(desk.app.client_id, since=desk.clock() - 3600)
    assert {Outcome.OK.value, Outcome.CLIENT_REJECTED.value} <= set(
        hour.n_by_operation[ISSUE_APP_TOKEN]
    )


async def test_no_secret_is_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in what is observed, nor in the logs at their loudest, nor in the shared state."""
    caplog.set_level(logging.DEBUG)
    users = await desk.sign_in(10)
    spotify = desk.open()
    told: list[Observation] = [await spotify.probe()]
    for mode in Mode:
        if mode is Mode.HANG:
            continue
        await desk.fake.control.set(mode, seconds=5)
        told += [await spotify.probe(), (await read_plays(spotify, users[0].user_id))[0]]
        told.append(await spotify.swap(credentials(wrong(desk.app))))
        desk.clock.now += 100
    state = await desk.store.upstreams.load("spotify")
    text = f"{caplog.text} {told} {state} {spotify.credentials} {vars(spotify)}"

    hidden: list[Secret] = [desk.app.client_secret]
    hidden += [secret for user in users for secret in (user.refresh_token, user.access_token)]
    shows: Callable[[Secret], bool] = lambda secret: secret.reveal() in text  # noqa: E731
    assert [] == [secret for secret in hidden if shows(secret)]


async def test_a_stop_waits_for_a_refresh_to_be_stored() -> None:
    """Cancelled in the middle, the work ends, and only then the cancellation goes on."""
    answered, stored = asyncio.Event(), []

    async def refresh() -> None:
        await answered.wait()
        stored.append("token")

    task = asyncio.create_task(finished(refresh()))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    answered.set()
    await asyncio.wait([task])

    assert (True, ["token"]) == (task.cancelled(), stored)
