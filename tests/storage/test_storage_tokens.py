"""Tokens: sealed, quarantined, claimed and refreshed one at a time, and never lost."""

import asyncio
import base64
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import bson
import pytest

from harmonyhub.domain.consents import CONSENT_LASTS_S
from harmonyhub.domain.errors import ConfigurationError, NotFoundError
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Collection
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from tests.conftest import NOW
from tests.storage.conftest import ACCESS, REFRESH, save, token


async def test_consent_comes_back_as_it_was_saved(store: Store) -> None:
    """A consent and both its tokens come back; the same user's next replaces them."""
    await save(store, token())
    assert token() == await store.tokens.get("anna")
    assert (Secret(REFRESH), Secret(ACCESS)) == await store.tokens.secrets_of("anna")
    newer = replace(token(), access_expires_at=NOW + 7_200)
    await store.tokens.save(newer, refresh_token=Secret("next"), access_token=None)
    assert newer == await store.tokens.get("anna")
    assert (Secret("next"), None) == await store.tokens.secrets_of("anna")


async def test_nobody_is_none(store: Store) -> None:
    """A user who never signed in has no consent, and asking for tokens says so."""
    assert await store.tokens.get("anna") is None
    with pytest.raises(NotFoundError, match="anna"):
        await store.tokens.secrets_of("anna")


async def test_database_holds_no_token_in_any_shape(store: Store) -> None:
    """Neither token lies in the collection raw, as base64, URL-encoded or as hex."""
    await save(store, token())
    lying = b"".join([bson.encode(document) async for document in store._database["tokens"].find()])
    for text in (REFRESH, ACCESS):
        plain = text.encode()
        for shape in (plain, base64.b64encode(plain)[:16], quote(text, safe="").encode()):
            assert shape not in lying
        assert plain.hex() not in lying.hex()


async def test_token_in_another_place_does_not_open(store: Store) -> None:
    """A sealed token that was copied to another user opens for neither purpose nor person."""
    await save(store, token("anna"), token("bob"))
    anna = await store._database["tokens"].find_one({"_id": "anna"})
    assert anna is not None
    await store._database["tokens"].update_one(
        {"_id": "bob"}, {"$set": {"refresh": anna["refresh"]}}
    )
    with pytest.raises(ConfigurationError, match="changed or moved"):
        await store.tokens.secrets_of("bob")


async def test_no_failure_deletes_a_token(store: Store, mongodb_uri: str) -> None:
    """Through every kind of failure and a wrong key all tokens stay, and open afterwards."""
    users = [f"user{number}" for number in range(len(Outcome))]
    await save(store, *map(token, users))
    for user_id, outcome in zip(users, Outcome, strict=True):
        await store.tokens.lock_refresh(user_id, "worker", now=NOW, lease_s=9)
        await store.tokens.quarantine(user_id, outcome=outcome, now=NOW)
        await store.tokens.unlock_refresh(user_id, "worker")
        await store.tokens.mark_synced(user_id, NOW)
    name = store._database.name
    wrong = Vault(bytes(32))
    async with await Store.connect(mongodb_uri, database=name, vault=wrong) as other:
        with pytest.raises(ConfigurationError):
            await other.tokens.secrets_of("user0")
        with pytest.raises(ConfigurationError):
            await other.reseal(Vault(bytes([1] * 32)))
    await store.tokens.restore("another app")
    assert {TokenState.ACTIVE: 0, TokenState.QUARANTINED: len(users)} == (
        await store.tokens.count_by_state()
    )
    await store.tokens.restore("app")
    for user_id in users:
        assert (Secret(REFRESH), Secret(ACCESS)) == await store.tokens.secrets_of(user_id)


async def test_quarantine_says_why_and_counts_once(store: Store) -> None:
    """A token goes out of use once, with the reason of the first failure."""
    await save(store, token())
    assert await store.tokens.quarantine("anna", outcome=Outcome.GRANT_REJECTED, now=NOW)
    assert not await store.tokens.quarantine("anna", outcome=Outcome.USER_NOT_ALLOWED, now=NOW + 9)
    kept = await store.tokens.get("anna")
    assert kept is not None
    assert (TokenState.QUARANTINED, Outcome.GRANT_REJECTED, NOW) == (
        kept.state,
        kept.quarantined_for,
        kept.quarantined_at,
    )


async def test_recent_quarantines_are_counted(store: Store) -> None:
    """What was quarantined since a time is counted, for one reason or for any."""
    await save(store, *map(token, ("a", "b", "c")))
    await store.tokens.quarantine("a", outcome=Outcome.GRANT_REJECTED, now=NOW - 301)
    await store.tokens.quarantine("b", outcome=Outcome.GRANT_REJECTED, now=NOW - 300)
    await store.tokens.quarantine("c", outcome=Outcome.USER_NOT_ALLOWED, now=NOW)
    count = store.tokens.count_quarantined_since
    assert (2, 1) == (
        await count(NOW - 300),
        await count(NOW - 300, outcome=Outcome.GRANT_REJECTED),
    )


async def test_tokens_return_with_their_own_app(store: Store) -> None:
    """Only tokens of that app and of that time return to use."""
    await save(store, token("a"), token("b"), token("c", client_id="foreign"))
    for user_id, at in (("a", NOW - 600), ("b", NOW), ("c", NOW)):
        await store.tokens.quarantine(user_id, outcome=Outcome.GRANT_REJECTED, now=at)
    assert 1 == await store.tokens.restore("app", since=NOW - 300)
    states = [await store.tokens.get(user_id) for user_id in "abc"]
    assert [TokenState.QUARANTINED, TokenState.ACTIVE, TokenState.QUARANTINED] == [
        one.state for one in states if one
    ]
    assert token("b") == states[1]


async def test_apps_and_ends_of_consents_are_counted(store: Store) -> None:
    """It is told how many tokens each app issued, and how many consents end soon."""
    old = replace(token("c"), consented_at=NOW - CONSENT_LASTS_S + 86_400)
    await save(store, token("a"), token("b", client_id="other"), old)
    assert {"app": 2, "other": 1} == await store.tokens.client_ids()
    assert (0, 1) == (
        await store.tokens.expiring_before(NOW + 86_400),
        await store.tokens.expiring_before(NOW + 86_401),
    )


async def test_longest_waiting_are_claimed_first(store: Store) -> None:
    """Due tokens are claimed by their last synchronization; quarantined and fresh ones are not."""
    await save(
        store,
        token("second", synced_at=NOW - 200),
        token("first", synced_at=NOW - 300),
        token("third", synced_at=NOW - 100),
        token("fresh", synced_at=NOW - 59),
        token("ill"),
    )
    await store.tokens.quarantine("ill", outcome=Outcome.GRANT_REJECTED, now=NOW)
    due = {"now": NOW, "every_s": 60, "lease_s": 30}
    claimed = await store.tokens.claim_due(**due, limit=2)
    assert ["first", "second"] == [one.user_id for one in claimed]
    assert ["third"] == [one.user_id for one in await store.tokens.claim_due(**due, limit=2)]
    await store.tokens.mark_synced("first", NOW)
    due["now"] = NOW + 31
    again = await store.tokens.claim_due(**due, limit=9)
    assert ["second", "third", "fresh"] == [one.user_id for one in again]


async def test_no_token_is_claimed_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that another worker took between our look and our claim is not ours."""
    await save(store, *map(token, ("anna", "bob")))
    due = {"now": NOW, "every_s": 60, "lease_s": 30}
    taken: list[UserToken] = []
    collection = type(store._database["tokens"])
    update_many = collection.update_many

    async def update_after_another(self: Collection, *args: Any) -> object:
        monkeypatch.undo()
        taken.extend(await store.tokens.claim_due(**due, limit=1))
        return await update_many(self, *args)

    monkeypatch.setattr(collection, "update_many", update_after_another)
    claimed = await store.tokens.claim_due(**due, limit=2)
    assert [["anna"], ["bob"]] == [[one.user_id for one in claim] for claim in (taken, claimed)]


async def test_longest_waiting_token_tells_the_lag(store: Store) -> None:
    """The active token synchronized longest ago is told; quarantined ones do not count."""
    assert await store.tokens.longest_unsynced() is None
    await save(store, token("a", synced_at=NOW - 9), token("b", synced_at=NOW - 5), token("ill"))
    await store.tokens.quarantine("ill", outcome=Outcome.GRANT_REJECTED, now=NOW)
    assert token("a", synced_at=NOW - 9) == await store.tokens.longest_unsynced()


async def test_one_refreshes_at_a_time(store: Store) -> None:
    """Of many who want to refresh one may; after the end or the lease the next one may."""
    await save(store, token())
    lock = store.tokens.lock_refresh
    rights = await asyncio.gather(
        *(lock("anna", f"w{number}", now=NOW, lease_s=10) for number in range(20))
    )
    assert 1 == sum(rights)
    winner = f"w{rights.index(True)}"
    await store.tokens.unlock_refresh("anna", "somebody else")
    assert not await lock("anna", "late", now=NOW + 9, lease_s=10)
    await store.tokens.unlock_refresh("anna", winner)
    assert await lock("anna", "next", now=NOW + 9, lease_s=10)
    assert await lock("anna", "after a crash", now=NOW + 19, lease_s=10)


async def test_user_is_forgotten_on_wish(store: Store) -> None:
    """A user who disconnects leaves nothing behind."""
    await save(store, token("anna"), token("bob"))
    await store.tokens.forget("anna")
    assert await store.tokens.get("anna") is None
    assert await store.tokens.get("bob") is not None


async def test_consents_that_ended_by_age_can_be_left_out(store: Store) -> None:
    """A cohort that comes to its end in the same minutes says nothing about the credentials."""
    for user_id, age_s in (("old", CONSENT_LASTS_S + 1), ("young", 86_400)):
        await save(store, replace(token(), user_id=user_id, consented_at=NOW - age_s))
        await store.tokens.quarantine(user_id, outcome=Outcome.GRANT_REJECTED, now=NOW)
    lasting = {"consented_since": NOW - CONSENT_LASTS_S}
    assert 2 == await store.tokens.count_quarantined_since(NOW - 300)
    assert 1 == await store.tokens.count_quarantined_since(NOW - 300, **lasting)


async def test_latest_quarantined_tokens_of_an_app_are_listed(store: Store) -> None:
    """The latest first, and none of another app or from before."""
    for number, user_id in enumerate(("before", "first", "second")):
        await save(store, replace(token(), user_id=user_id))
        await store.tokens.quarantine(user_id, outcome=Outcome.GRANT_REJECTED, now=NOW + number)
    await save(store, replace(token(), user_id="other", client_id="another-app"))
    await store.tokens.quarantine("other", outcome=Outcome.GRANT_REJECTED, now=NOW + 9)
    listed = await store.tokens.quarantined_since(NOW + 1, client_id=token().client_id, limit=10)
    assert ["second", "first"] == [each.user_id for each in listed]
