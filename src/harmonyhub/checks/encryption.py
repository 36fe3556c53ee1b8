"""Checks the encryption key against the check value that the database keeps."""

from collections.abc import Iterator
from pathlib import Path

from harmonyhub.checks.mongodb import judged
from harmonyhub.checks.subject import Scene, close, existing_vault
from harmonyhub.checks.verdicts import Results, failed, passed, skipped
from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError
from harmonyhub.domain.findings import Check, Severity
from harmonyhub.settings.keys import ENCRYPTION_KEY_FILE, key_file, next_key_file
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.settings.shapes import decode_key
from harmonyhub.storage.store import Store
from harmonyhub.storage.vault import WRONG_KEY_HINT, Vault

ENCRYPTION_KEY = "HARMONYHUB_ENCRYPTION_KEY"
DATA_DIR = "HARMONYHUB_DATA_DIR"
SEALED_SINCE = 2  # the schema from which on a database holds sealed values

RIGHT_KEY = Check(
    "HH206",
    Severity.ERROR,
    "The encryption key is not the one that the database was written with.",
    needs=("HH204",),
)


@judged(RIGHT_KEY)
async def check_right_key(scene: Scene) -> Results:
    """Open the check value; where that fails, try the keys that were in use before."""
    store = await scene.store()
    if await store.schema_version() < SEALED_SINCE:
        return skipped(RIGHT_KEY, "nothing is sealed in this database yet")
    path = key_file(scene.settings)
    if path is not None and next_key_file(path).exists():
        return _go_on(scene, next_key_file(path))
    return await _compare(scene, store)


async def _compare(scene: Scene, store: Store) -> Results:
    try:
        vault = existing_vault(scene.settings)
    except ConfigurationError as error:
        return await _refuse(scene, error.message, fix=error.hint)
    if vault is not None:
        if await store.check_vault():
            return passed(RIGHT_KEY, "the encryption key is the database's")
        return await _refuse(scene, "the check value in the database does not open")
    if sum((await store.tokens.count_by_state()).values()) == 0:
        return skipped(RIGHT_KEY, "the key is made at the first start")
    return await _refuse(scene, f"there is no {ENCRYPTION_KEY_FILE} in the data folder")


def _go_on(scene: Scene, next_path: Path) -> Results:
    return failed(
        RIGHT_KEY.found(
            f"{ENCRYPTION_KEY} was to get a new value, and not all is sealed with it yet.",
            fix=f"Stop HarmonyHub and run `harmonyhub secrets rotate {ENCRYPTION_KEY}` again:"
            " it goes on. Remove neither of the two keys.",
            variable=ENCRYPTION_KEY,
            provenance=scene.settings.provenance("encryption_key"),
            evidence=f"there is {next_path}",
        )
    )


async def _refuse(scene: Scene, evidence: str, *, fix: str = WRONG_KEY_HINT) -> Results:
    proven = await _proven_variable(scene)
    variable = proven or ENCRYPTION_KEY
    return failed(
        RIGHT_KEY.found(
            f"{variable} does not give the key that this database was written with.",
            fix=fix,
            variable=variable,
            provenance=scene.settings.provenance(BY_NAME[variable].field),
            evidence=evidence + ("; the one in use before opens it" if proven else ""),
            is_proven=proven is not None,
        )
    )


async def _proven_variable(scene: Scene) -> str | None:
    """Find the variable whose former value gives the right key."""
    for variable, key in _keys_before(scene):
        if await _opens(scene, key):
            return variable
    return None


def _keys_before(scene: Scene) -> Iterator[tuple[str, str]]:
    settings, baseline = scene.settings, scene.subject.baseline
    before = baseline.value(ENCRYPTION_KEY) if baseline else None
    if before is not None:
        yield ENCRYPTION_KEY, before
    folders = [(ENCRYPTION_KEY, settings.data_dir)] if settings.encryption_key else []
    folder_before = baseline.value(DATA_DIR) if baseline else None
    if folder_before is not None:
        variable = ENCRYPTION_KEY if settings.encryption_key else DATA_DIR
        folders.append((variable, Path(folder_before)))
    for variable, folder in folders:
        try:
            yield variable, (folder / ENCRYPTION_KEY_FILE).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue


async def _opens(scene: Scene, key: str) -> bool:
    uri = scene.mongodb_uri
    assert uri is not None  # noqa: S101 - blocked where there is none
    try:
        vault = Vault(decode_key(key))
        store = await scene.connect(uri.reveal(), vault=vault)
    except (ValueError, HarmonyHubError):
        return False
    try:
        return await store.check_vault()
    finally:
        await close(store)
