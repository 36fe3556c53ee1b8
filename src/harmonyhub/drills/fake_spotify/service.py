"""Which part of the fake answers a request, after the outages that hide all of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from harmonyhub.drills.fake_spotify.accounts import answer_token_request, name_token_request
from harmonyhub.drills.fake_spotify.api import answer_api_request, limit_answer
from harmonyhub.drills.fake_spotify.calls import error_answer
from harmonyhub.drills.fake_spotify.consent_page import answer_consent_request
from harmonyhub.drills.fake_spotify.control import Control
from harmonyhub.drills.fake_spotify.journal import Journal, Told
from harmonyhub.drills.fake_spotify.limits import Exceeded
from harmonyhub.drills.fake_spotify.modes import Fault, Mode, Strike, Surface
from harmonyhub.drills.fake_spotify.operations import OTHER, Match, match_operation
from harmonyhub.drills.fake_spotify.pictures import PREFIX, answer_picture_request
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import Answer, Misbehaviour, Request, json_answer, text_answer

HTML = "text/html; charset=utf-8"
ACCOUNTS = {"/api/token": ("POST",), "/authorize": ("GET", "POST")}


class Stage:
    """The fake that is played now; it can begin again with the world of another seed.

    Parameters
    ----------
    make : callable
        Makes a fake with a world of this seed.
    """

    def __init__(self, make: Callable[[int], "Service"], *, seed: int) -> None:
        self._make = make
        self._service = make(seed)

    async def __call__(self, request: Request) -> Answer | Misbehaviour:
        """Answer one request by the fake of now."""
        if (request.method, request.path) == ("PUT", "/control/seed"):
            seed = int(request.json()["seed"])
            self._service = self._make(seed)
            return json_answer({"seed": seed})
        return await self._service(request)

    def shown_time(self) -> float:
        """Give the time that answers carry, unix seconds."""
        return self._service.shown_time()


class Service:
    """The whole fake as one handler of requests."""

    def __init__(
        self,
        world: World,
        *,
        clock: Callable[[], float] = time.time,
        is_recording: bool = False,
    ) -> None:
        self._world = world
        self._clock = clock
        self._journal = Journal()
        self._journal.is_recording = is_recording
        self._control = Control(world, self._journal)

    async def __call__(self, request: Request) -> Answer | Misbehaviour:
        """Answer one request; those of the control are not counted and meet no outage."""
        if request.path.startswith("/control/"):
            return self._control.answer(request)
        if request.path.startswith(PREFIX):
            return answer_picture_request(request.path)
        # Half of the latency on the way in, half on the way back, as a line has it.
        half_s = self._world.latency_s / 2
        await asyncio.sleep(half_s)
        told = self._answer(request)
        self._journal.note(told, request, at=self._clock())
        await asyncio.sleep(half_s)
        return told.answer

    def shown_time(self) -> float:
        """Give the time that answers carry, unix seconds."""
        return self._world.shown_time()

    def _answer(self, request: Request) -> Told:
        surface = Surface.ACCOUNTS if request.path in ACCOUNTS else Surface.API
        outage = self._outage(surface)
        if outage is not None:
            return outage
        is_api = surface is Surface.API and request.path.startswith("/v1/")
        match = match_operation(request.method, request.path) if is_api else Match(None)
        operation = match.name if is_api else _name_accounts_request(request)
        strike = self._world.strike(operation)
        if strike is not None and not strike.fault.is_after_effect:
            return Told(self._refusal(strike), operation, strike.fault.value)
        told = self._serve(request, match)
        return told if strike is None else _lose(told, strike.fault)

    def _serve(self, request: Request, match: Match) -> Told:
        if request.method in ACCOUNTS.get(request.path, ()):
            if request.path == "/authorize":
                return answer_consent_request(self._world, request)
            return answer_token_request(self._world, request)
        if request.path.startswith("/v1/"):
            return answer_api_request(self._world, request, match)
        return Told(error_answer(HTTPStatus.NOT_FOUND, "Not found"), OTHER, "not-found")

    def _refusal(self, strike: Strike) -> Answer | Misbehaviour:
        if strike.fault is Fault.RESET:
            return Misbehaviour.RESET
        if strike.fault is Fault.HANG:
            return Misbehaviour.HANG
        if strike.fault is Fault.UNAVAILABLE:
            return text_answer(self._world.wording.unavailable, status=503)
        exceeded = Exceeded(is_quota=strike.fault is Fault.QUOTA, wait_s=strike.seconds)
        return limit_answer(exceeded, self._world)

    def _outage(self, surface: Surface) -> Told | None:
        wording = self._world.wording
        answers: dict[Mode, Answer | Misbehaviour] = {
            Mode.HANG: Misbehaviour.HANG,
            Mode.RESET: Misbehaviour.RESET,
            Mode.UNAVAILABLE: text_answer(wording.unavailable, status=503),
            Mode.CAPTIVE_PORTAL: text_answer(wording.portal, status=200, kind=HTML),
        }
        for mode, answer in answers.items():
            if self._world.find_outage(mode, surface) is not None:
                return Told(answer, surface.value, mode.value)
        return None


def _name_accounts_request(request: Request) -> str:
    if request.path == "/authorize":
        return "authorize"
    return name_token_request(request) if request.path == "/api/token" else OTHER


def _lose(told: Told, fault: Fault) -> Told:
    """Lose an answer on its way back; what was asked for is done."""
    answer = Misbehaviour.RESET if fault is Fault.LOST_RESET else Misbehaviour.HANG
    outcome = "answer-lost" if told.outcome == "ok" else told.outcome
    return replace(told, answer=answer, outcome=outcome)
