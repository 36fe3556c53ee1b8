"""The process that measures files, one after the other: on one core, gently, within limits.

It takes orders on standard input and answers on standard output until that ends. What a file does
to it (endless loops, too much memory, a crash in a decoder) ends this process and no other.
"""

import os
import resource
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from harmonyhub.domain.errors import AudioError
from harmonyhub.flows.measuring_orders import (
    LENGTH_BYTES,
    Answer,
    Identified,
    Measured,
    Order,
    Refused,
    frame,
)
from harmonyhub.flows.memory_limits import telling_of_memory

NICENESS = 10  # a tenth of a core where something else wants all of it
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def obey(order: Order) -> Answer:
    """Measure one file; the answer is a function of its bytes."""
    from harmonyhub.analysis.decode import identify  # noqa: PLC0415 - after the threads are set
    from harmonyhub.analysis.track import analyse_file  # noqa: PLC0415 - as above

    path = Path(os.fsdecode(order.path))
    try:
        with telling_of_memory(path.name):
            if order.is_to_be_measured:
                return Measured(analyse_file(path))
            identity = identify(path)
            return Identified(identity.audio_hash, identity.tags)
    except AudioError as error:
        return Refused(error.message, error.hint)


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
    answers = _keep_output()
    _be_gentle(memory_bytes=int(sys.argv[1]))
    orders = sys.stdin.buffer
    while length := orders.read(LENGTH_BYTES):
        packed = orders.read(int.from_bytes(length, "big"))
        order = msgspec.msgpack.decode(packed, type=Order)
        _allow_cpu(order.cpu_s)
        answers.write(frame(obey(order)))
        answers.flush()


if __name__ == "__main__":
    main()
