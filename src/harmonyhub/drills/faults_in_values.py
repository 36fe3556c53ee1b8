"""Faults in a value: empty, decorated, cut, of another variable, of the wrong shape."""

import random
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from harmonyhub.drills.configuration import Configuration
from harmonyhub.drills.faults import Break, Damage, FaultClass, Kind, Stage
from harmonyhub.settings.registry import PREFIX

CLIENT_ID = f"{PREFIX}SPOTIFY_CLIENT_ID"
CLIENT_SECRET = f"{PREFIX}SPOTIFY_CLIENT_SECRET"
REDIRECT_URI = f"{PREFIX}SPOTIFY_REDIRECT_URI"
API_URL = f"{PREFIX}SPOTIFY_API_URL"
ACCOUNTS_URL = f"{PREFIX}SPOTIFY_ACCOUNTS_URL"
MONGODB_URI = f"{PREFIX}MONGODB_URI"
MONGODB_DATABASE = f"{PREFIX}MONGODB_DATABASE"
ENCRYPTION_KEY = f"{PREFIX}ENCRYPTION_KEY"
ADMIN_TOKEN = f"{PREFIX}ADMIN_TOKEN"
ALERT_URLS = f"{PREFIX}ALERT_URLS"
ESCALATE_AFTER_S = f"{PREFIX}ALERT_ESCALATE_AFTER_S"
BASE_URL = f"{PREFIX}BASE_URL"
PORT = f"{PREFIX}PORT"
HOST = f"{PREFIX}HOST"
PASSWORD = f"{PREFIX}ACCESS_PASSWORD"
LOG_LEVEL = f"{PREFIX}LOG_LEVEL"
DATA_DIR = f"{PREFIX}DATA_DIR"

HEX = (CLIENT_ID, CLIENT_SECRET)
# Variables whose shape tells a decorated value from a bare one.
STRICT = (*HEX, ENCRYPTION_KEY, MONGODB_URI, REDIRECT_URI, API_URL, ACCOUNTS_URL)
ANY = (*STRICT, MONGODB_DATABASE, ADMIN_TOKEN)

Change = Callable[[str, random.Random], str]


def changing(names: Sequence[str], change: Change) -> Break:
    """Break one of these variables that is set, drawn by chance, by changing its text."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        del stage
        present = [name for name in names if name in configuration]
        if not present:
            return None
        name = rng.choice(present)
        broken = configuration.having({name: change(configuration[name], rng)})
        return Damage(broken, frozenset({name}))

    return breaks


def wrapping(names: Sequence[str], *patterns: str) -> Break:
    """Put one of these patterns around the text, which stands for `{}` in it."""
    return changing(names, lambda text, rng: rng.choice(patterns).replace("{}", text))


def setting(name: str, *texts: str) -> Break:
    """Give a variable one of these texts, whether it was set or not."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        del stage
        return Damage(configuration.having({name: rng.choice(texts)}), frozenset({name}))

    return breaks


def copying(source: str, target: str) -> Break:
    """Put the value of one variable into another."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        del stage, rng
        if source not in configuration:
            return None
        broken = configuration.having({target: configuration[source]})
        return Damage(broken, frozenset({source, target}))

    return breaks


def _lookalike(text: str, rng: random.Random) -> str:
    positions = [at for at, letter in enumerate(text) if letter in "01"]
    if not positions:
        return text[:-1] + "O"
    at = rng.choice(positions)
    return text[:at] + {"0": "O", "1": "l"}[text[at]] + text[at + 1 :]


def _truncate(text: str, rng: random.Random) -> str:
    return text[: len(text) - rng.randrange(1, 9)]


def _upper(text: str, rng: random.Random) -> str:
    return text.upper() if text.upper() != text else _lookalike(text, rng)


def _without_scheme(text: str, rng: random.Random) -> str:
    del rng
    return text.partition("://")[2]


def _on_localhost(text: str, rng: random.Random) -> str:
    del rng
    return _with_host(text, scheme="http", host="localhost")


def _on_plain_http(text: str, rng: random.Random) -> str:
    return _with_host(text, scheme="http", host=rng.choice(("music.example.org", "192.0.2.7")))


def _with_host(text: str, *, scheme: str, host: str) -> str:
    parts = urlsplit(text)
    netloc = f"{host}:{parts.port}" if parts.port else host
    return parts._replace(scheme=scheme, netloc=netloc).geturl()


def _with_port(text: str, rng: random.Random) -> str:
    parts = urlsplit(text)
    port = (parts.port or 8000) + rng.randrange(1, 90)
    return parts._replace(netloc=f"{parts.hostname}:{port}").geturl()


def _unescaped(text: str, rng: random.Random) -> str:
    bare = re.sub(r"//[^/]*@", "//", text)
    return bare.replace("//", f"//hub:p{rng.choice('@/#')}ss@", 1)


def _break_door(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage:
    del stage, rng
    broken = configuration.without(PASSWORD).having({HOST: "0.0.0.0"})  # noqa: S104 - the fault
    return Damage(broken, frozenset({HOST, PASSWORD}))


PLACEHOLDER_WORDS = ("changeme", "your-client-secret", "replace_with_yours", "TODO", "xxxxxxxx")
PLACEHOLDER_BRACKETS = (
    "<your client id>",
    "{client_secret}",
    "[client id]",
    "(from the dashboard)",
)
TEMPLATES = ("${SPOTIFY_CLIENT_SECRET}", "$CLIENT_SECRET", "{{ spotify_secret }}", "%SECRET%")

OFFLINE_VALUES: tuple[tuple[str, str, Break], ...] = (
    ("empty", "set but empty", wrapping(ANY, "")),
    ("blank", "only blanks", wrapping(ANY, " ", "    ")),
    (
        "placeholder-word",
        "a word from an example",
        wrapping(ANY, *PLACEHOLDER_WORDS),
    ),
    (
        "placeholder-brackets",
        "an example in brackets",
        wrapping(ANY, *PLACEHOLDER_BRACKETS),
    ),
    (
        "template",
        "a template that nobody filled in",
        wrapping(ANY, *TEMPLATES),
    ),
    ("double-quotes", "double quotes kept", wrapping(ANY, '"{}"')),
    ("single-quotes", "single quotes kept", wrapping(ANY, "'{}'")),
    (
        "typographic-quotes",
        "quotes of a word processor",
        wrapping(ANY, "\u201c{}\u201d"),
    ),
    ("blank-after", "a blank at the end", wrapping(ANY, "{} ")),
    ("blank-before", "a blank at the beginning", wrapping(ANY, " {}")),
    (
        "newline",
        "a line end kept",
        wrapping(ANY, "{}\n", "{}\r\n"),
    ),
    (
        "invisible",
        "an invisible character from a web page",
        wrapping(ANY, "{}\u200b", "{}\u00a0", "\ufeff{}"),
    ),
    ("truncated", "the end is missing", changing((*HEX, ENCRYPTION_KEY), _truncate)),
    (
        "too-long",
        "something was typed into it",
        changing(HEX, lambda text, rng: text + rng.choice("0123456789abcdef")),
    ),
    ("upper-case", "written in capitals", changing(HEX, _upper)),
    ("lookalike-letter", "O for 0, l for 1", changing(HEX, _lookalike)),
    (
        "path-for-value",
        "the path of the secret's file in place of the secret",
        wrapping((CLIENT_SECRET, ENCRYPTION_KEY), "/run/secrets/spotify"),
    ),
    ("id-in-secret", "the id in both", copying(CLIENT_ID, CLIENT_SECRET)),
    ("secret-in-id", "the secret in both", copying(CLIENT_SECRET, CLIENT_ID)),
    ("secret-in-key", "Spotify's secret as encryption key", copying(CLIENT_SECRET, ENCRYPTION_KEY)),
    ("key-in-admin-token", "the encryption key as token", copying(ENCRYPTION_KEY, ADMIN_TOKEN)),
    ("uri-in-secret", "MongoDB's address as Spotify's secret", copying(MONGODB_URI, CLIENT_SECRET)),
    (
        "key-not-base64",
        "no 32 bytes of base64",
        wrapping((ENCRYPTION_KEY,), "correct horse battery staple", "{}{}", "#{}"),
    ),
    (
        "short-admin-token",
        "an admin token that can be guessed",
        wrapping((ADMIN_TOKEN,), "admin", "12345678"),
    ),
    (
        "redirect-localhost",
        "Spotify refuses localhost",
        changing((REDIRECT_URI,), _on_localhost),
    ),
    (
        "redirect-plain-http",
        "http beyond loopback",
        changing((REDIRECT_URI,), _on_plain_http),
    ),
    (
        "redirect-slash",
        "a slash at the end",
        wrapping((REDIRECT_URI,), "{}/"),
    ),
    ("redirect-port", "another port than ours", changing((REDIRECT_URI,), _with_port)),
    (
        "mongodb-scheme",
        "no scheme of MongoDB",
        changing(
            (MONGODB_URI,),
            lambda text, rng: (
                rng.choice(("mongo", "http", "mongod")) + text.removeprefix("mongodb")
            ),
        ),
    ),
    (
        "mongodb-password-unescaped",
        "a password with @, / or # as it is",
        changing((MONGODB_URI,), _unescaped),
    ),
    (
        "mongodb-database-name",
        "a name that MongoDB keeps for itself",
        setting(MONGODB_DATABASE, "admin", "local", "harmony.hub"),
    ),
    (
        "url-without-scheme",
        "an address without http://",
        changing((API_URL, ACCOUNTS_URL), _without_scheme),
    ),
    ("port-out-of-range", "no TCP port", setting(PORT, "0", "65536", "80a", "8_000")),
    ("log-level", "no such level", setting(LOG_LEVEL, "verbose", "trace", "all")),
    (
        "data-dir-relative",
        "a path that depends on where one stands",
        setting(DATA_DIR, "data", "./data"),
    ),
    ("escalation-time", "no time that makes sense", setting(ESCALATE_AFTER_S, "15m", "1", "-900")),
    (
        "alert-scheme",
        "no service of Apprise",
        wrapping((ALERT_URLS,), "webhok://{}", "htps://{}"),
    ),
    ("open-door", "open to the network without a password", _break_door),
)

KINDS = tuple(
    Kind(kind_id, FaultClass.OFFLINE, meaning, breaks)
    for kind_id, meaning, breaks in OFFLINE_VALUES
)
