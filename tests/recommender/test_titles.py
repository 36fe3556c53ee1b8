"""Songs behind titles."""

import pytest

from harmonyhub.recommender.titles import song_key


@pytest.mark.parametrize(
    "title",
    ["Angel", "angel - 2019 Remaster", "Angel (feat. Someone)", "Angel [Live]", " Angel  - Live"],
)
def test_versions_share_a_key(title):
    """Remasters, live takes and featured guests are the same song."""
    assert song_key("Angel", "Massive Attack") == song_key(title, "massive attack")


@pytest.mark.parametrize("title", ["Angels", "Angel Eyes", "(Angel)", "An-gel"])
def test_other_songs_do_not(title):
    """A longer or bracketed title, or a hyphen inside a word, is another song."""
    assert song_key("Angel", "Massive Attack") != song_key(title, "Massive Attack")
