"""What a program costs, beside a yardstick, so that a slow machine fails no test."""

import resource
import subprocess
import sys
from collections.abc import Callable


def processor_s(run: Callable[[], object]) -> float:
    """Give the least processor time of three runs that start a process each, in seconds."""
    spent = []
    for _ in range(3):  # the first one may have to compile
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def numpy_s() -> float:
    """Give the yardstick: a Python that starts and imports numpy, 0.15 to 0.3 s."""
    return processor_s(
        lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True),
    )
