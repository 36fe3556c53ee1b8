"""Commands for friends and lists for several, as a person and a machine ask."""

import asyncio
import json
from functools import partial

import pytest

from harmonyhub.wiring.house import House
from tests.cli.conftest import Hub
from tests.cli.test_cli_train import fill

pytestmark = pytest.mark.slow


@pytest.mark.timeout(120)
async def test_friends_ask_accept_listen_together_and_end(house: House, hub_on_store: Hub) -> None:
    """Both ask, one list is for both and its reasons name them, until one ends it."""
    await fill(house)
    hub = partial(asyncio.to_thread, hub_on_store)
    assert 0 == (await hub("train", "--json")).returncode
    unknown = await hub("friends", "add", "nobody", "--user", "user-0")
    assert (66, True) == (unknown.returncode, "no listener of that name" in unknown.stderr)
    await hub("friends", "add", "user-1", "--user", "user-0")
    early = await hub("together", "user-1", "--user", "user-0")
    assert "no friend of user-0" in early.stderr
    asked = (await hub("friends", "list", "--user", "user-1")).stdout
    assert "to accept: harmonyhub friends add user-0 --user user-1" in asked
    await hub("friends", "add", "user-0", "--user", "user-1")
    assert "user-1 is a friend" in (await hub("friends", "list", "--user", "user-0")).stdout
    answer = await hub("together", "user-1", "--user", "user-0", "-n", "5", "--json")
    cards = json.loads(answer.stdout)["items"]
    people = {
        name for card in cards for one in card["reasons"] for name in one["evidence"]["people"]
    }
    assert {"user-0", "user-1"} >= people > set()
    removed = await hub("friends", "remove", "user-0", "--user", "user-1", "--json")
    assert {"removed": "user-0"} == json.loads(removed.stdout)
    assert "None yet" in (await hub("friends", "list", "--user", "user-0")).stdout
