"""Checks of settings and machine: what is found, what it says, and how it is shown."""

import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harmonyhub.checks.machine import (
    MACHINE_CHECKS,
    check_address,
    check_data_folder,
    check_embedded_server,
    check_key_files,
    check_libraries,
    check_machine,
    check_music_folder,
    check_tag_weights,
)
from harmonyhub.checks.offline import (
    check_environment,
    check_offline,
    has_errors,
    refuse_bad_start,
)
from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Severity, Verdict
from harmonyhub.settings import keys
from harmonyhub.settings.catalogue import SETTING_CHECKS
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.storage import mongod
from tests.tools.tag_weights import install_random_tags


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a machine where all is well: an own folder, a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {"HARMONYHUB_DATA_DIR": str(tmp_path / "data"), "HARMONYHUB_PORT": str(port)}
    loaded, _ = load_settings(environ, folder=tmp_path)
    assert loaded is not None
    return loaded


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        yield listener.getsockname()[1]


def test_good_machine_has_no_finding(settings: Settings) -> None:
    """With a folder, a free port and the embedded server there is nothing to say."""
    assert [] == check_machine(settings)
    assert not settings.data_dir.exists(), "a check changes nothing"


def test_taken_port_is_named_with_what_to_do(settings: Settings, taken_port: int) -> None:
    """A port in use: the number, the variable, both ways out."""
    finding = check_address(replace(settings, port=taken_port))
    assert finding is not None
    assert ("HH502", "HARMONYHUB_PORT") == (finding.check_id, finding.variable)
    assert f"Port {taken_port} on 127.0.0.1 is taken" in finding.message
    assert "stop the other program" in finding.fix
    assert "HARMONYHUB_PORT" in finding.fix


def test_port_of_a_service_that_just_stopped_is_free(settings: Settings) -> None:
    """Connections that linger after a stop do not keep the port from the next start."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", settings.port))
        listener.listen(1)
        with socket.create_connection(("127.0.0.1", settings.port)) as client:
            served, _ = listener.accept()
            served.close()  # who closes first keeps the connection in TIME_WAIT
            client.recv(1)
    assert check_address(settings) is None


def test_address_of_another_machine_is_refused(settings: Settings) -> None:
    """An address that this machine does not have is the host's fault, not the port's."""
    finding = check_address(replace(settings, host="192.0.2.1"))  # RFC 5737: nobody has it
    assert finding is not None
    assert ("HH502", "HARMONYHUB_HOST") == (finding.check_id, finding.variable)
    assert "192.0.2.1 cannot be listened on" in finding.message


def test_data_folder_that_is_a_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    """A file where the data folder should be, or above it, is named."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        finding = check_data_folder(replace(settings, data_dir=path))
        assert finding is not None
        assert ("HH501", "HARMONYHUB_DATA_DIR") == (finding.check_id, finding.variable)
        assert str(path) in finding.message
        assert "environment" == finding.provenance


def test_music_folder_that_is_not_there_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    """Without it everything else works, so the start is not refused."""
    assert check_music_folder(settings) is None
    assert check_music_folder(replace(settings, music_dir=tmp_path)) is None
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        settings_here = replace(
            settings,
            music_dir=path,
            provenances={**settings.provenances, "music_dir": "environment"},
        )
        finding = check_music_folder(settings_here)
        assert finding is not None
        assert ("HH507", Severity.WARNING) == (finding.check_id, finding.severity)
        assert f"The music folder {path} cannot be read: N" in finding.message
        assert "environment" == finding.provenance


def test_damaged_weights_of_tags_are_a_warning(settings: Settings, tmp_path: Path) -> None:
    """Missing weights are no finding, other ones than were installed are."""
    settings = replace(settings, data_dir=tmp_path)
    assert check_tag_weights(settings) is None
    install_random_tags(tmp_path)
    assert check_tag_weights(settings) is None
    (tmp_path / "tags" / "musicnn.npz").write_bytes(b"PK")
    finding = check_tag_weights(settings)
    assert finding is not None
    assert ("HH508", Severity.WARNING) == (finding.check_id, finding.severity)
    assert "harmonyhub tags install" in finding.fix


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="needs a file system that refuses writes")
def test_data_folder_on_a_closed_file_system_is_refused(settings: Settings) -> None:
    """A folder that nobody may write, not even root, is refused whether it exists or not."""
    for path in (Path("/proc/1"), Path("/proc/1/harmonyhub")):
        finding = check_data_folder(replace(settings, data_dir=path))
        assert finding is not None
        assert "HH501" == finding.check_id


def test_missing_library_names_the_package() -> None:
    """A library that is not there is named with the command that installs it."""
    assert check_libraries({"libc.so.6": "libc6"}) is None
    finding = check_libraries({"libc.so.6": "libc6", "libnosuch.so.4": "libnosuch4"})
    assert finding is not None
    assert "HH503" == finding.check_id
    assert "libnosuch.so.4" in finding.message
    assert "sudo apt-get install libnosuch4 " in finding.fix
    assert "libnosuch4t64" in finding.fix
    assert "libc6" not in finding.fix


def test_machine_without_mongod_needs_an_address(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any server program the way out is named; with an address nothing is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mongod.importlib.util, "find_spec", lambda _: None)
    finding = check_embedded_server()
    assert finding is not None
    assert "HH504" == finding.check_id
    assert "HARMONYHUB_MONGODB_URI" in finding.fix
    with_uri, _ = load_settings(
        {
            "HARMONYHUB_MONGODB_URI": "mongodb://db.internal",
            "HARMONYHUB_DATA_DIR": str(settings.data_dir),
            "HARMONYHUB_PORT": str(settings.port),
        },
        folder=tmp_path,
    )
    assert with_uri is not None
    assert [] == check_machine(with_uri)


def test_check_environment_joins_settings_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    """A warning of the settings and a problem of the machine come in one list."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HARMONYHUB_PORT", str(taken_port))
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "x")
    findings = check_environment()
    assert ["HH012", "HH502"] == [finding.check_id for finding in findings]
    monkeypatch.setenv("HARMONYHUB_PORT", "none")
    assert ["HH007", "HH012"] == [finding.check_id for finding in check_environment()]


def test_offline_results_tell_of_every_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """On a good machine every check passed or says why it had nothing to look at."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HARMONYHUB_PORT", str(settings.port))
    loaded, results = check_offline()
    assert loaded == settings
    offline = (*SETTING_CHECKS, *MACHINE_CHECKS)
    assert [check.id for check in offline if check.id != "HH017"] == [
        each.check_id for each in results if each.verdict is Verdict.PASSED
    ]
    assert ["HH017"] == [each.check_id for each in results if each.verdict is Verdict.SKIPPED]


def test_wrong_setting_blocks_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a wrong setting points to is not looked at, and says by what it is blocked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.env").write_text("HARMONYHUB_PORT=eighty\nSPOTIFY_CLIENT_ID=x\n")
    loaded, results = check_offline(env_file=tmp_path / "new.env")
    assert loaded is None
    assert ["HH009", "HH012"] == [e.check_id for e in results if e.verdict is Verdict.FAILED]
    blocked = [each for each in results if each.verdict is Verdict.BLOCKED]
    assert {"HH009"} == {each.blocked_by for each in blocked}
    assert [check.id for check in MACHINE_CHECKS] == [each.check_id for each in blocked]


def test_mongodb_by_address_needs_no_server_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """With an address the checks of the embedded server are skipped, not passed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONYHUB_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HARMONYHUB_PORT", str(settings.port))
    monkeypatch.setenv("HARMONYHUB_MONGODB_URI", "mongodb://127.0.0.1:27017")
    skipped = [e.check_id for e in check_offline()[1] if e.verdict is Verdict.SKIPPED]
    assert ["HH017", "HH503", "HH504"] == skipped


def test_damaged_key_file_is_found_before_the_start(settings: Settings) -> None:
    """A key file cut short is named with its variable; the check neither makes nor mends one."""
    assert [] == check_key_files(settings)
    settings.data_dir.mkdir()
    path = settings.data_dir / "encryption.key"
    path.write_text("cut short")
    path.chmod(0o600)
    findings = check_key_files(settings)
    assert [("HH506", "HARMONYHUB_ENCRYPTION_KEY")] == [(e.check_id, e.variable) for e in findings]
    assert "cut short" == path.read_text()
    path.unlink()
    keys.encryption_key(settings)
    keys.admin_token(settings)
    assert [] == check_key_files(settings)


def test_key_file_open_to_everybody_warns(settings: Settings) -> None:
    """A key that every user of the machine can read is a warning with the command to close it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        here = replace(settings, data_dir=Path(name))
        keys.admin_token(here)
        (here.data_dir / "admin.token").chmod(0o644)
        findings = check_key_files(here)
        assert [("HH022", "HARMONYHUB_ADMIN_TOKEN")] == [(e.check_id, e.variable) for e in findings]
        assert f"chmod 600 {name}/admin.token" == findings[0].fix


def test_bad_start_is_refused_with_everything(settings: Settings, taken_port: int) -> None:
    """A start on a bad machine raises one configuration error with all findings."""
    bad = replace(settings, port=taken_port, data_dir=Path("/proc/1/harmonyhub"))
    with pytest.raises(ConfigurationError, match="HH501") as caught:
        refuse_bad_start(bad)
    assert ["HH501", "HH502"] == [finding.check_id for finding in caught.value.findings]
    assert f"Port {taken_port}" in caught.value.message


def test_good_start_gives_the_warnings(settings: Settings, tmp_path: Path) -> None:
    """What does not stand in the way is handed on to be said."""
    _, warnings = load_settings({"SPOTIFY_CLIENT_ID": "x"}, folder=tmp_path)
    assert warnings == refuse_bad_start(replace(settings, warnings=tuple(warnings)))
    assert not has_errors(warnings)
