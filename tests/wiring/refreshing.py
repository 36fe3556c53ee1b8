"""A process that asks who some users are, all at once when it is told to: for a race of two."""

import asyncio
import sys

from harmonyhub.domain.budget import Purpose
from harmonyhub.settings.load import read_settings
from harmonyhub.sources.spotify.requests import get_me
from harmonyhub.wiring.house import open_house


def say(text: str) -> None:
    """Give a line to the test."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(users: list[str]) -> None:
    """Say that it is ready, wait for a line, ask, and say what each came to."""
    async with open_house(read_settings(), owner="test") as house:
        assert house.spotify is not None
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        asked = [house.spotify.ask(user, get_me(), purpose=Purpose.PERSON) for user in users]
        for user, (seen, profile) in zip(users, await asyncio.gather(*asked), strict=True):
            say(f"{user} {seen.outcome.value} {profile.user_id if profile else 'nobody'}")


asyncio.run(main(sys.argv[1:]))
