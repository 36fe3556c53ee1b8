"""The weights of the tagging networks in the data folder."""

from pathlib import Path

import numpy as np
import pytest

from harmonyhub.domain.errors import DamagedInputError
from harmonyhub.sources.musicnn_wheel import TagWeights
from harmonyhub.sources.tag_weights import find_weights, read_weights, remove_weights, write_weights

WEIGHTS = TagWeights({"msd.low.bias": np.arange(5, dtype=np.float32)}, "Permission is granted")


def test_what_was_installed_is_read_until_removed(tmp_path: Path) -> None:
    """Weights come back, with their licence beside them; before and after there are none."""
    assert (None, None) == (find_weights(tmp_path), read_weights(tmp_path))
    installed = write_weights(tmp_path, WEIGHTS)
    assert installed == find_weights(tmp_path)
    read = read_weights(tmp_path)
    assert read is not None
    assert [0, 1, 2, 3, 4] == read["msd.low.bias"].tolist()
    assert "Permission" in (tmp_path / "tags" / "LICENCE").read_text()
    assert (True, False) == (remove_weights(tmp_path), remove_weights(tmp_path))
    assert read_weights(tmp_path) is None


@pytest.mark.parametrize("name", ["musicnn.npz", "origin.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"other weights"])
def test_other_weights_are_not_taken(tmp_path: Path, name: str, content: bytes | None) -> None:
    """A file that is not what was installed is named; only without its origin nothing is there."""
    write_weights(tmp_path, WEIGHTS)
    path = tmp_path / "tags" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    if (name, content) == ("origin.json", None):
        assert read_weights(tmp_path) is None
        return
    with pytest.raises(DamagedInputError, match=f"{name} are damaged") as caught:
        read_weights(tmp_path)
    assert "harmonyhub tags install" in caught.value.hint
