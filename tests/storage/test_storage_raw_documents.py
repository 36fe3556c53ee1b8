"""Raw documents: what any collection of any database holds, as it lies there."""

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.storage.raw_documents import read_raw
from harmonyhub.storage.store import Store


@pytest.mark.slow
async def test_every_document_is_read(store: Store, mongodb_uri: str, database_name: str) -> None:
    """A text in a document stands in the bytes of its collection, and in the log of writes."""
    await store.users.ensure(UserId("somebody-0f1e2d"), now=1)
    places = {place async for place, data in read_raw(mongodb_uri) if b"somebody-0f1e2d" in data}
    assert {f"{database_name}.users", "local.oplog.rs"} <= places
