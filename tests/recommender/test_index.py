"""The serving index as bytes: what went in comes out, and nothing else comes in."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.errors import DamagedInputError, RefusedInputError, UnknownFormatError
from harmonyhub.recommender.index import HEADER, MAGIC, ServingIndex

TEXTS = ("track_ids", "titles", "artists", "artist_ids", "artist_names", "tags")
VECTORS = ("releases", "songs", "listeners", "popularity")
MATRICES = ("item_artists", "item_tags", "neighbours")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 20), n_tracks=st.integers(1, 40))
def test_bytes_hold_the_whole_index(make_world, seed, n_tracks):
    """An index read back equals the written one, and writes the same bytes again."""
    index = make_world(seed, n_tracks=n_tracks, n_heard=5).index
    data = index.to_bytes()
    again = ServingIndex.from_bytes(data)
    for name in TEXTS:
        assert getattr(index, name) == getattr(again, name)
    for name in VECTORS:
        assert np.array_equal(getattr(index, name), getattr(again, name))
    for name in MATRICES:
        assert (getattr(index, name) != getattr(again, name)).nnz == 0
    counts = ("n_users", "n_listens", "newest_at")
    assert [getattr(index, name) for name in counts] == [getattr(again, name) for name in counts]


def test_an_empty_index_survives(train_world):
    """The index of an empty catalogue can be stored too."""
    index = train_world([], users=[], tracks=[], plays=[], last=[]).index
    assert ServingIndex.from_bytes(index.to_bytes()).n_tracks == 0


def test_titles_of_all_scripts_survive(train_world, make_world):
    """Titles are not limited to ASCII."""
    entry = make_world(1).catalogue[0]
    titles = ["Für Elise", "夜に駆ける", "", "🎵\x00"]
    catalogue = [
        type(entry)(id=f"t{i}", title=title, artist="Ø", artist_ids=())
        for i, title in enumerate(titles)
    ]
    index = train_world(catalogue, users=[], tracks=[], plays=[], last=[]).index
    assert titles == ServingIndex.from_bytes(index.to_bytes()).titles


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04" * 40, pickle.dumps({"a": 1}) * 9])
def test_foreign_bytes_are_refused(data):
    """Bytes of another kind are named as that, with what to do."""
    with pytest.raises(UnknownFormatError) as caught:
        ServingIndex.from_bytes(data)
    assert "Train again" in caught.value.hint


def test_another_format_version_is_refused(world):
    """An index of a newer release is not guessed at."""
    data = world.index.to_bytes()
    newer = HEADER.pack(MAGIC, 99, data[12 : HEADER.size]) + data[HEADER.size :]
    with pytest.raises(UnknownFormatError, match="99"):
        ServingIndex.from_bytes(newer)


@settings(max_examples=60, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_one_changed_byte_is_noticed(world, where, flip):
    """No single damaged byte goes through."""
    data = bytearray(world.index.to_bytes())
    data[int(where * len(data))] ^= flip
    with pytest.raises(RefusedInputError):
        ServingIndex.from_bytes(bytes(data))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_cut_index_is_damaged(world, kept):
    """An index that broke off is refused."""
    data = world.index.to_bytes()
    with pytest.raises(DamagedInputError):
        ServingIndex.from_bytes(data[: int(len(data) * kept)])
