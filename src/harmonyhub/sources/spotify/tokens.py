"""What the accounts service speaks of: apps, tokens, and the page where people consent."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from harmonyhub.settings.secret import Secret

TOKEN_LIFE_S = 3600  # where the answer does not say: Spotify's has been an hour since 2014


@dataclass(frozen=True, slots=True)
class Credentials:
    """The identity of one Spotify app."""

    client_id: str
    client_secret: Secret

    def fingerprint(self, key: bytes) -> str:
        """Give the keyed fingerprint by which the state of the upstream speaks of the pair."""
        return Secret(f"{self.client_id}:{self.client_secret.reveal()}").fingerprint(key)


@dataclass(frozen=True, slots=True)
class PublicClient:
    """An app of which we hold no secret: a household's own (RFC 6749, section 2.1)."""

    client_id: str


App = Credentials | PublicClient


@dataclass(frozen=True, slots=True)
class AppToken:
    """An access token of the app itself, in nobody's name."""

    access_token: Secret
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code or a refresh gave.

    `refresh_token` is None, as often, where the old one stays good; `scopes` is empty where the
    answer does not tell what the user allowed.
    """

    access_token: Secret
    refresh_token: Secret | None
    expires_in_s: int
    scopes: tuple[str, ...] = ()


def read_app_token(body: bytes) -> AppToken:
    """Read the answer to client credentials."""
    document = json.loads(body)
    return AppToken(Secret(document["access_token"]), _read_life(document.get("expires_in")))


def read_tokens(body: bytes) -> Tokens:
    """Read the answer to a code or a refresh."""
    document = json.loads(body)
    refreshed, scope = document.get("refresh_token"), document.get("scope")
    return Tokens(
        access_token=Secret(document["access_token"]),
        refresh_token=Secret(refreshed) if isinstance(refreshed, str) and refreshed else None,
        expires_in_s=_read_life(document.get("expires_in")),
        scopes=tuple(sorted(scope.split())) if isinstance(scope, str) else (),
    )


def challenge_of(verifier: Secret) -> str:
    """Give the S256 challenge of a code verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def consent_url(
    accounts_url: str,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    verifier: Secret,
    scopes: Sequence[str],
) -> str:
    """Give the address of the page where a person consents.

    Parameters
    ----------
    state : str
        Comes back with the person, and proves that the answer is to our question.
    """
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": challenge_of(verifier),
        # Else Spotify sends people who consented before straight back, as the account of last time.
        "show_dialog": "true",
    }
    return f"{accounts_url.rstrip('/')}/authorize?{urlencode(query)}"


def _read_life(seconds: object) -> int:
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool) and seconds > 0
    return seconds if is_number and isinstance(seconds, int) else TOKEN_LIFE_S
