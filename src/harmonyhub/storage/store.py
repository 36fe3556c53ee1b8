"""The store: one connection to MongoDB and the repositories on it."""

from dataclasses import dataclass
from typing import Self

from pymongo import AsyncMongoClient

from harmonyhub.domain.errors import HarmonyHubError
from harmonyhub.storage import migrations, probing
from harmonyhub.storage.all_plays import AllPlays
from harmonyhub.storage.analyses import Analyses
from harmonyhub.storage.api_calls import ApiCalls
from harmonyhub.storage.app_modes import AppModes
from harmonyhub.storage.audio_files import AudioFiles
from harmonyhub.storage.check_user import CheckUser
from harmonyhub.storage.counters import Counters
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, WRITE_S, guarded, our_errors, within
from harmonyhub.storage.feedback import FeedbackLog
from harmonyhub.storage.friendships import Friendships
from harmonyhub.storage.incidents import Incidents
from harmonyhub.storage.jobs import Jobs
from harmonyhub.storage.kept_answers import KeptAnswers
from harmonyhub.storage.kept_lists import KeptLists
from harmonyhub.storage.known_good import KnownGoodValues
from harmonyhub.storage.leaving import Leaving
from harmonyhub.storage.ledgers import Ledgers
from harmonyhub.storage.listens import Listens
from harmonyhub.storage.merging import Merging
from harmonyhub.storage.models import Models
from harmonyhub.storage.packs import Packs
from harmonyhub.storage.probing import ServerFacts
from harmonyhub.storage.pushed_playlists import PushedPlaylists
from harmonyhub.storage.quality_log import QualityLog
from harmonyhub.storage.redirects import Redirects
from harmonyhub.storage.releases import Releases
from harmonyhub.storage.reports import Instances, Reports
from harmonyhub.storage.resealing import reseal_all
from harmonyhub.storage.resolutions import Resolutions
from harmonyhub.storage.resolving import Resolving
from harmonyhub.storage.shown import Shown
from harmonyhub.storage.sign_ins import SignIns
from harmonyhub.storage.spotify_library import SpotifyLibrary
from harmonyhub.storage.synced_plays import SyncedPlays
from harmonyhub.storage.tokens import Tokens
from harmonyhub.storage.tracks import Tracks
from harmonyhub.storage.uploads import Uploads
from harmonyhub.storage.upstreams import Upstreams
from harmonyhub.storage.users import Users
from harmonyhub.storage.vault import Vault, required
from harmonyhub.storage.watch_lease import WatchLease

SELECTION_MS = 5_000  # a new primary is elected in about 2 s
CONNECT_MS = 5_000
SOCKET_MS = 120_000  # building an index on millions of documents takes a minute


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    users: int
    tracks: int
    artists: int
    releases: int
    listens: int
    analyses: int


@guarded
class Store:
    """The repositories, as attributes; made by `connect`, given back by `close`."""

    def __init__(
        self, client: AsyncMongoClient[Document], database: Database, vault: Vault | None = None
    ) -> None:
        self._client = client
        self._database = database
        self._vault = vault
        self.users = Users(database)
        self.leaving = Leaving(database)
        self.feedback = FeedbackLog(database)
        self.analyses = Analyses(database)
        self.audio_files = AudioFiles(database)
        self.check_user = CheckUser(database)
        self.shown = Shown(database)
        self.kept_lists = KeptLists(database)
        self.friendships = Friendships(database)
        self.ledgers = Ledgers(database)
        self.jobs = Jobs(database)
        self.models = Models(database)
        self.packs = Packs(database)
        self.tokens = Tokens(database, vault)
        self.sign_ins = SignIns(database, vault)
        self.api_calls = ApiCalls(database)
        self.app_modes = AppModes(database)
        self.kept_answers = KeptAnswers(database)
        self.synced_plays = SyncedPlays(database)
        self.plays = AllPlays(database)
        self.spotify_library = SpotifyLibrary(database)
        self.resolutions = Resolutions(database)
        self.pushed_playlists = PushedPlaylists(database)
        self.uploads = Uploads(database)
        self.upstreams = Upstreams(database)
        self.known_good = KnownGoodValues(database, vault)
        self.counters = Counters(database)
        self.incidents = Incidents(database)
        self.releases = Releases(database, vault)
        self.watch_lease = WatchLease(database)
        self.reports = Reports(database)
        self.quality_log = QualityLog(database)
        self.instances = Instances(database)
        redirects = Redirects(database)
        self.listens = Listens(database, redirects=redirects, synced_plays=self.synced_plays)
        self._merging = Merging(
            database,
            listens=self.listens,
            synced_plays=self.synced_plays,
            feedback=self.feedback,
            analyses=self.analyses,
            users=self.users,
        )
        resolving = Resolving(database, self._merging)
        self.tracks = Tracks(database, resolving=resolving, redirects=redirects)

    @classmethod
    async def connect(
        cls,
        uri: str,
        *,
        database: str,
        vault: Vault | None = None,
        selection_ms: int | None = None,
    ) -> Self:
        """Connect, and see that MongoDB answers.

        Parameters
        ----------
        vault : Vault or None
            Without it, what is sealed can be neither read nor written.
        selection_ms : int or None
            How long to look for a server that answers, in place of `SELECTION_MS`.

        Raises
        ------
        ConfigurationError
            If the address is wrong or MongoDB refuses our name.
        StoreUnavailableError
            If nothing answers within seconds.
        """
        with our_errors():
            client: AsyncMongoClient[Document] = AsyncMongoClient(
                uri,
                appname="harmonyhub",
                serverSelectionTimeoutMS=selection_ms or SELECTION_MS,
                connectTimeoutMS=CONNECT_MS,
                socketTimeoutMS=SOCKET_MS,
                w="majority",
                journal=True,
                tz_aware=True,
            )
        store = cls(client, client[database], vault)
        try:
            with our_errors():  # not as short as `ping`: a primary may just be elected
                await client.admin.command("ping")
        except HarmonyHubError:
            await client.close()
            raise
        return store

    async def close(self) -> None:
        """Give the connection back."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @within(READ_S)
    async def ping(self) -> None:
        """See that MongoDB answers and lets us in."""
        await self._client.admin.command("ping")

    async def migrate(self) -> None:
        """Bring the database to this code's schema, and finish what a crash left half done.

        Raises
        ------
        ConflictError
            If the database is newer than this code.
        """
        await migrations.migrate(self._database)
        await self._merging.complete_pending()

    @within(READ_S)
    async def schema_version(self) -> int:
        """Read the schema version of the database; 0 before the first migration."""
        return await migrations.schema_version(self._database)

    @within(READ_S)
    async def identity(self) -> str:
        """Read the name that the database gave itself once; another one is another database."""
        document = await self._database["meta"].find_one({"_id": "identity"})
        return str(document["uuid"]) if document else ""

    @within(READ_S)
    async def server_facts(self) -> ServerFacts:
        """Ask the server what it is, and its clock."""
        return await probing.server_facts(self._database)

    @within(WRITE_S)
    async def probe_write(self) -> None:
        """Write a small document, read it back as most members have it, and remove it.

        Raises
        ------
        ConfigurationError
            If our user may not.
        StoreUnavailableError
            If MongoDB does not answer, or it did not come back as it was written.
        """
        await probing.probe_write(self._database)

    @within(WRITE_S)
    async def check_vault(self) -> bool:
        """Tell whether this database was written with our encryption key.

        The first who asks decides which key it is.
        """
        return await probing.check_vault(self._database, required(self._vault))

    async def reseal(self, old: Vault) -> int:
        """Seal with our key what the old one sealed; returns how many documents changed.

        Runs again after a crash do the rest. No other process may write with the old key
        meanwhile, or its writes stay sealed with that.

        Raises
        ------
        ConfigurationError
            If something opens with neither key.
        """
        return await reseal_all(self._database, old=old, new=required(self._vault))

    @within(READ_S)
    async def counts(self) -> Counts:
        """Count what there is."""
        return Counts(
            users=await self._count("users"),
            tracks=await self._count("tracks"),
            artists=await self._count("artists"),
            releases=await self._count("releases"),
            listens=await self._count("listens"),
            analyses=await self._count("analyses"),
        )

    async def _count(self, collection: str) -> int:
        return await self._database[collection].estimated_document_count()
