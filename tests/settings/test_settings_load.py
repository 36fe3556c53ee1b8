"""Loading settings: precedence, provenance, files, and every problem at once."""

import stat
from pathlib import Path

import pytest

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding
from harmonyhub.settings.load import load_settings, read_settings, use_demo_folder
from harmonyhub.settings.model import LogFormat, LogLevel, Settings

ID = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"


def load(environ: dict[str, str], folder: Path) -> Settings:
    """Load settings that must be good."""
    settings, findings = load_settings(environ, folder=folder)
    assert [] == findings
    assert settings is not None
    return settings


def ids(environ: dict[str, str], folder: Path) -> list[tuple[str, str | None]]:
    """Load settings and return id and variable of each finding."""
    return [(each.check_id, each.variable) for each in load_settings(environ, folder=folder)[1]]


def test_nothing_set_gives_the_defaults(tmp_path: Path) -> None:
    """Without any variable there are settings, all from defaults, on loopback port 8000."""
    settings = load({}, tmp_path)
    assert ("127.0.0.1", 8000, "harmonyhub") == (
        settings.host,
        settings.port,
        settings.mongodb_database,
    )
    assert (LogLevel.INFO, LogFormat.TEXT) == (settings.log_level, settings.log_format)
    assert (None, None, None) == (
        settings.mongodb_uri,
        settings.access_password,
        settings.spotify_client_secret,
    )
    assert settings.data_dir.is_absolute()
    assert "harmonyhub" == settings.data_dir.name
    assert {"default"} == set(settings.provenances.values())


def test_values_get_their_types(tmp_path: Path) -> None:
    """Values of the environment become paths, numbers, choices and secrets."""
    settings = load(
        {
            "HARMONYHUB_DATA_DIR": str(tmp_path / "a b"),
            "HARMONYHUB_HOST": "0.0.0.0",
            "HARMONYHUB_PORT": "65535",
            "HARMONYHUB_ACCESS_PASSWORD": "correct horse",
            "HARMONYHUB_MONGODB_URI": "mongodb://u:p%40ss@localhost:1,[::1]:2/?replicaSet=rs0",
            "HARMONYHUB_LOG_LEVEL": "DEBUG",
            "HARMONYHUB_LOG_FORMAT": "json",
            "HARMONYHUB_SPOTIFY_CLIENT_ID": ID,
            "HARMONYHUB_SPOTIFY_CLIENT_SECRET": SECRET,
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "http://127.0.0.1:65535/spotify/callback",
            "HARMONYHUB_SPOTIFY_API_URL": "http://[::1]:9000/v1/",
        },
        tmp_path,
    )
    assert tmp_path / "a b" == settings.data_dir
    assert 65535 == settings.port
    assert LogLevel.DEBUG is settings.log_level
    assert settings.spotify_client_secret is not None
    assert SECRET == settings.spotify_client_secret.reveal()
    assert "http://127.0.0.1:65535/spotify/callback" == settings.spotify_redirect_uri
    assert "http://[::1]:9000/v1" == settings.spotify_api_url
    assert "environment" == settings.provenance("port")
    assert "default" == settings.provenance("spotify_accounts_url")


def test_secret_values_include_the_password_inside_the_uri(tmp_path: Path) -> None:
    """What must not be logged holds the URI and its password, raw and percent-decoded."""
    uri = "mongodb://user:p%40ssword@localhost/"
    settings = load({"HARMONYHUB_MONGODB_URI": uri}, tmp_path)
    assert (uri, "p%40ssword", "p@ssword") == settings.secret_values()


def test_env_file_values_know_their_line(tmp_path: Path) -> None:
    """A value of `.env` says its line, comments and blank lines counted."""
    (tmp_path / ".env").write_text(
        "# a comment\n\nOTHER=1\n\n\nexport HARMONYHUB_PORT='8001' # inline\n"
    )
    settings = load({}, tmp_path)
    assert (8001, ".env line 6") == (settings.port, settings.provenance("port"))


def test_env_file_is_taken_literally(tmp_path: Path) -> None:
    """A dollar sign in `.env` stays one: no value is replaced behind one's back."""
    (tmp_path / ".env").write_text("HARMONYHUB_ACCESS_PASSWORD=pa${HOME}ss\n")
    password = load({"HOME": "/home/x"}, tmp_path).access_password
    assert password is not None
    assert "pa${HOME}ss" == password.reveal()


def test_environment_wins_over_env_file_with_a_warning(tmp_path: Path) -> None:
    """Where both places set a variable differently the environment counts and both are named."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT=8001\n")
    settings, findings = load_settings({"HARMONYHUB_PORT": "8002"}, folder=tmp_path)
    assert settings is not None
    assert 8002 == settings.port
    assert ["HH003"] == [finding.check_id for finding in findings]
    assert "differs between environment and .env line 1" in findings[0].message
    assert tuple(findings) == settings.warnings


def test_equal_values_in_both_places_are_no_warning(tmp_path: Path) -> None:
    """The same value in environment and `.env` is worth no word."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT=8002\n")
    assert [] == ids({"HARMONYHUB_PORT": "8002"}, tmp_path)


def test_value_can_stand_in_a_file(tmp_path: Path) -> None:
    """NAME_FILE names a file, relative to the folder; one last line end is dropped."""
    (tmp_path / "pw").write_bytes("pässword 1\r\n".encode())
    settings = load({"HARMONYHUB_ACCESS_PASSWORD_FILE": "pw"}, tmp_path)
    assert settings.access_password is not None
    assert "pässword 1" == settings.access_password.reveal()
    assert "file pw (HARMONYHUB_ACCESS_PASSWORD_FILE, environment)" == settings.provenance(
        "access_password"
    )


def test_file_named_in_env_file_counts_after_the_environment(tmp_path: Path) -> None:
    """A `..._FILE` inside `.env` works, and the environment still wins over it."""
    (tmp_path / "port").write_text("8003\n")
    (tmp_path / ".env").write_text("HARMONYHUB_PORT_FILE=port\n")
    assert 8003 == load({}, tmp_path).port
    settings, findings = load_settings({"HARMONYHUB_PORT": "8004"}, folder=tmp_path)
    assert settings is not None
    assert (8004, ["HH003"]) == (settings.port, [finding.check_id for finding in findings])


def test_only_one_line_end_is_dropped(tmp_path: Path) -> None:
    """A second line end in a file is kept, and reported instead of stripped."""
    (tmp_path / "pw").write_text("password 1\n\n")
    assert [("HH008", "HARMONYHUB_ACCESS_PASSWORD")] == ids(
        {"HARMONYHUB_ACCESS_PASSWORD_FILE": "pw"}, tmp_path
    )


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * 70_000])
def test_file_that_cannot_be_read_is_one_finding(tmp_path: Path, content: bytes | None) -> None:
    """A missing, binary or huge file is reported as such, not as a missing partner."""
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    environ = {
        "HARMONYHUB_SPOTIFY_CLIENT_ID": ID,
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET_FILE": "secret",
    }
    assert [("HH004", "HARMONYHUB_SPOTIFY_CLIENT_SECRET_FILE")] == ids(environ, tmp_path)


def test_folder_or_nonsense_in_place_of_a_file_is_a_finding(tmp_path: Path) -> None:
    """A folder, an empty name and a name with a zero byte are refused without a crash."""
    assert [("HH004", "HARMONYHUB_PORT_FILE")] == ids({"HARMONYHUB_PORT_FILE": "."}, tmp_path)
    assert [("HH006", "HARMONYHUB_PORT_FILE")] == ids({"HARMONYHUB_PORT_FILE": " "}, tmp_path)
    assert [("HH004", "HARMONYHUB_PORT_FILE")] == ids({"HARMONYHUB_PORT_FILE": "a\0b"}, tmp_path)


def test_name_and_name_file_together_are_refused(tmp_path: Path) -> None:
    """NAME and NAME_FILE in one place: neither is preferred."""
    (tmp_path / "port").write_text("8003")
    environ = {"HARMONYHUB_PORT": "8003", "HARMONYHUB_PORT_FILE": "port"}
    assert [("HH002", "HARMONYHUB_PORT")] == ids(environ, tmp_path)


def test_variable_twice_in_env_file_is_refused(tmp_path: Path) -> None:
    """Two lines for one variable: both lines are named."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT=1\n\nHARMONYHUB_PORT=2\n")
    _, findings = load_settings({}, folder=tmp_path)
    assert ["HARMONYHUB_PORT is set twice: .env line 1 and .env line 3."] == [
        finding.message for finding in findings
    ]


def test_broken_env_file_is_named(tmp_path: Path) -> None:
    """A line without `=`, an open quote, and a file that is no text are findings."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT\nHARMONYHUB_HOST='127.0.0.1\n")
    _, findings = load_settings({}, folder=tmp_path)
    assert [("HH005", ".env line 1"), ("HH005", ".env line 2")] == [
        (finding.check_id, finding.provenance) for finding in findings
    ]
    (tmp_path / ".env").write_bytes(b"HARMONYHUB_PORT=\xff\n")
    assert [("HH005", None)] == ids({}, tmp_path)


def test_env_folder_is_not_an_env_file(tmp_path: Path) -> None:
    """`.env` as a folder is reported, not skipped."""
    (tmp_path / ".env").mkdir(mode=stat.S_IRWXU)
    assert [("HH005", None)] == ids({}, tmp_path)


def test_all_problems_come_at_once_errors_first(tmp_path: Path) -> None:
    """Independent mistakes in several variables are all found in one go."""
    found = ids(
        {
            "SPOTIFY_CLIENT_SECRET": SECRET,
            "HARMONYHUB_PROT": "8000",
            "HARMONYHUB_PORT": "0",
            "HARMONYHUB_HOST": "0.0.0.0",
            "HARMONYHUB_LOG_LEVEL": "",
            "HARMONYHUB_MONGODB_URI": "mongodb+srv://user:<password>@cluster0.example.net/",
            "HARMONYHUB_SPOTIFY_REDIRECT_URI": "https://localhost/spotify/callback",
            "HARMONYHUB_SPOTIFY_API_URL": "http://api.example.net",
        },
        tmp_path,
    )
    assert [
        ("HH001", "HARMONYHUB_PROT"),
        ("HH009", "HARMONYHUB_PORT"),
        ("HH007", "HARMONYHUB_MONGODB_URI"),
        ("HH006", "HARMONYHUB_LOG_LEVEL"),
        ("HH013", "HARMONYHUB_SPOTIFY_REDIRECT_URI"),
        ("HH014", "HARMONYHUB_ACCESS_PASSWORD"),
        ("HH012", "SPOTIFY_CLIENT_SECRET"),
        ("HH015", "HARMONYHUB_SPOTIFY_API_URL"),
    ] == found


def test_read_settings_raises_with_all_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process's own settings: one error that carries and says every finding."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_PORT", "eighty")
    monkeypatch.setenv("HARMONYHUB_LOG_FORMAT", "xml")
    with pytest.raises(ConfigurationError, match="2 problems") as caught:
        read_settings()
    assert ["HH009", "HH009"] == [finding.check_id for finding in caught.value.findings]
    assert isinstance(caught.value.findings[0], Finding)
    for word in ("HARMONYHUB_PORT", "'eighty'", "HARMONYHUB_LOG_FORMAT", "one of text, json"):
        assert word in caught.value.message
    assert 78 == caught.value.exit_status


def test_demo_gets_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo keeps away from the user's data, and takes a folder that was asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("HARMONYHUB_DATA_DIR", raising=False)
    assert tmp_path / "harmonyhub" == read_settings().data_dir
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(tmp_path / "asked"))
    use_demo_folder()
    assert tmp_path / "asked" == read_settings().data_dir
    monkeypatch.delenv("HARMONYHUB_DATA_DIR")
    use_demo_folder()
    assert tmp_path / "harmonyhub-demo" == read_settings().data_dir


def test_given_env_file_replaces_the_one_of_the_folder(tmp_path: Path) -> None:
    """With a file named, `.env` is not read; the provenance names the file that was."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT=8001\n")
    given = tmp_path / "new.env"
    given.write_text("HARMONYHUB_HOST=localhost\n")
    settings, findings = load_settings({}, folder=tmp_path, env_file=given)
    assert settings is not None
    assert ([], 8000, "new.env line 1") == (findings, settings.port, settings.provenance("host"))


def test_given_env_file_must_be_there(tmp_path: Path) -> None:
    """A file that was asked for and is missing is an error, not an empty configuration."""
    settings, findings = load_settings({}, folder=tmp_path, env_file=tmp_path / "nosuch.env")
    assert settings is None
    assert ["HH005"] == [finding.check_id for finding in findings]


def test_process_of_a_release_reads_no_env_file(tmp_path: Path) -> None:
    """What the ledger started keeps its configuration whatever `.env` says today."""
    (tmp_path / ".env").write_text("HARMONYHUB_PORT=8001\n")
    assert 8000 == load({"HARMONYHUB_RELEASE": "3"}, tmp_path).port
