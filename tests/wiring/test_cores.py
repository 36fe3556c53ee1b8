"""Cores: affinity and quota both bound how many processes are started."""

import os
from pathlib import Path

import pytest

from harmonyhub.wiring.cores import usable_cores


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("50000 100000\n", 1),
        ("150000 100000\n", 1),
        ("max 100000\n", None),
        ("6400000 100000\n", None),
    ],
)
def test_the_quota_of_a_container_counts(tmp_path: Path, quota: str, expected: int | None) -> None:
    """Half a core and one and a half are one; without a quota, or with a large one, all are."""
    file = tmp_path / "cpu.max"
    file.write_text(quota, encoding="ascii")
    assert (expected or len(os.sched_getaffinity(0))) == usable_cores(file)


def test_without_a_container_the_affinity_counts(tmp_path: Path) -> None:
    """Where there is no such file every core that this process may use does."""
    assert len(os.sched_getaffinity(0)) == usable_cores(tmp_path / "nothing")
