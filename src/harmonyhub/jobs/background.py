"""Everything that runs by itself in one process: jobs, synchronization, the watch."""

import asyncio

from harmonyhub.flows.watch import Watch
from harmonyhub.jobs.describing import keep_described
from harmonyhub.jobs.lists import keep_lists
from harmonyhub.jobs.music_folder import watch_music_folder
from harmonyhub.jobs.sync import run_sync
from harmonyhub.jobs.upkeep import keep_tidy
from harmonyhub.jobs.worker import work
from harmonyhub.settings.keys import encryption_key, fingerprint_key
from harmonyhub.wiring.house import House


async def run_background(house: House, *, name: str) -> None:
    """Run all of it until cancelled.

    Parameters
    ----------
    name : str
        This process's name in leases, unique.
    """
    key = fingerprint_key(encryption_key(house.settings))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(house, name=name))
        tasks.create_task(run_sync(house))
        tasks.create_task(keep_lists(house))
        tasks.create_task(watch_music_folder(house))
        tasks.create_task(keep_described(house))
        tasks.create_task(keep_tidy(house))
        tasks.create_task(Watch(house, owner=name, key=key).run())
