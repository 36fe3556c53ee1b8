"""What this process remembers of the upstreams, so that no reader waits to learn it."""

from contextlib import suppress

from harmonyhub.domain.errors import UnavailableError
from harmonyhub.domain.freshness import SourceFreshness, judge_source
from harmonyhub.domain.upstreams import UpstreamState
from harmonyhub.storage.store import Store

SPOTIFY = "spotify"
TITLES = {SPOTIFY: "Spotify"}


class KnownUpstreams:
    """The states of the upstreams that are set up, read at most once a second.

    Parameters
    ----------
    names : tuple of str
        The upstreams that this house has credentials for.
    """

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self._store = store
        self.names = names
        self._states = tuple(UpstreamState(name=name) for name in names)
        self._read_at = -1

    async def states(self, *, now: int) -> tuple[UpstreamState, ...]:
        """Give the states; those read last where MongoDB does not answer."""
        if now != self._read_at:
            self._read_at = now
            # What a reader asked for matters more than a label beside it.
            with suppress(UnavailableError):
                self._states = tuple([await self._store.upstreams.load(n) for n in self.names])
        return self._states

    async def freshness(self, *, now: int) -> tuple[SourceFreshness, ...]:
        """Say how fresh the data of each upstream is."""
        return tuple(
            judge_source(state, now=now, title=TITLES[state.name])
            for state in await self.states(now=now)
        )
