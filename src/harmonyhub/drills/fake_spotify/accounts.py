"""The accounts service: `POST /api/token`, by RFC 6749, RFC 7636 and what Spotify answers.

Who shows a secret is authenticated by it. Who shows none (PKCE) may exchange a code that was asked
for with a challenge, and refresh what came of it; such a refresh always rotates, while one with the
secret rotates now and then. A rotated refresh token is dead at once: two workers that refresh at
the same time lose one of them the consent.
"""

import base64
import binascii
from hashlib import sha256
from hmac import compare_digest

from harmonyhub.drills.fake_spotify.journal import Told
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.fake_spotify.world import CONSENT_LIFE_S, Code, Consent, World
from harmonyhub.drills.http import Request, json_answer

CACHE_NOT = {"Cache-Control": "no-store"}
OPERATION_OF = {
    "client_credentials": "app-token",
    "refresh_token": "refresh",
    "authorization_code": "code",
}


def name_token_request(request: Request) -> str:
    """Give the word for a request for a token in the journal."""
    return OPERATION_OF.get(request.form().get("grant_type", ""), "token")


def answer_token_request(world: World, request: Request) -> Told:
    """Answer one request for a token."""
    form = request.form()
    grant = form.get("grant_type", "")
    operation = OPERATION_OF.get(grant)
    if operation is None:
        text = "grant_type must be client_credentials, authorization_code or refresh_token"
        return _refuse("token", "unsupported_grant_type", text)
    client_id, secret = _credentials(request)
    refusal = _authenticate(world, client_id, secret, is_public=_is_public(world, form))
    if refusal is not None:
        return _refuse(operation, "invalid_client", refusal, client_id=client_id)
    if grant == "client_credentials":
        return _grant(world, operation, client_id, consent=None)
    if grant == "refresh_token":
        return _refresh(world, form.get("refresh_token", ""), client_id)
    return _exchange(world, form, client_id, is_public=secret is None)


def _is_public(world: World, form: dict[str, str]) -> bool:
    """Tell whether what is asked for may be had without a secret."""
    if form.get("grant_type") == "authorization_code":
        return "code_verifier" in form
    consent = world.consents.get(form.get("refresh_token", ""))
    is_refresh = form.get("grant_type") == "refresh_token"
    # An unknown token may be a public one that was rotated: that is said of the token then.
    return is_refresh and (consent is None or consent.is_public)


def _authenticate(
    world: World, client_id: str, secret: str | None, *, is_public: bool
) -> str | None:
    """Give the text of the refusal where whoever asks is nobody."""
    app = world.apps.get(client_id)
    if app is None or world.find(Mode.ID_DELETED, client_id=client_id):
        return world.wording.unknown_client
    if secret is None and is_public:
        return None
    is_right = compare_digest((secret or "").encode(), app.secret.encode())
    if not is_right or world.find(Mode.SECRET_REVOKED, client_id=client_id):
        return world.wording.wrong_secret
    return None


def _credentials(request: Request) -> tuple[str, str | None]:
    """Read who asks; the secret is None where none was shown."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        form = request.form()  # RFC 6749 section 2.3.1 allows both
        return form.get("client_id", ""), form.get("client_secret")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return client_id, secret


def _refresh(world: World, token: str, client_id: str) -> Told:
    consent = world.consents.get(token)
    is_foreign = consent is None or consent.client_id != client_id
    if is_foreign or world.find(Mode.FOREIGN_APP, client_id=client_id):
        text = world.wording.refused_grant
        return _refuse("refresh", "invalid_grant", text, client_id=client_id)
    assert consent is not None  # noqa: S101 - refused above
    if consent.is_revoked or consent.consented_at + CONSENT_LIFE_S <= world.now():
        text = world.wording.ended_grant
        return _refuse(
            "refresh", "invalid_grant", text, client_id=client_id, user_id=consent.user_id
        )
    is_rotating = consent.is_public or world.rotation_rng.random() < consent.rotation
    if is_rotating:
        consent = world.rotate(consent)
    return _grant(world, "refresh", client_id, consent=consent, is_shown=is_rotating)


def _exchange(world: World, form: dict[str, str], client_id: str, *, is_public: bool) -> Told:
    code = world.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != client_id:
        return _refuse("code", "invalid_grant", "Invalid authorization code", client_id=client_id)
    if code.redirect_uri != form.get("redirect_uri"):
        return _refuse("code", "invalid_grant", "Invalid redirect URI", client_id=client_id)
    refusal = _refuse_verifier(code, form.get("code_verifier", ""))
    if refusal:
        return _refuse("code", "invalid_grant", refusal, client_id=client_id)
    consent = world.consent(
        code.user_id,
        client_id=client_id,
        consented_at=int(world.now()),
        scopes=code.scopes,
        is_public=is_public,
        rotation=world.rotation_share,
    )
    return _grant(world, "code", client_id, consent=consent)


def _refuse_verifier(code: Code, verifier: str) -> str:
    """Say what is wrong with a verifier (RFC 7636 section 4.6); nothing: it is right."""
    if not code.challenge:
        return "code_verifier was not expected" if verifier else ""
    digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return "" if compare_digest(digest, code.challenge) else "code_verifier was incorrect"


def _grant(
    world: World,
    operation: str,
    client_id: str,
    *,
    consent: Consent | None,
    is_shown: bool = True,
) -> Told:
    """Give an access token, and the refresh token if it is to be shown."""
    user_id = None if consent is None else consent.user_id
    scopes = frozenset() if consent is None else consent.scopes
    document: dict[str, object] = {
        "access_token": world.issue(client_id, user_id=user_id, scopes=scopes),
        "token_type": "Bearer",
        "expires_in": world.token_life_s,
    }
    if consent is not None:
        document["scope"] = " ".join(sorted(consent.scopes))
        if is_shown:
            document["refresh_token"] = consent.token
    answer = json_answer(document, headers=CACHE_NOT)
    return Told(answer, operation, "ok", client_id=client_id, user_id=user_id or "")


def _refuse(
    operation: str, error: str, text: str, *, client_id: str = "", user_id: str = ""
) -> Told:
    document = {"error": error} | ({"error_description": text} if text else {})
    answer = json_answer(document, status=400, headers=CACHE_NOT)
    return Told(answer, operation, error, client_id=client_id, user_id=user_id)
