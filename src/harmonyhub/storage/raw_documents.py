"""Reads every document of a server as it lies there: what a search for leaked secrets goes by."""

from collections.abc import AsyncIterator

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from harmonyhub.storage.door import our_errors

CHUNK_BYTES = 8 << 20


async def read_raw(uri: str) -> AsyncIterator[tuple[str, bytes]]:
    """Give the documents of all databases, MongoDB's own and its log of writes included.

    Yields
    ------
    str, bytes
        "database.collection", and the BSON of some of its documents one after the other.

    Raises
    ------
    StoreUnavailableError
        If the server does not answer.
    """
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    client: AsyncMongoClient[RawBSONDocument] = AsyncMongoClient(
        uri, document_class=RawBSONDocument
    )
    try:
        with our_errors():
            for name in await client.list_database_names():
                database = client.get_database(name, codec_options=options)
                for collection in await database.list_collection_names():
                    chunk = bytearray()
                    async for document in database[collection].find():
                        chunk += document.raw
                        if len(chunk) > CHUNK_BYTES:
                            yield f"{name}.{collection}", bytes(chunk)
                            chunk.clear()
                    yield f"{name}.{collection}", bytes(chunk)
    finally:
        await client.close()
