"""Consents and releases as the tests of the store need them."""

from harmonyhub.domain.releases import ConfigurationEntry, GateVerdict, Release, ReleaseState
from harmonyhub.domain.upstreams import TokenState, UserToken
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.store import Store
from tests.conftest import NOW

REFRESH, ACCESS = "AQDx/refresh+sentinel~4711", "BQDx/access+sentinel~0815"
SENTINEL = "sentinel+secret/of~a~release"


def token(user_id: str = "anna", *, client_id: str = "app", synced_at: int = 0) -> UserToken:
    """Make a consent that was given a day ago."""
    return UserToken(
        user_id=user_id,
        client_id=client_id,
        state=TokenState.ACTIVE,
        consented_at=NOW - 86_400,
        access_expires_at=NOW + 3_600,
        synced_at=synced_at,
    )


async def save(store: Store, *tokens: UserToken) -> None:
    """Save consents, all with the same two tokens."""
    for one in tokens:
        await store.tokens.save(one, refresh_token=Secret(REFRESH), access_token=Secret(ACCESS))


def entry(name: str, *, text: str | None, is_secret: bool = False) -> ConfigurationEntry:
    """Make one variable of a snapshot."""
    return ConfigurationEntry(
        name=name,
        provenance="environment" if text else "default",
        fingerprint="1a2b3c4d" if text else "",
        is_secret=is_secret,
        text=text,
    )


def release(*, secret: str | None = SENTINEL) -> Release:
    """Make a release that is not in the ledger yet."""
    return Release(
        number=0,
        created_at=NOW,
        version="0.1.0",
        code_digest="d" * 64,
        python="/opt/python",
        configuration=(
            entry("HARMONYHUB_SECRET", text=secret, is_secret=True),
            entry("HARMONYHUB_PORT", text="8080"),
            entry("HARMONYHUB_UNSET", text=None),
        ),
        configuration_fingerprint="0123456789abcdef",
        state=ReleaseState.CANDIDATE,
        verdict=GateVerdict.PASS,
    )
