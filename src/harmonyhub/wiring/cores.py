"""How many processor cores this process may use, on a machine of its own or in a container."""

import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota_file: Path = CGROUP_QUOTA) -> int:
    """Count the cores by the process's affinity and the quota of its container; 1 or more."""
    n_cores = len(os.sched_getaffinity(0))
    try:
        quota, period = quota_file.read_text(encoding="ascii").split()
        return max(1, min(n_cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return n_cores
