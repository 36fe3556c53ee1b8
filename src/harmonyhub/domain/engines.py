"""What can run the stages of a training, and measure the files of a folder."""

from enum import StrEnum


class EngineName(StrEnum):
    """What runs the stages; the results are the same bytes."""

    INLINE = "inline"  # this process
    POOL = "pool"  # one process per core
    RAY = "ray"
