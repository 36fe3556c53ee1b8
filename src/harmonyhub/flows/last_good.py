"""What worked last, kept in the data folder: for a start that MongoDB can tell nothing.

The values are sealed. Beside them stand, for a start with another key, those that are no secret,
and a salted hash that says whether Spotify's secret is still the same.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harmonyhub.checks.subject import Baseline, existing_vault
from harmonyhub.settings.model import Settings
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.snapshot import OF_THE_PROCESS, snapshot
from harmonyhub.wiring.house import House

FILE = "last-good.sealed"
PLAIN_FILE = "last-good.json"
PURPOSE = "last-good"
SALT_BYTES = 16
# 128 random bits, which no hash gives away; a password that somebody made up might be guessed.
HASHED = "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
NO_LEDGER = 0  # all that was set is known, as of a release: what is missing had its default


async def keep_last_good(house: House, settings: Settings) -> None:
    """Write down settings that everything was just seen to work with."""
    values = {
        entry.name: text
        for entry in snapshot(settings)
        if entry.name not in OF_THE_PROCESS and (text := entry.reveal()) is not None
    }
    document = {
        "values": values,
        "identity": await house.store.identity(),
        "n_users": (await house.store.counts()).users,
        "tokens_by_client": dict(await house.store.tokens.client_ids()),
        "release": settings.release or NO_LEDGER,
    }
    sealed = house.vault.seal(json.dumps(document), purpose=PURPOSE)
    await asyncio.to_thread(_write, settings.data_dir / FILE, sealed)
    public = {name: text for name, text in values.items() if not BY_NAME[name].is_secret}
    salt = secrets.token_bytes(SALT_BYTES)
    mark = _hash(values[HASHED], salt) if HASHED in values else ""
    plain = {**document, "values": public, "salt": salt.hex(), "hash": mark}
    await asyncio.to_thread(_write, settings.data_dir / PLAIN_FILE, json.dumps(plain).encode())


def load_last_good(settings: Settings) -> Baseline | None:
    """Read what worked last; None if nothing was written down yet.

    Raises
    ------
    ConfigurationError
        If it does not open: the encryption key is another one.
    """
    try:
        sealed = (settings.data_dir / FILE).read_bytes()
    except OSError:
        return None
    vault = existing_vault(settings)
    if vault is None:
        return None
    document = json.loads(vault.open(sealed, purpose=PURPOSE))
    return _baseline(document, document["values"])


def load_plain_last_good(settings: Settings) -> Baseline | None:
    """Read what is known without the key: values that are no secret, and a secret that stayed."""
    try:
        document = json.loads((settings.data_dir / PLAIN_FILE).read_bytes())
        salt = bytes.fromhex(document["salt"])
        values = dict(document["values"])
        secret = settings.spotify_client_secret
        if secret is not None and _hash(secret.reveal(), salt) == document["hash"]:
            values[HASHED] = secret.reveal()
        return _baseline(document, values)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hash(text: str, salt: bytes) -> str:
    return blake2b(text.encode(), salt=salt, digest_size=16).hexdigest()


def _baseline(document: Mapping[str, Any], values: Mapping[str, str]) -> Baseline:
    return Baseline(
        values={name: Secret(text) for name, text in values.items()},
        identity=document["identity"],
        n_users=document["n_users"],
        tokens_by_client=document["tokens_by_client"],
        release=document["release"],
    )


def _write(path: Path, sealed: bytes) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_bytes(sealed)
    draft.replace(path)
