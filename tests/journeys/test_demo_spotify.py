"""The demo with a fake Spotify beside it, as processes."""

import signal
from collections.abc import Callable

import psutil

from tests.journeys.conftest import Service, wait_until


def test_the_fake_dies_with_the_demo(new_service: Callable[..., Service]) -> None:
    """A demo that is killed leaves no fake behind."""
    demo = new_service(command="demo --spotify")
    demo.launch()
    # Once the demo goes on, it has heard of the fake: an earlier end would break their pipe.
    wait_until(lambda: "starting MongoDB" in demo.log(), "the fake to be ready")
    (fake,) = demo.descendants("harmonyhub.drills.fake_spotify")
    assert demo.process is not None
    demo.process.send_signal(signal.SIGKILL)
    wait_until(lambda: is_over(fake), "the fake to end", timeout_s=10)


def is_over(process: psutil.Process) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
