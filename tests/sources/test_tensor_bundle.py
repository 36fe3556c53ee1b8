"""Checkpoints of TensorFlow, read without it."""

import numpy as np
import pytest

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.sources.musicnn_wheel import read_wheel
from harmonyhub.sources.tensor_bundle import MAGIC, read_tensors


def varint(number: int) -> bytes:
    """Write a number in groups of seven bits."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Write one block of a LevelDB table, each name as what differs from the one before."""
    out, before = b"", b""
    for name, value in entries:
        shared = 0
        while shared < min(len(name), len(before)) and name[shared] == before[shared]:
            shared += 1
        out += varint(shared) + varint(len(name) - shared) + varint(len(value))
        out += name[shared:] + value
        before = name
    return out + bytes(4) + (1).to_bytes(4, "little")


def message(shape: tuple[int, ...], *, dtype: int, offset: int, size: int) -> bytes:
    """Write the protocol buffer that says where a tensor lies."""
    sizes = b"".join(b"\x12" + varint(len(n)) + n for n in (b"\x08" + varint(n) for n in shape))
    out = b"\x08" + varint(dtype) + b"\x12" + varint(len(sizes)) + sizes
    out += b"\x20" + varint(offset) if offset else b""  # zero is not written
    return out + b"\x28" + varint(size) + b"\x35" + b"crc!"


def checkpoint(arrays: dict[str, np.ndarray]) -> tuple[bytes, bytes]:
    """Write a checkpoint with two blocks of names; the first entry is about the whole."""
    data, entries = b"", [(b"", b"\x08\x01")]
    for name, array in sorted(arrays.items()):
        size = array.nbytes
        dtype = {"f": 1, "i": 3}[array.dtype.kind]
        value = message(array.shape, dtype=dtype, offset=len(data), size=size)
        entries.append((name.encode(), value))
        data += array.tobytes()
    parts = [block(entries[:2]), block(entries[2:])]
    index, handles = b"", []
    for part in parts:
        handles.append((b"k", varint(len(index)) + varint(len(part))))
        index += part + b"\x00" + b"crc!"
    top = block(handles)
    footer = (varint(0) + varint(0) + varint(len(index)) + varint(len(top))).ljust(40, b"\x00")
    return index + top + b"\x00crc!" + footer + MAGIC, data


ARRAYS = {
    "conv2d/bias": np.arange(3, dtype="<f4"),
    "conv2d/kernel": np.arange(600, dtype="<f4").reshape(20, 10, 3),
    "conv2d_1/bias": np.array(7, dtype="<f4"),
    "step": np.array([4], dtype="<i4"),
}


def test_every_tensor_of_floats_is_read() -> None:
    """Names, shapes and numbers come back; counters, which are no floats, stay out."""
    read = read_tensors(*checkpoint(ARRAYS))
    assert ["conv2d/bias", "conv2d/kernel", "conv2d_1/bias"] == sorted(read)
    assert all(np.array_equal(ARRAYS[name], array) for name, array in read.items())
    assert (20, 10, 3) == read["conv2d/kernel"].shape


def test_a_broken_checkpoint_is_refused() -> None:
    """A file that breaks off, of either kind, is named as damaged and never half read."""
    index, data = checkpoint(ARRAYS)
    for damaged in ((index[:-9], data), (index, data[:-5000]), (b"", data), (index[200:], data)):
        with pytest.raises(DamagedInputError, match="cannot be read") as caught:
            read_tensors(*damaged)
        assert "again" in caught.value.hint


def test_only_the_very_package_is_taken() -> None:
    """Another file in place of the package is refused, with the command that fetches it."""
    with pytest.raises(DamagedInputError, match="SHA-256") as caught:
        read_wheel(b"PK another package")
    assert "pip download --no-deps musicnn==0.1.0" in caught.value.hint
