"""Finds our tracks at Spotify: known ids, then what is remembered, then ISRC, then a search."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harmonyhub.domain.budget import Purpose
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.matching import FoundBy, Match, choose
from harmonyhub.domain.music import Track, TrackDescription
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.sources.spotify.operations import SEARCH_TRACKS
from harmonyhub.sources.spotify.requests import search_tracks
from harmonyhub.storage.resolutions import Resolution
from harmonyhub.wiring.house import House

# What releases add to a title, and a search for the whole would miss: "(Live)", " - Remastered".
SUFFIX = re.compile(r"\s+[-‐–—]\s+|\s*[(\[]")  # noqa: RUF001 - titles use them all
ISRC_HITS = 3  # one recording on several releases; the first is what people play

Wait = Callable[[Observation], Awaitable[bool]]


@dataclass(slots=True)
class Resolved:
    """What became of some tracks, by their ids.

    Attributes
    ----------
    found : mapping of TrackId to str
        Spotify's bare ids.
    missing : list of TrackId
        Those that Spotify answered it does not have.
    open : list of TrackId
        Those that nobody has looked for yet.
    stopped_by : Outcome or None
        What ended the search early; nothing is remembered of it.
    wait_s : int or None
        How long Spotify asks for then.
    """

    found: dict[TrackId, str] = field(default_factory=dict)
    missing: list[TrackId] = field(default_factory=list)
    open: list[TrackId] = field(default_factory=list)
    stopped_by: Outcome | None = None
    wait_s: int | None = None


async def never_wait(_: Observation) -> bool:
    """Give up at the first failure."""
    return False


async def resolve(
    house: House,
    user_id: str,
    tracks: Sequence[Track],
    *,
    purpose: Purpose,
    most_calls: int,
    wait: Wait = never_wait,
    on_track: Callable[[int], None] = lambda _: None,
) -> Resolved:
    """Find tracks at Spotify with at most so many calls, and remember what was told.

    Parameters
    ----------
    user_id : str
        In whose name Spotify is asked.
    wait : callable
        Waits after a failure; False: the rest stays open.
    on_track : callable
        Told how many tracks are settled.
    """
    known = await house.store.resolutions.get_many([one.id for one in tracks], now=house.clock())
    result = Resolved()
    n_hits = await _hits_a_page(house, user_id)
    asking = _Asking(house, user_id, purpose, n_hits, n_left=most_calls, wait=wait)
    for track in tracks:
        settled = _known(track, known)
        if settled is None and result.stopped_by is None:
            settled = await asking.look_for(track)
            result.stopped_by, result.wait_s = asking.stopped_by, asking.wait_s
        if settled is None:
            result.open.append(track.id)
        elif settled.spotify_id is None:
            result.missing.append(track.id)
        else:
            result.found[track.id] = settled.spotify_id
        on_track(len(result.found) + len(result.missing))
    return result


def _known(track: Track, known: Mapping[TrackId, Resolution]) -> Resolution | None:
    for key in track.keys:
        if key.startswith("spotify:"):
            return Resolution(
                track_id=track.id,
                spotify_id=key.removeprefix("spotify:"),
                confidence=1.0,
                by=FoundBy.KNOWN_ID,
                at=0,
            )
    return known.get(track.id)


@dataclass(slots=True)
class _Asking:
    house: House
    user_id: str
    purpose: Purpose
    n_hits: int
    n_left: int
    wait: Wait
    stopped_by: Outcome | None = None
    wait_s: int | None = None

    async def look_for(self, track: Track) -> Resolution | None:
        """Ask for one track; None where it stays open."""
        for by, query in _queries(track):
            hits = await self._search(query, ISRC_HITS if by is FoundBy.ISRC else self.n_hits)
            if hits is None:
                return None
            match = choose(track, hits)
            if match is not None:
                return await self._remember(track, match, by)
        return await self._remember(track, None, FoundBy.SEARCH)

    async def _search(self, query: str, n_hits: int) -> Sequence[TrackDescription] | None:
        spotify = self.house.spotify
        while spotify is not None:
            if self.n_left == 0:
                self.stopped_by = Outcome.BUDGET_SPENT
                return None
            self.n_left -= 1
            seen, page = await spotify.ask(
                self.user_id, search_tracks(query, limit=n_hits), purpose=self.purpose
            )
            if page is not None:
                return page.items
            if not await self.wait(seen):
                self.stopped_by, self.wait_s = seen.outcome, seen.retry_after_s
                return None
        return None

    async def _remember(self, track: Track, match: Match | None, by: FoundBy) -> Resolution:
        told = Resolution(
            track_id=track.id,
            spotify_id=match.spotify_id if match else None,
            confidence=round(match.confidence, 3) if match else 0.0,
            by=by,
            at=self.house.clock(),
        )
        await self.house.store.resolutions.remember([told])
        return told


async def _hits_a_page(house: House, user_id: str) -> int:
    """Tell how many hits a search may ask for: apps of the extended mode get more."""
    token = await house.store.tokens.get(user_id)
    if token is not None and await house.store.app_modes.is_extended(token.client_id):
        return SEARCH_TRACKS.extended_page_size
    return SEARCH_TRACKS.page_size


def _queries(track: Track) -> list[tuple[FoundBy, str]]:
    """List what to ask, the surest first."""
    codes = [key.removeprefix("isrc:") for key in track.keys if key.startswith("isrc:")]
    queries = [(FoundBy.ISRC, f"isrc:{code}") for code in codes[:1]]
    bare = SUFFIX.split(track.title)[0].strip() or track.title
    title, artist = _quotable(bare), _quotable(track.artist_names[0])
    queries.append((FoundBy.SEARCH, f'track:"{title}" artist:"{artist}"'))
    return queries


def _quotable(text: str) -> str:
    """Take out what would end the quotation: Spotify knows no escape."""
    return " ".join(text.replace('"', " ").split())
