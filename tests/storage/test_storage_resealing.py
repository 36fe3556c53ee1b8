"""A new encryption key: everything opens with it afterwards, also after a crash on the way."""

from collections.abc import AsyncIterator

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.secret import Secret
from harmonyhub.storage import resealing
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from tests.conftest import VAULT
from tests.storage.conftest import ACCESS, REFRESH, SENTINEL, release, save, token

NEW = Vault(bytes([7] * 32))


@pytest.fixture
async def renewed(store: Store, mongodb_uri: str) -> AsyncIterator[Store]:
    """Fill the store with all that is sealed, and open it with a new key."""
    await store.check_vault()
    await save(store, token("anna"), token("bob"))
    await store.known_good.remember(
        "spotify", {"A": Secret("a"), "B": Secret("b")}, now=1, release=2
    )
    await store.releases.append(release())
    await store.releases.append(release(secret=None))
    name = store._database.name
    async with await Store.connect(mongodb_uri, database=name, vault=NEW) as other:
        yield other


async def assert_all_opens(store: Store) -> None:
    """See that everything sealed opens with the store's key."""
    for user_id in ("anna", "bob"):
        assert (Secret(REFRESH), Secret(ACCESS)) == await store.tokens.secrets_of(user_id)
    values = await store.known_good.load("spotify")
    assert values is not None
    assert {"A": Secret("a"), "B": Secret("b")} == values.values
    assert Secret(SENTINEL) == (await store.releases.configuration(1))["HARMONYHUB_SECRET"]
    assert "HARMONYHUB_SECRET" not in await store.releases.configuration(2)
    assert await store.check_vault()


async def test_everything_opens_with_the_new_key_only(store: Store, renewed: Store) -> None:
    """After sealing again the new key opens all, the old one nothing; again changes nothing."""
    assert not await renewed.check_vault()
    assert 5 == await renewed.reseal(VAULT)
    await assert_all_opens(renewed)
    assert not await store.check_vault()
    with pytest.raises(ConfigurationError):
        await store.tokens.secrets_of("anna")
    assert 0 == await renewed.reseal(VAULT)


async def test_crash_on_the_way_is_made_good(
    renewed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that broke off after some documents leaves the rest to the next one."""

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(resealing.RENEWALS, "release_ledger", crash)
        with pytest.raises(KeyboardInterrupt):
            await renewed.reseal(VAULT)
    assert not await renewed.check_vault()
    assert 2 == await renewed.reseal(VAULT)
    await assert_all_opens(renewed)


async def test_newer_token_is_not_overwritten(
    store: Store, renewed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that somebody saved while its document was sealed again stays the newer one."""
    renew = resealing.RENEWALS["tokens"]
    read: list[str] = []

    def note(document: dict[str, object], reseal: resealing.Reseal) -> dict[str, object]:
        read.append(str(document["_id"]))
        return renew(document, reseal)

    monkeypatch.setitem(resealing.RENEWALS, "tokens", note)
    collection = type(store._database["tokens"])
    update_one = collection.update_one

    async def update_after_another(self: object, *args: object, **kwargs: object) -> object:
        if read == ["anna"]:
            read.append("saved meanwhile")
            await store.tokens.save(token("anna"), refresh_token=Secret("newer"), access_token=None)
        return await update_one(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(collection, "update_one", update_after_another)
    await renewed.reseal(VAULT)
    assert ["anna", "saved meanwhile", "anna", "bob"] == read
    assert (Secret("newer"), None) == await renewed.tokens.secrets_of("anna")


async def test_unknown_key_stops_before_anything_is_lost(store: Store, renewed: Store) -> None:
    """With a wrong old key nothing is changed, and the right one still opens all."""
    with pytest.raises(ConfigurationError, match="HARMONYHUB_ENCRYPTION_KEY"):
        await renewed.reseal(Vault(bytes([9] * 32)))
    await assert_all_opens(store)
