"""Words that steer a list: what they come to, and what is said of those not understood."""

from contextlib import suppress

import numpy as np
import pytest

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId, TrackId
from harmonyhub.domain.knobs import Knobs, Wish
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.wishes import read_wish
from harmonyhub.recommender.words import understand

ARTISTS = {
    "Nina Simone": ("jazz", "vocal jazz", "1960s"),
    "Muse": ("rock", "1990s"),
    "The The": ("rock", "1980s"),
    "Jazz": ("soul",),
    "Calm Waters": ("ambient", "instrumental", "2010s"),
}
MUSE, NINA = artist_id("Muse"), artist_id("Nina Simone")


@pytest.fixture(scope="module")
def index(train_world) -> ServingIndex:
    """Give an index of five artists with a track each."""
    catalogue = [
        CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", name, (artist_id(name),), tags=tags)
        for n, (name, tags) in enumerate(ARTISTS.items())
    ]
    world = train_world(catalogue, users=[0, 1], tracks=[0, 1], plays=[2, 2], last=[1, 1])
    return world.index


@pytest.mark.parametrize(
    ("text", "knobs"),
    [
        ("calm instrumental 90s", Knobs(energy=-0.7, with_tags=("instrumental", "1990s"))),
        ("Very HAPPY songs please", Knobs(mood=1.0)),
        ("slightly rare music", Knobs(rare=0.35)),
        ("not too popular, new", Knobs(rare=0.7, new=0.7)),
        ("vocal jazz", Knobs(with_tags=("vocal jazz",))),
        ("no rock or jazz, soul", Knobs(without_tags=("rock", "jazz"), with_tags=("soul",))),
        ("-rock soul", Knobs(without_tags=("rock",), with_tags=("soul",))),
        ("nothing with rock or by Muse", Knobs(without_tags=("rock",), without_artists=(MUSE,))),
        ("nothing by jazz", Knobs(without_artists=(artist_id("Jazz"),))),
        ("without the the", Knobs(without_artists=(artist_id("The The"),))),
        ("from the eighties", Knobs(with_tags=("1980s",))),
        ("1960s, 90-120 bpm", Knobs(with_tags=("1960s",), tempo_bpm=(90, 120))),
        ("10s, not 60s", Knobs(with_tags=("2010s",), without_tags=("1960s",))),
        ("100bpm", Knobs(tempo_bpm=(95, 105))),
        ("", Knobs()),
    ],
)
def test_words_turn_knobs(index, text, knobs):
    """Tags of the instance come first, then the words for turns; a no turns them around."""
    found = understand(text, index)
    assert knobs == found.knobs
    assert {} == found.unknown
    assert [] == found.seed_artists


@pytest.mark.parametrize(
    ("text", "artists"),
    [
        ("like Nina Simone", [NINA]),
        ("nina simone and muse, calm", [NINA, MUSE]),
        ("like jazz", [artist_id("Jazz")]),
        ("calm waters", [artist_id("Calm Waters")]),
    ],
)
def test_names_of_artists_start_a_radio(index, text, artists):
    """Artists are where the list starts; after "like" a name is an artist's, also if a tag."""
    assert artists == understand(text, index).seed_artists


def test_what_is_not_understood_is_said_with_a_guess(index):
    """Unknown words change nothing and come back, with the nearest known name."""
    reading = read_wish(Wish(words="rcok, zyx, 70s, soul"), index)
    assert Knobs(with_tags=("soul",)) == reading.knobs
    assert ("“rcok”: did you mean “rock”?", "“zyx”", "“70s”") == reading.not_understood
    assert ("tagged “soul”",) == reading.understood


def test_knobs_win_over_words_and_names_add_up(index):
    """A number that is given counts; tags of both are asked for."""
    knobs = Knobs(rare=-1, with_tags=("Jazz",), without_artists=(ArtistId("muse"),))
    reading = read_wish(Wish(words="very rare 60s", knobs=knobs), index)
    assert -1 == reading.knobs.rare
    assert ("1960s", "jazz") == reading.knobs.with_tags
    assert (MUSE,) == reading.knobs.without_artists


@pytest.mark.parametrize(
    "wish",
    [Wish(knobs=Knobs(with_tags=("rcok",))), Wish(knobs=Knobs(without_tags=("rcok",))),
     Wish(artists=("Mush",)), Wish(knobs=Knobs(without_artists=(ArtistId("Mush"),)))],
)  # fmt: skip
def test_an_unknown_name_is_refused_with_the_nearest(index, wish):
    """Who names a tag or an artist by itself is told what is known."""
    with pytest.raises(RefusedInputError) as refused:
        read_wish(wish, index)
    assert refused.value.hint in {"Did you mean “rock”?", "Did you mean “Muse”?"}


def test_any_text_is_read_to_its_end(index):
    """No text breaks the reader, and nothing but the grammar comes of it."""
    rng = np.random.default_rng(3)
    letters = list("abcno -,.;!?'’“”90s bpm like no muse 1é漢\n\t")  # noqa: RUF001
    for _ in range(100):
        text = "".join(rng.choice(letters, 60))
        with suppress(RefusedInputError):  # 999 bpm
            assert understand(text, index).knobs
