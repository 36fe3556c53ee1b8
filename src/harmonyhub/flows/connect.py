"""A person's way to Spotify's consent page and back; what comes of it is told in closed words."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from harmonyhub.domain.connections import judge_upstream
from harmonyhub.domain.errors import ConflictError, RefusedInputError, UnavailableError
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.spotify_messages import SignInEnd, explain
from harmonyhub.domain.upstream_policy import Gate
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.flows.disconnect import forget_what_was_told
from harmonyhub.flows.leave import check_stays
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.operations import SCOPES
from harmonyhub.sources.spotify.payloads import Profile
from harmonyhub.sources.spotify.tokens import Tokens, consent_url
from harmonyhub.storage.sign_ins import SignIn
from harmonyhub.wiring.house import House
from harmonyhub.wiring.spotify import Granted, Spotify, finished
from harmonyhub.wiring.upstreams import SPOTIFY

STATE_BYTES = 32
VERIFIER_BYTES = 64  # 86 characters; RFC 7636 wants 43 to 128
CLIENT_ID = re.compile(r"[0-9a-f]{32}")
# `error` of the way back (RFC 6749, section 4.1.2.1); any other says that we asked wrongly.
ERRORS: Mapping[str, Outcome] = {
    "server_error": Outcome.UPSTREAM_FAILED,
    "temporarily_unavailable": Outcome.UPSTREAM_FAILED,
}
PASSING = frozenset({Owner.QUOTA, Owner.UPSTREAM, Owner.NETWORK})


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """What a browser brings back from the consent page; `error` is empty where it agreed."""

    state: Secret
    code: Secret
    error: str
    browser: Secret


@dataclass(frozen=True, slots=True)
class SignInResult:
    """How a sign-in ended: whose it was if that is known, and what Spotify did where it failed.

    `holder` is the listener to whom the account belongs here already.
    """

    end: SignInEnd
    user_id: UserId | None = None
    outcome: Outcome | None = None
    holder: str | None = None


def parse_household_app(text: str) -> str:
    """Take the client id of a household's own app.

    Raises
    ------
    RefusedInputError
        If it has not the shape of one.
    """
    client_id = text.strip().lower()
    if CLIENT_ID.fullmatch(client_id) is None:
        raise RefusedInputError(
            "That is no client id of a Spotify app.",
            hint="It has 32 characters, each 0 to 9 or a to f: copy it from your app's page on the"
            " Spotify dashboard.",
        )
    return client_id


def redirect_uri_of(house: House) -> tuple[Spotify, str]:
    """Give what a sign-in needs: the door to Spotify, and where people come back to.

    Raises
    ------
    ConflictError
        If the operator has not set it up.
    """
    uri = house.settings.spotify_redirect_uri
    if house.spotify is None or uri is None:
        raise ConflictError(
            "Nobody can connect a Spotify account here yet.",
            hint="The page /spotify says which three settings the operator has to make.",
        )
    return house.spotify, uri


async def begin_sign_in(
    house: House, *, user_id: UserId, browser: Secret, household_app: str | None = None
) -> str:
    """Give the address of the consent page, and remember what is asked there.

    Parameters
    ----------
    browser : Secret
        Random, and kept by the browser: whoever brings the answer must have it too.
    household_app : str or None
        The client id of an app of the household's own; None: the app of this service.

    Raises
    ------
    ConflictError
        If Spotify is not set up.
    UnavailableError
        If it is known that Spotify would not take the answer now.
    """
    spotify, redirect_uri = redirect_uri_of(house)
    own_app = spotify.credentials.client_id
    client_id = household_app or own_app
    if client_id == own_app:
        await _refuse_while_stopped(house, spotify)
    state, verifier = _random(STATE_BYTES), _random(VERIFIER_BYTES)
    sign_in = SignIn(
        user_id=user_id,
        client_id=client_id,
        is_public=client_id != own_app,
        redirect_uri=redirect_uri,
        browser=browser,
        verifier=verifier,
    )
    await house.store.sign_ins.begin(state, sign_in, now=house.clock())
    return consent_url(
        house.settings.spotify_accounts_url,
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=state.reveal(),
        verifier=verifier,
        scopes=SCOPES,
    )


async def finish_sign_in(house: House, way_back: WayBack) -> SignInResult:
    """Take what a browser brought back; a consent is kept only if the account may be used here.

    Raises
    ------
    ConflictError
        If Spotify is not set up (any more).
    """
    spotify, _ = redirect_uri_of(house)
    sign_in = await house.store.sign_ins.take(
        way_back.state, browser=way_back.browser, now=house.clock()
    )
    if sign_in is None:
        return SignInResult(SignInEnd.UNKNOWN)
    user_id = UserId(sign_in.user_id)
    if way_back.error == "access_denied":
        return SignInResult(SignInEnd.CANCELLED, user_id)
    if way_back.error:
        outcome = ERRORS.get(way_back.error, Outcome.REQUEST_REFUSED)
        return SignInResult(SignInEnd.FAILED, user_id, outcome)
    # A stop of this process between Spotify's answer and our write would lose the consent.
    return await finished(_exchange(house, spotify, sign_in, code=way_back.code))


async def _refuse_while_stopped(house: House, spotify: Spotify) -> None:
    permission = await spotify.permission()
    if permission.gate not in {Gate.LATCHED, Gate.HELD}:
        return
    state = await house.store.upstreams.load(SPOTIFY)
    hindrance = judge_upstream(state, now=house.clock())
    if hindrance is None or hindrance.outcome is Outcome.FOREIGN_APP:
        return  # a sign-in to the app in use is what ends FOREIGN_APP
    message = explain(hindrance.outcome)
    assert message is not None  # noqa: S101 - a hindrance is no success
    raise UnavailableError(message.what, hint=message.do)


async def _exchange(
    house: House, spotify: Spotify, sign_in: SignIn, *, code: Secret
) -> SignInResult:
    user_id = UserId(sign_in.user_id)
    seen, granted = await spotify.sign_in(sign_in, code)
    if granted is None:
        if seen.outcome is Outcome.GRANT_REJECTED:
            return SignInResult(SignInEnd.CODE_REFUSED, user_id)
        return SignInResult(SignInEnd.FAILED, user_id, seen.outcome)
    if granted.profile is None:
        return await _keep_unnamed(house, sign_in, granted)
    return await _keep_named(house, sign_in, granted.tokens, profile=granted.profile)


async def _keep_unnamed(house: House, sign_in: SignIn, granted: Granted) -> SignInResult:
    """Keep a consent of which Spotify did not say whose it is, unless that matters now."""
    user_id, outcome = UserId(sign_in.user_id), granted.profile_seen.outcome
    if outcome is Outcome.USER_NOT_ALLOWED:
        return SignInResult(SignInEnd.NOT_ALLOWED, user_id)
    former = await house.store.tokens.get(user_id)
    # With a former account there is a library that might be another's: better once more.
    if former is not None or outcome.owner not in PASSING:
        return SignInResult(SignInEnd.FAILED, user_id, outcome)
    if not await _keep(house, sign_in, granted.tokens):
        return SignInResult(SignInEnd.FAILED, user_id, Outcome.UNREADABLE)
    return SignInResult(SignInEnd.ACCOUNT_UNKNOWN, user_id, outcome)


async def _keep_named(
    house: House, sign_in: SignIn, tokens: Tokens, *, profile: Profile
) -> SignInResult:
    user_id = UserId(sign_in.user_id)
    holder = await house.store.tokens.of_account(profile.account_id)
    if holder is not None and holder.user_id != user_id:
        return SignInResult(SignInEnd.TAKEN, user_id, holder=holder.user_id)
    former = await house.store.tokens.get(user_id)
    is_other = former is not None and former.account_id not in {"", profile.account_id}
    if is_other:
        await forget_what_was_told(house, user_id)
    if not await _keep(house, sign_in, tokens, profile=profile):
        return SignInResult(SignInEnd.FAILED, user_id, Outcome.UNREADABLE)
    return SignInResult(SignInEnd.OTHER_ACCOUNT if is_other else SignInEnd.CONNECTED, user_id)


async def _keep(
    house: House, sign_in: SignIn, tokens: Tokens, *, profile: Profile | None = None
) -> bool:
    """Store a consent, due to be read at once; False where Spotify gave none to keep."""
    if tokens.refresh_token is None:
        return False
    now = house.clock()
    await house.store.users.ensure(UserId(sign_in.user_id), now=now)
    await house.store.tokens.save(
        UserToken(
            user_id=sign_in.user_id,
            client_id=sign_in.client_id,
            state=TokenState.ACTIVE,
            consented_at=now,
            access_expires_at=now + tokens.expires_in_s,
            is_public=sign_in.is_public,
            scopes=tokens.scopes,
            account_id=profile.account_id if profile else "",
            account_name=profile.display_name if profile else "",
        ),
        refresh_token=tokens.refresh_token,
        access_token=tokens.access_token,
    )
    await check_stays(house, UserId(sign_in.user_id))
    return True


def _random(n_bytes: int) -> Secret:
    return Secret(secrets.token_urlsafe(n_bytes))
