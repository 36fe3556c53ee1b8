"""Commands in processes of their own, on an empty home or on the MongoDB of the tests."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.journeys.conftest import clean_environment

Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """Give `harmonyhub ...` on an empty home, with no service running."""
    environment = clean_environment() | {"HOME": str(tmp_path)}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harmonyhub", *arguments],
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    return run


@pytest.fixture
def hub_on_store(hub: Hub, mongodb_uri: str, database_name: str) -> Hub:
    """Give `harmonyhub ...` on the database that `store` empties."""
    place = {
        "HARMONYHUB_MONGODB_URI": mongodb_uri,
        "HARMONYHUB_MONGODB_DATABASE": database_name,
    }
    return partial(hub, **place)
