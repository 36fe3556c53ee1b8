"""Sign-ins that have begun: what has to be known when the person comes back."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Database
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, within
from harmonyhub.storage.vault import Vault, required

LASTS_S = 900  # a first consent means typing a password, perhaps with a second factor


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One person's way to the consent page and back.

    Attributes
    ----------
    client_id : str
        The app that is asked for.
    is_public : bool
        Whether it is a household's own.
    browser : Secret
        What the browser's cookie holds: who brings an answer must have asked the question.
    verifier : Secret
        The code verifier of RFC 7636.
    """

    user_id: str
    client_id: str
    is_public: bool
    redirect_uri: str
    browser: Secret
    verifier: Secret


@guarded
class SignIns:
    """All sign-ins under way; each is taken once, or ends after a quarter of an hour."""

    def __init__(self, database: Database, vault: Vault | None) -> None:
        self._sign_ins = database["sign_ins"]
        self._vault = vault

    @within(WRITE_S)
    async def begin(self, state: Secret, sign_in: SignIn, *, now: int) -> None:
        """Remember a sign-in under its state."""
        key = _key(state)
        sealed = required(self._vault).seal(sign_in.verifier.reveal(), purpose=f"sign-in:{key}")
        await self._sign_ins.insert_one(
            {
                "_id": key,
                "user": sign_in.user_id,
                "client_id": sign_in.client_id,
                "is_public": sign_in.is_public,
                "redirect_uri": sign_in.redirect_uri,
                "browser": _key(sign_in.browser),
                "verifier": sealed,
                "ends_at": now + LASTS_S,
                "expires": datetime.fromtimestamp(now + LASTS_S, tz=UTC),
            }
        )

    @within(READ_S)
    async def take(self, state: Secret, *, browser: Secret, now: int) -> SignIn | None:
        """Take a sign-in out: None if there is none, it ended, or another browser began it."""
        key = _key(state)
        found = await self._sign_ins.find_one_and_delete(
            {"_id": key, "browser": _key(browser), "ends_at": {"$gt": now}}
        )
        if found is None:
            return None
        verifier = required(self._vault).open(found["verifier"], purpose=f"sign-in:{key}")
        return SignIn(
            user_id=found["user"],
            client_id=found["client_id"],
            is_public=found["is_public"],
            redirect_uri=found["redirect_uri"],
            browser=browser,
            verifier=Secret(verifier),
        )


def _key(secret: Secret) -> str:
    """Give what stands for a random value in the database: reading it helps nobody."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()
