"""Lets a child process end with the one that started it, however that one ends."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
# Loaded here, since a child may not load libraries between fork and exec.
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent's thread ends; for use as `preexec_fn`.

    The parent is the thread that forked: start children from a thread that lives on.
    """
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
