"""A new encryption key: seals again what the old one sealed, one document at a time."""

from collections.abc import Callable, Mapping

from harmonyhub.storage import known_good, releases, tokens
from harmonyhub.storage.documents import Collection, Database, Document
from harmonyhub.storage.vault import CHECK_PURPOSE, Vault

Reseal = Callable[[bytes, str], bytes]


async def reseal_all(database: Database, *, old: Vault, new: Vault) -> int:
    """Seal tokens, known good values, secrets of releases and the check value with a new key.

    A sealed value says which key sealed it, and a document changes as a whole: after a crash the
    same call does the rest. The check value comes last, so until all is done the database goes on
    saying that it belongs to the old key.

    Returns
    -------
    int
        How many documents were sealed again.

    Raises
    ------
    ConfigurationError
        If something opens with neither key; what was done until then stays.
    """

    def reseal(sealed: bytes, purpose: str) -> bytes:
        if new.has_sealed(sealed):
            return sealed
        return new.seal(old.open(sealed, purpose=purpose), purpose=purpose)

    n_changed = 0
    for collection in RENEWALS:
        wanted = {"_id": "vault-check"} if collection == "meta" else {}
        ids = [found["_id"] async for found in database[collection].find(wanted, {"_id": 1})]
        for document_id in ids:
            n_changed += await _reseal_one(database[collection], document_id, reseal)
    return n_changed


async def _reseal_one(collection: Collection, document_id: object, reseal: Reseal) -> bool:
    while (document := await collection.find_one({"_id": document_id})) is not None:
        fields = RENEWALS[collection.name](document, reseal)
        seen = {name: document[name] for name in fields}
        if seen == fields:
            return False
        # Whoever saved a newer token meanwhile is not overwritten: what was read must be there.
        change = await collection.update_one({"_id": document_id, **seen}, {"$set": fields})
        if change.modified_count == 1:
            return True
    return False


def _renew_token(document: Document, reseal: Reseal) -> Document:
    return {
        kind: document[kind] and reseal(document[kind], tokens.purpose(document["_id"], kind))
        for kind in ("refresh", "access")
    }


def _renew_known_good(document: Document, reseal: Reseal) -> Document:
    return {
        "values": {
            name: reseal(sealed, known_good.purpose(document["_id"], name))
            for name, sealed in document["values"].items()
        }
    }


def _renew_release(document: Document, reseal: Reseal) -> Document:
    return {
        "configuration": [
            entry
            | {
                "sealed": entry["sealed"]
                and reseal(entry["sealed"], releases.purpose(document["_id"], entry["name"]))
            }
            for entry in document["configuration"]
        ]
    }


def _renew_check_value(document: Document, reseal: Reseal) -> Document:
    return {"sealed": reseal(document["sealed"], CHECK_PURPOSE)}


RENEWALS: Mapping[str, Callable[[Document, Reseal], Document]] = {
    "tokens": _renew_token,
    "known_good": _renew_known_good,
    "release_ledger": _renew_release,
    "meta": _renew_check_value,
}
