"""What faults cost: seeded schedules of them over consents and playlists, guards on and off.

A fake Spotify behind real HTTP and an embedded MongoDB; the clock of the waits runs 200 times as
fast. `./hub bench playlists 1000` plays so many schedules; each column without a guard as many.
"""

import asyncio
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

from harmonyhub.drills.losses import Losses
from harmonyhub.drills.schedule_plans import draw_schedule
from harmonyhub.drills.schedules import Stage, play_all
from harmonyhub.drills.unguarded_playlists import (
    without_lease,
    without_looking,
    without_refresh_lock,
)
from harmonyhub.settings.load import load_settings
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault
from harmonyhub.wiring.house import furnish

N_SCHEDULES, N_LANES = 1000, 6
COLUMNS = {
    "as it is": nullcontext,
    "repeated blindly": without_looking,
    "no lease": without_lease,
    "no lock on refresh": without_refresh_lock,
}
COUNTED = (
    "tokens_lost",
    "consents_set_aside_wrongly",
    "duplicate_playlists",
    "duplicate_items",
    "wrong_contents",
    "removed_endpoints",
    "without_end",
    "without_reason",
)
MET = ("n_calls", "n_faults", "n_restarts", "n_rotations")


async def open_stage(stack: AsyncExitStack, uri: str, folder: Path) -> Stage:
    """Open a lane: a database of its own with the fake's music in it."""
    settings, findings = load_settings({"HARMONYHUB_DATA_DIR": str(folder)}, folder=folder)
    assert settings is not None, findings
    vault = Vault(bytes(32))
    store = await stack.enter_async_context(
        await Store.connect(uri, database=f"lane_{uuid.uuid4().hex}", vault=vault)
    )
    await store.migrate()
    return await Stage.prepare(furnish(settings, store))


def print_table(columns: dict[str, Losses]) -> None:
    """Print the figures as the table of docs/benchmarks.md."""
    print("| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name in ("n_schedules", *MET, *COUNTED):
        cells = [f"{getattr(losses, name):,}" for losses in columns.values()]
        print(f"| {name.removeprefix('n_').replace('_', ' ')} | " + " | ".join(cells) + " |")
    for name, losses in columns.items():
        print(f"{name}: {dict(losses.ends)}; first seeds of losses: {sorted(losses.seeds)[:10]}")


async def main(arguments: Sequence[str]) -> None:
    """Print the figures."""
    n = int(arguments[0]) if arguments else N_SCHEDULES
    names = arguments[1:] or list(COLUMNS)
    columns: dict[str, Losses] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        async with (
            await EmbeddedServer.start(folder, owner="benchmark") as server,
            AsyncExitStack() as stack,
        ):
            stages = [await open_stage(stack, server.uri, folder) for _ in range(N_LANES)]
            for name in names:
                began = time.perf_counter()
                with COLUMNS[name]():
                    columns[name] = await play_all(stages, [draw_schedule(k) for k in range(n)])
                print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    print_table(columns)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
