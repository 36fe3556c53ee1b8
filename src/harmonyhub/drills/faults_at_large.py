"""Faults that only show when what the configuration points to is asked."""

import base64
import random
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from harmonyhub.drills.configuration import Configuration, env_line
from harmonyhub.drills.faults import Break, Damage, FaultClass, Kind, Stage
from harmonyhub.drills.faults_in_values import (
    ACCOUNTS_URL,
    ALERT_URLS,
    API_URL,
    CLIENT_ID,
    CLIENT_SECRET,
    ENCRYPTION_KEY,
    HEX,
    MONGODB_DATABASE,
    MONGODB_URI,
    REDIRECT_URI,
    changing,
)


def _random_hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"


def _one_digit(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    other = rng.choice([digit for digit in "0123456789abcdef" if digit != text[at]])
    return text[:at] + other + text[at + 1 :]


def _is_without_spotify(configuration: Configuration) -> bool:
    return not all(name in configuration for name in HEX)


def _replacing(sources: Mapping[str, str]) -> Break:
    """Replace Spotify's id, secret or both by what the stage or chance gives."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        if _is_without_spotify(configuration):
            return None
        offered = {
            "other-id": stage.other_client_id,
            "other-secret": stage.other_client_secret,
            "former": stage.former_secret,
            "random": _random_hex(rng),
            "id": configuration[CLIENT_ID],
            "secret": configuration[CLIENT_SECRET],
        }
        targets = {"id": CLIENT_ID, "secret": CLIENT_SECRET}
        changes = {
            targets[target]: _random_hex(rng) if source == "random" else offered[source]
            for target, source in sources.items()
        }
        return Damage(configuration.having(changes), frozenset(changes))

    return breaks


def _stale_environment(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    """Leave the revoked secret in the environment, over the right one in `.env`."""
    del rng
    if _is_without_spotify(configuration):
        return None
    right = env_line(CLIENT_SECRET, configuration[CLIENT_SECRET])
    broken = configuration.having({CLIENT_SECRET: stage.former_secret}).with_lines([right])
    return Damage(broken, frozenset({CLIENT_SECRET}))


def _other_key(text: str, rng: random.Random) -> str:
    del text
    return base64.b64encode(rng.randbytes(32)).decode()


def _pointing(name: str, change: str) -> Break:
    """Point an address of Spotify elsewhere; the ways are the keys of `changes` below."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        if name not in configuration:
            return None
        parts = urlsplit(configuration[name])
        changes = {
            "path": parts._replace(path=parts.path + rng.choice(("/v2", "/oauth", "/web"))),
            "port": parts._replace(netloc=f"{parts.hostname}:{stage.closed_port}"),
            "tls": parts._replace(scheme="https"),
        }
        broken = configuration.having({name: changes[change].geturl()})
        return Damage(broken, frozenset({name}))

    return breaks


def _exchange_urls(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage, rng
    if API_URL not in configuration or ACCOUNTS_URL not in configuration:
        return None
    broken = configuration.having(
        {API_URL: configuration[ACCOUNTS_URL], ACCOUNTS_URL: configuration[API_URL]}
    )
    return Damage(broken, frozenset({API_URL, ACCOUNTS_URL}))


def _mongodb(change: str) -> Break:
    """Break MongoDB's address in one way; the ways are the keys of `changes` below."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        if MONGODB_URI not in configuration:
            return None
        uri = configuration[MONGODB_URI]
        hosts = re.search(r"//(?:[^/@]*@)?([^/?]*)", uri)
        at = hosts.span(1) if hosts else (0, 0)
        changes = {
            "port": f"{uri[: at[0]]}127.0.0.1:{stage.closed_port}{uri[at[1] :]}",
            "host": f"{uri[: at[0]]}mongodb.invalid:27017{uri[at[1] :]}",
            "user": re.sub(r"//(?:[^/@]*@)?", f"//hub:{_random_hex(rng)}@", uri, count=1),
            "set": _with_replica_set(uri, rng.choice(("rs1", "replica", "production"))),
            "standalone": stage.standalone_uri,
        }
        if not changes[change]:
            return None
        return Damage(
            configuration.having({MONGODB_URI: changes[change]}), frozenset({MONGODB_URI})
        )

    return breaks


def _with_replica_set(uri: str, name: str) -> str:
    bare = re.sub(r"[?&](replicaSet|directConnection)=[^&]*", "", uri)
    if "/" not in bare.partition("://")[2]:
        bare += "/"
    return f"{bare}{'&' if '?' in bare else '?'}replicaSet={name}"


def _other_database(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    del rng
    broken = configuration.having({MONGODB_DATABASE: stage.other_database})
    return Damage(broken, frozenset({MONGODB_DATABASE}))


def _dead_webhook(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del rng
    broken = configuration.having({ALERT_URLS: f"json://127.0.0.1:{stage.closed_port}/"})
    return Damage(broken, frozenset({ALERT_URLS}))


def _live(kind_id: str, meaning: str, breaks: Break) -> Kind:
    return Kind(kind_id, FaultClass.LIVE, meaning, breaks)


KINDS = (
    _live("wrong-id", "an id of no app", _replacing({"id": "random"})),
    _live("wrong-secret", "a secret of no app", _replacing({"secret": "random"})),
    _live(
        "wrong-pair",
        "an id and a secret of no app",
        _replacing({"id": "random", "secret": "random"}),
    ),
    _live("mistyped-id", "one digit of the id", changing((CLIENT_ID,), _one_digit)),
    _live("mistyped-secret", "one digit of the secret", changing((CLIENT_SECRET,), _one_digit)),
    _live(
        "swapped",
        "id and secret in each other's place",
        _replacing({"id": "secret", "secret": "id"}),
    ),
    _live(
        "other-app", "another app's pair", _replacing({"id": "other-id", "secret": "other-secret"})
    ),
    _live("other-id", "another app's id", _replacing({"id": "other-id"})),
    _live("other-secret", "another app's secret", _replacing({"secret": "other-secret"})),
    _live("revoked-secret", "the secret before the last", _replacing({"secret": "former"})),
    _live("stale-environment", "the revoked secret over the right one", _stale_environment),
    _live("other-key", "an encryption key of nobody", changing((ENCRYPTION_KEY,), _other_key)),
    _live("mongodb-port", "nobody listens there", _mongodb("port")),
    _live("mongodb-host", "no such host", _mongodb("host")),
    _live("mongodb-user", "no such user", _mongodb("user")),
    _live("mongodb-set", "another replica set", _mongodb("set")),
    _live("mongodb-standalone", "no replica set", _mongodb("standalone")),
    _live("mongodb-database", "a database beside ours", _other_database),
    _live("api-path", "a path that Spotify does not have", _pointing(API_URL, "path")),
    _live("accounts-path", "a path that Spotify does not have", _pointing(ACCOUNTS_URL, "path")),
    _live("api-port", "nobody listens there", _pointing(API_URL, "port")),
    _live("accounts-port", "nobody listens there", _pointing(ACCOUNTS_URL, "port")),
    _live("accounts-tls", "https where http is spoken", _pointing(ACCOUNTS_URL, "tls")),
    _live("exchanged-urls", "API and accounts in each other's place", _exchange_urls),
    _live("dead-webhook", "nobody listens where alerts go", _dead_webhook),
    Kind(
        "unregistered-redirect",
        FaultClass.UNDETECTABLE,
        "a path that the dashboard does not know",
        changing(
            (REDIRECT_URI,),
            lambda text, rng: text.replace(
                "/spotify/",
                rng.choice(("/hub/spotify/", "/2/spotify/")),
            ),
        ),
    ),
)
