"""Which part of the fake answers a request, after the outages that hide all of it."""

import time
from collections.abc import Callable
from http import HTTPStatus

from harmonyhub.drills.fake_spotify.accounts import answer_token_request
from harmonyhub.drills.fake_spotify.api import answer_api_request, error_answer
from harmonyhub.drills.fake_spotify.control import Control
from harmonyhub.drills.fake_spotify.journal import Journal, Told
from harmonyhub.drills.fake_spotify.modes import Mode, Surface
from harmonyhub.drills.fake_spotify.world import World
from harmonyhub.drills.http import Answer, Misbehaviour, Request, text_answer

HTML = "text/html; charset=utf-8"


class Service:
    """The whole fake as one handler of requests."""

    def __init__(self, world: World, *, clock: Callable[[], float] = time.time) -> None:
        self._world = world
        self._clock = clock
        self._journal = Journal()
        self._control = Control(world, self._journal)

    async def __call__(self, request: Request) -> Answer | Misbehaviour:
        """Answer one request; those of the control are not counted and meet no outage."""
        if request.path.startswith("/control/"):
            return self._control.answer(request)
        told = self._answer(request)
        self._journal.note(told, at=self._clock())
        return told.answer

    def _answer(self, request: Request) -> Told:
        is_token_request = request.path == "/api/token"
        surface = Surface.ACCOUNTS if is_token_request else Surface.API
        outage = self._outage(surface)
        if outage is not None:
            return outage
        if is_token_request and request.method == "POST":
            return answer_token_request(self._world, request)
        if request.path.startswith("/v1/") and request.method == "GET":
            return answer_api_request(self._world, request)
        return Told(error_answer(HTTPStatus.NOT_FOUND, "Not found"), "other", "not-found")

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
