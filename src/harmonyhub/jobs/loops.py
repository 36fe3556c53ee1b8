"""A loop of the worker: some work again and again, through whatever goes wrong."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from harmonyhub.domain.errors import UnavailableError

log = logging.getLogger(__name__)

BROKEN_S = 30.0


async def repeat(work: Callable[[], Awaitable[bool]], *, what: str, idle_s: float) -> None:
    """Do some work until cancelled.

    Parameters
    ----------
    work : callable
        Tells whether more of it waits: then it is done again at once.
    what : str
        What it is called in the log: "synchronization".
    """
    while True:
        pause_s = idle_s
        try:
            if await work():
                pause_s = 0.0
        except UnavailableError as error:
            log.error("no %s for now: %s", what, error.message)  # noqa: TRY400 - expected
        except Exception:
            log.exception("a round of %s broke off", what)
            pause_s = max(idle_s, BROKEN_S)
        await asyncio.sleep(pause_s)
