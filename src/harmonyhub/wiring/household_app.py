"""Calls in the name of a household's own Spotify app: its faults are its own, and stop nobody."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstreams import Observation
from harmonyhub.sources.spotify.client import SpotifyClient
from harmonyhub.sources.spotify.tokens import App, PublicClient
from harmonyhub.storage.store import Store
from harmonyhub.wiring.spotify_app import note_call
from harmonyhub.wiring.upstream_door import Clock, UpstreamDoor
from harmonyhub.wiring.upstreams import SPOTIFY

Value = TypeVar("Value")


class HouseholdApp:
    """An app that people of this house made for themselves; we hold its client id only.

    Nothing confirms a refusal here, since such an app is issued no token of its own. So a refusal
    latches nothing: it is said to the household, whose consents are set aside. Quotas and outages
    are kept per app.
    """

    def __init__(
        self,
        client_id: str,
        *,
        client: SpotifyClient,
        store: Store,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.client = client
        self.app: App = PublicClient(client_id)
        self._store = store
        self._fingerprint = f"public:{client_id}"
        self._door = UpstreamDoor(
            f"{SPOTIFY}:{client_id}", label=SPOTIFY, store=store, clock=clock, rng=rng
        )

    @property
    def client_id(self) -> str:
        """The id of the app."""
        return self.app.client_id

    async def call(
        self,
        operation: str,
        make: Callable[[App], Awaitable[tuple[Observation, Value | None]]],
        *,
        is_repeatable: bool = True,
    ) -> tuple[Observation, Value | None]:
        """Make a user's call, and try again what may pass."""
        state = await self._door.state()
        permission = self._door.permit(state, self._fingerprint)
        if not permission.is_go:
            return self._door.stopped(state, permission, operation=operation), None
        n_retries = 0
        while True:
            seen, value = await make(self.app)
            await note_call(seen, self.client_id, store=self._store, door=self._door)
            if seen.outcome.owner is not Owner.OPERATOR:
                await self._door.settle(seen, self._fingerprint, before=await self._door.state())
            if not await self._door.wait_to_retry(
                seen, n_retries, fingerprint=self._fingerprint, is_repeatable=is_repeatable
            ):
                return seen, value
            n_retries += 1
