"""What the fake knows: apps, people, their consents and tokens, its clock and its modes."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from harmonyhub.drills.fake_spotify.library import Library, Sizes, make_library
from harmonyhub.drills.fake_spotify.limits import Counter, Exceeded
from harmonyhub.drills.fake_spotify.modes import Behaviour, Mode, Strike, Surface
from harmonyhub.drills.fake_spotify.names import BASE62, spotify_id
from harmonyhub.drills.fake_spotify.people import ALL_SCOPES, ALLOWED_AT_MOST, CAST, SIZES
from harmonyhub.drills.fake_spotify.playlists import Playlist
from harmonyhub.drills.fake_spotify.wording import Wording, draw_wording

CONSENT_LIFE_S = 183 * 86_400  # six months after consent, used or not
SPREAD_OF_CONSENTS_S = 150 * 86_400  # nobody's consent ends in the next month by chance
ROTATION_SHARE = 0.125  # of refreshes with a secret: rare enough to be forgotten
# Spotify lets a loopback address that is registered without a port have any.
REDIRECT_URIS = ("http://127.0.0.1/spotify/callback", "http://[::1]/spotify/callback")


@dataclass(slots=True)
class App:
    """An app on the dashboard.

    Attributes
    ----------
    owner : str
        The developer account that the daily quota is counted for.
    is_extended : bool
        Whether it keeps what apps of development mode do not get.
    allowed : set of str
        Who may use it in development mode.
    per_window : int or None
        How many calls it may make in 30 s; None: as many as it likes.
    """

    client_id: str
    secret: str = field(repr=False)
    owner: str = ""
    is_extended: bool = False
    redirect_uris: tuple[str, ...] = REDIRECT_URIS
    allowed: set[str] = field(default_factory=lambda: set(CAST[:ALLOWED_AT_MOST]))
    per_window: int | None = None
    window: Counter = field(default_factory=Counter)


@dataclass(slots=True)
class Consent:
    """A person's consent to one app: the refresh token.

    Attributes
    ----------
    is_public : bool
        Given with PKCE: it may be refreshed without a secret, and every refresh rotates.
    rotation : float
        How often another refresh rotates, in [0, 1].
    """

    token: str = field(repr=False)
    client_id: str
    user_id: str
    consented_at: int
    scopes: frozenset[str] = ALL_SCOPES
    is_public: bool = False
    rotation: float = 0.0
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """An access token; `user_id` is None for an app's own."""

    client_id: str
    user_id: str | None
    expires_at: int
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, good once for the redirect URI that it was asked with.

    `challenge` is the S256 challenge of PKCE, empty where none was given.
    """

    client_id: str
    user_id: str
    redirect_uri: str
    scopes: frozenset[str] = ALL_SCOPES
    challenge: str = ""


class World:
    """All of the fake's state; everything random in it comes from the seed.

    Parameters
    ----------
    clock : callable
        Unix seconds.
    token_life_s : int
        How long an access token is good.
    is_extended : bool
        Whether apps keep what apps of development mode do not get.
    salt : str
        Draws other tokens, the first app stays: a token of a former run is nobody's then.
    """

    def __init__(
        self,
        seed: int,
        *,
        clock: Callable[[], float],
        token_life_s: int = 3600,
        is_extended: bool = False,
        salt: str = "",
    ) -> None:
        self.seed = seed
        self.rng = random.Random(f"world:{seed}")  # noqa: S311 - a drill, not a secret
        self.rotation_rng = random.Random(f"rotation:{seed}")  # noqa: S311
        self.wording: Wording = draw_wording(random.Random(f"wording:{seed}"))  # noqa: S311
        self.token_life_s = token_life_s
        self.is_extended = is_extended
        self.is_hollow = True
        self.rotation_share = ROTATION_SHARE
        self.latency_s = 0.0
        self.advanced_s = 0
        self.behaviours: tuple[Behaviour, ...] = ()
        self.strikes: list[Strike] = []
        self.apps: dict[str, App] = {}
        self.consents: dict[str, Consent] = {}
        self.accesses: dict[str, Access] = {}
        self.codes: dict[str, Code] = {}
        self.people: dict[str, Sizes] = {name: SIZES.get(name, Sizes()) for name in CAST}
        self.playlists: dict[str, Playlist] = {}
        self.n_made = 0  # playlists
        self.quotas: dict[str, int] = {}  # calls a day, by owner
        self.days: dict[str, Counter] = defaultdict(Counter)
        self._libraries: dict[str, Library] = {}
        self._clock = clock
        self.main_app = self.add_app()
        if salt:
            self.rng.seed(f"world:{seed}:{salt}")

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

    def strike(self, operation: str) -> Strike | None:
        """Count a request of an operation, and give the fault that hits it."""
        return next((one for one in self.strikes if one.hits(operation)), None)

    def add_app(self, *, owner: str | None = None) -> App:
        """Put a new app on the dashboard, of a developer account of its own if none is named."""
        app = App(self._hex(32), self._hex(32), is_extended=self.is_extended)
        app.owner = owner or f"owner-{len(self.apps) + 1}"
        self.apps[app.client_id] = app
        return app

    def rotate_secret(self, client_id: str) -> App:
        """Give an app a new secret; the old one is revoked at once."""
        app = self.apps[client_id]
        app.secret = self._hex(32)
        return app

    def consent(
        self,
        user_id: str,
        *,
        client_id: str,
        consented_at: int,
        scopes: Iterable[str] = ALL_SCOPES,
        is_public: bool = False,
        rotation: float = 0.0,
    ) -> Consent:
        """Let a person consent to an app."""
        consent = Consent(
            "AQ" + self._letters(129),
            client_id,
            user_id,
            consented_at,
            scopes=frozenset(scopes),
            is_public=is_public,
            rotation=rotation,
        )
        self.consents[consent.token] = consent
        return consent

    def rotate(self, consent: Consent) -> Consent:
        """Give a consent another refresh token; the old one dies, the six months go on."""
        del self.consents[consent.token]
        return self.consent(
            consent.user_id,
            client_id=consent.client_id,
            consented_at=consent.consented_at,
            scopes=consent.scopes,
            is_public=consent.is_public,
            rotation=consent.rotation,
        )

    def issue(
        self,
        client_id: str,
        *,
        user_id: str | None,
        life_s: int | None = None,
        scopes: frozenset[str] = ALL_SCOPES,
    ) -> str:
        """Issue an access token, good for `life_s` or as long as all are."""
        token = "BQ" + self._letters(160)
        expires_at = int(self.now()) + (self.token_life_s if life_s is None else life_s)
        granted = frozenset() if user_id is None else scopes
        self.accesses[token] = Access(client_id, user_id, expires_at, granted)
        return token

    def issue_code(self, code: Code) -> str:
        """Issue the code that a person brings back from the consent page."""
        text = self._letters(200)
        self.codes[text] = code
        return text

    def settle(self, user_id: str, *, allowed_by: App | None) -> None:
        """Let a person exist, on the allow list of an app if one is given.

        Here the list may grow beyond five, so that a drill can have a crowd.
        """
        self.people.setdefault(user_id, Sizes())
        if allowed_by is not None:
            allowed_by.allowed.add(user_id)

    def lets_in(self, client_id: str, user_id: str) -> bool:
        """Tell whether a person may use an app: anybody an old one, a few people a new one."""
        forced = self.find(Mode.NOT_ALLOWED, client_id=client_id)
        if forced is not None and (not forced.user_ids or user_id in forced.user_ids):
            return False
        app = self.apps[client_id]
        return app.is_extended or user_id in app.allowed

    def set_quota(self, owner: str, *, per_day: int | None) -> None:
        """Set how many calls a day all apps of a developer account have; None: no end."""
        if per_day is None:
            self.quotas.pop(owner, None)
        else:
            self.quotas[owner] = per_day

    def count_call(self, client_id: str) -> Exceeded | None:
        """Count a call to the Web API against the limits of its app and its owner."""
        app, now = self.apps[client_id], self.now()
        exceeded = app.window.check_window(now, most=app.per_window)
        quota = self.quotas.get(app.owner)
        return exceeded or self.days[app.owner].check_day(now, most=quota)

    def library_of(self, user_id: str) -> Library:
        """Give what a person keeps, made at the first look."""
        if user_id not in self._libraries:
            self.make_library(user_id, self.people.setdefault(user_id, Sizes()))
        return self._libraries[user_id]

    def make_library(self, user_id: str, sizes: Sizes) -> None:
        """Give a person a library of some sizes; the former one is gone with its playlists."""
        gone = self._libraries.pop(user_id, Library()).playlists
        for playlist in gone:
            self.playlists.pop(playlist.id, None)
        self.people[user_id] = sizes
        library = self._libraries[user_id] = make_library(self.seed, user_id, sizes)
        self.playlists |= {playlist.id: playlist for playlist in library.playlists}

    def new_playlist_id(self) -> str:
        """Give the id of the next playlist that somebody makes."""
        self.n_made += 1
        return spotify_id("playlist", f"{self.seed}:made:{self.n_made}")

    def _hex(self, n_digits: int) -> str:
        return f"{self.rng.getrandbits(4 * n_digits):0{n_digits}x}"

    def _letters(self, n: int) -> str:
        return "".join(self.rng.choices(BASE62, k=n))
