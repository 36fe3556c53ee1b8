"""Whether a hit is the track: hard cases made by hand, each with why it is hard."""

import pytest

from harmonyhub.domain.identity import artist_id, identity_keys, track_id
from harmonyhub.domain.matching import LEAST_CONFIDENCE, choose, judge
from harmonyhub.domain.music import Track, TrackDescription


def make_track(description: TrackDescription) -> Track:
    """Make the catalogue's track of a description."""
    keys = identity_keys(description)
    return Track(
        id=track_id(keys),
        title=description.title,
        artist_names=description.artists,
        artist_ids=tuple(map(artist_id, description.artists)),
        release_title=None,
        release_id=None,
        keys=keys,
        duration_s=description.duration_s,
    )


def song(
    title: str, *artists: str, duration_s: float | None = None, isrc: str | None = None
) -> TrackDescription:
    """Describe a track; with an id, as a hit has one."""
    return TrackDescription(title, artists, duration_s=duration_s, isrc=isrc, spotify_id="x" * 22)


SAME = [
    ("a remaster", song("Heroes", "David Bowie"), song("Heroes - 2017 Remaster", "David Bowie")),
    ("accents", song("Hyperballad", "Björk"), song("Hyperballad", "Bjork")),
    ("an article", song("Karma Police", "Radiohead"), song("Karma Police", "The Radiohead")),
    (
        "an ampersand, and two artists for one",
        song("Mrs. Robinson", "Simon & Garfunkel"),
        song("Mrs. Robinson", "Simon", "Garfunkel"),
    ),
    (
        "a guest in the title",
        song("Crazy in Love (feat. JAY-Z)", "Beyoncé"),
        song("Crazy In Love", "Beyoncé", "JAY-Z"),
    ),
    ("a typing error", song("Bohemian Rapsody", "Queen"), song("Bohemian Rhapsody", "Queen")),
    (
        "a fade of 3 s",
        song("Time", "Pink Floyd", duration_s=413),
        song("Time", "Pink Floyd", duration_s=416),
    ),
    ("another alphabet", song("群青", "YOASOBI"), song("群青", "YOASOBI")),
    (
        "the same live recording",
        song("Alive (Live)", "Pearl Jam"),
        song("Alive - Live", "Pearl Jam"),
    ),
    (
        "a code, and a title in another language",
        song("99 Luftballons", "Nena", isrc="DEA818300001"),
        song("99 Red Balloons", "Nena", isrc="DEA818300001"),
    ),
]

OTHER = [
    ("live for studio", song("Alive", "Pearl Jam"), song("Alive - Live at Wembley", "Pearl Jam")),
    ("studio for live", song("Alive (Live)", "Pearl Jam"), song("Alive", "Pearl Jam")),
    ("a remix", song("Bizarre", "Röyksopp"), song("Bizarre - Trentemøller Remix", "Röyksopp")),
    ("karaoke", song("Hello", "Adele"), song("Hello (Karaoke Version)", "Sing King")),
    ("a cover", song("Hurt", "Nine Inch Nails"), song("Hurt", "Johnny Cash")),
    ("a tribute band", song("One", "Metallica"), song("One", "Metallica Tribute Band")),
    ("acoustic", song("Layla", "Eric Clapton"), song("Layla - Acoustic", "Eric Clapton")),
    ("another song of the artist", song("Airbag", "Radiohead"), song("Lucky", "Radiohead")),
    ("a part of a name", song("Intro", "The xx"), song("Intro II", "The xx")),
    (
        "a recording that is a minute longer",
        song("Blue Monday", "New Order", duration_s=247),
        song("Blue Monday", "New Order", duration_s=449),
    ),
    ("a word that is alike", song("Everyday", "Logic"), song("Everybody", "Logic")),
    ("a sequel", song("The Unforgiven", "Metallica"), song("The Unforgiven II", "Metallica")),
]


@pytest.mark.parametrize(("why", "ours", "hit"), SAME, ids=[case[0] for case in SAME])
def test_the_same_recording_is_taken(
    why: str, ours: TrackDescription, hit: TrackDescription
) -> None:
    """However the two sides write it."""
    assert LEAST_CONFIDENCE <= judge(make_track(ours), hit) <= 1, why


@pytest.mark.parametrize(("why", "ours", "hit"), OTHER, ids=[case[0] for case in OTHER])
def test_another_recording_is_not_taken(
    why: str, ours: TrackDescription, hit: TrackDescription
) -> None:
    """However much its name looks like it."""
    assert judge(make_track(ours), hit) < LEAST_CONFIDENCE, why


def test_the_album_version_wins_over_the_radio_edit() -> None:
    """The edit is taken where there is nothing better."""
    ours = make_track(song("Windowlicker", "Aphex Twin"))
    edit = TrackDescription("Windowlicker - Radio Edit", ("Aphex Twin",), spotify_id="edit")
    album = TrackDescription("Windowlicker", ("Aphex Twin",), spotify_id="album")

    best, only = choose(ours, [edit, album]), choose(ours, [edit])
    assert best is not None
    assert only is not None
    assert ("album", "edit") == (best.spotify_id, only.spotify_id)


def test_no_hits_no_match() -> None:
    """A search that finds nothing, or nothing with an id, gives nothing."""
    ours = make_track(song("Windowlicker", "Aphex Twin"))
    local = TrackDescription("Windowlicker", ("Aphex Twin",))

    assert (None, None) == (choose(ours, []), choose(ours, [local]))
