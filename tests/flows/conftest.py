"""A house with listeners enough to judge a training."""

import numpy as np
import pytest

from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows import train as training
from harmonyhub.recommender import holding_out
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring.house import House
from tests.conftest import NOW

DAY_S = 86_400
PPM = 200_000
N_LISTENERS, N_SONGS, N_TASTES = 24, 120, 4


@pytest.fixture
async def town(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house where two dozen listeners of four tastes are enough to judge an index."""
    monkeypatch.setattr(training, "load_library", list)  # two thousand tracks that nobody plays
    monkeypatch.setattr(holding_out, "FEWEST_PAIRS", 400)
    monkeypatch.setattr(holding_out, "MOST_PPM", PPM)
    songs = await house.store.tracks.resolve(
        [
            TrackDescription(title=f"Song {song}", artists=(f"Band {song}",))
            for song in range(N_SONGS)
        ]
    )
    rng = np.random.default_rng(5)
    for number in range(N_LISTENERS):
        user = UserId(f"user-{number}")
        await house.store.users.ensure(user, now=NOW)
        taste = np.flatnonzero(np.arange(N_SONGS) % N_TASTES == number % N_TASTES)
        heard = rng.choice(taste, 20, replace=False).tolist()
        await house.store.listens.add(
            user_id=user,
            ledger_id=LedgerId(f"of-{user}"),
            source=SourceKind.LISTENBRAINZ,
            listens=[
                NewListen(number=line, track_id=songs[song], played_at=NOW - line * DAY_S)
                for line, song in enumerate(heard, start=1)
            ],
        )
    return house
