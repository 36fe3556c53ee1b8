"""The process that measures files, one after the other: on one core, gently, within limits.

It takes orders on standard input and answers on standard output until that ends. What a file does
to it (endless loops, too much memory, a crash in a decoder) ends this process and no other.
"""

import os
import resource
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from harmonyhub.domain.audio_files import name_of
from harmonyhub.domain.errors import AudioError
from harmonyhub.flows.measuring_orders import (
    LENGTH_BYTES,
    Answer,
    Identified,
    Measured,
    Order,
    Refused,
    Tagged,
    Task,
    frame,
)
from harmonyhub.flows.memory_limits import telling_of_memory

if TYPE_CHECKING:
    from harmonyhub.analysis.tagger import Tagger

NICENESS = 10  # a tenth of a core where something else wants all of it
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def obey(order: Order, *, data_dir: Path | None) -> Answer:
    """Measure one file; the answer is a function of its bytes, and of the tagging networks."""
    path = Path(os.fsdecode(order.path))
    try:
        with telling_of_memory(name_of(path)):
            return _answer(order.task, path, data_dir)
    except AudioError as error:
        return Refused(error.message, error.hint)


def _answer(task: Task, path: Path, data_dir: Path | None) -> Answer:
    from harmonyhub.analysis.basic import analyse_basics  # noqa: PLC0415 - after threads are set
    from harmonyhub.analysis.decode import identify  # noqa: PLC0415 - as above
    from harmonyhub.analysis.track import analyse_file, hear_file  # noqa: PLC0415 - as above

    if task is Task.IDENTIFY:
        identity = identify(path)
        return Identified(identity.audio_hash, identity.tags)
    if task is Task.BASICS:
        return Measured(analyse_basics(path))
    tagger = _tagger(data_dir)
    if task is Task.MEASURE:
        return Measured(analyse_file(path, tagger=tagger))
    return Tagged(None if tagger is None else hear_file(path, tagger))


@cache
def _tagger(data_dir: Path | None) -> "Tagger | None":
    from harmonyhub.flows.tag_weights import open_tagger  # noqa: PLC0415 - as above

    return None if data_dir is None else open_tagger(data_dir)


def _be_gentle(memory_bytes: int) -> None:
    os.nice(NICENESS)
    os.environ.update(ONE_THREAD)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what ends for its time leaves no dump


def _allow_cpu(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _keep_output() -> BinaryIO:
    """Keep standard output for answers; whatever a library prints goes to the log."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Obey orders until there are no more."""
    data_dir = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    answers = _keep_output()
    _be_gentle(memory_bytes=int(sys.argv[1]))
    orders = sys.stdin.buffer
    while length := orders.read(LENGTH_BYTES):
        packed = orders.read(int.from_bytes(length, "big"))
        order = msgspec.msgpack.decode(packed, type=Order)
        _allow_cpu(order.cpu_s)
        answers.write(frame(obey(order, data_dir=data_dir)))
        answers.flush()


if __name__ == "__main__":
    main()
