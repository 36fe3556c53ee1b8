"""Reads tensors out of a TensorFlow checkpoint (version 2, "bundle") without TensorFlow.

A checkpoint is an index and a file of plain numbers. The index is a table of LevelDB: blocks of
names, sorted, each written as what differs from the one before; a name leads to a small protocol
buffer that says the type, shape and place of its tensor.
"""

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.errors import DamagedInputError

MAGIC = bytes.fromhex("57fb808b247547db")  # the last eight bytes of every LevelDB table
FOOTER_BYTES = 48
PLAIN = 0  # the kind of a block that is not compressed; checkpoints have no other
FLOAT = 1  # DT_FLOAT: little-endian, 4 bytes
LENGTHS, VARINT, FIXED_32 = 2, 0, 5  # wire types of protocol buffers
TYPE_FIELD, SHAPE_FIELD, OFFSET_FIELD, SIZE_FIELD = 1, 2, 4, 5

Fields = Mapping[int, list[int | bytes]]


def read_tensors(index: bytes, data: bytes) -> dict[str, NDArray[np.float32]]:
    """Read all tensors of 32-bit floats of a checkpoint in one shard, by name.

    Raises
    ------
    DamagedInputError
        If it is none, or breaks off.
    """
    try:
        return dict(_tensors(index, data))
    except (IndexError, ValueError, UnicodeDecodeError) as error:
        raise DamagedInputError(
            f"The checkpoint cannot be read: {error}.", hint="Fetch the file again."
        ) from error


def _tensors(index: bytes, data: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, value in _entries(index):
        fields = _read_fields(value)
        if not name or fields.get(TYPE_FIELD) != [FLOAT]:  # the first entry is about the whole
            continue
        shape = [_number(_read_fields(size), 1) for size in _sizes(fields)]
        first, n_bytes = _number(fields, OFFSET_FIELD), _number(fields, SIZE_FIELD)
        if n_bytes != 4 * prod(shape) or first + n_bytes > len(data):
            raise ValueError(f"{name.decode()} lies outside the data")
        tensor = np.frombuffer(data, "<f4", count=n_bytes // 4, offset=first)
        yield name.decode(), tensor.reshape(shape).astype(np.float32)


def _sizes(fields: Fields) -> Iterator[bytes]:
    """Walk through the dimensions of a tensor; a single number has none."""
    for shape in fields[SHAPE_FIELD]:
        for size in _read_fields(_as_bytes(shape)).get(2, []):
            yield _as_bytes(size)


def _entries(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through the names of a table and what each leads to."""
    footer = index[-FOOTER_BYTES:]
    if len(index) < FOOTER_BYTES or not footer.endswith(MAGIC):
        raise ValueError("its index is no table")
    at = 0
    numbers = []
    for _ in range(4):  # place and size of a block that is empty, then of the block of blocks
        number, at = _read_varint(footer, at)
        numbers.append(number)
    for _, handle in _block(index, numbers[2], numbers[3]):
        first, at = _read_varint(handle, 0)
        size, _ = _read_varint(handle, at)
        yield from _block(index, first, size)


def _block(index: bytes, first: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if index[first + size] != PLAIN:
        raise ValueError("its index is compressed")
    block = index[first : first + size]
    n_restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 - 4 * n_restarts
    at, name = 0, b""
    while at < end:
        n_shared, at = _read_varint(block, at)
        n_own, at = _read_varint(block, at)
        n_value, at = _read_varint(block, at)
        name = name[:n_shared] + block[at : at + n_own]
        at += n_own
        yield name, block[at : at + n_value]
        at += n_value


def _read_fields(message: bytes) -> dict[int, list[int | bytes]]:
    """Read a protocol buffer, as far as checkpoints use it: field number -> values."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(message):
        head, at = _read_varint(message, at)
        value: int | bytes
        if head & 7 == VARINT:
            value, at = _read_varint(message, at)
        elif head & 7 == LENGTHS:
            length, at = _read_varint(message, at)
            value, at = message[at : at + length], at + length
        elif head & 7 == FIXED_32:
            value, at = message[at : at + 4], at + 4
        else:
            raise ValueError(f"a field of kind {head & 7}")
        fields.setdefault(head >> 3, []).append(value)
    return fields


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number in groups of seven bits, the lowest first; returns it and the next place."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _number(fields: Fields, field: int) -> int:
    (value,) = fields.get(field, [0])  # zero is not written
    if not isinstance(value, int):
        raise ValueError(f"field {field} is no number")  # noqa: TRY004 - of the file, not of ours
    return value


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")  # noqa: TRY004 - as above
    return value
