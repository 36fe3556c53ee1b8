"""Single values and pairs: what is refused, what passes, and under which id."""

from pathlib import Path

import pytest

from harmonyhub.settings.load import load_settings

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
        ("SPOTIFY_REDIRECT_URI", "http://localhost:8000/callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://LOCALHOST./callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://music.example.net/callback", "HH013"),
        ("SPOTIFY_REDIRECT_URI", "http://192.168.1.5/callback", "HH013"),
        ("SPOTIFY_ACCOUNTS_URL", "http://accounts.example.net", "HH015"),
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
        ("MONGODB_URI", "mongodb+srv://user:p%40ss%2F@cluster0.example.net/db?w=majority"),
        ("MONGODB_URI", "mongodb://[::1]:27017,db2:27018/"),
        ("ACCESS_PASSWORD", 'it\'s a "quoted" word'),
        ("ACCESS_PASSWORD", "your dog ate my homework"),
        ("ACCESS_PASSWORD", "pässwörter"),
        ("SPOTIFY_REDIRECT_URI", "http://127.0.0.1/callback"),
        ("SPOTIFY_REDIRECT_URI", "http://[::1]:8000/callback"),
        ("SPOTIFY_REDIRECT_URI", "https://music.example.net/callback"),
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
        (ID, SECRET[:-1], [("HH009", "HARMONYHUB_SPOTIFY_CLIENT_SECRET")]),
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


def test_lookalike_warns_until_ours_is_set(tmp_path: Path) -> None:
    """Spotify's variables without our prefix are pointed out, unless ours are there."""
    environ = {"SPOTIFY_CLIENT_ID": ID, "SPOTIPY_CLIENT_SECRET": SECRET, "SPOTIFY_API_KEY": SECRET}
    settings, findings = load_settings(environ, folder=tmp_path)
    assert settings is not None
    assert ["HH012"] * 3 == [finding.check_id for finding in findings]
    assert "HARMONYHUB_SPOTIFY_CLIENT_SECRET" in findings[2].fix
    ours = {"HARMONYHUB_SPOTIFY_CLIENT_ID": ID, "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET}
    assert [] == load_settings(environ | ours, folder=tmp_path)[1]
