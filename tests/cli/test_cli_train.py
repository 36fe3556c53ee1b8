"""`harmonyhub train` as a person and a machine meet it where the quality gate refuses."""

import asyncio
import hashlib
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.judging import HELD_OUT
from harmonyhub.recommender.training import train
from harmonyhub.sources.factor_table import FactorTable, write_factor_table
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.cli.conftest import Hub
from tests.conftest import NOW

pytestmark = pytest.mark.slow

N_LISTENERS, N_SONGS = 34, 240


@pytest.mark.timeout(60)
async def test_a_refused_training_says_so_and_leads_back(house: House, hub_on_store: Hub) -> None:
    """Exit status 1 with both figures, also as JSON; then the index before the live one returns."""
    await fill(house)
    pairs, catalogue = (
        await house.store.listens.interactions(),
        await house.store.tracks.catalogue(),
    )
    # What learned from all listens knows the held-out ones by heart; the record denies it.
    cheat = train(pairs, catalogue).to_bytes()
    first = await house.store.models.put(cheat, metadata={HELD_OUT: 50_000}, now=NOW)
    live = await house.store.models.put(cheat, metadata={HELD_OUT: 50_000}, now=NOW)

    hub = partial(asyncio.to_thread, hub_on_store)
    said = await hub("train", "--json")
    assert 1 == said.returncode, said.stderr
    judgement = json.loads(said.stdout)["judgement"]
    assert "worse" == judgement["verdict"]
    assert judgement["new"] < judgement["live"]
    assert judgement["why"] in said.stderr
    assert "--even-if-worse" in said.stderr
    current = await house.store.models.current()
    assert current is not None
    assert live == current.version
    assert judgement["why"] in (await hub("status")).stdout

    assert first in (await hub("train", "--back")).stdout
    current = await house.store.models.current()
    assert current is not None
    assert first == current.version


@pytest.mark.timeout(60)
async def test_factors_are_brought_by_a_file(
    house: House, hub_on_store: Hub, tmp_path: Path
) -> None:
    """The table's name, hash and counts stand with the index, for people and machines."""
    await fill(house)
    ids = [str(entry.id) for entry in await house.store.tracks.catalogue()]
    factors = [[float(place % 3 == taste) for taste in range(3)] for place in range(len(ids))]
    table = tmp_path / "als.parquet"
    write_factor_table(table, FactorTable(ids, None, np.array(factors, dtype=np.float32)))

    hub = partial(asyncio.to_thread, hub_on_store)
    said = await hub("train", "--factors", str(table), "--json")
    assert 0 == said.returncode, said.stderr
    origin = json.loads(said.stdout)["factors"]
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    assert ("als.parquet", digest, N_SONGS) == (
        origin["file_name"],
        origin["sha256"],
        origin["n_tracks"],
    )
    assert "with factors of als.parquet" in (await hub("status")).stdout


async def fill(house: House) -> None:
    """Give the house listeners who each love one third of the songs."""
    rng = np.random.default_rng(2)
    songs = await house.store.tracks.resolve(
        [TrackDescription(title=f"Song {n}", artists=(f"Band {n}",)) for n in range(N_SONGS)]
    )
    for number in range(N_LISTENERS):
        user = UserId(f"user-{number}")
        await house.store.users.ensure(user, now=NOW)
        heard = rng.choice(np.arange(number % 3, N_SONGS, 3), 60, replace=False).tolist()
        listens = [
            NewListen(number=line, track_id=songs[song], played_at=NOW - line * 86_400)
            for line, song in enumerate(heard, start=1)
        ]
        await house.store.listens.add(
            user_id=user,
            ledger_id=LedgerId(f"of-{user}"),
            source=SourceKind.LISTENBRAINZ,
            listens=listens,
        )
