"""A value that no log, message or traceback shows."""

import hmac
from hashlib import blake2b

MASK = "***"


class Secret:
    """A string that shows itself only to who asks for it with `reveal`.

    Comparing two secrets takes the same time wherever they differ.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; never pass it on to a message."""
        return self._value

    def fingerprint(self, key: bytes) -> str:
        """Return 8 hex digits that change with the value.

        `key` (1 to 64 bytes, kept as safe as the secret) makes it useless for guessing a weak
        password offline.
        """
        return blake2b(self._value.encode(), key=key, digest_size=4).hexdigest()

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return format(MASK, format_spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)
