"""What worked last, sealed in the data folder: for a start that MongoDB can tell nothing."""

import asyncio
import json
from pathlib import Path

from harmonyhub.checks.subject import Baseline, existing_vault
from harmonyhub.settings.model import Settings
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.snapshot import OF_THE_PROCESS, snapshot
from harmonyhub.wiring.house import House

FILE = "last-good.sealed"
PURPOSE = "last-good"
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
    return Baseline(
        values={name: Secret(text) for name, text in document["values"].items()},
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
