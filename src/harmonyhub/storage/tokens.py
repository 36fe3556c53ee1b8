"""Users' consents at an upstream; sealed, quarantined at a failure, and never deleted by one."""

import uuid
from collections.abc import Mapping

from pymongo import ASCENDING, DESCENDING

from harmonyhub.domain.consents import CONSENT_LASTS_S
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.upstreams import Outcome, TokenState, UserToken
from harmonyhub.settings.secret import Secret
from harmonyhub.storage.documents import Database, Document
from harmonyhub.storage.door import READ_S, guarded, within
from harmonyhub.storage.vault import Vault, required

SHOWN = {"refresh": 0, "access": 0}
ACTIVE, QUARANTINED = TokenState.ACTIVE.value, TokenState.QUARANTINED.value


@guarded
class Tokens:
    """All tokens, one consent per user. Times are unix seconds UTC, given by the caller."""

    def __init__(self, database: Database, vault: Vault | None) -> None:
        self._tokens = database["tokens"]
        self._vault = vault

    async def save(
        self, token: UserToken, *, refresh_token: Secret, access_token: Secret | None
    ) -> None:
        """Keep a consent and its tokens, in place of the user's former ones."""
        fields: Document = {
            "client_id": token.client_id,
            "state": token.state.value,
            "consented_at": token.consented_at,
            "access_expires_at": token.access_expires_at,
            "synced_at": token.synced_at,
            "library_due_at": token.library_due_at,
            "quarantined_for": token.quarantined_for.value if token.quarantined_for else None,
            "quarantined_at": token.quarantined_at,
            "is_public": token.is_public,
            "scopes": list(token.scopes),
            "account_id": token.account_id,
            "account_name": token.account_name,
            "noticed_at": {str(days): at for days, at in token.noticed_at.items()},
            **self._seal(token.user_id, refresh_token=refresh_token, access_token=access_token),
        }
        await self._tokens.update_one(
            {"_id": token.user_id},
            {"$set": fields, "$setOnInsert": {"claimed_until": 0, "refreshing_until": 0}},
            upsert=True,
        )

    async def save_refreshed(
        self,
        token: UserToken,
        access_token: Secret,
        *,
        refresh_token: Secret,
        access_expires_at: int,
    ) -> bool:
        """Keep what a refresh gave, and nothing else of `token`.

        False if the consent is not the one that was refreshed: the user has disconnected, or has
        signed in again meanwhile, and what that gave must not be lost.
        """
        sealed = self._seal(token.user_id, refresh_token=refresh_token, access_token=access_token)
        same = {"client_id": token.client_id, "consented_at": token.consented_at}
        change = await self._tokens.update_one(
            {"_id": token.user_id, **same},
            {"$set": {"access_expires_at": access_expires_at, **sealed}},
        )
        return change.matched_count == 1

    def _seal(
        self, user_id: str, *, refresh_token: Secret, access_token: Secret | None
    ) -> Document:
        vault = required(self._vault)
        return {
            "refresh": vault.seal(refresh_token.reveal(), purpose=purpose(user_id, "refresh")),
            "access": access_token
            and vault.seal(access_token.reveal(), purpose=purpose(user_id, "access")),
        }

    @within(READ_S)
    async def get(self, user_id: str) -> UserToken | None:
        """Load a user's consent; None if there is none."""
        document = await self._tokens.find_one({"_id": user_id})
        return _read(document) if document else None

    async def secrets_of(self, user_id: str) -> tuple[Secret, Secret | None]:
        """Open a user's refresh token and access token, whatever the state is.

        Raises
        ------
        NotFoundError
            If the user has given no consent.
        ConfigurationError
            If they were sealed with another key.
        """
        vault = required(self._vault)
        document = await self._tokens.find_one({"_id": user_id}, {"refresh": 1, "access": 1})
        if document is None:
            raise NotFoundError(
                f"{user_id} has not connected an account.", hint="Let the user sign in."
            )
        refresh = vault.open(document["refresh"], purpose=purpose(user_id, "refresh"))
        if document["access"] is None:
            return Secret(refresh), None
        access = vault.open(document["access"], purpose=purpose(user_id, "access"))
        return Secret(refresh), Secret(access)

    async def quarantine(self, user_id: str, *, outcome: Outcome, now: int) -> bool:
        """Stop using a token and keep it; tells whether it was in use."""
        change = await self._tokens.update_one(
            {"_id": user_id, "state": ACTIVE},
            {
                "$set": {
                    "state": QUARANTINED,
                    "quarantined_for": outcome.value,
                    "quarantined_at": now,
                }
            },
        )
        return change.modified_count == 1

    async def restore(self, client_id: str, *, since: int = 0) -> int:
        """Use the tokens of an app again that were quarantined since a time; returns how many."""
        change = await self._tokens.update_many(
            {"state": QUARANTINED, "client_id": client_id, "quarantined_at": {"$gte": since}},
            {"$set": {"state": ACTIVE, "quarantined_for": None, "quarantined_at": 0}},
        )
        return change.modified_count

    @within(READ_S)
    async def count_by_state(self) -> Mapping[TokenState, int]:
        """Count the tokens in each state."""
        return {
            state: await self._tokens.count_documents({"state": state.value})
            for state in TokenState
        }

    @within(READ_S)
    async def count_quarantined_since(
        self, at: int, *, outcome: Outcome | None = None, consented_since: int = 0
    ) -> int:
        """Count what was quarantined since a time and still is, for one reason or for any.

        Consents to households' own apps are left out: they say nothing of ours. `consented_since`
        leaves out older consents: those that came to their end by age.
        """
        wanted: Document = {
            "state": QUARANTINED,
            "quarantined_at": {"$gte": at},
            "consented_at": {"$gte": consented_since},
            "is_public": {"$ne": True},
        }
        if outcome is not None:
            wanted["quarantined_for"] = outcome.value
        return await self._tokens.count_documents(wanted)

    @within(READ_S)
    async def quarantined_since(self, at: int, *, client_id: str, limit: int) -> list[UserToken]:
        """List tokens of an app that were quarantined since a time, the latest first."""
        cursor = (
            self._tokens.find(
                {"state": QUARANTINED, "client_id": client_id, "quarantined_at": {"$gte": at}}
            )
            .sort([("quarantined_at", DESCENDING), ("_id", ASCENDING)])
            .limit(limit)
        )
        return [_read(document) async for document in cursor]

    @within(READ_S)
    async def of_account(self, account_id: str) -> UserToken | None:
        """Load the consent that was given for an account of the upstream; None if none was."""
        document = await self._tokens.find_one({"account_id": account_id})
        return _read(document) if document else None

    @within(READ_S)
    async def all(self) -> list[UserToken]:
        """List all consents, the oldest first."""
        cursor = self._tokens.find({}, SHOWN).sort("consented_at", ASCENDING)
        return [_read(document) async for document in cursor]

    @within(READ_S)
    async def longest_unsynced(self) -> UserToken | None:
        """Load the active token that waits longest for a synchronization; None if there is none."""
        document = await self._tokens.find_one({"state": ACTIVE}, sort=[("synced_at", ASCENDING)])
        return _read(document) if document else None

    @within(READ_S)
    async def client_ids(self) -> Mapping[str, int]:
        """Count how many tokens each app issued, households' own left out."""
        cursor = await self._tokens.aggregate(
            [{"$match": {"is_public": {"$ne": True}}}, {"$sortByCount": "$client_id"}]
        )
        return {str(document["_id"]): int(document["count"]) async for document in cursor}

    @within(READ_S)
    async def expiring_before(self, at: int) -> int:
        """Count the consents in use that end before a time; ended ones are among them."""
        return await self._tokens.count_documents(
            {"state": ACTIVE, "consented_at": {"$lt": at - CONSENT_LASTS_S}}
        )

    async def claim_due(
        self, *, now: int, every_s: int, lease_s: int, limit: int, is_public_only: bool = False
    ) -> list[UserToken]:
        """Take active tokens not synchronized for `every_s`, the longest waiting first.

        With `is_public_only` those of households' own apps alone. Nobody else gets them before
        `lease_s` has passed or `mark_synced` made them due again.
        """
        due: Document = {
            "state": ACTIVE,
            "synced_at": {"$lte": now - every_s},
            "claimed_until": {"$lte": now},
        }
        if is_public_only:
            due["is_public"] = True
        claim = uuid.uuid4().hex
        cursor = self._tokens.find(due, {"_id": 1}).sort("synced_at", ASCENDING).limit(limit)
        candidates = [document["_id"] async for document in cursor]
        await self._tokens.update_many(
            {**due, "_id": {"$in": candidates}},
            {"$set": {"claimed_until": now + lease_s, "claim": claim}},
        )
        claimed = self._tokens.find({"_id": {"$in": candidates}, "claim": claim})
        return [_read(document) async for document in claimed.sort("synced_at", ASCENDING)]

    async def claim_library(
        self, *, now: int, lease_s: int, is_public_only: bool = False
    ) -> UserToken | None:
        """Take the active token whose library is due and waits longest; None if there is none.

        Those whose plays were never read, or are asked for now, are left out: they are claimed by
        `claim_due`. Nobody else gets it before `lease_s` has passed or `plan_library` said when.
        """
        due: Document = {
            "state": ACTIVE,
            "synced_at": {"$gt": 0},
            # Consents of earlier releases have no such field.
            "$or": [{"library_due_at": {"$lte": now}}, {"library_due_at": {"$exists": False}}],
        }
        if is_public_only:
            due["is_public"] = True
        document = await self._tokens.find_one_and_update(
            due,
            {"$set": {"library_due_at": now + lease_s}},
            sort=[("library_due_at", ASCENDING)],
        )
        return _read(document) if document else None

    async def plan_library(self, user_id: str, *, at: int) -> None:
        """Say when a user's library is due next."""
        await self._tokens.update_one({"_id": user_id}, {"$set": {"library_due_at": at}})

    async def mark_synced(self, user_id: str, now: int) -> None:
        """Write down that the user's plays were read, and end the claim."""
        await self._tokens.update_one(
            {"_id": user_id}, {"$set": {"synced_at": now, "claimed_until": 0}}
        )

    async def lock_refresh(self, user_id: str, owner: str, *, now: int, lease_s: int) -> bool:
        """Take the right to refresh a token; one at a time in the whole fleet has it."""
        change = await self._tokens.update_one(
            {"_id": user_id, "refreshing_until": {"$lte": now}},
            {"$set": {"refreshing_until": now + lease_s, "refresher": owner}},
        )
        return change.modified_count == 1

    async def unlock_refresh(self, user_id: str, owner: str) -> None:
        """Give the right to refresh back; nothing happens if it is another's by now."""
        await self._tokens.update_one(
            {"_id": user_id, "refresher": owner}, {"$set": {"refreshing_until": 0}}
        )

    async def note_notice(self, token: UserToken, n_days: int, *, now: int) -> bool:
        """Write down that a user is told that so many days are left; tells whether it is news."""
        field = f"noticed_at.{n_days}"
        same = {"consented_at": token.consented_at, field: {"$exists": False}}
        change = await self._tokens.update_one(
            {"_id": token.user_id, **same}, {"$set": {field: now}}
        )
        return change.modified_count == 1

    async def name_account(self, user_id: str, *, account_id: str, name: str) -> bool:
        """Write down whose account a consent is for, if that was not known; tells whether so."""
        unnamed = {"$or": [{"account_id": ""}, {"account_id": {"$exists": False}}]}
        change = await self._tokens.update_one(
            {"_id": user_id, **unnamed}, {"$set": {"account_id": account_id, "account_name": name}}
        )
        return change.modified_count == 1

    async def make_due(self, user_id: str) -> bool:
        """Let a user be synchronized next, unless that is going on; False: no usable consent."""
        change = await self._tokens.update_one(
            {"_id": user_id, "state": ACTIVE}, {"$set": {"synced_at": 0}}
        )
        return change.matched_count == 1

    async def forget(self, user_id: str) -> None:
        """Delete a user's tokens; only because the user wants it."""
        await self._tokens.delete_one({"_id": user_id})


def purpose(user_id: str, kind: str) -> str:
    """Name what a user's "refresh" or "access" token is sealed for."""
    return f"token:{user_id}:{kind}"


def _read(document: Document) -> UserToken:
    reason = document["quarantined_for"]
    return UserToken(
        user_id=document["_id"],
        client_id=document["client_id"],
        state=TokenState(document["state"]),
        consented_at=document["consented_at"],
        access_expires_at=document["access_expires_at"],
        synced_at=document["synced_at"],
        library_due_at=document.get("library_due_at", 0),
        quarantined_for=Outcome(reason) if reason else None,
        quarantined_at=document["quarantined_at"],
        # Consents of earlier releases have none of these.
        is_public=document.get("is_public", False),
        scopes=tuple(document.get("scopes", ())),
        account_id=document.get("account_id", ""),
        account_name=document.get("account_name", ""),
        noticed_at={int(days): at for days, at in document.get("noticed_at", {}).items()},
    )
