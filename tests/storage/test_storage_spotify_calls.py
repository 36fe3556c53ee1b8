"""What is kept of calls to Spotify: the ledger by hour, answers per user, sign-ins under way."""

import asyncio
from dataclasses import replace

from harmonyhub.domain.budget import ASSUMED_DAILY_CALLS
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.kept_answers import KeptAnswer
from harmonyhub.storage.sign_ins import LASTS_S, SignIn
from harmonyhub.storage.store import Store
from tests.conftest import NOW

APP, OTHER_APP = "a" * 32, "b" * 32
SIGN_IN = SignIn(
    user_id="anna",
    client_id=APP,
    is_public=True,
    redirect_uri="http://127.0.0.1:8000/spotify/callback",
    browser=Secret("the cookie"),
    verifier=Secret("the verifier of this sign-in"),
)


def see(at: int, outcome: Outcome = Outcome.OK, operation: str = "get-me") -> Observation:
    """Make an observation."""
    return Observation(outcome=outcome, operation=operation, at=at)


async def test_the_ledger_adds_up_by_window_day_and_app(store: Store) -> None:
    """Calls leave the window after half a minute and the day after a day; tokens do not count."""
    calls = store.api_calls
    for at in (NOW - 90_001, NOW - 3_600, NOW - 40, NOW - 20, NOW):
        await calls.note(APP, see(at), is_counted=True)
    await calls.note(APP, see(NOW, operation="refresh"), is_counted=False)
    await calls.note(OTHER_APP, see(NOW), is_counted=True)

    spent = await calls.spending(APP, now=NOW)
    assert (2, 4) == (spent.n_in_window, spent.n_in_day)
    assert (ASSUMED_DAILY_CALLS, False) == (spent.daily_calls, spent.is_learned)
    assert [APP, OTHER_APP] == await calls.apps()


async def test_hours_tell_operations_and_outcomes(store: Store) -> None:
    """What was asked in an hour, and what came of it, the latest hour first."""
    calls = store.api_calls
    await calls.note(APP, see(NOW - 3_600), is_counted=True)
    await calls.note(APP, see(NOW, Outcome.RATE_LIMITED), is_counted=True)
    await calls.note(APP, see(NOW, operation="refresh"), is_counted=False)

    latest, before = await calls.hours(APP, since=NOW - 7_200)
    assert (1, {"get-me": {"rate-limited": 1}, "refresh": {"ok": 1}}) == (
        latest.n_counted,
        latest.n_by_operation,
    )
    assert {"get-me": {"ok": 1}} == before.n_by_operation


async def test_an_allowance_is_learned_and_forgotten(store: Store) -> None:
    """A quota told after 200 calls plans the days to come with fewer; after a month it is tried."""
    calls = store.api_calls
    await asyncio.gather(
        *(calls.note(APP, see(NOW - 600 * (n % 20)), is_counted=True) for n in range(200))
    )
    learned = await calls.learn_allowance(APP, now=NOW)

    assert 100 < learned < 200
    assert (learned, True) == (
        (await calls.spending(APP, now=NOW)).daily_calls,
        (await calls.spending(APP, now=NOW)).is_learned,
    )
    later = await calls.spending(APP, now=NOW + 31 * 86_400)
    assert (ASSUMED_DAILY_CALLS, False) == (later.daily_calls, later.is_learned)


async def test_answers_are_kept_per_user(store: Store) -> None:
    """Nobody gets another user's, whatever was asked; forgetting takes all of one user's."""
    kept = KeptAnswer('"v1"', b'{"items": []}')
    await store.kept_answers.put("anna", "/me/tracks?offset=0", kept, now=NOW)
    await store.kept_answers.put("bert", "/me/tracks?offset=0", replace(kept, etag='"v2"'), now=NOW)

    assert kept == await store.kept_answers.get("anna", "/me/tracks?offset=0")
    assert await store.kept_answers.get("anna", "/me/tracks?offset=50") is None
    await store.kept_answers.forget("anna")
    assert await store.kept_answers.get("anna", "/me/tracks?offset=0") is None
    assert await store.kept_answers.get("bert", "/me/tracks?offset=0") is not None


async def test_a_sign_in_is_taken_once_by_the_browser_that_began_it(store: Store) -> None:
    """Another browser gets nothing and takes nothing away; a second time there is nothing."""
    state = Secret("state")
    await store.sign_ins.begin(state, SIGN_IN, now=NOW)

    stolen = await store.sign_ins.take(state, browser=Secret("another cookie"), now=NOW + 1)
    taken = await store.sign_ins.take(state, browser=SIGN_IN.browser, now=NOW + 1)
    again = await store.sign_ins.take(state, browser=SIGN_IN.browser, now=NOW + 1)
    assert (None, SIGN_IN, None) == (stolen, taken, again)


async def test_a_sign_in_ends_by_itself(store: Store) -> None:
    """A quarter of an hour later the person begins again."""
    await store.sign_ins.begin(Secret("state"), SIGN_IN, now=NOW)

    late = NOW + LASTS_S
    assert await store.sign_ins.take(Secret("state"), browser=SIGN_IN.browser, now=late) is None


async def test_the_database_holds_no_word_of_a_sign_in(store: Store) -> None:
    """State, cookie and verifier lie there as digests, or sealed."""
    await store.sign_ins.begin(Secret("state of this sign-in"), SIGN_IN, now=NOW)
    text = str([document async for document in store._database["sign_ins"].find()])

    for secret in ("state of this sign-in", "the cookie", "the verifier"):
        assert secret not in text
