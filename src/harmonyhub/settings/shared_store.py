"""What is suspicious about a MongoDB address that is right in itself."""

from urllib.parse import parse_qs

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.gathered import Gathered
from harmonyhub.settings.registry import BY_NAME, PREFIX
from harmonyhub.settings.shapes import is_loopback

URI = f"{PREFIX}MONGODB_URI"
DATABASE = f"{PREFIX}MONGODB_DATABASE"
ENCRYPTION_KEY = f"{PREFIX}ENCRYPTION_KEY"
TEST_NAMES = frozenset({"test", "tests", "testing", "tmp", "temp", "example", "demo"})


def check_shared_store(gathered: Gathered) -> list[Finding]:
    """Warn of a MongoDB beyond this machine that is set up for less than it is used for."""
    checks = (_check_replica_set, _check_path, _check_name, _check_key)
    return [finding for check in checks if (finding := check(gathered)) is not None]


def _check_replica_set(gathered: Gathered) -> Finding | None:
    raw = gathered.sound.get(URI)
    # The SRV record of mongodb+srv:// brings the name of the set with it.
    if raw is None or not raw.text.startswith("mongodb://") or not _is_remote(raw.text):
        return None
    query = parse_qs(raw.text.partition("?")[2])
    if any(name.lower() == "replicaset" for name in query):
        return None
    return catalogue.NO_REPLICA_SET.found(
        f"{URI} has no replicaSet=...: when its server steps down, nobody looks for the next.",
        fix=f"Add ?replicaSet=NAME (or &replicaSet=NAME) to {URI}; rs.conf()._id in mongosh is the"
        " name.",
        variable=URI,
        provenance=raw.provenance,
    )


def _check_path(gathered: Gathered) -> Finding | None:
    raw = gathered.sound.get(URI)
    if raw is None:
        return None
    named = raw.text.partition("://")[2].partition("?")[0].partition("/")[2]
    given = gathered.sound.get(DATABASE)
    used = BY_NAME[DATABASE].default if given is None else given.text
    # `admin` there is where the user is known, not where the data are.
    if named in {"", "admin", used}:
        return None
    return catalogue.OTHER_DATABASE.found(
        f"{URI} names another database than {DATABASE}, which is the one that is used: {used}.",
        fix=f"Set {DATABASE} to the one that you mean, and remove the name from {URI} or write"
        " authSource=NAME if the user is known there.",
        variable=DATABASE,
        provenance=raw.provenance,
    )


def _check_name(gathered: Gathered) -> Finding | None:
    raw = gathered.sound.get(DATABASE)
    if raw is None or raw.text.lower() not in TEST_NAMES:
        return None
    return catalogue.TEST_DATABASE.found(
        f"{DATABASE} is {raw.text!r}: a name of databases that people empty.",
        fix=f"Set {DATABASE} to a name of its own, such as harmonyhub.",
        variable=DATABASE,
        provenance=raw.provenance,
    )


def _check_key(gathered: Gathered) -> Finding | None:
    raw = gathered.sound.get(URI)
    if raw is None or not _is_remote(raw.text) or ENCRYPTION_KEY in gathered.named:
        return None
    return catalogue.LOCAL_KEY.found(
        f"{ENCRYPTION_KEY} is not set, and MongoDB is not on this machine: tokens there are sealed"
        " with a key that only this data folder has.",
        fix=f"Set {ENCRYPTION_KEY} to the text in the file encryption.key of the data folder, on"
        " every machine, and keep a copy.",
        variable=ENCRYPTION_KEY,
    )


def _is_remote(uri: str) -> bool:
    hosts = uri.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    names = [
        host.rpartition("]")[0].lstrip("[") or host.partition(":")[0] for host in hosts.split(",")
    ]
    return any(not is_loopback(name) and not name.lower().endswith(".sock") for name in names)
