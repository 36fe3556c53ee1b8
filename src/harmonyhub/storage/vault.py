"""Seals what nobody may read in the database: refresh tokens and the secrets of releases."""

import os
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harmonyhub.domain.errors import ConfigurationError

VERSION = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, drawn at random for every message
HEAD_BYTES = len(VERSION) + KEY_ID_BYTES
CHECK_TEXT = "harmonyhub"
CHECK_PURPOSE = "check-value"

WRONG_KEY_HINT = (
    "Put back the HARMONYHUB_ENCRYPTION_KEY that this database was written with; without it"
    " users sign in again. `harmonyhub secrets rotate` is the way to a new key."
)


class Vault:
    """AES-256-GCM under one key; what it sealed says which key that was.

    A sealed value is: version (1 byte), key id (4), nonce (12), text and tag. Version, key id and
    purpose are authenticated, so that no sealed value can stand in another's place.
    """

    __slots__ = ("_aead", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ConfigurationError(
                f"The encryption key has {len(key)} bytes instead of {KEY_BYTES}.",
                hint="HARMONYHUB_ENCRYPTION_KEY is the base64 of 32 random bytes.",
            )
        self._aead = AESGCM(key)
        self.key_id = blake2b(b"key id", key=key, digest_size=KEY_ID_BYTES).digest()

    def seal(self, text: str, *, purpose: str) -> bytes:
        """Encrypt a text; only `open` with the same purpose gives it back."""
        head, nonce = VERSION + self.key_id, os.urandom(NONCE_BYTES)
        return head + nonce + self._aead.encrypt(nonce, text.encode(), head + purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """Decrypt what was sealed for this purpose.

        Raises
        ------
        ConfigurationError
            If it was sealed under another key or for another purpose, or was changed since.
        """
        head, rest = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
        nonce, encrypted = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, encrypted, head + purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise ConfigurationError(self._refusal(sealed), hint=WRONG_KEY_HINT) from None

    def has_sealed(self, sealed: bytes) -> bool:
        """Tell whether a value says that this key sealed it."""
        return sealed[:HEAD_BYTES] == VERSION + self.key_id

    def _refusal(self, sealed: bytes) -> str:
        if self.has_sealed(sealed):
            return "A sealed value in the database was changed or moved: it does not open."
        return "A sealed value in the database was written with another HARMONYHUB_ENCRYPTION_KEY."


def required(vault: Vault | None) -> Vault:
    """Give the vault that a repository needs now.

    Raises
    ------
    ConfigurationError
        If the store was opened without one.
    """
    if vault is None:
        raise ConfigurationError(
            "The store was opened without an encryption key.",
            hint="Set HARMONYHUB_ENCRYPTION_KEY, or let the first start make one.",
        )
    return vault
