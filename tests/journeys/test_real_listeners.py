"""471 listeners with real artists and titles: import all, train, and look at what they get."""

import json
import os
from pathlib import Path

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.listens import LedgerState
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.imports import open_ledger, run_import
from harmonyhub.flows.recommend import answer_as_json, recommend
from harmonyhub.flows.train import run_training
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import furnish
from tests.tools.spotify_zip import write_playlist_zips

pytestmark = pytest.mark.slow


@pytest.mark.timeout(600)
async def test_every_playlist_as_a_listener(shared: Path, store: Store, tmp_path: Path) -> None:
    """All ledgers balance to the line, and every listener gets lists whose cards have reasons."""
    assert (shared / "data" / "spotify-songs-32k").is_dir()
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(tmp_path)}, folder=tmp_path)
    assert settings is not None
    house = furnish(settings, store)
    listeners = write_playlist_zips(tmp_path)
    assert 471 == len(listeners)
    for playlist, (path, tally) in listeners.items():
        ledger = await open_ledger(house, user_id=UserId(playlist), file_name=path.name)
        done = await run_import(house, ledger=ledger, path=path, on_progress=lambda _: None)
        assert (LedgerState.COMPLETE, tally) == (done.state, done.tally), playlist
    result = await run_training(house, on_progress=lambda _: None)
    assert 471 == result.n_users

    for playlist in list(listeners)[::10]:
        for name in (ListName.FOR_YOU, ListName.DISCOVER):
            answer = await recommend(house, user_id=UserId(playlist), list_name=name, n=20)
            assert 20 == len(answer.items), (playlist, name)
            assert all(1 <= len(item.reasons) <= 3 for item in answer.items)
