"""The accounts service: `POST /api/token`, by RFC 6749 and what Spotify was seen to answer."""

import base64
import binascii
from hmac import compare_digest

from harmonyhub.drills.fake_spotify.journal import Told
from harmonyhub.drills.fake_spotify.modes import Mode
from harmonyhub.drills.fake_spotify.world import CONSENT_LIFE_S, SCOPES, Consent, World
from harmonyhub.drills.http import Request, json_answer

CACHE_NOT = {"Cache-Control": "no-store"}


def answer_token_request(world: World, request: Request) -> Told:
    """Answer one request for a token."""
    form = request.form()
    grant = form.get("grant_type", "")
    operation = {
        "client_credentials": "app-token",
        "refresh_token": "refresh",
        "authorization_code": "code",
    }.get(grant)
    if operation is None:
        text = "grant_type must be client_credentials, authorization_code or refresh_token"
        return _refuse("token", "unsupported_grant_type", text)
    client_id, refusal = _authenticate(world, request)
    if refusal is not None:
        return _refuse(operation, "invalid_client", refusal, client_id=client_id)
    if grant == "client_credentials":
        return _grant(world, operation, client_id, user_id=None)
    if grant == "refresh_token":
        return _refresh(world, form.get("refresh_token", ""), client_id)
    return _exchange(world, form, client_id)


def _authenticate(world: World, request: Request) -> tuple[str, str | None]:
    """Tell who asks, and the text of the refusal where it is nobody."""
    client_id, secret = _credentials(request)
    app = world.apps.get(client_id)
    if app is None or world.find(Mode.ID_DELETED, client_id=client_id):
        return client_id, world.wording.unknown_client
    is_right = compare_digest(secret.encode(), app.secret.encode())
    if not is_right or world.find(Mode.SECRET_REVOKED, client_id=client_id):
        return client_id, world.wording.wrong_secret
    return client_id, None


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        form = request.form()  # RFC 6749 section 2.3.1 allows both
        return form.get("client_id", ""), form.get("client_secret", "")
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
    return _grant(world, "refresh", client_id, user_id=consent.user_id)


def _exchange(world: World, form: dict[str, str], client_id: str) -> Told:
    code = world.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != client_id:
        return _refuse("code", "invalid_grant", "Invalid authorization code", client_id=client_id)
    if code.redirect_uri != form.get("redirect_uri"):
        return _refuse("code", "invalid_grant", "Invalid redirect URI", client_id=client_id)
    consent = world.consent(code.user_id, client_id=client_id, consented_at=int(world.now()))
    return _grant(world, "code", client_id, user_id=code.user_id, consent=consent)


def _grant(
    world: World,
    operation: str,
    client_id: str,
    *,
    user_id: str | None,
    consent: Consent | None = None,
) -> Told:
    document: dict[str, object] = {
        "access_token": world.issue(client_id, user_id=user_id),
        "token_type": "Bearer",
        "expires_in": world.token_life_s,
    }
    if user_id is not None:
        document["scope"] = SCOPES
    if consent is not None:
        document["refresh_token"] = consent.token
    answer = json_answer(document, headers=CACHE_NOT)
    return Told(answer, operation, "ok", client_id=client_id, user_id=user_id or "")


def _refuse(
    operation: str, error: str, text: str, *, client_id: str = "", user_id: str = ""
) -> Told:
    document = {"error": error} | ({"error_description": text} if text else {})
    answer = json_answer(document, status=400, headers=CACHE_NOT)
    return Told(answer, operation, error, client_id=client_id, user_id=user_id)
