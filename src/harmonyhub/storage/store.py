"""The store: one connection to MongoDB and the repositories on it."""

from dataclasses import dataclass
from typing import Self

from pymongo import AsyncMongoClient

from harmonyhub.domain.errors import HarmonyHubError
from harmonyhub.storage import migrations
from harmonyhub.storage.analyses import Analyses
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import guarded, our_errors
from harmonyhub.storage.feedback import FeedbackLog
from harmonyhub.storage.jobs import Jobs
from harmonyhub.storage.ledgers import Ledgers
from harmonyhub.storage.listens import Listens
from harmonyhub.storage.merging import Merging
from harmonyhub.storage.models import Models
from harmonyhub.storage.redirects import Redirects
from harmonyhub.storage.resolving import Resolving
from harmonyhub.storage.shown import Shown
from harmonyhub.storage.tracks import Tracks
from harmonyhub.storage.users import Users

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

    def __init__(self, client: AsyncMongoClient[Document], database: Database) -> None:
        self._client = client
        self._database = database
        self.users = Users(database)
        self.feedback = FeedbackLog(database)
        self.analyses = Analyses(database)
        self.shown = Shown(database)
        self.ledgers = Ledgers(database)
        self.jobs = Jobs(database)
        self.models = Models(database)
        redirects = Redirects(database)
        self.listens = Listens(database, redirects)
        self._merging = Merging(
            database,
            listens=self.listens,
            feedback=self.feedback,
            analyses=self.analyses,
            users=self.users,
        )
        resolving = Resolving(database, self._merging)
        self.tracks = Tracks(database, resolving=resolving, redirects=redirects)

    @classmethod
    async def connect(cls, uri: str, *, database: str) -> Self:
        """Connect, and see that MongoDB answers.

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
                serverSelectionTimeoutMS=SELECTION_MS,
                connectTimeoutMS=CONNECT_MS,
                socketTimeoutMS=SOCKET_MS,
                w="majority",
                journal=True,
                tz_aware=True,
            )
        store = cls(client, client[database])
        try:
            await store.ping()
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

    async def schema_version(self) -> int:
        """Read the schema version of the database; 0 before the first migration."""
        return await migrations.schema_version(self._database)

    async def identity(self) -> str:
        """Read the name that the database gave itself once; another one is another database."""
        document = await self._database["meta"].find_one({"_id": "identity"})
        return str(document["uuid"]) if document else ""

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
