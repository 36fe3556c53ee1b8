"""The self-test with a real person: signs in, reads one of each kind, writes one playlist."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

from harmonyhub.domain.errors import ConfigurationError, RefusedInputError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.library import Page, Playlist, TopRange
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify import requests
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.operations import SCOPES, SEARCH_TRACKS
from harmonyhub.sources.spotify.payloads import Profile
from harmonyhub.sources.spotify.requests import ApiRequest
from harmonyhub.sources.spotify.tokens import Credentials, Tokens, consent_url

PLAYLIST_NAME = "HarmonyHub self-test"
DESCRIPTION = "Made by harmonyhub check, which removes it at once. You may delete it."
QUERY = 'track:"Hurt" artist:"Johnny Cash"'

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Consent:
    """A question to a person: where to consent, and what proves that the answer is to it."""

    url: str
    state: Secret
    verifier: Secret


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the walk: what it was for, what became of it, and what it found."""

    name: str
    seen: Observation
    found: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether it did what it should."""
        return self.seen.outcome is Outcome.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What an app may do: its mode, which kinds it reads, whether it writes playlists."""

    mode: str
    reads: tuple[str, ...]
    writes_playlists: bool
    search_page_size: int
    scopes_missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkReport:
    """What the walk saw.

    Attributes
    ----------
    steps : sequence of Step
        In their order; what a failed step would have given is not asked for.
    profile : Profile or None
        Who signed in.
    scopes : tuple of str
        What that person allowed; empty where Spotify did not tell.
    leftover : str
        The id of the playlist, where it was made and could not be removed.
    """

    steps: Sequence[Step]
    profile: Profile | None
    scopes: tuple[str, ...]
    leftover: str = ""

    @property
    def exit_status(self) -> int:
        """0: all well; 78: a definite error; 75: somebody else's fault kept us from knowing."""
        owners = {step.seen.outcome.owner for step in self.steps} - {None}
        if owners & {Owner.OPERATOR, Owner.USER}:
            return 78
        return 75 if owners else 0

    @property
    def abilities(self) -> Abilities:
        """What the app may do, by what was seen."""
        passed = {step.name for step in self.steps if step.is_passed}
        is_extended = self.profile is not None and self.profile.is_extended
        size = SEARCH_TRACKS.extended_page_size if is_extended else SEARCH_TRACKS.page_size
        return Abilities(
            mode="extended" if is_extended else "development",
            reads=tuple(sorted(passed & READS)),
            writes_playlists=passed >= WRITES,
            search_page_size=size,
            scopes_missing=tuple(sorted(set(SCOPES) - set(self.scopes))) if self.scopes else (),
        )


READS = frozenset(
    {
        *("profile", "recently played", "top tracks", "top artists", "saved tracks"),
        *("saved albums", "followed artists", "playlists", "playlist items", "search"),
    }
)
WRITES = frozenset({"make a playlist", "fill it", "append to it", "remove it"})


def ask_consent(settings: Settings) -> Consent:
    """Make the question for a person.

    Raises
    ------
    ConfigurationError
        If id, secret or redirect URI of the app is not set.
    """
    needed = {
        "HARMONYHUB_SPOTIFY_CLIENT_ID": settings.spotify_client_id,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": settings.spotify_client_secret,
        "HARMONYHUB_SPOTIFY_REDIRECT_URI": settings.spotify_redirect_uri,
    }
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise ConfigurationError(
            f"Nobody can sign in with Spotify: {', '.join(missing)} not set.",
            hint="docs/spotify.md says where each value comes from.",
        )
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(64))
    url = consent_url(
        settings.spotify_accounts_url,
        client_id=str(settings.spotify_client_id),
        redirect_uri=str(settings.spotify_redirect_uri),
        state=state.reveal(),
        verifier=verifier,
        scopes=SCOPES,
    )
    return Consent(url, state, verifier)


def read_code(address: str, consent: Consent) -> Secret:
    """Take the code out of the address that a person came back to.

    Raises
    ------
    RefusedInputError
        If it holds no answer to our question.
    """
    query = parse_qs(urlsplit(address.strip()).query)
    error, code, state = (query.get(name, [""])[0] for name in ("error", "code", "state"))
    if error:
        raise RefusedInputError(
            f"Spotify answered {error[:40]!r}: there is no consent.",
            hint="Begin again, and press Agree on Spotify's page.",
        )
    if not code or Secret(state) != consent.state:
        raise RefusedInputError(
            "That address holds no answer to this question.",
            hint="Paste the whole address that the browser shows after Agree, with its code=...",
        )
    return Secret(code)


async def walk(
    settings: Settings, code: Secret, *, verifier: Secret, clock: Callable[[], int]
) -> WalkReport:
    """Go all ways once: some fifteen calls; nothing is stored, and the playlist goes again."""
    assert settings.spotify_client_id is not None  # noqa: S101 - ask_consent refuses
    assert settings.spotify_client_secret is not None  # noqa: S101
    app = Credentials(settings.spotify_client_id, settings.spotify_client_secret)
    client = SpotifyClient(
        accounts_url=settings.spotify_accounts_url, api_url=settings.spotify_api_url, clock=clock
    )
    async with client:
        seen, tokens = await client.exchange_code(
            app, code, verifier=verifier, redirect_uri=str(settings.spotify_redirect_uri)
        )
        steps = [Step("sign in", seen)]
        if tokens is None:
            return WalkReport(steps=steps, profile=None, scopes=())
        return await _Walk(client, tokens, steps).go()


@dataclass(slots=True)
class _Walk:
    client: SpotifyClient
    tokens: Tokens
    steps: list[Step]
    leftover: str = field(default="")

    async def go(self) -> WalkReport:
        profile = await self._ask("profile", requests.get_me(), lambda me: me.display_name)
        tracks = await self._read_all() if profile is not None else []
        if profile is not None:
            await self._write(tracks)
        return WalkReport(
            steps=self.steps,
            profile=profile,
            scopes=self.tokens.scopes,
            leftover=self.leftover,
        )

    async def _read_all(self) -> list[TrackDescription]:
        """Read one page of each kind; gives the tracks that the search found."""
        for name, request in (
            ("recently played", requests.recently_played()),
            ("top tracks", requests.top_tracks(TopRange.MONTHS)),
            ("top artists", requests.top_artists(TopRange.MONTHS)),
            ("saved tracks", requests.saved_tracks()),
            ("saved albums", requests.saved_albums()),
            ("followed artists", requests.followed_artists()),
        ):
            await self._ask(name, request, _count)
        playlists = await self._ask("playlists", requests.own_playlists(), _count)
        if playlists is not None and playlists.items:
            first = requests.playlist_items(playlists.items[0].spotify_id)
            await self._ask("playlist items", first, _count)
        found = await self._ask("search", requests.search_tracks(QUERY), _count)
        return [] if found is None else [track for track in found.items if track.spotify_id]

    async def _write(self, tracks: Sequence[TrackDescription]) -> None:
        uris = [f"spotify:track:{track.spotify_id}" for track in tracks[:2]]
        async with self._playlist() as playlist:
            if playlist is None or not uris:
                return
            playlist_id = playlist.spotify_id
            await self._ask("fill it", requests.replace_items(playlist_id, uris[:1]))
            added = requests.add_items(playlist_id, uris[-1:], position=1)
            await self._ask("append to it", added)
            await self._ask("read it back", requests.playlist_items(playlist_id), _count)

    @asynccontextmanager
    async def _playlist(self) -> AsyncIterator[Playlist | None]:
        """Make a private playlist, and remove it whatever happens in between."""
        made = requests.create_playlist(name=PLAYLIST_NAME, description=DESCRIPTION)
        playlist = await self._ask("make a playlist", made, lambda made: made.url)
        try:
            yield playlist
        finally:
            if playlist is not None:
                self.leftover = playlist.spotify_id
                gone = await self._send("remove it", requests.remove_playlist(playlist.spotify_id))
                self.leftover = "" if gone.is_passed else playlist.spotify_id

    async def _ask(
        self,
        name: str,
        request: ApiRequest[Value],
        describe: Callable[[Value], str] = lambda _: "",
    ) -> Value | None:
        answer = await self.client.ask(request, self.tokens.access_token)
        found = "" if answer.value is None else describe(answer.value)
        self.steps.append(Step(name, answer.seen, found))
        return answer.value

    async def _send(self, name: str, request: ApiRequest[None]) -> Step:
        answer = await self.client.ask(request, self.tokens.access_token)
        self.steps.append(Step(name, answer.seen))
        return self.steps[-1]


def _count(page: Page[object]) -> str:
    total = page.n_entries if page.total is None else page.total
    return f"{page.n_entries} of {total}"
