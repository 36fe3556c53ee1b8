"""What Spotify costs: calls of a first synchronization, and how soon it shows in the lists.

Against a fake Spotify in a process of its own, every answer of which takes 100 ms longer, and an
embedded MongoDB. The standard person: 50 plays, 6 top lists, 500 saved tracks, 40 saved albums, 48
followed artists, 20 playlists of up to 50 items.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import EvidenceKind, ListName
from harmonyhub.drills.process import FakeSpotify
from harmonyhub.flows.connect import WayBack, begin_sign_in, finish_sign_in
from harmonyhub.flows.library_report import load_library_report
from harmonyhub.flows.recommend import recommend
from harmonyhub.flows.sync import LIBRARY_EVERY_S, sync_library_due
from harmonyhub.flows.train import run_training
from harmonyhub.jobs.sync import run_sync
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.secret import Secret
from harmonyhub.wiring.house import House, open_house

LATENCY_MS = 100
ANNA = UserId("anna")
FROM_SPOTIFY = {
    EvidenceKind.SAVED,
    EvidenceKind.TOP,
    EvidenceKind.IN_PLAYLIST,
    EvidenceKind.FOLLOWED,
}
REDIRECT_URI = "http://127.0.0.1:8000/spotify/callback"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    target: str
    figure: str
    is_met: bool | None = None


@asynccontextmanager
async def connected_house(fake: FakeSpotify, folder: Path) -> Any:
    """Open a house on an embedded MongoDB that is set up for the fake, with an index."""
    (app,) = await fake.control.apps()
    await fake.control.change_app(redirect_uris=[REDIRECT_URI])
    variables = {
        "HARMONYHUB_DATA_DIR": str(folder),
        **fake.variables(app, redirect_uri=REDIRECT_URI),
    }
    settings, findings = load_settings(variables, folder=folder)
    assert settings is not None, findings
    async with open_house(settings, owner="benchmark", is_exclusive=True) as house:
        await house.store.users.ensure(ANNA, now=house.clock())
        await run_training(house, on_progress=lambda _: None)
        yield house


async def come_back(house: House) -> WayBack:
    """Go to the consent page as Anna, agree, and give what the browser brings back."""
    browser = Secret("b" * 43)
    address = await begin_sign_in(house, user_id=ANNA, browser=browser)
    async with httpx2.AsyncClient(trust_env=False) as client:
        decided = await client.post(address, data={"user": "anna", "decision": "agree"})
    query = parse_qs(urlsplit(decided.headers["location"]).query)
    return WayBack(
        state=Secret(query["state"][0]), code=Secret(query["code"][0]), error="", browser=browser
    )


async def has_own_reasons(house: House) -> bool:
    """Tell whether Anna's list speaks of what she keeps at Spotify."""
    answer = await recommend(house, user_id=ANNA, list_name=ListName.DISCOVER, n=20)
    return bool(FROM_SPOTIFY & {r.evidence.kind for item in answer.items for r in item.reasons})


async def is_whole(house: House) -> bool:
    """Tell whether all of the library is read."""
    report = await load_library_report(house, ANNA)
    token = await house.store.tokens.get(ANNA)
    return token is not None and token.synced_at > 0 and not report.is_reading


async def wait_until(house: House, condition: Any) -> None:
    """Look every 20 ms whether something holds."""
    async with asyncio.timeout(120):
        while not await condition(house):  # noqa: ASYNC110 - MongoDB tells nobody
            await asyncio.sleep(0.02)


async def count_calls(fake: FakeSpotify) -> int:
    """Count the calls to the Web API; those for tokens have no quota."""
    entries = await fake.control.requests()
    return sum(entry.operation not in {"refresh", "code", "app-token"} for entry in entries)


async def measure_first_sync(fake: FakeSpotify, house: House) -> list[Row]:
    """From the way back of the browser to the first list of one's own, and to the whole library."""
    await fake.control.set_latency(LATENCY_MS)
    back = await come_back(house)
    loops = asyncio.create_task(run_sync(house))
    await asyncio.sleep(0.5)  # it idles, as it does when somebody comes
    n_before, began = await count_calls(fake), time.perf_counter()
    await finish_sign_in(house, back)
    await wait_until(house, has_own_reasons)
    first_s = time.perf_counter() - began
    await wait_until(house, is_whole)
    whole_s = time.perf_counter() - began
    loops.cancel()
    await asyncio.wait([loops])
    n_calls = await count_calls(fake) - n_before
    report = await load_library_report(house, ANNA)
    n_entries = sum(part.n_entries for part in report.parts)
    n_open = sum(part.n_entries != part.n_total for part in report.parts)
    return [
        Row("calls of a first synchronization", "45 or fewer", str(n_calls), n_calls <= 45),
        Row("consent to the first own list", "10 s or less", f"{first_s:.1f} s", first_s <= 10),
        Row("consent to the whole library", "", f"{whole_s:.1f} s"),
        Row("entries read and accounted for", "", f"{n_entries:,}"),
        Row("parts whose ledger does not balance", "0", str(n_open), n_open == 0),
    ]


async def measure_lists(house: House) -> list[Row]:
    """How long a list takes: with all of the library read anew, and with the profile in memory."""

    async def take_s(*, is_changed: bool) -> float:
        if is_changed:
            await house.store.users.touch(ANNA)
        began = time.perf_counter()
        await recommend(house, user_id=ANNA, list_name=ListName.FOR_YOU, n=20)
        return time.perf_counter() - began

    changed_s = statistics.median([await take_s(is_changed=True) for _ in range(20)])
    kept_s = statistics.median([await take_s(is_changed=False) for _ in range(20)])
    return [
        Row("a list after a change of the library, median of 20", "", f"{changed_s * 1000:.0f} ms"),
        Row("a list with nothing changed, median of 20", "", f"{kept_s * 1000:.0f} ms"),
    ]


async def measure_next_day(fake: FakeSpotify, house: House) -> list[Row]:
    """How many calls a day costs on which nothing changed but the plays."""
    await fake.control.set_latency(0)
    n_before = await count_calls(fake)
    tomorrow = replace(house, clock=lambda: int(time.time()) + LIBRARY_EVERY_S)
    await sync_library_due(tomorrow)
    n_calls = await count_calls(fake) - n_before
    return [Row("calls of the next day's reading, nothing changed", "", str(n_calls))]


def print_table(rows: Sequence[Row]) -> None:
    """Print the figures as the table of docs/benchmarks.md."""
    print("| | figure | wanted |\n|---|---|---|")
    for row in rows:
        missed = " MISSED" if row.is_met is False else ""
        print(f"| {row.name} | {row.figure}{missed} | {row.target} |")


async def main() -> None:
    """Print the figures."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        async with (
            FakeSpotify.start(seed=1) as fake,
            connected_house(fake, Path(scratch)) as house,
        ):
            rows += await measure_first_sync(fake, house)
            rows += await measure_lists(house)
            rows += await measure_next_day(fake, house)
    print_table(rows)


if __name__ == "__main__":
    asyncio.run(main())
