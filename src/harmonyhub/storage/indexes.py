"""All indexes of the database as one table."""

from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from harmonyhub.storage.documents import Database


@dataclass(frozen=True, slots=True)
class Index:
    """One index: its collection, its fields with their direction, and what else it is."""

    collection: str
    fields: tuple[tuple[str, int], ...]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in the database, from the fields."""
        return "_".join(name for name, _ in self.fields)


INDEXES = (
    # Two users whose keys would start alike are refused instead of mixed up.
    Index("users", (("prefix", ASCENDING),), {"unique": True}),
    # No identity key ever names two tracks, whoever writes at the same time.
    Index("tracks", (("keys", ASCENDING),), {"unique": True}),
    Index("tracks", (("words", ASCENDING),)),
    Index("redirects", (("to", ASCENDING),)),
    Index("redirects", (("is_pending", ASCENDING),), {"sparse": True}),
    Index("listens", (("u", ASCENDING), ("at", DESCENDING))),
    Index("synced_plays", (("u", ASCENDING), ("at", DESCENDING))),
    Index("spotify_lists", (("user", ASCENDING),)),
    Index("spotify_pages", (("user", ASCENDING), ("list", ASCENDING), ("offset", ASCENDING))),
    Index("spotify_pages", (("list", ASCENDING), ("generation", ASCENDING))),
    Index("ledgers", (("user", ASCENDING), ("started_at", DESCENDING))),
    Index("ledger_pages", (("ledger", ASCENDING), ("number", ASCENDING)), {"unique": True}),
    Index("feedback", (("user", ASCENDING), ("at", ASCENDING))),
    Index("feedback", (("track", ASCENDING),)),
    Index("shown", (("user", ASCENDING), ("at", DESCENDING))),
    Index("shown", (("expires", ASCENDING),), {"expireAfterSeconds": 0}),
    Index(
        "kept_lists",
        (("user_id", ASCENDING), ("list_name", ASCENDING), ("period", DESCENDING)),
    ),
    # One friendship per pair is the key's matter.
    Index("friendships", (("by", ASCENDING),)),
    Index("friendships", (("to", ASCENDING),)),
    Index("analyses", (("track", ASCENDING), ("at", DESCENDING))),
    Index(
        "analyses",
        (("analysis.analysis_version", ASCENDING), ("analysis.description_version", ASCENDING)),
    ),
    Index("audio_files", (("place", ASCENDING), ("path", ASCENDING))),
    Index("jobs", (("state", ASCENDING), ("created_at", ASCENDING))),
    Index("jobs", (("created_at", DESCENDING),)),
    # One job waits per natural key, however many ask for it.
    Index(
        "jobs",
        (("key", ASCENDING),),
        {
            "unique": True,
            "partialFilterExpression": {"state": "queued", "key": {"$exists": True}},
        },
    ),
    Index("tokens", (("state", ASCENDING), ("synced_at", ASCENDING))),
    Index("tokens", (("client_id", ASCENDING),)),
    Index("tokens", (("state", ASCENDING), ("quarantined_at", ASCENDING))),
    Index("api_calls", (("app", ASCENDING), ("kind", ASCENDING), ("at", ASCENDING))),
    Index("api_calls", (("expires", ASCENDING),), {"expireAfterSeconds": 0}),
    Index("kept_answers", (("user", ASCENDING),)),
    Index("kept_answers", (("expires", ASCENDING),), {"expireAfterSeconds": 0}),
    Index("sign_ins", (("expires", ASCENDING),), {"expireAfterSeconds": 0}),
    Index("resolutions", (("expires", ASCENDING),), {"expireAfterSeconds": 0}),
    Index("pushed_playlists", (("user_id", ASCENDING), ("updated_at", DESCENDING))),
    # One incident is open per set of causes, however many processes see them.
    Index(
        "incidents",
        (("key", ASCENDING),),
        {"unique": True, "partialFilterExpression": {"resolved_at": 0}},
    ),
    Index("incidents", (("opened_at", DESCENDING),)),
)


async def create_indexes(database: Database) -> None:
    """Create what is missing of the table; an index that is there costs nothing."""
    for collection in {index.collection: None for index in INDEXES}:
        await database[collection].create_indexes(
            [
                IndexModel(list(index.fields), name=index.name, **index.options)
                for index in INDEXES
                if index.collection == collection
            ]
        )
