"""The fake Spotify beside the demo: a child that ends with it, and settings that name it."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harmonyhub.cli.session import say
from harmonyhub.domain.errors import ConfigurationError

SEED = 20_240_814  # the same people, libraries and app at every start


@asynccontextmanager
async def fake_spotify_beside() -> AsyncIterator[None]:
    """Run a fake Spotify as long as the context is open, and point this process to it.

    It forgets what it was told when it ends: who connected in a former demo connects again.

    Raises
    ------
    ConfigurationError
        If Spotify, and so the fake, would not send anybody back to HARMONYHUB_BASE_URL.
    """
    from harmonyhub.drills.fake_spotify.consent_page import refuse_redirect_uri
    from harmonyhub.drills.process import FakeSpotify
    from harmonyhub.settings.load import own_address, use_spotify_app
    from harmonyhub.settings.redirect import CALLBACK_PATH

    redirect_uri = own_address() + CALLBACK_PATH
    problem = refuse_redirect_uri(redirect_uri)
    if problem:
        raise ConfigurationError(
            f"nobody can sign in at {redirect_uri}: {problem}.",
            hint="Leave HARMONYHUB_BASE_URL out for a demo on this machine.",
        )
    async with FakeSpotify.start(seed=SEED, salt=secrets.token_hex(8)) as fake:
        app = await fake.control.change_app(redirect_uris=[redirect_uri])
        use_spotify_app(
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uri=redirect_uri,
            api_url=fake.api_url,
            accounts_url=fake.accounts_url,
        )
        yield


def describe_people() -> None:
    """Say how to sign in, and as whom."""
    from harmonyhub.drills.fake_spotify.people import ALLOWED_AT_MOST, CAST

    allowed, others = CAST[:ALLOWED_AT_MOST], CAST[ALLOWED_AT_MOST:]
    say("Spotify is a fake here: no account, no password, nobody real.")
    say(f"Connect Spotify as any of these people: {', '.join(map(str.title, allowed))}.")
    say(f"Not on the app's allow list, so refused: {', '.join(map(str.title, others))}.")
