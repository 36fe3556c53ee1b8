"""How busy this machine is: what an engineer would look at first, and mostly in vain."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
BUSY_SHARE = 0.9  # above it, a resource may be the cause and is not ruled out
GB = 1_000_000_000
SHORT_OF_DISK = GB


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What of the machine is in use.

    Attributes
    ----------
    cpu_share : float
        Load average of the last minute per core; over 1 where work waits.
    memory_share : float or None
        In [0, 1], without what the system can free; None where the system does not tell.
    disk_free_bytes : int
        On the disk of the data folder.
    """

    cpu_share: float
    memory_share: float | None
    disk_free_bytes: int


def machine_facts(data_dir: Path) -> MachineFacts:
    """Read the facts of this machine; a folder that is not there yet counts as its parent."""
    folder = next(each for each in (data_dir, *data_dir.parents) if each.exists())
    return MachineFacts(
        cpu_share=os.getloadavg()[0] / (os.cpu_count() or 1),
        memory_share=_memory_share(),
        disk_free_bytes=shutil.disk_usage(folder).free,
    )


def say_machine_is_fine(facts: MachineFacts) -> str:
    """Say in one line what of the machine is not the cause; empty where nothing can be ruled out.

    "CPU 12%, memory 41%, disk 38 GB free"
    """
    parts = []
    if facts.cpu_share < BUSY_SHARE:
        parts.append(f"CPU {facts.cpu_share:.0%}")
    if facts.memory_share is not None and facts.memory_share < BUSY_SHARE:
        parts.append(f"memory {facts.memory_share:.0%}")
    if facts.disk_free_bytes > SHORT_OF_DISK:
        parts.append(f"disk {facts.disk_free_bytes / GB:.0f} GB free")
    return ", ".join(parts)


def _memory_share() -> float | None:
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (x.partition(":") for x in lines)}
    if not kilobytes.get("MemTotal") or "MemAvailable" not in kilobytes:
        return None
    return 1.0 - kilobytes["MemAvailable"] / kilobytes["MemTotal"]
