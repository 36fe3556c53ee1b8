"""Tracks from different sources become one; other recordings of a song do not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonyhub.domain.identity import (
    artist_id,
    identity_keys,
    normalize_artist,
    normalize_title,
    release_id,
    track_id,
)
from harmonyhub.domain.music import TrackDescription

SONGS = Path(__file__).parents[3] / "shared/data/spotify-songs-32k/spotify_songs.parquet"
LATIN = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "Zs"]), min_size=1)


def name_key(title: str, artist: str = "Queen") -> str:
    """Give the last key, the one made of names."""
    return identity_keys(TrackDescription(title=title, artists=(artist,)))[-1]


def test_keys_come_strongest_first() -> None:
    """ISRC, MBID, Spotify id and at last the name, each in one spelling."""
    keys = identity_keys(
        TrackDescription(
            title="Under Pressure - Remastered 2011",
            artists=("Queen", "David Bowie"),
            isrc="GB-UM7-10-00001",
            recording_mbid="5C3C1A0E-0000-0000-0000-000000000000",
            spotify_id="2fuCquhmrzHpu5xcA1ci9x",
        )
    )
    assert (
        "isrc:GBUM71000001",
        "mbid:5c3c1a0e-0000-0000-0000-000000000000",
        "spotify:2fuCquhmrzHpu5xcA1ci9x",
        "name:queen|under pressure|",
    ) == keys


@pytest.mark.parametrize(
    "title",
    [
        "Don\u2019t Stop Me Now",
        "DON'T STOP ME NOW",
        "Don\u00b4t Stop Me Now - 2011 Remaster",
        "Dont Stop Me Now - Remastered 2011",
        "Don't Stop Me Now (2011 Digital Remaster)",
        "Don't Stop Me Now [Mono Version / Remastered 2002]",
        "Don't Stop Me Now - Album Version (Edited)",
        "Don't Stop Me Now (feat. Somebody)",
        "Don't Stop Me Now ft. Somebody & Others",
        "Don't Stop Me Now (with Somebody)",
        "Don't Stop Me Now - Original Mix",
        'Don\'t Stop Me Now - From "Shaun of the Dead"',
        "Don't Stop Me Now (Deluxe Edition)",
        "Don't Stop Me Now (feat. Somebo",
    ],
)
def test_clutter_is_the_same_recording(title: str) -> None:
    """Remasters, editions, guests, case and punctuation name the same recording."""
    assert "name:queen|dont stop me now|" == name_key(title)


@pytest.mark.parametrize(
    ("title", "markers"),
    [
        ("Faint - Live", "live"),
        ("Faint (Ao Vivo)", "live"),
        ("Faint - Live at Wembley / 1986", "live at wembley"),
        ("Faint - R3HAB Remix", "r3hab remix"),
        ("Faint [R3hab Remix]", "r3hab remix"),
        ("Faint (feat. X) - Tiësto & MOTi Remix", "tiesto and moti remix"),
        ("Faint - Acústico", "acoustic"),
        ("Faint (Acoustic Version)", "acoustic"),
        ("Faint - Instrumental", "instrumental"),
        ("Faint (Demo)", "demo"),
        ("Faint - Karaoke Version", "karaoke"),
        ("Faint - Radio Edit", "edit"),
        ("Faint (Single Edit)", "edit"),
        ("Faint - Extended Mix", "extended mix"),
        ("Faint - Live / Remastered 2009", "live"),
        ("Faint - Acoustic - Live", "acoustic+live"),
    ],
)
def test_another_recording_keeps_its_marker(title: str, markers: str) -> None:
    """A live take, a remix (and by whom) and the like stay apart from the plain track."""
    assert ("faint", markers) == normalize_title(title)


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("The Beatles", "beatles"),
        ("Beatles, The", "beatles"),
        ("The The", "the"),
        ("Escape the Fate", "escape the fate"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("Drake feat. Rihanna", "drake"),
        ("Drake (ft. Rihanna)", "drake"),
        ("Little Feat", "little feat"),
        ("Sleeping With Sirens", "sleeping with sirens"),
        ("P!nk", "pink"),
        ("Ke$ha", "kesha"),
        ("Mø", "mo"),
        ("!!!", "!!!"),
        ("宇多田ヒカル", "宇多田ヒカル"),
    ],
)
def test_artist_is_the_main_artist_bare(name: str, bare: str) -> None:
    """A credit is reduced to the main artist without article, accents and guests."""
    assert bare == normalize_artist(name)


@pytest.mark.parametrize("title", ["???", "🔥", "(Live)", "- Live", "feat. X", " ", "()", "—"])
def test_no_title_gets_an_empty_key(title: str) -> None:
    """A title of punctuation, emoji or version words only still has a name."""
    assert normalize_title(title)[0].strip()


def test_scripts_without_latin_letters_survive() -> None:
    """Kana keep their voicing marks and Devanagari its vowels: か is not が, हि is not हा."""
    titles = ["か", "が", "हि", "हा", "Статус", "شكرا", "사랑"]
    assert len(titles) == len({normalize_title(title) for title in titles})


def test_marker_words_in_a_name_do_not_join_songs() -> None:
    """A subtitle that merely contains a version word keeps two songs apart."""
    assert name_key("Song (I Want to Live)") != name_key("Song (Die Another Day Mix)")


def test_ids_fit_a_listen_key_and_repeat() -> None:
    """Ids are short ASCII, say what they name and are the same for every spelling."""
    one = track_id(identity_keys(TrackDescription(title="Bad", artists=("The Beatles",))))
    two = track_id(identity_keys(TrackDescription(title="BAD - Remaster", artists=("Beatles",))))
    assert one == two
    assert (25, "t", True) == (len(one), one[0], one.isascii())
    assert artist_id("The Beatles") == artist_id("beatles")
    assert release_id("Queen", "Jazz (Deluxe Edition)") == release_id("queen", "Jazz")


def test_a_lone_surrogate_gets_an_id() -> None:
    """Broken text that JSON allows does not stop an import."""
    description = TrackDescription(title="\ud83d", artists=("\udc00",))
    assert track_id(identity_keys(description)).startswith("t")


@given(LATIN)
def test_normalizing_twice_changes_nothing(name: str) -> None:
    """The bare artist name is its own bare name."""
    assert normalize_artist(name) == normalize_artist(normalize_artist(name))


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_text_gets_a_whole_key(title: str, artist: str) -> None:
    """No text at all gives an empty title, an empty artist or an error."""
    bare, _ = normalize_title(title)
    assert bare
    assert normalize_artist(artist)


@given(st.text("abcdefgh éüñ()-", min_size=1))
def test_case_does_not_matter(title: str) -> None:
    """Upper case gives the key of lower case."""
    assert normalize_title(title) == normalize_title(title.upper())


@given(
    st.text("abcdegh", min_size=1, max_size=8), st.sampled_from(["Live", "Demo", "X Remix", "Edit"])
)
def test_versions_never_share_the_plain_key(title: str, marker: str) -> None:
    """Whatever the title, a marked version has a key of its own."""
    assert name_key(title) != name_key(f"{title} - {marker}")


@pytest.mark.skipif(not SONGS.is_file(), reason="the research data spotify-songs-32k is absent")
def test_real_titles_join_and_stay_apart() -> None:
    """Of 28,352 real tracks some 9% are further copies of one; no remix falls into its original."""
    import pyarrow.parquet as pq

    columns = ["track_id", "track_name", "track_artist"]
    rows = pq.read_table(SONGS, columns=columns).to_pylist()
    named = {row["track_id"]: row for row in rows if row["track_name"]}
    keys = {
        row["track_id"]: name_key(row["track_name"], row["track_artist"]) for row in named.values()
    }
    assert 28_352 == len(keys)
    assert 25_500 < len(set(keys.values())) < 26_000
    lost = [
        row["track_name"]
        for row in named.values()
        if "remix" in row["track_name"].lower() and "remix" not in keys[row["track_id"]]
    ]
    assert [] == lost
