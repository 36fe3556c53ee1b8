"""What the drill may do to the fake: `/control/...`, JSON in and out."""

from collections.abc import Callable
from dataclasses import asdict

from harmonyhub.drills.fake_spotify.control_apps import commands_for_apps
from harmonyhub.drills.fake_spotify.control_libraries import commands_for_libraries, read_sizes
from harmonyhub.drills.fake_spotify.journal import Journal
from harmonyhub.drills.fake_spotify.modes import Behaviour, Fault, Mode, Strike, Surface
from harmonyhub.drills.fake_spotify.names import Json
from harmonyhub.drills.fake_spotify.people import ALL_SCOPES
from harmonyhub.drills.fake_spotify.world import SPREAD_OF_CONSENTS_S, Code, Consent, World
from harmonyhub.drills.http import Answer, Request, json_answer


class Control:
    """The control's commands over one world and its journal."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self._journal = journal
        self._commands: dict[tuple[str, str], Callable[[Request], object]] = {
            ("PUT", "/control/modes"): self._set_modes,
            ("PUT", "/control/strikes"): self._set_strikes,
            ("POST", "/control/users"): self._seed_users,
            ("POST", "/control/people"): self._seed_people,
            ("POST", "/control/revoke"): self._revoke,
            ("POST", "/control/codes"): self._issue_code,
            ("POST", "/control/clock"): self._advance,
            ("GET", "/control/requests"): self._list_requests,
            ("PUT", "/control/conditions"): self._set_conditions,
            ("GET", "/control/exchanges"): self._list_exchanges,
            **commands_for_apps(world),
            **commands_for_libraries(world),
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

    def _set_strikes(self, request: Request) -> Json:
        self._world.strikes = [
            Strike(
                fault=Fault(one["fault"]),
                operation=str(one.get("operation", "*")),
                skip=int(one.get("skip", 0)),
                times=int(one.get("times", 1)),
                seconds=int(one.get("seconds", 0)),
            )
            for one in request.json()["strikes"]
        ]
        return {"n_strikes": len(self._world.strikes)}

    def _set_conditions(self, request: Request) -> Json:
        """Change how the whole fake is; what is not named stays."""
        document, world = request.json(), self._world
        if "latency_ms" in document:
            world.latency_s = max(0.0, float(document["latency_ms"]) / 1000)
        if "is_hollow" in document:
            world.is_hollow = bool(document["is_hollow"])
        if "is_recording" in document:
            self._journal.is_recording = bool(document["is_recording"])
        if "rotation_share" in document:
            world.rotation_share = float(document["rotation_share"])
            for consent in world.consents.values():
                consent.rotation = world.rotation_share
        return {"latency_ms": world.latency_s * 1000, "is_hollow": world.is_hollow}

    def _seed_users(self, request: Request) -> list[Json]:
        """Make people whose access tokens end spread over the life of a token."""
        document, world = request.json(), self._world
        app = world.apps[document.get("client_id") or world.main_app.client_id]
        prefix, n_users = document.get("prefix", "listener"), int(document["n"])
        scopes = document.get("scopes") or ALL_SCOPES
        seeded = []
        for number in range(n_users):
            age_s = document.get("consent_age_s")
            consented_at = int(world.now()) - (
                world.rng.randrange(SPREAD_OF_CONSENTS_S) if age_s is None else int(age_s)
            )
            user_id = f"{prefix}-{number + 1}"
            world.settle(user_id, allowed_by=app)
            consent = world.consent(
                user_id, client_id=app.client_id, consented_at=consented_at, scopes=scopes
            )
            life_s = 1 + world.rng.randrange(world.token_life_s)
            access = world.issue(
                app.client_id, user_id=user_id, life_s=life_s, scopes=consent.scopes
            )
            seeded.append(_show_consent(consent, access, int(world.now()) + life_s))
        return seeded

    def _seed_people(self, request: Request) -> Json:
        """Make people who consented to nothing; on the allow list of an app if asked for."""
        document, world = request.json(), self._world
        allowing = document.get("allowed_by")
        sizes = read_sizes(document)
        for user_id in map(str, document["user_ids"]):
            world.settle(user_id, allowed_by=None if allowing is None else world.apps[allowing])
            if sizes is not None:
                world.make_library(user_id, sizes)
        return {"n_people": len(world.people)}

    def _revoke(self, request: Request) -> Json:
        revoked = set(request.json()["user_ids"])
        hit = [one for one in self._world.consents.values() if one.user_id in revoked]
        for consent in hit:
            consent.is_revoked = True
        return {"n_revoked": len(hit)}

    def _issue_code(self, request: Request) -> Json:
        document = request.json()
        app = self._world.apps[document["client_id"]]
        self._world.settle(document["user_id"], allowed_by=app)
        code = Code(
            app.client_id,
            document["user_id"],
            document["redirect_uri"],
            scopes=frozenset(document.get("scopes") or ALL_SCOPES),
            challenge=str(document.get("challenge") or ""),
        )
        return {"code": self._world.issue_code(code)}

    def _advance(self, request: Request) -> Json:
        self._world.advanced_s += int(request.json()["advance_s"])
        return {"now": int(self._world.now())}

    def _list_requests(self, request: Request) -> list[Json]:
        since = float(request.query.get("since", "0"))
        return [asdict(entry) for entry in self._journal.since(since)]

    def _list_exchanges(self, request: Request) -> list[Json]:
        since = float(request.query.get("since", "0"))
        return [asdict(one) for one in self._journal.exchanges_since(since)]


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


def _show_consent(consent: Consent, access_token: str, access_expires_at: int) -> Json:
    return {
        "user_id": consent.user_id,
        "client_id": consent.client_id,
        "consented_at": consent.consented_at,
        "refresh_token": consent.token,
        "access_token": access_token,
        "access_expires_at": access_expires_at,
    }
