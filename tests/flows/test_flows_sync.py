"""Synchronization: users in turn, one user's trouble is his own, everybody's ends the round."""

from collections.abc import AsyncIterator

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.upstreams import Observation, Outcome, TokenState
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.flows.sync import (
    BATCH,
    SYNC_EVERY_S,
    SyncReport,
    plays_every_s,
    sync_due,
    sync_library_due,
)
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import Town, open_town


@pytest.fixture
async def town(house: House, clock: SetClock) -> AsyncIterator[Town]:
    """Give a house with a fake Spotify."""
    async with open_town(house, clock) as town:
        yield town


@pytest.mark.slow
async def test_users_are_synchronized_in_turn(town: Town) -> None:
    """A batch at a time; who was read is due again after the interval."""
    users = await town.sign_in(BATCH + 2)
    rounds = [(await sync_due(town.house)).n_synced for _ in range(3)]
    town.clock.now += SYNC_EVERY_S
    rounds.append((await sync_due(town.house)).n_synced)

    assert [BATCH, 2, 0, BATCH] == rounds
    assert 50 == await town.house.store.synced_plays.count(UserId(users[0].user_id))


async def test_one_refused_user_does_not_end_the_round(town: Town) -> None:
    """He is kept aside; the others are synchronized, and what is stored of him stays."""
    users = await town.sign_in(3)
    await sync_due(town.house)
    town.clock.now += 4000
    await town.fake.control.revoke([users[0].user_id])

    assert SyncReport(n_synced=2, n_kept_aside=1) == await sync_due(town.house)
    assert 50 == await town.house.store.synced_plays.count(UserId(users[0].user_id))
    assert None is not await town.house.store.tokens.get(users[0].user_id)


async def test_rejected_credentials_end_the_round(town: Town) -> None:
    """The first user meets them, two calls in all; then no round makes any."""
    await town.sign_in(5)
    await town.fake.control.set(Mode.SECRET_REVOKED)
    first = await sync_due(town.house)
    n_calls = await town.n_calls()
    town.clock.now += 600

    assert SyncReport(stopped_by=Outcome.CLIENT_REJECTED) == first
    assert SyncReport() == await sync_due(town.house)
    assert (2, 2) == (n_calls, await town.n_calls())


async def test_a_quota_ends_the_round(town: Town) -> None:
    """Who was read before it counts; nobody is asked again before its end."""
    await town.sign_in(5)
    await town.fake.control.set(Mode.QUOTA, seconds=7200)
    assert SyncReport(stopped_by=Outcome.QUOTA_EXCEEDED) == await sync_due(town.house)
    n_calls = await town.n_calls()
    town.clock.now += 7100
    await sync_due(town.house)
    assert n_calls == await town.n_calls()
    await town.fake.control.clear()
    town.clock.now += 101

    assert 5 == (await sync_due(town.house)).n_synced


async def test_mass_rejections_end_the_round(town: Town) -> None:
    """Four of ten are asked; no consent is lost."""
    await town.sign_in(BATCH)
    await town.fake.control.set(Mode.FOREIGN_APP)
    report = await sync_due(town.house)

    assert SyncReport(n_kept_aside=4, stopped_by=Outcome.FOREIGN_APP) == report
    assert BATCH == sum((await town.house.store.tokens.count_by_state()).values())


async def test_consents_to_a_former_app_are_passed_over(town: Town) -> None:
    """They neither count as failures nor keep the others waiting."""
    await town.sign_in(2, client_id="f" * 32)
    await town.sign_in(3)

    assert SyncReport(n_synced=3) == await sync_due(town.house)
    assert {TokenState.ACTIVE: 5, TokenState.QUARANTINED: 0} == (
        await town.house.store.tokens.count_by_state()
    )


async def test_a_households_app_is_its_own_matter(town: Town) -> None:
    """Its people are read with it; when it is deleted the others are read all the same."""
    await town.sign_in(1)
    app = await town.fake.control.add_app()
    household = await town.sign_in_household(app.client_id, "ida", "jon")
    assert SyncReport(n_synced=3) == await sync_due(town.house)
    town.clock.now += 4000
    await town.fake.control.set(Mode.ID_DELETED, client_id=app.client_id)

    report = await sync_due(town.house)
    assert (1, None) == (report.n_synced, report.stopped_by)
    for user_id in household:
        assert 50 == await town.house.store.synced_plays.count(user_id)


@pytest.mark.slow
async def test_our_apps_troubles_are_none_of_a_households(town: Town) -> None:
    """While our own credentials are rejected, people with an app of their own are read."""
    await town.sign_in(2)
    await town.fake.control.set(Mode.SECRET_REVOKED)
    assert Outcome.CLIENT_REJECTED is (await sync_due(town.house)).stopped_by
    app = await town.fake.control.add_app()
    await town.sign_in_household(app.client_id, "ida", "jon")

    assert SyncReport(n_synced=2) == await sync_due(town.house)
    assert await sync_library_due(town.house)


async def test_how_often_follows_from_the_calls_of_a_day(town: Town) -> None:
    """Few people are read every quarter of an hour, many as often as their calls suffice."""
    await town.sign_in(3)
    assert SYNC_EVERY_S == await plays_every_s(town.house, town.spotify)
    for _ in range(150):
        seen = Observation(outcome=Outcome.OK, operation="recently-played", at=town.clock())
        await town.house.store.api_calls.note(town.client_id, seen, is_counted=True)
    n_calls = await town.house.store.api_calls.learn_allowance(town.client_id, now=town.clock())
    every_s = await plays_every_s(town.house, town.spotify)
    assert SYNC_EVERY_S < every_s
    assert 3 * 86_400 / every_s <= 0.45 * n_calls + 1


async def test_a_house_without_spotify_does_nothing(house: House) -> None:
    """There is nobody to ask."""
    assert SyncReport() == await sync_due(house)
