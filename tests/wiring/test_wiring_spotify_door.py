"""Requests in users' names: budget, scopes, kept answers, lost answers, sign-ins, households."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest

from harmonyhub.domain.budget import ASSUMED_DAILY_CALLS, DAILY_SHARES, Purpose
from harmonyhub.domain.library import TopRange
from harmonyhub.domain.upstreams import Observation, Outcome, TokenState, UserToken
from harmonyhub.drills.fake_spotify.modes import Fault, Mode
from harmonyhub.drills.process import FakeApp, FakeSpotify
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify import requests
from harmonyhub.sources.spotify.tokens import challenge_of
from harmonyhub.storage.sign_ins import SignIn
from harmonyhub.storage.store import Store
from harmonyhub.wiring.spotify import Granted, Spotify
from tests.conftest import SetClock
from tests.flows.town import open_door
from tests.tools.fakes import fresh_fake

REDIRECT_URI = "http://127.0.0.1:8000/spotify/callback"
VERIFIER = Secret("a verifier of this very test, forty-three characters and more")


@dataclass
class Porch:
    """A door to a fake Spotify, a store and a clock."""

    fake: FakeSpotify
    store: Store
    clock: SetClock
    app: FakeApp
    spotify: Spotify

    async def sign_in(
        self, user_id: str, *, app: FakeApp | None = None, is_public: bool = False
    ) -> tuple[Observation, Granted | None]:
        """Let a person consent, and exchange what they bring back."""
        client_id = (app or self.app).client_id
        code = await self.fake.control.issue_code(
            user_id,
            client_id=client_id,
            redirect_uri=REDIRECT_URI,
            challenge=challenge_of(VERIFIER),
        )
        sign_in = SignIn(
            user_id=user_id,
            client_id=client_id,
            is_public=is_public,
            redirect_uri=REDIRECT_URI,
            browser=Secret("cookie"),
            verifier=VERIFIER,
        )
        return await self.spotify.sign_in(sign_in, Secret(code))

    async def connect(
        self, user_id: str, *, app: FakeApp | None = None, is_public: bool = False
    ) -> None:
        """Sign a person in and keep the consent; the access token is good for an hour."""
        seen, granted = await self.sign_in(user_id, app=app, is_public=is_public)
        assert granted is not None, seen
        token = UserToken(
            user_id=user_id,
            client_id=(app or self.app).client_id,
            state=TokenState.ACTIVE,
            consented_at=self.clock(),
            access_expires_at=self.clock() + granted.tokens.expires_in_s,
            is_public=is_public,
            scopes=granted.tokens.scopes,
        )
        assert granted.tokens.refresh_token is not None
        await self.store.tokens.save(
            token,
            refresh_token=granted.tokens.refresh_token,
            access_token=granted.tokens.access_token,
        )

    async def n_calls(self, operation: str) -> int:
        """Count what the fake was asked of one operation."""
        counts = await self.fake.control.counts()
        return sum(n for (name, _), n in counts.items() if name == operation)


@pytest.fixture
async def porch(store: Store, clock: SetClock) -> AsyncIterator[Porch]:
    """Give a door to a fake of seed 7."""
    async with fresh_fake() as fake:
        (app,) = await fake.control.apps()
        async with open_door(fake, store=store, clock=clock) as spotify:
            yield Porch(fake, store, clock, app, spotify)


async def test_a_sign_in_tells_whose_account_it_is(porch: Porch) -> None:
    """Tokens, scopes and the account, with the secret and the verifier."""
    seen, granted = await porch.sign_in("mia")

    assert Outcome.OK is seen.outcome
    assert granted is not None
    assert granted.profile is not None
    assert "mia" == granted.profile.user_id
    assert "user-top-read" in granted.tokens.scopes


@pytest.mark.parametrize("mode", ["development", "extended"])
async def test_the_mode_of_an_app_is_learned_from_answers(
    porch: Porch, mode: Literal["development", "extended"]
) -> None:
    """At a sign-in, from what Spotify tells of the person; nothing else is asked for it."""
    await porch.fake.control.change_app(mode=mode)
    await porch.connect("mia")

    assert (mode == "extended") == await porch.store.app_modes.is_extended(porch.app.client_id)
    assert {"code": 1, "me": 1} == {
        name: n for (name, _), n in (await porch.fake.control.counts()).items()
    }


async def test_a_spent_budget_keeps_the_rest_for_persons(porch: Porch) -> None:
    """Nothing leaves for the library, and is told when to ask again; who waits is served."""
    await porch.connect("mia")
    share = int(ASSUMED_DAILY_CALLS * DAILY_SHARES[Purpose.LIBRARY])
    await porch.store._database["api_calls"].insert_one(
        {"app": porch.app.client_id, "kind": "hour", "at": porch.clock() - 3_600, "n": share}
    )
    request = requests.saved_tracks()
    seen, _ = await porch.spotify.ask("mia", request, purpose=Purpose.LIBRARY)
    assert (Outcome.BUDGET_SPENT, 0) == (seen.outcome, await porch.n_calls("saved-tracks"))
    assert seen.retry_after_s

    seen, page = await porch.spotify.ask("mia", request, purpose=Purpose.PERSON)
    assert (Outcome.OK, 1) == (seen.outcome, await porch.n_calls("saved-tracks"))
    assert page is not None


async def test_a_scope_that_was_not_allowed_costs_no_call(porch: Porch) -> None:
    """Known from the consent: Spotify would refuse, and the user is asked instead."""
    await porch.connect("mia")
    await porch.store._database["tokens"].update_one(
        {"_id": "mia"}, {"$set": {"scopes": ["user-read-private"]}}
    )
    seen, page = await porch.spotify.ask(
        "mia", requests.top_tracks(TopRange.WEEKS), purpose=Purpose.PERSON
    )

    assert (Outcome.SCOPE_MISSING, None) == (seen.outcome, page)
    assert 0 == await porch.n_calls("top-tracks")


async def test_an_unchanged_answer_is_read_again(porch: Porch) -> None:
    """The second time Spotify says "not modified", and the list is the same; per user."""
    await porch.connect("mia")
    await porch.connect("noa")
    request = requests.top_tracks(TopRange.YEAR)
    _, first = await porch.spotify.ask("mia", request, purpose=Purpose.PERSON)
    _, second = await porch.spotify.ask("mia", request, purpose=Purpose.PERSON)
    _, hers = await porch.spotify.ask("noa", request, purpose=Purpose.PERSON)

    assert first is not None
    assert first == second
    assert hers is not None
    assert first.items != hers.items
    counts = await porch.fake.control.counts()
    assert {"ok": 2, "not-modified": 1} == {
        outcome: n for (name, outcome), n in counts.items() if name == "top-tracks"
    }


async def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm(
    porch: Porch,
) -> None:
    """A page is read again; a playlist that may have been made is not made again."""
    await porch.connect("mia")
    await porch.fake.control.strike(Fault.LOST_RESET, operation="saved-tracks")
    read, page = await porch.spotify.ask("mia", requests.saved_tracks(), purpose=Purpose.PERSON)
    await porch.fake.control.strike(Fault.LOST_RESET, operation="create-playlist")
    request = requests.create_playlist(name="For you", description="")
    made, playlist = await porch.spotify.ask("mia", request, purpose=Purpose.PERSON)

    assert (Outcome.OK, 2) == (read.outcome, await porch.n_calls("saved-tracks"))
    assert page is not None
    assert (Outcome.CONNECTION_LOST, None) == (made.outcome, playlist)
    assert 1 == await porch.n_calls("create-playlist")


async def test_a_playlist_that_is_gone_is_no_fault_of_ours(porch: Porch) -> None:
    """404 on one thing: nothing is latched, nobody is set aside."""
    await porch.connect("mia")
    seen, _ = await porch.spotify.ask(
        "mia", requests.playlist_items("0" * 22), purpose=Purpose.PERSON
    )

    assert Outcome.NOT_FOUND is seen.outcome
    assert (await porch.spotify.permission()).is_go
    assert {TokenState.ACTIVE: 1, TokenState.QUARANTINED: 0} == dict(
        await porch.store.tokens.count_by_state()
    )


async def test_a_household_rotates_its_own_token(porch: Porch) -> None:
    """Without a secret, under its own client id; every refresh brings a new refresh token."""
    theirs = await porch.fake.control.add_app()
    await porch.connect("lia", app=theirs, is_public=True)
    before, _ = await porch.store.tokens.secrets_of("lia")
    porch.clock.now += 3_600
    seen, page = await porch.spotify.ask("lia", requests.saved_tracks(), purpose=Purpose.PERSON)
    after, _ = await porch.store.tokens.secrets_of("lia")

    assert Outcome.OK is seen.outcome
    assert page is not None
    assert before != after
    assert [porch.app.client_id, theirs.client_id] == sorted(
        {porch.app.client_id, *await porch.store.api_calls.apps()},
        key=lambda name: name != porch.app.client_id,
    )


async def test_a_households_trouble_is_its_own(porch: Porch) -> None:
    """Its app is deleted: its consent is set aside, ours goes on, and nothing is latched."""
    theirs = await porch.fake.control.add_app()
    await porch.connect("lia", app=theirs, is_public=True)
    await porch.connect("mia")
    await porch.fake.control.set(Mode.ID_DELETED, client_id=theirs.client_id)
    porch.clock.now += 3_600
    hers, _ = await porch.spotify.ask("lia", requests.saved_tracks(), purpose=Purpose.PERSON)
    ours, _ = await porch.spotify.ask("mia", requests.saved_tracks(), purpose=Purpose.PERSON)

    assert (Outcome.CLIENT_REJECTED, Outcome.OK) == (hers.outcome, ours.outcome)
    set_aside = await porch.store.tokens.get("lia")
    assert set_aside is not None
    assert (TokenState.QUARANTINED, Outcome.CLIENT_REJECTED) == (
        set_aside.state,
        set_aside.quarantined_for,
    )
    assert await porch.store.upstreams.load("spotify") != set_aside
    assert None is (await porch.store.upstreams.load("spotify")).latched


async def test_a_sign_in_ends_the_reign_of_another_app(porch: Porch) -> None:
    """Calls stop where no consent was given to our app; a sign-in and the next probe free them."""
    other = await porch.fake.control.add_app()
    (user,) = await porch.fake.control.seed_users(1, client_id=other.client_id)
    token = UserToken(
        user_id=user.user_id,
        client_id=other.client_id,
        state=TokenState.ACTIVE,
        consented_at=porch.clock(),
        access_expires_at=porch.clock(),
    )
    await porch.store.tokens.save(
        token, refresh_token=user.refresh_token, access_token=user.access_token
    )
    assert Outcome.FOREIGN_APP is (await porch.spotify.probe()).outcome
    assert not (await porch.spotify.permission()).is_go

    await porch.connect("mia")
    porch.clock.now += 61
    await porch.spotify.probe()
    assert (await porch.spotify.permission()).is_go


async def test_a_consent_of_a_former_app_is_not_sent_to_this_one(porch: Porch) -> None:
    """It waits for its owner to sign in again; no call leaves."""
    await porch.connect("mia")
    await porch.store._database["tokens"].update_one(
        {"_id": "mia"}, {"$set": {"client_id": "f" * 32}}
    )
    n_before = sum((await porch.fake.control.counts()).values())
    seen, _ = await porch.spotify.ask("mia", requests.saved_tracks(), purpose=Purpose.PERSON)

    assert Outcome.FOREIGN_APP is seen.outcome
    assert n_before == sum((await porch.fake.control.counts()).values())
