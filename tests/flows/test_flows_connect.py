"""Signing in with Spotify: there and back over the fake's consent page, and every way to fail."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from harmonyhub.domain.connections import Standing
from harmonyhub.domain.consents import CONSENT_LASTS_S, DAY_S
from harmonyhub.domain.errors import ConflictError, RefusedInputError, UnavailableError
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.spotify_messages import SignInEnd
from harmonyhub.domain.upstreams import Outcome, TokenState
from harmonyhub.drills.fake_spotify.modes import Mode, Surface
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.connect import (
    SignInResult,
    WayBack,
    begin_sign_in,
    finish_sign_in,
    parse_household_app,
)
from harmonyhub.flows.connection import ask_for_sync, load_connection, note_notices
from harmonyhub.flows.sync import sync_due
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.operations import SCOPES
from harmonyhub.storage.kept_answers import KeptAnswer
from harmonyhub.storage.sign_ins import LASTS_S
from harmonyhub.wiring.house import House
from tests.conftest import SetClock
from tests.flows.town import open_door
from tests.tools.fakes import fresh_fake

REDIRECT_URI = "http://127.0.0.1:8000/spotify/callback"
ADA, BOB = UserId("ada"), UserId("bob")
BROWSER = Secret("b" * 43)


@dataclass
class Desk:
    """A house that is set up for a fake Spotify, and a person who clicks."""

    house: House
    fake: FakeSpotify
    clock: SetClock
    client_id: str

    async def begin(self, user_id: UserId = ADA, *, app: str | None = None) -> str:
        """Begin a sign-in: the address of the consent page."""
        return await begin_sign_in(self.house, user_id=user_id, browser=BROWSER, household_app=app)

    async def decide(self, url: str, *, person: str = "anna", decision: str = "agree") -> WayBack:
        """Decide on the consent page, and bring back what Spotify gave."""
        async with httpx2.AsyncClient() as client:
            answer = await client.post(url, data={"user": person, "decision": decision})
        assert 302 == answer.status_code, answer.text
        location = answer.headers["location"]
        assert location.startswith(REDIRECT_URI)
        given = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return WayBack(
            state=Secret(given["state"]),
            code=Secret(given.get("code", "")),
            error=given.get("error", ""),
            browser=BROWSER,
        )

    async def sign_in(
        self, user_id: UserId = ADA, *, person: str = "anna", app: str | None = None
    ) -> SignInResult:
        """Go all the way."""
        way_back = await self.decide(await self.begin(user_id, app=app), person=person)
        return await finish_sign_in(self.house, way_back)

    async def n_calls(self, operation: str) -> int:
        """Count what the fake was asked."""
        counts = await self.fake.control.counts()
        return sum(n for (name, _), n in counts.items() if name == operation)


@pytest.fixture
async def desk(house: House, clock: SetClock) -> AsyncIterator[Desk]:
    """Give a house with a fake Spotify of seed 7."""
    async with (
        fresh_fake() as fake,
        open_door(fake, store=house.store, clock=clock) as spotify,
    ):
        client_id = spotify.credentials.client_id
        settings = replace(
            house.settings,
            spotify_client_id=client_id,
            spotify_accounts_url=fake.accounts_url,
            spotify_redirect_uri=REDIRECT_URI,
        )
        yield Desk(replace(house, spotify=spotify, settings=settings), fake, clock, client_id)


async def test_a_person_connects(desk: Desk) -> None:
    """The consent is kept sealed with account, scopes and app, and is due to be read at once."""
    result = await desk.sign_in()
    token = await desk.house.store.tokens.get("ada")

    assert SignInResult(SignInEnd.CONNECTED, ADA) == result
    assert token is not None
    assert (desk.client_id, False, 0) == (token.client_id, token.is_public, token.synced_at)
    assert set(SCOPES) == set(token.scopes)
    assert token.account_id
    assert token.account_name
    connection = await load_connection(desk.house, ADA)
    assert (Standing.CONNECTED, ()) == (connection.standing, connection.missing_scopes)
    assert ADA in await desk.house.store.users.list_all()


async def test_cancelling_changes_nothing(desk: Desk) -> None:
    """Who says no is taken at their word; the way back is used up."""
    way_back = await desk.decide(await desk.begin(), decision="cancel")

    assert SignInResult(SignInEnd.CANCELLED, ADA) == await finish_sign_in(desk.house, way_back)
    assert SignInResult(SignInEnd.UNKNOWN) == await finish_sign_in(desk.house, way_back)
    assert None is await desk.house.store.tokens.get("ada")


async def test_a_way_back_is_good_once_in_time_and_for_its_browser(desk: Desk) -> None:
    """Another browser, a quarter of an hour or a second use end it before any call."""
    way_back = await desk.decide(await desk.begin())
    stolen = replace(way_back, browser=Secret("x" * 43))
    made_up = replace(way_back, state=Secret("y" * 43))
    results = [await finish_sign_in(desk.house, one) for one in (stolen, made_up)]
    desk.clock.now += LASTS_S
    results.append(await finish_sign_in(desk.house, way_back))

    assert [SignInResult(SignInEnd.UNKNOWN)] * 3 == results
    assert 0 == await desk.n_calls("code")


async def test_a_code_that_is_refused_says_so(desk: Desk) -> None:
    """A code that Spotify does not know leaves everything as it was."""
    way_back = await desk.decide(await desk.begin())
    result = await finish_sign_in(desk.house, replace(way_back, code=Secret("made-up")))

    assert SignInResult(SignInEnd.CODE_REFUSED, ADA) == result


async def test_beyond_the_allow_list(desk: Desk) -> None:
    """Somebody whom the app's owner did not add is told so, and nothing is kept of them."""
    result = await desk.sign_in(person="hana")

    assert SignInResult(SignInEnd.NOT_ALLOWED, ADA) == result
    assert None is await desk.house.store.tokens.get("ada")


async def test_fewer_scopes_are_told(desk: Desk) -> None:
    """What was not allowed is named; the rest can be used."""
    url = (await desk.begin()).replace("user-top-read+", "")
    result = await finish_sign_in(desk.house, await desk.decide(url))
    connection = await load_connection(desk.house, ADA)

    assert SignInEnd.CONNECTED is result.end
    assert ("user-top-read",) == connection.missing_scopes
    assert Standing.CONNECTED is connection.standing


async def test_one_account_belongs_to_one_listener(desk: Desk) -> None:
    """A second listener is told whose it is; the first one keeps it."""
    await desk.sign_in(ADA)
    result = await desk.sign_in(BOB)

    assert SignInResult(SignInEnd.TAKEN, BOB, holder="ada") == result
    assert None is await desk.house.store.tokens.get("bob")
    assert None is not await desk.house.store.tokens.get("ada")


async def test_connecting_again_keeps_what_was_read(desk: Desk) -> None:
    """The same account: the consent is new, what is kept stays; another account: it goes."""
    await desk.sign_in()
    answers = desk.house.store.kept_answers
    await answers.put("ada", "/me/tracks", KeptAnswer("e", b"{}"), now=desk.clock())
    desk.clock.now += 3600
    again = await desk.sign_in()
    kept = await answers.get("ada", "/me/tracks")
    other = await desk.sign_in(person="ben")

    assert (SignInEnd.CONNECTED, SignInEnd.OTHER_ACCOUNT) == (again.end, other.end)
    assert None is not kept
    assert None is await answers.get("ada", "/me/tracks")


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (Mode.SECRET_REVOKED, Outcome.CLIENT_REJECTED),
        (Mode.UNAVAILABLE, Outcome.UPSTREAM_FAILED),
        (Mode.CAPTIVE_PORTAL, Outcome.INTERCEPTED),
        (Mode.RESET, Outcome.CONNECTION_LOST),
    ],
)
async def test_a_failing_spotify_keeps_nobody_and_says_why(
    desk: Desk, mode: Mode, outcome: Outcome
) -> None:
    """Whose fault it is comes out at the end of the way, in the policy's own words."""
    way_back = await desk.decide(await desk.begin())
    await desk.fake.control.set(mode)

    assert SignInResult(SignInEnd.FAILED, ADA, outcome) == await finish_sign_in(
        desk.house, way_back
    )
    assert None is await desk.house.store.tokens.get("ada")


async def test_premium_that_lapsed_is_the_operators(desk: Desk) -> None:
    """Spotify issues tokens and refuses the question whose they are."""
    way_back = await desk.decide(await desk.begin())
    await desk.fake.control.set(Mode.PREMIUM_LAPSED)
    result = await finish_sign_in(desk.house, way_back)

    assert SignInResult(SignInEnd.FAILED, ADA, Outcome.PREMIUM_LAPSED) == result


@pytest.mark.slow
async def test_a_question_without_an_answer_loses_no_consent(desk: Desk) -> None:
    """The API is away right after the exchange: kept, and the account is learned later."""
    way_back = await desk.decide(await desk.begin())
    await desk.fake.control.set(Mode.UNAVAILABLE, surface=Surface.API)
    result = await finish_sign_in(desk.house, way_back)
    token = await desk.house.store.tokens.get("ada")
    assert token is not None
    assert (SignInEnd.ACCOUNT_UNKNOWN, "") == (result.end, token.account_id)

    await desk.fake.control.clear()
    desk.clock.now += 120
    assert 1 == (await sync_due(desk.house)).n_synced
    named = await desk.house.store.tokens.get("ada")
    assert named is not None
    assert (True, token.consented_at) == (bool(named.account_id), named.consented_at)


async def test_with_a_library_an_unnamed_consent_is_not_taken(desk: Desk) -> None:
    """It might be another's library; the former consent is untouched."""
    await desk.sign_in()
    former = await desk.house.store.tokens.get("ada")
    desk.clock.now += 60
    way_back = await desk.decide(await desk.begin())
    await desk.fake.control.set(Mode.UNAVAILABLE, surface=Surface.API)
    result = await finish_sign_in(desk.house, way_back)

    assert SignInResult(SignInEnd.FAILED, ADA, Outcome.UPSTREAM_FAILED) == result
    assert former == await desk.house.store.tokens.get("ada")


async def test_nobody_is_sent_to_a_spotify_that_rejects_us(desk: Desk) -> None:
    """While the credentials are latched a sign-in would only fail at its end."""
    assert desk.house.spotify is not None
    await desk.fake.control.set(Mode.SECRET_REVOKED)
    await desk.house.spotify.probe()
    desk.clock.now += 1

    with pytest.raises(UnavailableError, match="rejects the credentials"):
        await desk.begin()
    assert "/authorize?" in await desk.begin(app="e" * 32)  # a household's app is not ours


async def test_a_household_connects_with_its_own_app(desk: Desk) -> None:
    """A sixth person uses an app of the household, without any secret of it here."""
    app = await desk.fake.control.add_app()
    await desk.fake.control.change_app(app.client_id, allowed=["hana"])
    result = await desk.sign_in(BOB, person="hana", app=app.client_id)
    token = await desk.house.store.tokens.get("bob")

    assert SignInEnd.CONNECTED is result.end
    assert token is not None
    assert (app.client_id, True) == (token.client_id, token.is_public)


async def test_a_household_app_that_is_gone_is_the_households_matter(desk: Desk) -> None:
    """It is said to them; nothing is latched and nobody else stops."""
    app = await desk.fake.control.add_app()
    await desk.fake.control.change_app(app.client_id, allowed=["hana"])
    way_back = await desk.decide(await desk.begin(BOB, app=app.client_id), person="hana")
    await desk.fake.control.set(Mode.ID_DELETED, client_id=app.client_id)
    result = await finish_sign_in(desk.house, way_back)

    assert SignInResult(SignInEnd.FAILED, BOB, Outcome.CLIENT_REJECTED) == result
    assert None is (await desk.house.store.upstreams.load("spotify")).latched
    assert SignInEnd.CONNECTED is (await desk.sign_in(ADA)).end


def test_a_client_id_has_its_shape() -> None:
    """Blanks and capitals are forgiven; anything else is named."""
    assert "ab" * 16 == parse_household_app(f" {'AB' * 16}\n")
    for text in ("", "ab" * 15, "xy" * 16, "ab" * 17):
        with pytest.raises(RefusedInputError, match="no client id"):
            parse_household_app(text)


async def test_without_an_app_nobody_is_sent_anywhere(house: House) -> None:
    """The house says what is missing."""
    with pytest.raises(ConflictError, match="Nobody can connect"):
        await begin_sign_in(house, user_id=ADA, browser=BROWSER)
    assert Standing.NOT_SET_UP is (await load_connection(house, ADA)).standing


async def test_reading_now_needs_a_consent_that_can_be_used(desk: Desk) -> None:
    """It makes the user due; a consent that is set aside says why not."""
    await desk.sign_in()
    tokens = desk.house.store.tokens
    await tokens.mark_synced("ada", desk.clock())
    await ask_for_sync(desk.house, ADA)
    token = await tokens.get("ada")
    assert token is not None
    assert 0 == token.synced_at

    await tokens.quarantine("ada", outcome=Outcome.GRANT_REJECTED, now=desk.clock())
    with pytest.raises(ConflictError, match="does not accept your consent"):
        await ask_for_sync(desk.house, ADA)


async def test_each_notice_is_noted_once(desk: Desk) -> None:
    """At 30, 7, 1 and 0 days, with the moment; a new consent starts anew."""
    await desk.sign_in()
    begun = desk.clock.now
    noted = []
    for days_left in (31, 30, 29, 7, 2, 1, 0, -1):
        desk.clock.now = begun + CONSENT_LASTS_S - days_left * DAY_S
        noted.append(await note_notices(desk.house))
    token = await desk.house.store.tokens.get("ada")
    assert token is not None
    assert [0, 1, 0, 1, 0, 1, 1, 0] == noted
    assert {30, 7, 1, 0} == set(token.noticed_at)
    assert begun + CONSENT_LASTS_S - 7 * DAY_S == token.noticed_at[7]

    await desk.sign_in()
    fresh = await desk.house.store.tokens.get("ada")
    assert fresh is not None
    assert (TokenState.ACTIVE, {}) == (fresh.state, fresh.noticed_at)
