"""Each way in which a good configuration goes wrong is found, under its variable."""

import base64
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.findings import Finding, Severity
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.registry import BY_NAME, PREFIX

Environ = dict[str, str]
Mutation = Callable[[Environ, st.DataObject, Path], str]

HEX = "0123456789abcdef"
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SPOTIFY = ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET")
TEXTS = (
    *SPOTIFY,
    "ACCESS_PASSWORD",
    "ADMIN_TOKEN",
    "ENCRYPTION_KEY",
    "MONGODB_URI",
    "HOST",
    "PORT",
)


def word(rng: random.Random, alphabet: str, size: int) -> str:
    """Make up a text."""
    return "".join(rng.choices(alphabet, k=size))


def make_environment(seed: int) -> Environ:
    """Make a configuration in which nothing is wrong, all variables of a real one set."""
    rng = random.Random(seed)  # noqa: S311 - texts for a test
    host = f"{word(rng, LETTERS, 8).lower()}.example.org"
    topics = [f"ntfys://ntfy.sh/{word(rng, LETTERS, 12)}" for _ in range(2)]
    return {
        PREFIX + name: text
        for name, text in {
            "ACCESS_PASSWORD": word(rng, LETTERS, 16),
            "ADMIN_TOKEN": word(rng, LETTERS, 24),
            "ALERT_ESCALATION_URLS": topics[1],
            "ALERT_URLS": f"mailtos://a:{word(rng, LETTERS, 12)}@mail.example.org {topics[0]}",
            "BASE_URL": f"https://{host}",
            "ENCRYPTION_KEY": base64.b64encode(rng.randbytes(32)).decode(),
            "HOST": "0.0.0.0",
            "MONGODB_DATABASE": "music",
            "MONGODB_URI": f"mongodb://app:{word(rng, LETTERS, 20)}@db.internal/?replicaSet=rs0",
            "PORT": str(rng.randint(1024, 65535)),
            "SPOTIFY_CLIENT_ID": word(rng, HEX, 32),
            "SPOTIFY_CLIENT_SECRET": word(rng, HEX, 32),
            "SPOTIFY_REDIRECT_URI": f"https://{host}/spotify/callback",
        }.items()
    }


# Hypothesis draws the seed: to draw each letter would take ten times as long and find no more.
good_environments = st.integers(0, 2**32).map(make_environment)


def load(environ: Environ, folder: Path) -> list[Finding]:
    """Load an environment; there are settings exactly where no finding is an error."""
    loaded, findings = load_settings(environ, folder=folder)
    assert (loaded is None) == any(each.severity is Severity.ERROR for each in findings)
    return findings


def secret_forms(environ: Environ) -> set[str]:
    """Give every secret of an environment as it may be written: raw and in the usual codes."""
    forms = set()
    for name, text in environ.items():
        if name in BY_NAME and BY_NAME[name].is_secret and len(text.strip()) >= 8:
            raw = text.strip()
            forms |= {raw, quote(raw, safe=""), raw.encode().hex()}
            forms.add(base64.b64encode(raw.encode()).decode())
    return forms


def pick(data: st.DataObject, names: tuple[str, ...]) -> str:
    """Choose one variable."""
    return PREFIX + data.draw(st.sampled_from(names))


def empty(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Set a variable to nothing, or to blanks."""
    name = pick(data, TEXTS)
    environ[name] = data.draw(st.sampled_from(["", " ", "\t"]))
    return name


def leave_out_partner(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Take one of id and secret away."""
    name = pick(data, SPOTIFY)
    del environ[name]
    return name


def put_placeholder(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Leave the example's text in place."""
    name = pick(data, TEXTS)
    texts = [
        "changeme",
        "your-value-here",
        "<secret>",
        "${SECRET}",
        "xxxxxxxx",
        "TODO",
        "REPLACE_ME",
    ]
    environ[name] = data.draw(st.sampled_from(texts))
    return name


def keep_quotes(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Keep the quotes that a shell would take off."""
    name = pick(data, TEXTS)
    mark = data.draw(st.sampled_from(["'", '"', "`"]))
    environ[name] = f"{mark}{environ[name]}{mark}"
    return name


def keep_blanks(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Keep a blank, a line end or an invisible character."""
    name = pick(data, TEXTS)
    before, after = data.draw(
        st.sampled_from(
            [(" ", ""), ("", " "), ("", "\n"), ("", "\r\n"), ("\ufeff", ""), ("", "\u200b")]
        )
    )
    environ[name] = before + environ[name] + after
    return name


def cut_off(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Lose the end of a value while copying."""
    name = pick(data, (*SPOTIFY, "ENCRYPTION_KEY"))
    environ[name] = environ[name][: data.draw(st.integers(20, 31))]
    return name


def spoil_shape(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Type a value that the variable does not take."""
    name, text = data.draw(
        st.sampled_from(
            [
                ("SPOTIFY_CLIENT_ID", "0" * 33),
                ("SPOTIFY_CLIENT_SECRET", "ABCDEF" * 5 + "00"),
                ("SPOTIFY_CLIENT_SECRET", "g" * 32),
                ("PORT", "http"),
                ("PORT", "70000"),
                ("HOST", "0.0.0.0:80"),
                ("MONGODB_URI", "db.internal:27017"),
                ("MONGODB_DATABASE", "my.data"),
                ("ENCRYPTION_KEY", "not base64 at all"),
                ("ENCRYPTION_KEY", base64.b64encode(bytes(33)).decode()),
                ("ADMIN_TOKEN", "two words of a token"),
                ("BASE_URL", "music.example.org"),
                ("ALERT_URLS", "ops@example.org"),
            ]
        )
    )
    environ[PREFIX + name] = text
    return PREFIX + name


def stray(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Put one variable's value into another one too."""
    source, target = data.draw(
        st.sampled_from(
            [
                ("SPOTIFY_CLIENT_SECRET", "ACCESS_PASSWORD"),
                ("SPOTIFY_CLIENT_SECRET", "ADMIN_TOKEN"),
                ("SPOTIFY_CLIENT_SECRET", "ENCRYPTION_KEY"),
                ("SPOTIFY_CLIENT_SECRET", "HOST"),
                ("SPOTIFY_CLIENT_SECRET", "MONGODB_DATABASE"),
                ("SPOTIFY_CLIENT_SECRET", "MONGODB_URI"),
                ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"),
                ("SPOTIFY_CLIENT_ID", "ACCESS_PASSWORD"),
                ("ACCESS_PASSWORD", "SPOTIFY_CLIENT_SECRET"),
                ("ADMIN_TOKEN", "ACCESS_PASSWORD"),
                ("MONGODB_URI", "SPOTIFY_CLIENT_SECRET"),
                ("MONGODB_URI", "ACCESS_PASSWORD"),
                ("MONGODB_URI", "ALERT_URLS"),
                ("ALERT_ESCALATION_URLS", "ADMIN_TOKEN"),
                ("ALERT_ESCALATION_URLS", "MONGODB_URI"),
                ("BASE_URL", "SPOTIFY_CLIENT_SECRET"),
                ("BASE_URL", "ACCESS_PASSWORD"),
            ]
        )
    )
    environ[PREFIX + target] = environ[PREFIX + source]
    return PREFIX + target


def spoil_redirect(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Register an address that Spotify refuses or that leads elsewhere."""
    name = f"{PREFIX}SPOTIFY_REDIRECT_URI"
    good, base = environ[name], environ[f"{PREFIX}BASE_URL"]
    environ[name] = data.draw(
        st.sampled_from(
            [
                "http://localhost:8000/spotify/callback",
                "https://localhost/spotify/callback",
                good.replace("https", "http"),
                good + "/",
                base + ":8443/spotify/callback",
                "https://other.example.org/spotify/callback",
                "http://127.0.0.1:8000/spotify/callback",
            ]
        )
    )
    return name


def set_twice(environ: Environ, data: st.DataObject, folder: Path) -> str:
    """Set a variable directly and through a file."""
    name = pick(data, TEXTS)
    (folder / "value").write_text(environ[name])
    (folder / "value").chmod(0o600)
    environ[f"{name}_FILE"] = "value"
    return name


def lose_file(environ: Environ, data: st.DataObject, folder: Path) -> str:
    """Name a file that is not there, is a folder, or is no text."""
    name = pick(data, TEXTS)
    del environ[name]
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    environ[f"{name}_FILE"] = data.draw(st.sampled_from(["nosuch", ".", "binary", "a\0b"]))
    return f"{name}_FILE"


def misspell(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Drop, double or exchange letters of a name, or write it in lower case."""
    name = pick(data, ("SPOTIFY_CLIENT_SECRET", "ACCESS_PASSWORD", "MONGODB_URI", "ENCRYPTION_KEY"))
    at = data.draw(st.integers(0, len(name) - 2))
    wrong = data.draw(
        st.sampled_from(
            [
                name[:at] + name[at + 1 :],
                name[:at] + name[at] + name[at:],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                name.lower(),
            ]
        ).filter(lambda text: text != name)
    )
    environ[wrong] = environ.pop(name)
    return wrong


def spoil_alerts(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Name a service that does not exist, or only the second contact."""
    first, second = f"{PREFIX}ALERT_URLS", f"{PREFIX}ALERT_ESCALATION_URLS"
    if data.draw(st.booleans()):
        del environ[first]
        return first
    name = data.draw(st.sampled_from([first, second]))
    scheme = data.draw(st.sampled_from(["slak", "ntfyy", "webhook", "http", "email"]))
    environ[name] = f"{scheme}://example.org/a2B4c6D8e0"
    return name


def open_door(environ: Environ, *_: object) -> str:
    """Listen beyond this machine without a password."""
    del environ[f"{PREFIX}ACCESS_PASSWORD"]
    return f"{PREFIX}ACCESS_PASSWORD"


ERRORS = (
    empty,
    leave_out_partner,
    put_placeholder,
    keep_quotes,
    keep_blanks,
    cut_off,
    spoil_shape,
    stray,
    spoil_redirect,
    set_twice,
    lose_file,
    misspell,
    spoil_alerts,
    open_door,
)


def disagree(_: Environ, data: st.DataObject, folder: Path) -> str:
    """Leave another value in `.env`."""
    name = pick(data, ("PORT", "SPOTIFY_CLIENT_SECRET", "ACCESS_PASSWORD"))
    (folder / ".env").write_text(f"{name}={'1' if name.endswith('PORT') else 'b' * 32}\n")
    return name


def lose_prefix(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Set Spotify's variables without our prefix."""
    prefix = data.draw(st.sampled_from(["SPOTIFY", "SPOTIPY"]))
    for name in SPOTIFY:
        environ[name.replace("SPOTIFY", prefix)] = environ.pop(PREFIX + name)
    return f"{prefix}_CLIENT_SECRET"


def lose_replica_set(environ: Environ, *_: object) -> str:
    """Forget the replica set in MongoDB's address."""
    name = f"{PREFIX}MONGODB_URI"
    environ[name] = environ[name].partition("?")[0]
    return name


def mix_databases(environ: Environ, data: st.DataObject, _: Path) -> str:
    """Name two databases, or one for tests."""
    uri, name = f"{PREFIX}MONGODB_URI", f"{PREFIX}MONGODB_DATABASE"
    if data.draw(st.booleans()):
        environ[uri] = environ[uri].replace("/?", "/listening?")
    else:
        environ[name] = "test"
    return name


def lose_key(environ: Environ, *_: object) -> str:
    """Share MongoDB without sharing the key."""
    del environ[f"{PREFIX}ENCRYPTION_KEY"]
    return f"{PREFIX}ENCRYPTION_KEY"


WARNINGS = (disagree, lose_prefix, lose_replica_set, mix_databases, lose_key)


@settings(max_examples=150, deadline=None)
@given(environ=good_environments)
def test_good_configuration_has_no_finding(environ: Environ) -> None:
    """No good configuration is refused, nor warned about."""
    with tempfile.TemporaryDirectory() as name:
        assert [] == load(environ, Path(name))


def find(mutate: Mutation, environ: Environ, data: st.DataObject) -> tuple[str, list[Finding]]:
    """Spoil a configuration and load it; no secret's value, before or after, is in a finding."""
    forms = secret_forms(environ)
    with tempfile.TemporaryDirectory() as name:
        variable = mutate(environ, data, Path(name))
        findings = load(environ, Path(name))
    shown = repr(findings)
    assert [] == [form for form in forms | secret_forms(environ) if form in shown]
    return variable, findings


@pytest.mark.parametrize("mutate", ERRORS, ids=lambda mutate: mutate.__name__)
@settings(max_examples=60, deadline=None)
@given(environ=good_environments, data=st.data())
def test_spoiled_configuration_is_refused(
    mutate: Mutation, environ: Environ, data: st.DataObject
) -> None:
    """An error names the variable that was spoiled."""
    variable, findings = find(mutate, environ, data)
    named = [each.variable for each in findings if each.severity is Severity.ERROR]
    # A file that everybody reads, or a value twice, may be said of another variable besides.
    assert variable in named


@pytest.mark.parametrize("mutate", WARNINGS, ids=lambda mutate: mutate.__name__)
@settings(max_examples=30, deadline=None)
@given(environ=good_environments, data=st.data())
def test_doubtful_configuration_is_warned_about(
    mutate: Mutation, environ: Environ, data: st.DataObject
) -> None:
    """A warning, and nothing else, names the variable."""
    variable, findings = find(mutate, environ, data)
    assert {Severity.WARNING} == {each.severity for each in findings}
    assert variable in [each.variable for each in findings]
