"""Commands about the tagging networks, as a person and a machine ask."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Hub
from tests.tools.tag_weights import install_random_tags


@pytest.mark.slow
def test_weights_are_shown_damaged_and_removed(hub: Hub, tmp_path: Path) -> None:
    """What lies in the data folder is told as it is, and how to come to it or be rid of it."""
    data_dir = tmp_path / "data"
    variables = {"HARMONYHUB_DATA_DIR": str(data_dir)}
    assert "None: harmonyhub tags install" in hub("tags", "show", **variables).stdout
    assert {"installed": None} == json.loads(hub("tags", "show", "--json", **variables).stdout)
    install_random_tags(data_dir)
    assert "whole." in hub("tags", "show", **variables).stdout
    (data_dir / "tags" / "musicnn.npz").write_bytes(b"PK")
    damaged = hub("tags", "show", **variables)
    assert 0 != damaged.returncode
    assert "its checksum is not the one it was installed with" in damaged.stderr
    assert "harmonyhub tags install" in damaged.stderr
    assert "Removed." in hub("tags", "remove", **variables).stdout
    assert "There were none." in hub("tags", "remove", **variables).stdout


def test_only_the_very_package_is_taken(hub: Hub, tmp_path: Path) -> None:
    """Another file is refused by its checksum, with the way to the right one."""
    wheel = tmp_path / "musicnn-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"not it")
    refused = hub("tags", "install", "--wheel", str(wheel))
    assert 0 != refused.returncode
    assert "This is not the wheel of musicnn==0.1.0" in refused.stderr
    assert "pip download --no-deps musicnn==0.1.0" in refused.stderr
