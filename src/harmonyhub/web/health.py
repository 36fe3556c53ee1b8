"""Health for machines: does the process live, and can it do its work."""

import asyncio
from typing import Any

from litestar import Response, get

from harmonyhub.domain.errors import HarmonyHubError, StoreUnavailableError
from harmonyhub.web.requests import HouseHere
from harmonyhub.wiring.house import House

ANSWER_S = 2.0  # a load balancer gives up after 2 to 5 s


@get("/livez", tags=["health"], summary="The process lives")
async def livez() -> dict[str, str]:
    """Answer as long as the event loop runs; asks nothing of anybody."""
    return {"status": "alive"}


@get("/readyz", tags=["health"], summary="The house can do its work")
async def readyz(house: HouseHere) -> Response[dict[str, Any]]:
    """Answer 200 where the store answers and the index is in memory or honestly absent."""
    checks: dict[str, str] = {}
    problems: list[str] = []
    for name, check in (("store", _check_store), ("index", _check_index)):
        try:
            checks[name] = await check(house)
        except HarmonyHubError as error:
            problems.append(f"{name}: {error.message}")
            break  # the index is in the store: asking for it as well would double the wait
    body = {"status": "not-ready" if problems else "ready", "checks": checks, "reasons": problems}
    if not problems:
        return Response(body)
    return Response(body, status_code=503, headers={"Retry-After": "5"})


async def _check_store(house: House) -> str:
    try:
        await asyncio.wait_for(house.store.ping(), ANSWER_S)
    except TimeoutError as error:
        raise StoreUnavailableError(
            f"no answer within {ANSWER_S:.0f} s", hint="See that MongoDB runs."
        ) from error
    return "answers"


async def _check_index(house: House) -> str:
    # Without a limit of ours: cut off, a large index would start to load anew at every question.
    live = await house.serving.current()
    return "none yet: nothing was trained" if live is None else f"model {live.record.version}"
