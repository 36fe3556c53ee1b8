"""Words that ask for too much give way in the stated order, no further than needed."""

from dataclasses import replace

import pytest

from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import NO_KNOBS, Knobs, Wish
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.domain.sound import SoundFacts, TrackSound
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.relaxing import ENOUGH, relax
from harmonyhub.recommender.sounds import place_sounds
from harmonyhub.recommender.wishes import read_wish

N_ROCK = 20  # of which the even ones sound calm


@pytest.fixture(scope="module")
def world(train_world):
    """Give rock that nothing tags calm, three calm pieces, and jazz; one listener plays it all."""
    tags = [("rock", "1990s")] * N_ROCK + [("calm",)] * 3 + [("jazz",)]
    catalogue = [
        CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", f"Band {n}", (ArtistId(f"a{n}"),), tags=some)
        for n, some in enumerate(tags)
    ]
    n = len(tags)
    return train_world(
        catalogue,
        users=[0] + [1] * n,
        tracks=[n - 1, *range(n)],
        plays=[5] * (n + 1),
        last=[1] * (n + 1),
    )


@pytest.fixture(scope="module")
def heard(world):
    """Give the same with the rock analysed."""
    sounds = [
        TrackSound(TrackId(f"t{n}"), SoundFacts(120.0, None, None, None, n % 2, None, None), None)
        for n in range(N_ROCK)
    ]
    places = world.index.place_of
    placed = place_sounds(sounds, places, n_tracks=world.index.n_tracks)
    return replace(world, index=replace(world.index, sounds=placed))


def ask(world, words, n=6, knobs=NO_KNOBS):
    """Ask for Discover in words, as the house does."""
    reading = read_wish(Wish(words=words, knobs=knobs), world.index)
    request = RecommendationRequest(
        UserId("u"), ListName.DISCOVER, n, world.now, knobs=reading.knobs
    )
    profile = world.profile(0)
    return relax(
        lambda asked: recommend(asked, profile=profile, index=world.index),
        request,
        retreats=reading.retreats,
    )


def tags_of(world, listed):
    """List the tags of all tracks of an answer, each once."""
    by_id = {one.id: one.tags for one in world.catalogue}
    return {tag for item in listed.items for tag in by_id[item.track.id]}


def test_calm_rock_is_rock_that_sounds_calm_where_nothing_has_both_tags(heard):
    """Rock is asked for still; calm is heard: what sounds calm comes, and the list says so."""
    listed, relaxed = ask(heard, "calm rock")
    assert 6 == len(listed.items)
    assert tags_of(heard, listed) == {"rock", "1990s"}
    assert all(int(item.track.id[1:]) % 2 == 0 for item in listed.items)
    assert ("“calm” as it sounds, or by tag",) == relaxed
    assert "calmer (-0.7)" in listed.based_on


def test_tracks_with_the_tag_of_the_mood_have_it(heard):
    """What is tagged calm but not analysed is not held for half calm: it comes first."""
    listed, relaxed = ask(heard, "calm")
    assert relaxed
    assert {"t20", "t21", "t22"} == {item.track.id for item in listed.items[:3]}


def test_where_nothing_is_analysed_only_an_empty_list_gives_way(world):
    """The three calm pieces stay alone, as nothing tells what else is calm; calm rock is rock."""
    assert (3, ()) == (len((few := ask(world, "calm"))[0].items), few[1])
    listed, relaxed = ask(world, "calm rock")
    assert listed.items
    assert relaxed
    assert "rock" in tags_of(world, listed)


def test_tempo_goes_before_tags_and_the_last_tag_goes_first(world):
    """Of rock, calm and jazz at a tempo that no track has, rock is left, and all of it is said."""
    listed, relaxed = ask(world, "rock jazz 120 bpm")
    assert tags_of(world, listed) == {"rock", "1990s"}
    assert ("at any tempo", "also what is not tagged “jazz”") == relaxed


def test_what_is_enough_or_given_by_itself_stays(heard):
    """A list of five is not widened, and a tag of the address is never given up."""
    assert () == ask(heard, "rock 90s", n=ENOUGH)[1]
    listed, relaxed = ask(heard, "rock", knobs=Knobs(with_tags=("calm",)))
    assert ("also what is not tagged “rock”",) == relaxed
    assert {"calm"} == tags_of(heard, listed)
    nothing, relaxed = ask(heard, "", knobs=Knobs(with_tags=("calm", "rock")))
    assert ((), ()) == (nothing.items, relaxed)


def test_a_list_that_cannot_be_longer_asks_for_all(heard):
    """Where asking for less brings nothing more, nothing is given up and nothing is said."""
    assert () == ask(heard, "calm", n=3)[1]
    nothing, relaxed = ask(heard, "jazz 120 bpm")  # the one piece of jazz was heard
    assert ((), ()) == (nothing.items, relaxed)
