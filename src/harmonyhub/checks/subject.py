"""What the live checks look at: settings, what worked before, and what one run shares."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self, TypeVar

from harmonyhub.checks.proof import CLIENT_ID, CLIENT_SECRET
from harmonyhub.domain.errors import (
    ConfigurationError,
    HarmonyHubError,
)
from harmonyhub.domain.findings import Result
from harmonyhub.domain.releases import Release
from harmonyhub.domain.upstreams import Observation, UpstreamState
from harmonyhub.settings.keys import ENCRYPTION_KEY_FILE, encryption_key, fingerprint_key
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.secret import Secret
from harmonyhub.sources.spotify.tokens import Credentials
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import Vault

T = TypeVar("T")

SELECTION_MS = 1_500  # twice in a row, ours and the one before, it stays below a check's time
CLOSE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What worked before: where a counterfactual takes its other values from.

    Attributes
    ----------
    values : mapping
        By the name of the variable; of the newest release that was committed, and of Spotify
        what was accepted last.
    identity : str
        The database that holds everybody's data; empty if it has none yet.
    n_users : int
        Listeners in it.
    tokens_by_client : mapping
        How many users' consents each app issued, by its client id.
    release : int or None
        The release whose values they are; None where the ledger has none that stayed.
    spotify : UpstreamState or None
        What is known of Spotify; None where the store was not asked.
    """

    values: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    identity: str = ""
    n_users: int = 0
    tokens_by_client: Mapping[str, int] = field(default_factory=dict, repr=False)
    release: int | None = None
    spotify: UpstreamState | None = None

    def value(self, name: str) -> str | None:
        """Give the value of a variable as it worked; None where it was not set or not known."""
        if name in self.values:
            return self.values[name].reveal()
        # A release has all that was set: what it lacks had its default.
        return None if self.release is None else BY_NAME[name].default

    @property
    def credentials(self) -> Credentials | None:
        """The Spotify credentials that worked last."""
        client_id = self.value(CLIENT_ID)
        if client_id is None or CLIENT_SECRET not in self.values:
            return None
        return Credentials(client_id, self.values[CLIENT_SECRET])


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be checked.

    Attributes
    ----------
    clock : callable
        Unix seconds UTC.
    mongodb_uri : Secret or None
        The address of the embedded server where the settings name none; None: it does not run.
    baseline : Baseline or None
        Of the store that is in use; None: taken from the database that the settings lead to.
    answer : Observation or None
        A rejection of these credentials that was just seen; it is not asked for again.
    deliver : bool
        Whether to send a message down the alert path.
    """

    settings: Settings
    clock: Callable[[], int]
    mongodb_uri: Secret | None = None
    baseline: Baseline | None = None
    answer: Observation | None = None
    deliver: bool = False


async def load_baseline(store: Store) -> Baseline:
    """Read what worked before from the store that is in use.

    Values that were sealed with another key than the store's are left out.
    """
    release = await store.releases.last_that_worked()
    try:
        values = await _values_that_worked(store, release)
    except ConfigurationError:  # a check of its own tells that the key is another one
        values, release = {}, None
    return Baseline(
        values=values,
        release=None if release is None else release.number,
        identity=await store.identity(),
        n_users=(await store.counts()).users,
        tokens_by_client=await store.tokens.client_ids(),
        spotify=await store.upstreams.load("spotify"),
    )


async def _values_that_worked(store: Store, release: Release | None) -> dict[str, Secret]:
    values: dict[str, Secret] = {}
    if release is not None:
        configuration = await store.releases.configuration(release.number)
        values = {
            name: text if isinstance(text, Secret) else Secret(text)
            for name, text in configuration.items()
        }
    accepted = await store.known_good.load("spotify")
    return values if accepted is None else {**values, **accepted.values}


@dataclass(frozen=True, slots=True)
class Link:
    """The connection to MongoDB, or why there is none; `took_ms` until it answered."""

    store: Store | None
    error: HarmonyHubError | None
    took_ms: int


class Scene:
    """One run: the subject, and what several checks need, each made once and given back.

    What is pushed on `exits` is closed when the run ends; `baseline_seen` is the baseline once it
    was asked for.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.settings = subject.settings
        self.baseline_seen = subject.baseline
        self.exits = AsyncExitStack()
        self._shared: dict[str, asyncio.Task[Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._shared.values():
            task.cancel()
        await asyncio.gather(*self._shared.values(), return_exceptions=True)
        await self.exits.aclose()

    async def share(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """Make something at the first call; all calls, at the same time too, get the same."""
        if name not in self._shared:
            self._shared[name] = asyncio.ensure_future(make())
        # A check that runs out of time gives up waiting; the others still need what it waited for.
        result: T = await asyncio.shield(self._shared[name])
        return result

    @property
    def mongodb_uri(self) -> Secret | None:
        """Where MongoDB is; None where the embedded server does not run."""
        return self.settings.mongodb_uri or self.subject.mongodb_uri

    async def link(self) -> Link:
        """Connect to MongoDB as the settings say."""
        return await self.share("link", self._connect)

    async def store(self) -> Store:
        """Give the store, for checks that need it and run only where it answers."""
        link = await self.link()
        assert link.store is not None  # noqa: S101 - a check that needs HH201 is blocked else
        return link.store

    async def baseline(self) -> Baseline | None:
        """Give what worked before; None where the database cannot be asked for it."""
        return await self.share("baseline", self._find_baseline)

    async def _connect(self) -> Link:
        uri = self.mongodb_uri
        assert uri is not None  # noqa: S101 - looked at by the check that needs it
        now = asyncio.get_running_loop().time
        started = now()
        try:
            store = await self.connect(uri.reveal(), vault=_readable_vault(self.settings))
        except HarmonyHubError as error:
            return Link(None, error, round(1000 * (now() - started)))
        self.exits.push_async_callback(close, store)
        return Link(store, None, round(1000 * (now() - started)))

    async def connect(
        self, uri: str, *, database: str | None = None, vault: Vault | None = None
    ) -> Store:
        """Connect to a MongoDB; whoever asks closes it."""
        return await Store.connect(
            uri,
            database=database or self.settings.mongodb_database,
            vault=vault,
            selection_ms=SELECTION_MS,
        )

    async def _find_baseline(self) -> Baseline | None:
        if self.subject.baseline is not None:
            return self.subject.baseline
        if self.mongodb_uri is None:
            return None
        link = await self.link()
        try:
            if link.store is not None:
                self.baseline_seen = await load_baseline(link.store)
        except HarmonyHubError:  # it stopped answering, or refuses: the checks of it tell that
            return None
        return self.baseline_seen


def fingerprint_of(settings: Settings, credentials: Credentials) -> str:
    """Give the fingerprint of credentials as the state of Spotify has it; empty without a key."""
    try:
        has_key = existing_vault(settings) is not None
    except ConfigurationError:  # a check of its own tells
        has_key = False
    return credentials.fingerprint(fingerprint_key(encryption_key(settings))) if has_key else ""


def existing_vault(settings: Settings) -> Vault | None:
    """Make the vault of the encryption key that there is; None before the first start.

    Raises
    ------
    ConfigurationError
        If the key's file is damaged or cannot be read.
    """
    if settings.encryption_key is None and not (settings.data_dir / ENCRYPTION_KEY_FILE).exists():
        return None
    return Vault(encryption_key(settings))


def _readable_vault(settings: Settings) -> Vault | None:
    try:
        return existing_vault(settings)
    except ConfigurationError:  # a check of its own tells
        return None


async def close(store: Store) -> None:
    """Give a connection back, without waiting for a server that does not listen."""
    with suppress(TimeoutError, HarmonyHubError):
        async with asyncio.timeout(CLOSE_S):
            await store.close()


def repair(
    subject: Subject, results: Iterable[Result], baseline: Baseline | None
) -> Subject | None:
    """Put back what is proven wrong or missing, to look at what it hides; None without any.

    A fault behind another would be found only after the first was corrected, one deploy later.
    """
    changes: dict[str, Any] = {}  # fields of Settings have types of their own
    for result in results:
        finding = result.finding
        if finding is None or finding.variable is None:
            continue
        variable = BY_NAME[finding.variable]
        is_unset = getattr(subject.settings, variable.field) is None
        if not finding.is_proven and not is_unset:
            continue
        before = None if baseline is None else baseline.value(variable.name)
        if before is None:
            return None
        changes[variable.field] = (
            Secret(before) if variable.is_secret else variable.shape.parse(before)
        )
    if not changes:
        return None
    settings = replace(subject.settings, **changes)
    return replace(subject, settings=settings, answer=None, baseline=baseline)
