"""What many processes read: one object in one file, whose arrays are mapped and never copied."""

import mmap
import pickle
from pathlib import Path
from typing import Any

ALIGNMENT = 64  # bytes: arrays begin at a line of the processor's cache


def write_shared(value: object, path: Path) -> None:
    """Write an object; its arrays follow one another without a second copy in memory."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    sizes = [buffer.raw().nbytes for buffer in buffers]
    table = pickle.dumps((head, sizes))
    with path.open("wb") as file:
        file.write(len(table).to_bytes(8, "little") + table)
        for buffer in buffers:
            file.seek(_aligned(file.tell()))
            file.write(buffer.raw())
        file.truncate(max(file.tell(), 1))


def read_shared(path: Path) -> Any:
    """Read an object back; its arrays are views of the file that cannot be written to."""
    with path.open("rb") as file:
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    begin = 8 + int.from_bytes(whole[:8], "little")
    head, sizes = pickle.loads(whole[8:begin])  # noqa: S301 - see above
    buffers = []
    for size in sizes:
        begin = _aligned(begin)
        buffers.append(whole[begin : begin + size])
        begin += size
    return pickle.loads(head, buffers=buffers)  # noqa: S301 - see above


def _aligned(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT
