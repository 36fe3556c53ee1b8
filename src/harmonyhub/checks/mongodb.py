"""Checks of MongoDB: does it answer, is it ours, may we write, is the key the right one."""

import functools
import re
from collections.abc import Awaitable, Callable, Iterator

from harmonyhub.checks.subject import Scene, close
from harmonyhub.checks.verdicts import Results, failed, passed, skipped, unverified
from harmonyhub.domain.errors import ConfigurationError, HarmonyHubError, StoreUnavailableError
from harmonyhub.domain.findings import Check, Owner, Severity
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.storage.migrations import MIGRATIONS
from harmonyhub.storage.store import Store

URI = "HARMONYHUB_MONGODB_URI"
DATABASE = "HARMONYHUB_MONGODB_DATABASE"

REACHABLE = Check("HH201", Severity.ERROR, "MongoDB does not answer, or does not let us in.")
RIGHT_DATABASE = Check(
    "HH202",
    Severity.ERROR,
    "The database is not the one that holds everybody's data.",
    needs=("HH201",),
)
RIGHTS = Check(
    "HH203", Severity.ERROR, "What is written to MongoDB does not come back.", needs=("HH202",)
)
SCHEMA = Check(
    "HH204", Severity.ERROR, "The database has a newer schema than this code.", needs=("HH202",)
)
REPLICA_SET = Check(
    "HH205",
    Severity.ERROR,
    "MongoDB is no replica set, so it has no transactions.",
    needs=("HH201",),
)

ADDRESS_FIX = "Correct HARMONYHUB_MONGODB_URI: mongodb://user:password@host:port/?replicaSet=name."
OTHER_SET = r"No replica set members available"
REASONS = (  # as pymongo, OpenSSL and the system word it, the first that fits
    (OTHER_SET, "the servers there belong to another replica set"),
    (r"Errno -\d|getaddrinfo|DNS|resolution", "its host name is not known (DNS)"),
    (r"SSL|TLS|certificate", "the TLS handshake fails"),
    (r"Errno 111|refused|Connect call failed", "nothing listens there (connection refused)"),
    (r"closed|reset", "the connection is closed at once"),
)

Look = Callable[[Scene], Awaitable[Results]]


def judged(check: Check) -> Callable[[Look], Look]:
    """Turn what MongoDB refuses or fails during a check into its verdict."""

    def decorate(look: Look) -> Look:
        @functools.wraps(look)
        async def run(scene: Scene) -> Results:
            try:
                return await look(scene)
            except StoreUnavailableError as error:
                finding = check.found(error.message, fix=error.hint, owner=Owner.NETWORK)
                return unverified(finding)
            except ConfigurationError as error:
                finding = check.found(
                    "The user in HARMONYHUB_MONGODB_URI may not read or write this database.",
                    fix=error.hint,
                    variable=URI,
                    provenance=scene.settings.provenance("mongodb_uri"),
                    evidence=reason_of(error),
                )
                return failed(finding)

        return run

    return decorate


async def check_reachable(scene: Scene) -> Results:
    """Connect and authenticate; where that fails, try the address that worked before."""
    if scene.mongodb_uri is None:
        return await _check_missing_address(scene)
    link = await scene.link()
    if link.error is None:
        return passed(REACHABLE, f"MongoDB answers in {link.took_ms} ms")
    reason = reason_of(link.error)
    proof = await _prove_address(scene, link.error)
    is_refused = isinstance(link.error, ConfigurationError)
    is_ours = bool(proof) or is_refused
    named = scene.settings.mongodb_uri is not None
    finding = REACHABLE.found(
        f"MongoDB {'refuses' if is_refused else 'does not answer at'} "
        f"{URI if named else 'the embedded server'}.",
        fix=ADDRESS_FIX if is_ours else "See that MongoDB runs, and that the address is its own.",
        variable=URI if named else None,
        provenance=scene.settings.provenance("mongodb_uri"),
        evidence=f"{reason}{proof}",
        owner=Owner.OPERATOR if is_ours else Owner.NETWORK,
        is_proven=bool(proof),
    )
    return failed(finding) if is_ours else unverified(finding)


async def _check_missing_address(scene: Scene) -> Results:
    baseline = scene.subject.baseline
    before = None if baseline is None else baseline.value(URI)
    if before is None:
        return skipped(REACHABLE, "the embedded MongoDB does not run now")
    is_proven = await _answers(scene, before)
    finding = REACHABLE.found(
        f"{URI} is not set, and it was where everybody's data is.",
        fix=f"Set {URI} again, or go back with `harmonyhub rollback`.",
        variable=URI,
        provenance=scene.settings.provenance("mongodb_uri"),
        evidence="the address that worked before answers" if is_proven else "",
        is_proven=is_proven,
    )
    return failed(finding)


async def _prove_address(scene: Scene, error: HarmonyHubError) -> str:
    """Try the address in use before, then ours without the set's name; say what succeeded."""
    uri = scene.settings.mongodb_uri
    if uri is None:
        return ""
    # Only what was given: the database that would know more is the one that does not answer.
    baseline = scene.subject.baseline
    before = None if baseline is None else baseline.value(URI)
    if before is not None and before != uri.reveal() and await _answers(scene, before):
        return "; at the address that worked before, it answers"
    if re.search(OTHER_SET, str(error.__cause__)):
        nameless = re.sub(
            r"replicaSet=[^&]*", "directConnection=true", uri.reveal(), flags=re.IGNORECASE
        )
        if await _answers(scene, nameless):
            return "; without the name of the set, it answers"
    return ""


async def _answers(scene: Scene, uri: str) -> bool:
    try:
        store = await scene.connect(uri)
    except HarmonyHubError:
        return False
    await close(store)
    return True


def reason_of(error: HarmonyHubError) -> str:
    """Say in a closed set of words why MongoDB cannot be used; drivers quote addresses."""
    if isinstance(error, ConfigurationError):
        return error.message.removesuffix(".")
    text = str(error.__cause__)
    known = (words for pattern, words in REASONS if re.search(pattern, text, re.IGNORECASE))
    return next(known, "no answer in time")


@judged(RIGHT_DATABASE)
async def check_right_database(scene: Scene) -> Results:
    """Compare the identity of the database with that of the one in use."""
    store, baseline = await scene.store(), await scene.baseline()
    identity = await store.identity()
    if baseline is None or not baseline.identity:
        return passed(RIGHT_DATABASE, "the database is new")
    if identity == baseline.identity:
        return passed(RIGHT_DATABASE, f"the database is ours, with {baseline.n_users} listeners")
    variables, is_proven = await _prove_place(scene)
    seen = "another identity" if identity else "nothing of ours in it"
    return failed(
        *(
            RIGHT_DATABASE.found(
                f"{variable} leads to another database than the one in use.",
                fix=f"Put {variable} back; {baseline.n_users} listeners are in the one before.",
                variable=variable,
                provenance=scene.settings.provenance(BY_NAME[variable].field),
                evidence=f"the database has {seen}"
                + ("; with the value that worked before it is the right one" if is_proven else ""),
                is_proven=is_proven,
            )
            for variable in variables
        )
    )


async def _prove_place(scene: Scene) -> tuple[tuple[str, ...], bool]:
    """Find which of address and name, put back, lead to the database in use."""
    baseline = await scene.baseline()
    for uri, database, variables in _places(scene):
        try:
            store = await scene.connect(uri, database=database)
        except HarmonyHubError:
            continue
        try:
            if baseline is not None and await store.identity() == baseline.identity:
                return variables, True
        except HarmonyHubError:
            continue
        finally:
            await close(store)
    is_default = scene.settings.provenance("mongodb_database") == "default"
    return (URI,) if is_default else (DATABASE,), False


def _places(scene: Scene) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    baseline, uri = scene.subject.baseline, scene.mongodb_uri
    assert uri is not None  # noqa: S101 - blocked where there is none
    database = scene.settings.mongodb_database
    before = baseline.value(DATABASE) if baseline else None
    # Without the ledger the default is what most have; looking there changes nothing.
    database_before = before or BY_NAME[DATABASE].default or database
    uri_before = (baseline.value(URI) if baseline else None) or uri.reveal()
    if database_before != database:
        yield uri.reveal(), database_before, (DATABASE,)
    if uri_before != uri.reveal():
        yield uri_before, database, (URI,)
        if database_before != database:
            yield uri_before, database_before, (URI, DATABASE)


@judged(RIGHTS)
async def check_rights(scene: Scene) -> Results:
    """Write a small document, read it back, remove it."""
    await (await scene.store()).probe_write()
    return passed(RIGHTS, "what is written to MongoDB comes back")


@judged(SCHEMA)
async def check_schema(scene: Scene) -> Results:
    """Compare the schema of the database with the newest that this code knows."""
    version, newest = await (await scene.store()).schema_version(), MIGRATIONS[-1].version
    if version <= newest:
        return passed(SCHEMA, f"the schema is {version} of {newest}")
    return failed(
        SCHEMA.found(
            f"The database has schema {version}; this release knows up to {newest}.",
            fix="Run the newer release that wrote it, or restore a backup from before it.",
            evidence=f"schema {version}",
        )
    )


@judged(REPLICA_SET)
async def check_replica_set(scene: Scene) -> Results:
    """Ask the server whether it is a member of a replica set."""
    store: Store = await scene.store()
    facts = await store.server_facts()
    if facts.replica_set is not None:
        return passed(REPLICA_SET, f"MongoDB {facts.version} is a replica set")
    return failed(
        REPLICA_SET.found(
            f"The MongoDB at {URI} is a server by itself: a release cannot be switched safely.",
            fix="Start it with --replSet rs0 and run rs.initiate() once, or name a replica set in"
            f" {URI}.",
            variable=URI,
            provenance=scene.settings.provenance("mongodb_uri"),
            evidence=f"MongoDB {facts.version} without a set name",
        )
    )
