"""`harmonyhub delete-user` as a person and a script meet it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harmonyhub.cli import leaving
from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.ids import UserId
from harmonyhub.storage.leaving import Leaving
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


async def test_what_breaks_off_says_how_it_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads that MongoDB does not answer knows that nothing is lost but time."""

    @asynccontextmanager
    async def opened(_: str) -> AsyncIterator[House]:
        yield house

    async def sweep(*_: Any, **__: Any) -> int:
        raise UnavailableError("MongoDB does not answer.")

    await house.store.users.ensure(UserId("anna"), now=1)
    monkeypatch.setattr(leaving, "opened_house", opened)
    monkeypatch.setattr(Leaving, "sweep", sweep)
    with pytest.raises(UnavailableError):
        await leaving._delete(UserId("anna"), is_sure=True)
    assert "the same command, or a worker" in capsys.readouterr().err
    assert await house.store.leaving.has_begun(UserId("anna"))
