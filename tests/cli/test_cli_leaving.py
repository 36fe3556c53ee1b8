"""`harmonyhub delete-user` as a person and a script meet it."""

import asyncio
import json

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.wiring.house import House
from tests.cli.conftest import Hub
from tests.cli.test_cli_train import fill

pytestmark = pytest.mark.slow


@pytest.mark.timeout(120)
async def test_a_listener_is_deleted_once_the_name_is_typed(
    house: House, hub_on_store: Hub
) -> None:
    """It says what goes and asks; without an answer nothing is deleted; a script says --yes."""
    await fill(house)
    n_listens = await house.store.listens.count(UserId("user-0"))
    say = lambda *words: asyncio.to_thread(hub_on_store, "delete-user", *words)  # noqa: E731
    unsure = await say("user-0")
    assert 0 != unsure.returncode
    assert f"{n_listens:,}  listens" in unsure.stderr
    assert n_listens == await house.store.listens.count(UserId("user-0"))

    gone = await say("user-0", "--yes", "--json")
    assert 0 == gone.returncode, gone.stderr
    assert n_listens == json.loads(gone.stdout)["deleted"]["listens"]
    assert 0 == await house.store.listens.count(UserId("user-0"))
    assert UserId("user-0") not in await house.store.users.list_all()
    nobody = await say("user-0", "--yes")
    assert (66, True) == (nobody.returncode, "no listener user-0" in nobody.stderr)
    assert "Backups hold" in (await say("user-1", "--yes")).stdout
