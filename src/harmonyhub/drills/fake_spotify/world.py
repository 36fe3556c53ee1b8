"""What the fake knows: apps, people, their consents and tokens, its clock and its modes."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from harmonyhub.drills.fake_spotify.modes import Behaviour, Mode, Surface
from harmonyhub.drills.fake_spotify.wording import Wording, draw_wording

CONSENT_LIFE_S = 183 * 86_400  # six months after consent, used or not
SPREAD_OF_CONSENTS_S = 150 * 86_400  # nobody's consent ends in the next month by chance
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SCOPES = "user-read-private user-read-recently-played"


@dataclass(slots=True)
class App:
    """An app on the dashboard."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class Consent:
    """A person's consent to one app: the refresh token."""

    token: str = field(repr=False)
    client_id: str
    user_id: str
    consented_at: int
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """An access token; `user_id` is None for an app's own."""

    client_id: str
    user_id: str | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, good once for the redirect URI that it was asked with."""

    client_id: str
    user_id: str
    redirect_uri: str


class World:
    """All of the fake's state; everything random in it comes from the seed.

    Parameters
    ----------
    clock : callable
        Unix seconds.
    token_life_s : int
        How long an access token is good.
    """

    def __init__(self, seed: int, *, clock: Callable[[], float], token_life_s: int = 3600) -> None:
        self.rng = random.Random(f"world:{seed}")  # noqa: S311 - a drill, not a secret
        self.wording: Wording = draw_wording(random.Random(f"wording:{seed}"))  # noqa: S311
        self.token_life_s = token_life_s
        self.advanced_s = 0
        self.behaviours: tuple[Behaviour, ...] = ()
        self.apps: dict[str, App] = {}
        self.consents: dict[str, Consent] = {}
        self.accesses: dict[str, Access] = {}
        self.codes: dict[str, Code] = {}
        self._clock = clock
        self.main_app = self.add_app()

    def now(self) -> float:
        """Give the fake's time: the clock, and by how much it was moved on."""
        return self._clock() + self.advanced_s

    def shown_time(self) -> float:
        """Give the time of the `Date` header, which CLOCK_SKEW moves."""
        skew = self.find(Mode.CLOCK_SKEW)
        return self.now() + (skew.seconds if skew else 0)

    def find(self, mode: Mode, *, client_id: str | None = None) -> Behaviour | None:
        """Find a mode that is on, for an app if one is given."""
        for behaviour in self.behaviours:
            is_mine = client_id in {None, behaviour.client_id or self.main_app.client_id}
            if behaviour.mode is mode and is_mine:
                return behaviour
        return None

    def find_outage(self, mode: Mode, surface: Surface) -> Behaviour | None:
        """Find an outage that hits one of the two services."""
        for behaviour in self.behaviours:
            if behaviour.mode is mode and behaviour.surface in {None, surface}:
                return behaviour
        return None

    def add_app(self) -> App:
        """Put a new app on the dashboard."""
        app = App(self._hex(32), self._hex(32))
        self.apps[app.client_id] = app
        return app

    def rotate_secret(self, client_id: str) -> App:
        """Give an app a new secret; the old one is revoked at once."""
        app = self.apps[client_id]
        app.secret = self._hex(32)
        return app

    def consent(self, user_id: str, *, client_id: str, consented_at: int) -> Consent:
        """Let a person consent to an app."""
        consent = Consent("AQ" + self._letters(129), client_id, user_id, consented_at)
        self.consents[consent.token] = consent
        return consent

    def issue(self, client_id: str, *, user_id: str | None, life_s: int | None = None) -> str:
        """Issue an access token, good for `life_s` or as long as all are."""
        token = "BQ" + self._letters(160)
        expires_at = int(self.now()) + (self.token_life_s if life_s is None else life_s)
        self.accesses[token] = Access(client_id, user_id, expires_at)
        return token

    def issue_code(self, code: Code) -> str:
        """Issue the code that a person brings back from the consent page."""
        text = self._letters(200)
        self.codes[text] = code
        return text

    def _hex(self, n_digits: int) -> str:
        return f"{self.rng.getrandbits(4 * n_digits):0{n_digits}x}"

    def _letters(self, n: int) -> str:
        return "".join(self.rng.choices(BASE62, k=n))
