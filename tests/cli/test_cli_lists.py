"""Commands for ways, kept lists, sounds and everybody's lists, as a person and a machine ask."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.flows.keep_lists import make_lists
from harmonyhub.wiring.house import House
from tests.cli.conftest import Hub
from tests.cli.test_cli_train import N_LISTENERS, fill
from tests.conftest import NOW

pytestmark = pytest.mark.slow


@pytest.mark.timeout(120)
async def test_lists_of_all_kinds(house: House, hub_on_store: Hub, tmp_path: Path) -> None:
    """Trained in a pool, the commands answer with tracks and reasons, or say why there are none."""
    await fill(house)
    hub = partial(asyncio.to_thread, hub_on_store)
    none = await hub("recommend-all", "--output", "early.jsonl")
    assert "Train one first" in none.stderr
    trained = await hub("train", "--engine", "pool", "--json")
    assert 0 == trained.returncode, trained.stderr

    everybody = await hub("recommend-all", "--output", "lists.jsonl", "-n", "5", "--json")
    assert N_LISTENERS == json.loads(everybody.stdout)["lists"], everybody.stderr
    lines = (tmp_path / "lists.jsonl").read_text(encoding="utf-8").splitlines()
    cards = json.loads(lines[0])["items"]
    again = await hub("recommend-all", "--output", "lists.jsonl")
    assert "lists.jsonl exists" in again.stderr

    ends = [card["track"]["id"] for card in (cards[0], cards[-1])]
    way = json.loads((await hub("path", *ends, "-n", "5", "--json")).stdout)
    assert [0.0, 1.0] == [way["steps"][0]["progress"], way["steps"][-1]["progress"]]
    told = (await hub("path", *ends, "-n", "5")).stdout
    assert [step["track"]["title"] in told for step in way["steps"]] == [True] * 5
    mute = (await hub("path", *ends, "--by", "sound")).stdout
    assert "run `harmonyhub analyse FOLDER`; then train" in mute
    lost = await hub("path", ends[0], "nothing")
    assert 0 != lost.returncode
    assert "nothing" in lost.stderr

    await make_lists(house, KeptListName.WEEKLY, period_at(KeptListName.WEEKLY, NOW))
    kept = await house.store.kept_lists.latest(UserId("user-0"), KeptListName.WEEKLY, n=1)
    shown = (await hub("lists", "--user", "user-0")).stdout
    assert f"weekly {kept[0].period}" in shown
    assert kept[0].items[0].reasons[0].text in shown
    assert "None yet" in (await hub("lists", "--user", "user-0", "--list", "daily")).stdout

    assert "was not analysed yet" in (await hub("similar", ends[0])).stdout
    assert (
        f"left out, no analysis in the last training: {ends[0]}" in (await hub("mix", *ends)).stdout
    )
