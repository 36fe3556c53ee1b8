"""The main job, end to end: a file dropped, a ledger that balances, lists that change."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import httpx2
import psutil

from tests.journeys.conftest import Service, wait_until
from tests.tools.spotify_zip import write_listener_zip

USER = "anna"


def drop(service: Service, path: Path, *, user: str = USER) -> dict[str, str]:
    """Upload a history as the Import page does."""
    with path.open("rb") as file:
        answer = httpx2.post(
            f"{service.url}/api/v1/users/{user}/imports",
            files={"file": (path.name, file, "application/zip")},
            timeout=60,
        )
    assert answer.status_code == 202, answer.text
    return answer.json()


def read_ledger(service: Service, ledger: str) -> dict[str, object]:
    """Read one ledger over HTTP."""
    return httpx2.get(f"{service.url}/api/v1/imports/{ledger}", timeout=10).json()


def recommendations(
    service: Service, *, user: str = USER, name: str = "for-you"
) -> dict[str, list[dict[str, dict[str, str]]]]:
    """Read one list over HTTP."""
    answer = httpx2.get(
        f"{service.url}/api/v1/users/{user}/recommendations",
        params={"list": name, "n": 20},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()
