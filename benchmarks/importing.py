"""Import of 100,000 listens from a ZIP, beside raw `insert_many` of the very same documents.

Also the time from the drop to the first recommendations: import, training and one list.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from pymongo import AsyncMongoClient

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.imports import open_ledger, run_import
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.train import run_training
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store
from harmonyhub.wiring.house import furnish
from tests.tools.spotify_zip import write_listener_zip

N_LISTENS = 100_000
BATCH = 2_000  # as the import
ROUNDS = 3
ANNA = UserId("anna")


async def insert_raw(database: Any, documents: list[dict[str, Any]]) -> float:
    """Insert the documents into a new collection with the indexes of the real one; seconds."""
    raw = database["raw"]
    await raw.drop()
    for name, index in (await database["listens"].index_information()).items():
        if name != "_id_":
            await raw.create_index(index["key"])
    began = time.perf_counter()
    for start in range(0, len(documents), BATCH):
        await raw.insert_many(documents[start : start + BATCH], ordered=False)
    return time.perf_counter() - began


async def run_round(uri: str, folder: Path, *, number: int) -> tuple[float, float, float]:
    """Import into a new database; gives seconds of raw insert, of import, to the first list."""
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(folder)}, folder=folder)
    assert settings is not None
    name = f"round-{number}"
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, w="majority", journal=True)
    async with await Store.connect(uri, database=name) as store, client:
        await store.migrate()
        house = furnish(settings, store)
        began = time.perf_counter()
        ledger = await open_ledger(house, user_id=ANNA, file_name="anna.zip")
        done = await run_import(
            house, ledger=ledger, path=folder / "anna.zip", on_progress=lambda _: None
        )
        import_s = time.perf_counter() - began
        await run_training(house, on_progress=lambda _: None)
        answer = await recommend(house, user_id=ANNA, list_name=ListName.FOR_YOU, n=20)
        first_list_s = time.perf_counter() - began
        assert answer.items, "no recommendations"
        documents = await client[name]["listens"].find().to_list()
        assert len(documents) == done.tally.kept
        raw_s = await insert_raw(client[name], documents)
        await client.drop_database(name)
    return raw_s, import_s, first_list_s


async def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_listener_zip(folder / "anna.zip", n_listens=N_LISTENS, seed=0)
        async with await EmbeddedServer.start(folder / "data", owner="benchmark") as server:
            rounds = [
                await run_round(server.uri, folder, number=number) for number in range(ROUNDS)
            ]
    raw_s, import_s, first_list_s = np.median(rounds, axis=0)
    print(f"raw insert_many: {N_LISTENS / raw_s:,.0f} listens/s")
    print(f"import: {N_LISTENS / import_s:,.0f} listens/s")
    print(f"ratio: {raw_s / import_s:.2f} of raw insert_many (target 0.25)")
    print(f"first recommendations {first_list_s:.1f} s after the drop (target 20)")


if __name__ == "__main__":
    asyncio.run(main())
