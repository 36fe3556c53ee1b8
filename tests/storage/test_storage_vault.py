"""The vault: what it seals opens with its key for its purpose, and for nothing else."""

import base64

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
TEXT = "AQDx-refresh-token-of-anna-0123456789"
PURPOSE = "token:anna:refresh"


def refusal(vault: Vault, sealed: bytes, purpose: str = PURPOSE) -> ConfigurationError:
    """Give the error with which a vault refuses to open."""
    with pytest.raises(ConfigurationError) as caught:
        vault.open(sealed, purpose=purpose)
    return caught.value


def test_sealed_text_opens_again() -> None:
    """Another vault with the same key opens what was sealed, letters of all kinds too."""
    for text in (TEXT, "", "naïve ключ 🔑"):
        sealed = Vault(KEY).seal(text, purpose=PURPOSE)
        assert text == Vault(KEY).open(sealed, purpose=PURPOSE)


def test_sealed_text_shows_nothing() -> None:
    """Neither the text nor its base64 or hex is in what was sealed, and no two are alike."""
    vault = Vault(KEY)
    sealed = vault.seal(TEXT, purpose=PURPOSE)
    for plain in (
        TEXT.encode(),
        base64.b64encode(TEXT.encode())[:12],
        TEXT.encode().hex()[:12].encode(),
    ):
        for shape in (sealed, base64.b64encode(sealed), sealed.hex().encode()):
            assert plain not in shape
    assert sealed != vault.seal(TEXT, purpose=PURPOSE)


def test_wrong_key_names_the_variable() -> None:
    """A vault with another key refuses, names the variable, and repeats nothing of the text."""
    error = refusal(Vault(OTHER), Vault(KEY).seal(TEXT, purpose=PURPOSE))
    assert "another HARMONYHUB_ENCRYPTION_KEY" in error.message
    assert "HARMONYHUB_ENCRYPTION_KEY" in error.hint
    assert error.__cause__ is None


def test_no_byte_can_be_changed() -> None:
    """Whatever byte is changed or cut off, it is refused with the name of the variable."""
    vault = Vault(KEY)
    sealed = vault.seal(TEXT, purpose=PURPOSE)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        for damaged in (changed, sealed[:place]):
            assert "HARMONYHUB_ENCRYPTION_KEY" in refusal(vault, damaged).hint


def test_purposes_cannot_be_swapped() -> None:
    """A token that is put in another user's place does not open there."""
    vault = Vault(KEY)
    sealed = vault.seal(TEXT, purpose=PURPOSE)
    error = refusal(vault, sealed, "token:bob:refresh")
    assert "changed or moved" in error.message
    assert "HARMONYHUB_ENCRYPTION_KEY" in error.hint


def test_short_key_is_refused() -> None:
    """A key of another length is named with what it should be, and not shown."""
    with pytest.raises(ConfigurationError, match="5 bytes instead of 32") as caught:
        Vault(b"short")
    assert "HARMONYHUB_ENCRYPTION_KEY" in caught.value.hint
    assert "short" not in caught.value.message


def test_vault_does_not_show_its_key() -> None:
    """No representation of a vault holds its key."""
    assert KEY.hex() not in repr(Vault(KEY)) + repr(Vault(KEY).key_id.hex())
    assert not hasattr(Vault(KEY), "__dict__")


async def test_database_knows_its_key(bare_store: Store, mongodb_uri: str) -> None:
    """The first key is the database's own; another is told apart, and the first is still right."""
    name = bare_store._database.name
    answers = []
    for key in (KEY, OTHER, KEY):
        async with await Store.connect(mongodb_uri, database=name, vault=Vault(key)) as store:
            answers.append(await store.check_vault())
    assert [True, False, True] == answers


async def test_store_without_a_key_says_which_variable(bare_store: Store) -> None:
    """Where sealing is needed and no key was given, the error names the variable."""
    for sealing in (
        bare_store.check_vault(),
        bare_store.tokens.secrets_of("anna"),
        bare_store.known_good.remember("spotify", {}, now=1, release=None),
    ):
        with pytest.raises(ConfigurationError) as caught:
            await sealing
        assert "HARMONYHUB_ENCRYPTION_KEY" in caught.value.hint
