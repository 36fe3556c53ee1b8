"""Single values and pairs: what is refused, what passes, and under which id."""

import shutil
import tempfile
from pathlib import Path

import apprise
import pytest

from harmonyhub.settings.alert_services import SCHEMES
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.misplaced import check_against
from harmonyhub.settings.snapshot import fingerprints

ID = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"


def ids(tmp_path: Path, **values: str) -> list[str]:
    """Load settings with HARMONYHUB_ variables and return the ids of the findings."""
    environ = {f"HARMONYHUB_{name}": value for name, value in values.items()}
    return [finding.check_id for finding in load_settings(environ, folder=tmp_path)[1]]


@pytest.mark.parametrize(
    ("name", "value", "check_id"),
    [
        ("PORT", "", "HH006"),
        ("PORT", "   ", "HH006"),
        ("ACCESS_PASSWORD", "changeme", "HH007"),
        ("ACCESS_PASSWORD", "Change-Me-Please", "HH007"),
        ("ACCESS_PASSWORD", "your-password-here", "HH007"),
        ("ACCESS_PASSWORD", "xxxxxxxxxxxx", "HH007"),
        ("ACCESS_PASSWORD", "<password>", "HH007"),
        ("ACCESS_PASSWORD", "${PASSWORD}", "HH007"),
        ("ACCESS_PASSWORD", "(32 characters from the dashboard)", "HH007"),
        ("ACCESS_PASSWORD", '"correct horse"', "HH008"),
        ("ACCESS_PASSWORD", "\u201ccorrect horse\u201d", "HH008"),
        ("ACCESS_PASSWORD", " correct horse", "HH008"),
        ("ACCESS_PASSWORD", "correct horse\t", "HH008"),
        ("ACCESS_PASSWORD", "correct\nhorse", "HH008"),
        ("ACCESS_PASSWORD", "correct\u200bhorse", "HH008"),
        ("ACCESS_PASSWORD", "\ufeffcorrect horse", "HH008"),
        ("ACCESS_PASSWORD", "short", "HH009"),
        ("PORT", "'8000'", "HH008"),
        ("PORT", "0", "HH009"),
        ("PORT", "65536", "HH009"),
        ("PORT", "+80", "HH009"),
        ("PORT", "8_000", "HH009"),
        ("PORT", "٨٠٨٠", "HH009"),
        ("PORT", "9" * 5000, "HH009"),
        ("HOST", "127.0.0.1:8000", "HH009"),
        ("HOST", "http://127.0.0.1", "HH009"),
        ("HOST", "[::1]", "HH009"),
        ("HOST", "300.1.1.1", "HH009"),
        ("HOST", "127.0.0", "HH009"),
        ("HOST", "a host", "HH009"),
        ("DATA_DIR", "data", "HH009"),
        ("DATA_DIR", "./data", "HH009"),
        ("MONGODB_URI", "localhost:27017", "HH009"),
        ("MONGODB_URI", "http://db/", "HH009"),
        ("MONGODB_URI", "mongodb://u:p@ss@db/", "HH009"),
        ("MONGODB_URI", "mongodb://u:pa/ss@db/", "HH009"),
        ("MONGODB_URI", "mongodb://", "HH009"),
        ("MONGODB_DATABASE", "admin", "HH009"),
        ("MONGODB_DATABASE", "a.b", "HH009"),
        ("MONGODB_DATABASE", "a" * 64, "HH009"),
        ("LOG_LEVEL", "verbose", "HH009"),
        ("SPOTIFY_API_URL", "api.spotify.com", "HH009"),
        ("SPOTIFY_API_URL", "ftp://api.spotify.com", "HH009"),
        ("SPOTIFY_API_URL", "https://api.spotify.com/v1?x=1", "HH009"),
        ("SPOTIFY_API_URL", "https://user:pass@api.spotify.com", "HH009"),
        ("SPOTIFY_API_URL", "https://[::1", "HH009"),
        ("SPOTIFY_API_URL", "https://a:99999", "HH009"),
        ("SPOTIFY_REDIRECT_URI", "http://localhost:8000/spotify/callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://LOCALHOST./spotify/callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://music.example.net/spotify/callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://192.168.1.5/spotify/callback", "HH013"),
        ("SPOTIFY_ACCOUNTS_URL", "http://accounts.example.net", "HH015"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1/spotify/callback", "HH020"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1:8000/callback", "HH020"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1:8001/spotify/callback", "HH020"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1:8000/spotify/callback/", "HH020"),
        ("ACCESS_PASSWORD", "mongodb://user:p@db/", "HH018"),
        ("ACCESS_PASSWORD", "https://music.example.org", "HH018"),
        ("ADMIN_TOKEN", "ntfys://ntfy.sh/alerts", "HH018"),
        ("ALERT_URLS", "mongodb://user:p@db/", "HH018"),
        ("SPOTIFY_API_URL", "slack://T1JJ3T3L2/A1BRTD4JD/x", "HH018"),
        ("ACCESS_PASSWORD", SECRET, "HH028"),
        ("MONGODB_DATABASE", SECRET, "HH028"),
        ("MONGODB_DATABASE", "test", "HH025"),
        ("MONGODB_URI", "mongodb://127.0.0.1/other", "HH024"),
        ("ADMIN_TOKEN", "with a blank in it", "HH009"),
        ("ADMIN_TOKEN", "short", "HH009"),
        ("ENCRYPTION_KEY", SECRET, "HH009"),
        ("ENCRYPTION_KEY", "A" * 43, "HH016"),
        ("ENCRYPTION_KEY", "A" * 30, "HH016"),
        ("ENCRYPTION_KEY", "A" * 88, "HH009"),
        ("ALERT_URLS", "someone@example.org", "HH009"),
        ("ALERT_URLS", "json://127.0.0.1:9/x slak://a/b/c", "HH027"),
        ("ALERT_URLS", "http://127.0.0.1:9/x", "HH027"),
        ("ALERT_URLS", "mailtos://{user}:{password}@mail.example.org", "HH007"),
        ("ALERT_ESCALATION_URLS", "json://127.0.0.1:9/x", "HH021"),
        ("ALERT_ESCALATE_AFTER_S", "9", "HH009"),
        ("BASE_URL", "music.example.org", "HH009"),
        ("RELEASE", "0", "HH009"),
    ],
)
def test_bad_value_has_one_finding(tmp_path: Path, name: str, value: str, check_id: str) -> None:
    """Each bad value is found once, under the id of its kind."""
    assert [check_id] == ids(tmp_path, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "127.0.0.2"),
        ("HOST", "::1"),
        ("HOST", "localhost"),
        ("PORT", "1"),
        ("DATA_DIR", "/a b/c"),
        ("MONGODB_URI", "mongodb://localhost"),
        ("MONGODB_URI", "mongodb://%2Ftmp%2Fmongodb-27017.sock/?directConnection=true"),
        ("MONGODB_URI", "mongodb://user:p%40ss%2F@127.0.0.1/harmonyhub?w=majority"),
        ("MONGODB_URI", "mongodb://[::1]:27017,localhost:27018/admin"),
        ("ACCESS_PASSWORD", 'it\'s a "quoted" word'),
        ("ACCESS_PASSWORD", "your dog ate my homework"),
        ("ACCESS_PASSWORD", "pässwörter"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1:8000/spotify/callback"),
        ("SPOTIFY_REDIRECT_URI", "http://[::1]:8000/spotify/callback"),
        ("SPOTIFY_REDIRECT_URI", "https://music.example.net/spotify/callback"),
        ("SPOTIFY_API_URL", "http://127.0.0.1:9000/v1"),
    ],
)
def test_good_value_passes(tmp_path: Path, name: str, value: str) -> None:
    """Unusual but right values are taken."""
    assert [] == ids(tmp_path, **{name: value})


def test_home_folder_is_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~/` in a data folder means the home folder, though no shell replaced it."""
    monkeypatch.setenv("HOME", "/home/anna")
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": "~/music data"}, folder=tmp_path)
    assert settings is not None
    assert Path("/home/anna/music data") == settings.data_dir


@pytest.mark.parametrize(
    ("client_id", "secret", "expected"),
    [
        (ID, None, [("HH010", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")]),
        (None, SECRET, [("HH010", "HARMONYHUB_SPOTIFY_CLIENT_ID")]),
        (ID, ID, [("HH011", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")]),
        (ID, "", [("HH006", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")]),
        (ID.upper(), SECRET, [("HH009", "HARMONYHUB_SPOTIFY_CLIENT_ID")]),
        (ID, SECRET[:-1], [("HH016", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")]),
        (ID, SECRET, []),
    ],
)
def test_client_id_and_secret_go_together(
    tmp_path: Path, client_id: str | None, secret: str | None, expected: list[tuple[str, str]]
) -> None:
    """Both or neither, and not the same value; a bad value is not called missing."""
    environ = {}
    if client_id is not None:
        environ["HARMONYHUB_SPOTIFY_CLIENT_ID"] = client_id
    if secret is not None:
        environ["HARMONYHUB_SPOTIFY_CLIENT_SECRET"] = secret
    _, findings = load_settings(environ, folder=tmp_path)
    assert expected == [(finding.check_id, finding.variable) for finding in findings]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "music.example.net"])
def test_open_door_needs_a_password(tmp_path: Path, host: str) -> None:
    """Listening beyond this machine is refused without a password and allowed with one."""
    assert ["HH014"] == ids(tmp_path, HOST=host)
    assert [] == ids(tmp_path, HOST=host, ACCESS_PASSWORD="correct horse")


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("HARMONYHUB_PROT", "Did you mean HARMONYHUB_PORT?"),
        ("harmonyhub_port", "Did you mean HARMONYHUB_PORT?"),
        ("HARMONYHUB_SPOTIFY_CLIENT_SECRT", "Did you mean HARMONYHUB_SPOTIFY_CLIENT_SECRET?"),
        ("HARMONYHUB_MONGO_URI", "Did you mean HARMONYHUB_MONGODB_URI?"),
        ("HARMONYHUB_MONGO_URI_FILE", "Did you mean HARMONYHUB_MONGODB_URI_FILE?"),
        ("HARMONIHUB_PORT", "Did you mean HARMONYHUB_PORT?"),
        ("HARMONY_HUB_DATA_DIR", "Did you mean HARMONYHUB_DATA_DIR?"),
        ("HARMONHUB_SPOTIFY_CLIENT_SECRET", "Did you mean HARMONYHUB_SPOTIFY_CLIENT_SECRET?"),
    ],
)
def test_misspelt_name_gets_a_suggestion(tmp_path: Path, name: str, suggestion: str) -> None:
    """An unknown name of ours is an error that names the nearest setting."""
    settings, findings = load_settings({name: "1"}, folder=tmp_path)
    assert settings is None
    assert [("HH001", f"{name} is not a setting. {suggestion}")] == [
        (finding.check_id, finding.message) for finding in findings
    ]


def test_name_like_nothing_gets_no_suggestion(tmp_path: Path) -> None:
    """A name that resembles no setting is an error without a wild guess."""
    _, findings = load_settings({"HARMONYHUB_ZZZZZZZZZZZZ": "1"}, folder=tmp_path)
    assert ["HARMONYHUB_ZZZZZZZZZZZZ is not a setting."] == [each.message for each in findings]


@pytest.mark.parametrize("name", ["HARMONYHUB", "HOME", "HARMONICS_PORT", "HOSTNAME_OF_HUB"])
def test_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    """A name that only resembles our prefix from afar is somebody else's."""
    assert [] == load_settings({name: "1"}, folder=tmp_path)[1]


@pytest.mark.parametrize(
    "name",
    ["HARMONYHUB_SERVICE_HOST", "HARMONYHUB_PORT_8000_TCP_ADDR", "HARMONYHUB_WEB_PORT_1_TCP"],
)
def test_names_that_kubernetes_adds_are_explained(tmp_path: Path, name: str) -> None:
    """A Service called harmonyhub puts names into every pod: the fix says how to stop that."""
    _, findings = load_settings({name: "10.0.0.1"}, folder=tmp_path)
    assert ["HH001"] == [finding.check_id for finding in findings]
    assert "enableServiceLinks: false" in findings[0].fix


def test_lookalike_of_the_missing_half_is_named(tmp_path: Path) -> None:
    """Our id with a secret that lost its prefix: the missing partner and where it may be."""
    environ = {"HARMONYHUB_SPOTIFY_CLIENT_ID": ID, "SPOTIFY_CLIENT_SECRET": SECRET}
    _, findings = load_settings(environ, folder=tmp_path)
    assert [
        ("HH010", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"),
        ("HH012", "SPOTIFY_CLIENT_SECRET"),
    ] == [(finding.check_id, finding.variable) for finding in findings]


def test_lookalike_warns_until_ours_is_set(tmp_path: Path) -> None:
    """Spotify's variables without our prefix are pointed out, unless ours are there."""
    environ = {"SPOTIFY_CLIENT_ID": ID, "SPOTIPY_CLIENT_SECRET": SECRET, "SPOTIFY_API_KEY": SECRET}
    settings, findings = load_settings(environ, folder=tmp_path)
    assert settings is not None
    assert ["HH012"] * 3 == [finding.check_id for finding in findings]
    assert "HARMONYHUB_SPOTIFY_CLIENT_SECRET" in findings[2].fix
    ours = {"HARMONYHUB_SPOTIFY_CLIENT_ID": ID, "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET}
    assert [] == load_settings(environ | ours, folder=tmp_path)[1]


@pytest.mark.parametrize(
    ("base", "redirect", "expected"),
    [
        ("https://music.example.org", "https://music.example.org/spotify/callback", []),
        ("https://music.example.org/", "https://music.example.org:443/spotify/callback", []),
        ("https://example.org/music", "https://example.org/music/spotify/callback", []),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/spotify/callback", []),
        ("https://music.example.org", "https://music.example.net/spotify/callback", ["HH020"]),
        ("https://music.example.org:8443", "https://music.example.org/spotify/callback", ["HH020"]),
        ("https://music.example.org", "http://127.0.0.1:8000/spotify/callback", ["HH020"]),
        ("https://example.org/music", "https://example.org/musical/spotify/callback", ["HH020"]),
    ],
)
def test_redirect_leads_to_the_base_url(
    tmp_path: Path, base: str, redirect: str, expected: list[str]
) -> None:
    """Scheme, host, port and path of the redirect URI are those of the base URL."""
    assert expected == ids(tmp_path, BASE_URL=base, SPOTIFY_REDIRECT_URI=redirect)


def test_port_of_a_release_is_not_compared(tmp_path: Path) -> None:
    """A process behind the keeper listens on a port of its own; people use another."""
    redirect = "http://127.0.0.1:8000/spotify/callback"
    assert [] == ids(tmp_path, RELEASE="3", PORT="41234", SPOTIFY_REDIRECT_URI=redirect)
    assert ["HH020"] == ids(tmp_path, PORT="41234", SPOTIFY_REDIRECT_URI=redirect)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://db.internal", ["HH023", "HH026"]),
        ("mongodb://u:p@[::1]:1,db2:2/?w=1", ["HH023", "HH026"]),
        ("mongodb://db.internal/?replicaSet=rs0", ["HH026"]),
        ("mongodb+srv://cluster0.example.net/?w=1", ["HH026"]),
        ("mongodb://localhost:1,127.0.0.2:2", []),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock", []),
    ],
)
def test_shared_mongodb_without_set_or_key_warns(
    tmp_path: Path, uri: str, expected: list[str]
) -> None:
    """Beyond this machine an address names its replica set, and the encryption key is given."""
    assert expected == ids(tmp_path, MONGODB_URI=uri)


@pytest.mark.parametrize(
    ("values", "at_fault"),
    [
        ({"ACCESS_PASSWORD": SECRET}, "ACCESS_PASSWORD"),
        ({"ADMIN_TOKEN": SECRET}, "ADMIN_TOKEN"),
        ({"MONGODB_DATABASE": SECRET}, "MONGODB_DATABASE"),
        ({"HOST": SECRET, "ACCESS_PASSWORD": "correct horse"}, "HOST"),
        ({"ENCRYPTION_KEY": SECRET}, "ENCRYPTION_KEY"),
        ({"ACCESS_PASSWORD": "correct-horse-battery", "ADMIN_TOKEN": "correct-horse-battery"}, ""),
    ],
)
def test_secret_in_a_second_variable_is_named(
    tmp_path: Path, values: dict[str, str], at_fault: str
) -> None:
    """One value in two variables: the looser of them is at fault, and the value is not shown."""
    environ = {f"HARMONYHUB_{name}": value for name, value in values.items()}
    environ |= {"HARMONYHUB_SPOTIFY_CLIENT_ID": ID, "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET}
    _, findings = load_settings(environ, folder=tmp_path)
    same = [each for each in findings if each.check_id == "HH019"]
    assert [f"HARMONYHUB_{at_fault or 'ACCESS_PASSWORD'}"] == [each.variable for each in same]
    assert SECRET not in repr(findings)


def test_one_contact_may_be_told_twice(tmp_path: Path) -> None:
    """The second contact may be the first again: to be reminded is no mistake."""
    urls = "json://127.0.0.1:9/team"
    assert [] == ids(tmp_path, ALERT_URLS=urls, ALERT_ESCALATION_URLS=urls)


def test_secret_file_open_to_everybody_warns() -> None:
    """A secret's file that others can reach and read is named; a closed folder is enough."""
    folder = Path(tempfile.mkdtemp())
    (folder / "pw").write_text("correct horse")
    (folder / "pw").chmod(0o644)
    try:
        assert [] == ids(folder, ACCESS_PASSWORD_FILE="pw")
        folder.chmod(0o755)
        assert ["HH022"] == ids(folder, ACCESS_PASSWORD_FILE="pw")
        (folder / "pw").chmod(0o640)
        assert [] == ids(folder, ACCESS_PASSWORD_FILE="pw")
    finally:
        shutil.rmtree(folder)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise loads its plugins' plugins
def test_known_schemes_are_those_of_apprise() -> None:
    """The list that needs no import is that of the library which is installed."""
    schemas = apprise.Apprise().details()["schemas"]
    installed = {
        scheme
        for schema in schemas
        for key in ("protocols", "secure_protocols")
        for scheme in schema[key] or ()
    }
    assert installed == SCHEMES


def test_contacts_that_change_places_are_no_mistake(tmp_path: Path) -> None:
    """Who was told second may be told first from now on."""
    names = ("HARMONYHUB_ALERT_URLS", "HARMONYHUB_ALERT_ESCALATION_URLS")
    urls = ("json://127.0.0.1:9/team", "json://127.0.0.1:9/boss")
    before, _ = load_settings(dict(zip(names, urls, strict=True)), folder=tmp_path)
    after, _ = load_settings(dict(zip(names, urls[::-1], strict=True)), folder=tmp_path)
    assert before is not None
    assert after is not None
    assert [] == check_against(after, fingerprints(before, KEY), key=KEY)


KEY = b"k" * 32


def test_swapped_values_are_recognized_by_fingerprints(tmp_path: Path) -> None:
    """Id and secret have one shape: only the last good values tell that they were swapped."""
    names = ("HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")
    good, _ = load_settings(dict(zip(names, (ID, SECRET), strict=True)), folder=tmp_path)
    swapped, _ = load_settings(dict(zip(names, (SECRET, ID), strict=True)), folder=tmp_path)
    assert good is not None
    assert swapped is not None
    known = fingerprints(good, KEY)
    assert [] == check_against(good, known, key=KEY)
    findings = check_against(swapped, known, key=KEY)
    assert [("HH017", name) for name in names] == [(e.check_id, e.variable) for e in findings]
    assert all(value not in repr(findings) for value in (ID, SECRET))


def test_last_good_value_of_another_variable_is_recognized(tmp_path: Path) -> None:
    """A password that was the client secret until now has strayed; new values mean nothing."""
    environ = {"HARMONYHUB_SPOTIFY_CLIENT_ID": ID, "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET}
    good, _ = load_settings(environ, folder=tmp_path)
    strayed, _ = load_settings({"HARMONYHUB_ACCESS_PASSWORD": SECRET}, folder=tmp_path)
    new, _ = load_settings({"HARMONYHUB_ACCESS_PASSWORD": "correct horse"}, folder=tmp_path)
    assert good is not None
    assert strayed is not None
    assert new is not None
    known = fingerprints(good, KEY)
    found = check_against(strayed, known, key=KEY)
    assert [("HH018", "HARMONYHUB_ACCESS_PASSWORD")] == [(e.check_id, e.variable) for e in found]
    assert [] == check_against(new, known, key=KEY)
