"""Stored analyses get descriptors by the definitions of this code, without their audio."""

import asyncio

from harmonyhub.domain.analysis import ANALYSIS_VERSION, BASIC_VERSION, DESCRIPTION_VERSION
from harmonyhub.wiring.house import House


async def describe_outdated(house: House) -> int:
    """Describe again what older definitions described; returns how many analyses changed.

    What is measured from audio is left alone: where that has another version, the file is read.
    """
    n_described = 0
    outdated = house.store.analyses.outdated(
        analysis_versions=(ANALYSIS_VERSION, BASIC_VERSION), description_version=DESCRIPTION_VERSION
    )
    async for analysis in outdated:
        from harmonyhub.analysis.descriptors import describe  # noqa: PLC0415 - mostly there is none

        await house.store.analyses.put_description(await asyncio.to_thread(describe, analysis))
        n_described += 1
    return n_described
