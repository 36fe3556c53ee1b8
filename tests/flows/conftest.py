"""A house around the test's store, with a clock that the test sets."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import House, furnish

NOW = 1_723_600_000  # 2024-08-14


@dataclass
class SetClock:
    """A clock that stands until it is set."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    """Give the clock of the house."""
    return SetClock()


@pytest.fixture
def house(store: Store, tmp_path: Path, clock: SetClock) -> House:
    """Give a house on an empty store."""
    settings, findings = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None, findings
    return replace(furnish(settings, store), clock=clock)
