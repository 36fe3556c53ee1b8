"""What the drill may do to the fake: `/control/...`, JSON in and out."""

from collections.abc import Callable
from dataclasses import asdict

from harmonyhub.drills.fake_spotify.journal import Journal
from harmonyhub.drills.fake_spotify.modes import Behaviour, Mode, Surface
from harmonyhub.drills.fake_spotify.world import (
    SPREAD_OF_CONSENTS_S,
    App,
    Code,
    Consent,
    World,
)
from harmonyhub.drills.http import Answer, Request, json_answer

Json = dict[str, object]


class Control:
    """The control's commands over one world and its journal."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self._journal = journal
        self._commands: dict[tuple[str, str], Callable[[Request], object]] = {
            ("PUT", "/control/modes"): self._set_modes,
            ("GET", "/control/apps"): self._list_apps,
            ("POST", "/control/apps"): self._add_app,
            ("POST", "/control/rotate"): self._rotate,
            ("POST", "/control/users"): self._seed_users,
            ("POST", "/control/revoke"): self._revoke,
            ("POST", "/control/codes"): self._issue_code,
            ("POST", "/control/clock"): self._advance,
            ("GET", "/control/requests"): self._list_requests,
        }

    def answer(self, request: Request) -> Answer:
        """Do one command; what cannot be done answers 400 and says why."""
        command = self._commands.get((request.method, request.path))
        if command is None:
            return json_answer({"error": "no such command"}, status=404)
        try:
            return json_answer(command(request))
        except (KeyError, TypeError, ValueError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, status=400)

    def _set_modes(self, request: Request) -> Json:
        self._world.behaviours = tuple(map(_read_behaviour, request.json()["modes"]))
        return {"modes": [behaviour.mode for behaviour in self._world.behaviours]}

    def _list_apps(self, _: Request) -> list[Json]:
        return [_show_app(app) for app in self._world.apps.values()]

    def _add_app(self, _: Request) -> Json:
        return _show_app(self._world.add_app())

    def _rotate(self, request: Request) -> Json:
        return _show_app(self._world.rotate_secret(request.json()["client_id"]))

    def _seed_users(self, request: Request) -> list[Json]:
        """Make people whose access tokens end spread over the life of a token."""
        document, world = request.json(), self._world
        app = world.apps[document.get("client_id") or world.main_app.client_id]
        prefix, n_users = document.get("prefix", "listener"), int(document["n"])
        seeded = []
        for number in range(n_users):
            age_s = document.get("consent_age_s")
            consented_at = int(world.now()) - (
                world.rng.randrange(SPREAD_OF_CONSENTS_S) if age_s is None else int(age_s)
            )
            user_id = f"{prefix}-{number + 1}"
            consent = world.consent(user_id, client_id=app.client_id, consented_at=consented_at)
            life_s = 1 + world.rng.randrange(world.token_life_s)
            access = world.issue(app.client_id, user_id=user_id, life_s=life_s)
            seeded.append(_show_consent(consent, access, int(world.now()) + life_s))
        return seeded

    def _revoke(self, request: Request) -> Json:
        revoked = set(request.json()["user_ids"])
        hit = [one for one in self._world.consents.values() if one.user_id in revoked]
        for consent in hit:
            consent.is_revoked = True
        return {"n_revoked": len(hit)}

    def _issue_code(self, request: Request) -> Json:
        document = request.json()
        code = Code(document["client_id"], document["user_id"], document["redirect_uri"])
        return {"code": self._world.issue_code(code)}

    def _advance(self, request: Request) -> Json:
        self._world.advanced_s += int(request.json()["advance_s"])
        return {"now": int(self._world.now())}

    def _list_requests(self, request: Request) -> list[Json]:
        since = float(request.query.get("since", "0"))
        return [asdict(entry) for entry in self._journal.since(since)]


def _read_behaviour(document: Json) -> Behaviour:
    surface = document.get("surface")
    client_id = document.get("client_id")
    user_ids = document.get("user_ids", [])
    seconds = document.get("seconds", 0)
    if not isinstance(user_ids, list) or not isinstance(seconds, int):
        raise TypeError("user_ids must be a list, seconds a whole number")
    return Behaviour(
        mode=Mode(str(document["mode"])),
        surface=None if surface is None else Surface(str(surface)),
        client_id=None if client_id is None else str(client_id),
        user_ids=tuple(map(str, user_ids)),
        seconds=seconds,
    )


def _show_app(app: App) -> Json:
    return {"client_id": app.client_id, "client_secret": app.secret}


def _show_consent(consent: Consent, access_token: str, access_expires_at: int) -> Json:
    return {
        "user_id": consent.user_id,
        "client_id": consent.client_id,
        "consented_at": consent.consented_at,
        "refresh_token": consent.token,
        "access_token": access_token,
        "access_expires_at": access_expires_at,
    }
