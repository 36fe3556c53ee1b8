"""The starter catalogue: facts written by hand, so their form is what a test can hold."""

from collections import Counter

import pytest

from harmonyhub.domain.identity import identity_keys
from harmonyhub.sources.starter.library import LibraryArtist, load_library


@pytest.fixture(scope="module")
def library() -> tuple[LibraryArtist, ...]:
    """The shipped library."""
    return load_library()


def test_library_is_large_enough_to_recommend_from(library: tuple[LibraryArtist, ...]) -> None:
    """There are more than 120 artists and more than 1,000 tracks of at least 40 kinds of music."""
    tags = Counter(artist.tags[0] for artist in library)
    assert len(library) >= 120
    assert sum(len(artist.tracks) for artist in library) >= 1_000
    assert len(tags) >= 40


def test_no_track_stands_twice(library: tuple[LibraryArtist, ...]) -> None:
    """An artist stands once, with each title once."""
    names = [artist.name for artist in library]
    titles = [(track.artists, track.title.casefold()) for a in library for track in a.tracks]
    assert sorted(set(names)) == sorted(names)
    assert sorted(set(titles)) == sorted(titles)


def test_every_artist_has_a_choice_of_tracks(library: tuple[LibraryArtist, ...]) -> None:
    """Each artist has 7 to 10 tracks, so that there is always something unheard."""
    assert [artist.name for artist in library if not 7 <= len(artist.tracks) <= 10] == []


def test_best_known_track_is_one_of_the_tracks(library: tuple[LibraryArtist, ...]) -> None:
    """The title named as best known is spelt as in the list."""
    wrong = [
        artist.name
        for artist in library
        if artist.best_known not in {track.title for track in artist.tracks}
    ]
    assert wrong == []


def test_text_is_clean(library: tuple[LibraryArtist, ...]) -> None:
    """Names carry no stray blanks and no separators of the authoring form; tags are lower case."""
    texts = [
        text
        for artist in library
        for track in artist.tracks
        for text in (artist.name, track.title, track.release or "")
    ]
    assert [text for text in texts if not text or text != text.strip() or ";" in text] == []
    tags = {tag for artist in library for track in artist.tracks for tag in track.tags}
    assert [tag for tag in tags if tag != tag.lower().strip() or not tag] == []


def test_track_carries_its_decade(library: tuple[LibraryArtist, ...]) -> None:
    """A track is tagged with the decade of the release that it came out on."""
    tracks = {(a.name, track.title): track for a in library for track in a.tracks}
    teardrop = tracks["Massive Attack", "Teardrop"]
    assert teardrop.release == "Mezzanine"
    assert teardrop.tags[-1] == "1990s"
    assert teardrop.tags[0] == "trip-hop"


def test_tracks_stay_apart_in_the_catalogue(library: tuple[LibraryArtist, ...]) -> None:
    """No two tracks of the library have one identity: none would swallow another at import."""
    names = Counter(identity_keys(track)[-1] for artist in library for track in artist.tracks)
    assert [name for name, n in names.items() if n > 1] == []
