"""`harmonyhub knowledge` as a person and a machine meet it."""

import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from harmonyhub.cli.main import cli
from tests.cli.conftest import Hub

LABELS = ("--name", "open", "--version", "2026.11", "--licence", "CC0-1.0", "--source", "a dump")


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.usefixtures("store")
def test_a_pack_is_built_installed_listed_and_removed(hub_on_store: Hub, tmp_path: Path) -> None:
    """The whole way with files on disk; a cut pack is refused with exit status 65."""
    hub = partial(hub_on_store, "knowledge")
    rows = [f"u{user},Band {song},Song {song}" for user in range(4) for song in range(6)]
    (tmp_path / "listens.csv").write_text("\n".join(["user,artist,track", *rows, "u9,,"]))
    said = hub("build", "listens.csv", *LABELS, "--output", "open.hhpack", "--json")
    assert 0 == said.returncode, said.stderr
    built = json.loads(said.stdout)
    assert (25, 24, 1, 6, 4) == tuple(
        built[name] for name in ("lines", "used", "left_out", "n_tracks", "n_listeners")
    )

    data = (tmp_path / "open.hhpack").read_bytes()
    (tmp_path / "cut.hhpack").write_bytes(data[:-40])
    refused = hub("install", "cut.hhpack")
    assert (65, True) == (refused.returncode, "cut off" in refused.stderr)
    assert {"packs": []} == json.loads(hub("list", "--json").stdout)

    assert "licence CC0-1.0" in hub("install", "open.hhpack").stdout
    (pack,) = json.loads(hub("list", "--json").stdout)["packs"]
    assert ("open", "2026.11") == (pack["facts"]["name"], pack["facts"]["version"])
    assert {"removed": "open"} == json.loads(hub("remove", "open", "--json").stdout)
    assert 66 == hub("remove", "open").returncode


@pytest.mark.parametrize(
    "command",
    [
        ("knowledge", "build", __file__, *LABELS, "--output"),
        ("export", "--output"),
        ("incident", "export", "--output"),
    ],
)
def test_a_missing_folder_is_told_before_the_work(command: tuple[str, ...], tmp_path: Path) -> None:
    """Whoever writes a file learns at once that its folder is not there, and which one."""
    folder = tmp_path / "nowhere"
    said = CliRunner().invoke(cli, [*command, str(folder / "out")])
    assert 2 == said.exit_code
    assert f"There is no folder {folder}; make it first." in " ".join(said.output.split())
