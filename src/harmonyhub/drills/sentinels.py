"""Searches bytes for secrets, in every form in which one may be written down."""

import base64
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

PREFIX = 4
TABLE_BITS = 22
SPREAD = 2654435761  # Knuth's multiplicative hash: prefixes of the same letters lie apart
URLSAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Find:
    """A secret that was found: whose it is, and how it was written; never the secret."""

    name: str
    form: str


class Search:
    """A search for many secrets at once.

    Parameters
    ----------
    secrets : mapping of name to text
        Texts of at least 8 characters; shorter ones stand everywhere by chance.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._patterns: dict[bytes, list[tuple[bytes, Find]]] = defaultdict(list)
        self._table = np.zeros(1 << TABLE_BITS, dtype=np.bool_)
        self.n_secrets = len(secrets)
        for name, text in secrets.items():
            for form, pattern in forms_of(text):
                self._patterns[pattern[:PREFIX]].append((pattern, Find(name, form)))
                self._table[_codes(pattern[:PREFIX])] = True

    def find(self, data: bytes) -> frozenset[Find]:
        """Find all secrets in some bytes."""
        if len(data) < PREFIX:
            return frozenset()
        candidates = np.flatnonzero(self._table[_codes(data)])
        return frozenset(
            find
            for place in candidates.tolist()
            for pattern, find in self._patterns.get(data[place : place + PREFIX], ())
            if data.startswith(pattern, place)
        )


def forms_of(text: str) -> Iterator[tuple[str, bytes]]:
    """Give the forms of a secret: as it is, URL-encoded, hexadecimal, base64 at any alignment."""
    raw = text.encode()
    yield "raw", raw
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    every = "".join(f"%{byte:02X}" for byte in raw).encode()
    encoded = {quote(text, safe="").encode(), quote(text).encode(), every}
    for one in (encoded | {_lower_escapes(each) for each in encoded}) - {raw}:
        yield "URL-encoded", one
    for offset in range(3):
        standard = _base64_at(raw, offset)
        for one in {standard, standard.translate(URLSAFE)}:
            yield "base64", one


def _base64_at(raw: bytes, offset: int) -> bytes:
    """Give what base64 makes of bytes that stand `offset` past a multiple of three in a text.

    Without the characters at the ends that depend on what stands beside them.
    """
    encoded = base64.b64encode(bytes(offset) + raw)
    return encoded[math.ceil(offset * 8 / 6) : (offset + len(raw)) * 8 // 6]


def _lower_escapes(encoded: bytes) -> bytes:
    """Write `%2B` as `%2b`, and leave all else."""
    head, *parts = encoded.split(b"%")
    return b"%".join([head, *(part[:2].lower() + part[2:] for part in parts)])


def _codes(data: bytes) -> npt.NDArray[np.uint32]:
    """Give a number below the table's size for the four bytes that begin at each place."""
    places = np.frombuffer(data, dtype=np.uint8).astype(np.uint32)
    n = len(data) - PREFIX + 1
    words = places[:n].copy()
    for byte in range(1, PREFIX):
        words |= places[byte : byte + n] << np.uint32(8 * byte)
    return (words * np.uint32(SPREAD)) >> np.uint32(32 - TABLE_BITS)
