"""The synthetic user journey: what a listener does, over real HTTP, and nothing of it stays."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from harmonyhub.domain.ids import CHECK_ARTIST, CHECK_USER
from harmonyhub.release.tone import make_tone
from harmonyhub.settings.secret import Secret

TIMEOUT_S = 10.0
READY_S = 30.0  # a large index takes seconds to load
ANALYSIS_S = 45.0  # a worker starts in seconds, and may be busy with an import
LOOK_EVERY_S = 0.1
USER_PATH = f"/api/v1/users/{CHECK_USER}"
FILE_NAME = f"{CHECK_ARTIST} - Struck chord.wav"


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `seen` is what was seen, without any secret, `n_s` how long it took."""

    name: str
    seen: str
    is_good: bool = field(default=True, kw_only=True)
    n_s: float = field(default=0.0, kw_only=True)


@dataclass(frozen=True, slots=True)
class Journey:
    """All steps that were gone; the first bad one ends it."""

    steps: tuple[Step, ...]

    @property
    def is_good(self) -> bool:
        """Whether every step went well."""
        return all(step.is_good for step in self.steps)

    @property
    def is_not_there(self) -> bool:
        """Whether nobody answered, or it was not ready: that says nothing of the release."""
        return not self.steps[0].is_good


UNREACHABLE = "no answer"


class _BadStepError(Exception):
    """What was seen instead of what should be."""


async def run_journey(
    url: str,
    *,
    password: Secret | None,
    has_worker: bool,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Journey:
    """Go the way of a listener through a running service.

    Parameters
    ----------
    has_worker : bool
        Whether a worker of this release runs: without one no audio is analysed.
    on_step : callable
        Told of each step when it is done.
    """
    headers = {} if password is None else {"Authorization": f"Bearer {password.reveal()}"}
    steps: list[Step] = []
    async with httpx2.AsyncClient(
        base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False
    ) as client:
        visit = _Visit(client)
        plan: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("ready", visit.wait_until_ready),
            ("recommendation", visit.ask_for_recommendations),
            ("analysis", visit.analyse_audio),
            ("write and read back", visit.give_feedback),
        ]
        if not has_worker:
            del plan[2]
        try:
            for name, act in plan:
                steps.append(await _take_step(name, act))
                on_step(steps[-1])
                if not steps[-1].is_good:
                    break
        finally:
            if steps and steps[0].is_good:
                steps.append(await _take_step("clean up", visit.clean_up))
                on_step(steps[-1])
    return Journey(tuple(steps))


async def _take_step(name: str, act: Callable[[], Awaitable[str]]) -> Step:
    started = time.monotonic()
    try:
        seen, is_good = await act(), True
    except _BadStepError as error:
        seen, is_good = str(error), False
    except httpx2.HTTPError as error:
        seen, is_good = f"{UNREACHABLE} ({type(error).__name__})", False
    return Step(name, seen, is_good=is_good, n_s=round(time.monotonic() - started, 3))


class _Visit:
    """One visit of the reserved listener."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._track: str | None = None

    async def wait_until_ready(self) -> str:
        deadline = time.monotonic() + READY_S
        while True:
            answer = await self._client.get("/readyz")
            if answer.status_code == httpx2.codes.OK:
                return ", ".join(
                    f"{name}: {said}" for name, said in answer.json()["checks"].items()
                )
            if time.monotonic() > deadline or answer.status_code != 503:
                raise _BadStepError(f"{answer.status_code} {_excerpt(answer)}")
            await asyncio.sleep(LOOK_EVERY_S)

    async def ask_for_recommendations(self) -> str:
        answer = await self._get(f"{USER_PATH}/recommendations?n=5")
        items = answer["items"]
        if items:
            self._track = items[0]["track"]["id"]
            return f"{len(items)} tracks, each with a reason"
        if answer["freshness"]["model_version"] is None:
            return "none yet: nothing was trained, and it says so"
        return "an empty list, and it says why"

    async def analyse_audio(self) -> str:
        answer = await self._client.post(
            "/api/v1/analyses",
            data={"user": CHECK_USER},
            files={"file": (FILE_NAME, make_tone(), "audio/wav")},
        )
        job = _body(answer, expected=202)
        deadline = time.monotonic() + ANALYSIS_S
        while job["state"] in {"queued", "running"}:
            if time.monotonic() > deadline:
                raise _BadStepError(f"the job is still {job['state']} after {ANALYSIS_S:.0f} s")
            await asyncio.sleep(LOOK_EVERY_S)
            job = await self._get(f"/api/v1/jobs/{job['id']}")
        if job["state"] != "done":
            raise _BadStepError(f"the job {job['state']}: {job['error']}")
        self._track = str(job["result"]["track"])
        analysis = await self._get(f"/api/v1/tracks/{self._track}/analysis")
        return f"{len(analysis['measurements'])} measurements"

    async def give_feedback(self) -> str:
        if self._track is None:
            return "nothing to say something of yet: the catalogue is empty"
        said = {"track": self._track, "kind": "more"}
        _body(await self._client.post(f"{USER_PATH}/feedback", json=said))
        items = (await self._get(f"{USER_PATH}/feedback"))["items"]
        if [(item["track"], item["kind"]) for item in items] != [(self._track, "more")]:
            raise _BadStepError("what was written is not what is read back")
        return "feedback is stored and read back"

    async def clean_up(self) -> str:
        answer = await self._client.delete(USER_PATH)
        if answer.status_code != httpx2.codes.NO_CONTENT:
            raise _BadStepError(f"{answer.status_code} {_excerpt(answer)}")
        return "nothing of it stays"

    async def _get(self, path: str) -> dict[str, Any]:
        return _body(await self._client.get(path))


def _body(answer: httpx2.Response, *, expected: int = 200) -> dict[str, Any]:
    if answer.status_code != expected:
        raise _BadStepError(f"{answer.status_code} {_excerpt(answer)}")
    try:
        return dict(answer.json())
    except ValueError as error:
        raise _BadStepError("200, but no JSON") from error


def _excerpt(answer: httpx2.Response) -> str:
    """Take what a problem says; a body that is none may hold anything and is not shown."""
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(body, dict):
        return answer.reason_phrase
    return str(body.get("detail") or "; ".join(body.get("reasons", ())) or answer.reason_phrase)
