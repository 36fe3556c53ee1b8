"""The act of the gate can fail: without the gate it misses its target."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harmonyhub.drills.act_gate import play_gate
from harmonyhub.drills.guards import Guard, Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.scorecard import TARGETS
from harmonyhub.drills.site import Ground

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
BOUNDS = {target.key: target for target in TARGETS}


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Give a MongoDB server of the test's own."""
    async with Ground.open(tmp_path / "ground") as ground:
        yield ground


async def test_without_the_gate_every_fault_goes_live(ground: Ground) -> None:
    """With the gate off nothing is stopped, and there is no verdict to wait for."""
    guards = Guards.all().without(Guard.GATE)
    figures = await play_gate(ground, seed=3, scale=Scale.short(), guards=guards)
    assert 0 == figures["gate.stopped"].value
    assert not BOUNDS["gate.stopped"].is_met_by(figures["gate.stopped"].value)
    assert "gate.verdict_s" not in figures
