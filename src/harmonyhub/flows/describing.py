"""Stored analyses get descriptors by the definitions of this code, without their audio."""

import asyncio

from harmonyhub.analysis.descriptors import DESCRIPTION_VERSION, describe
from harmonyhub.analysis.track import ANALYSIS_VERSION
from harmonyhub.wiring.house import House


async def describe_outdated(house: House) -> int:
    """Describe again what older definitions described; returns how many analyses changed.

    What is measured from audio is left alone: where that has another version, the file is read.
    """
    n_described = 0
    outdated = house.store.analyses.outdated(
        analysis_version=ANALYSIS_VERSION, description_version=DESCRIPTION_VERSION
    )
    async for analysis in outdated:
        await house.store.analyses.put_description(await asyncio.to_thread(describe, analysis))
        n_described += 1
    return n_described
