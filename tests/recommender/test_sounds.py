"""How tracks sound, in the serving index: laid on, joined, stored, and read over by others."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.analysis import Key
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.recommendations import EvidenceKind
from harmonyhub.domain.sound import SOUND_WIDTH, SoundFacts, TrackSound, place_on_wheel
from harmonyhub.recommender import index as indexes
from harmonyhub.recommender.blend import SOUNDS_ALIKE
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.likeness import (
    Heard,
    compare,
    find_nearest,
    say_keys,
    say_likeness,
    say_tempos,
)
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.reasons import Reasoner
from harmonyhub.recommender.sounds import N_ALIKE, find_alike, place_sounds, rank_nearest
from harmonyhub.recommender.terms import TermKind

NOW = 1_700_000_000
NOTHING = SoundFacts(None, None, None, None, None, None, None)
A_MINOR = Key(tonic=9, mode="minor", name="A minor", confidence=0.9)


def heard_at(track: int, *place: float, **facts) -> TrackSound:
    """Say that a track sounds as the point with these first coordinates, the others 0."""
    point = np.zeros(SOUND_WIDTH)
    point[: len(place)] = place
    return TrackSound(TrackId(f"t{track}"), replace(NOTHING, **facts), point.tolist())


@pytest.fixture
def sounding(world) -> ServingIndex:
    """Give an index of which four tracks were analysed: two pairs far apart, one track twice."""
    heard = [
        heard_at(9, 0.0, tempo=120.0, key=A_MINOR, energy=0.5, valence=0.25),
        heard_at(4, 0.2, tempo=90.0),
        heard_at(2, 3.0),
        heard_at(7, 3.1),
        TrackSound(TrackId("t5"), replace(NOTHING, tempo=60.0), None),
        heard_at(4_000, 0.0),
    ]
    index = world.index
    sounds = place_sounds(heard, index.place_of, n_tracks=index.n_tracks)
    return replace(index, sounds=sounds)


def test_facts_stand_at_their_tracks(sounding):
    """Tempo, energy and valence are found by the place of a track; what is unknown is NaN."""
    sounds = sounding.sounds
    nine, four, five, none = sounding.places([TrackId(f"t{n}") for n in (9, 4, 5, 6)])
    assert [120.0, 90.0, 60.0] == [float(sounds.tempo_of_all[at]) for at in (nine, four, five)]
    assert (0.5, 0.25) == (sounds.energy_of_all[nine], sounds.valence_of_all[nine])
    assert np.isnan([sounds.tempo_of_all[none], sounds.energy_of_all[four]]).all()
    assert -1 == sounds.rows(np.array([none]))[0]
    assert 8 == sounds.wheel[sounds.rows(np.array([nine]))[0]]


def test_only_placed_tracks_are_counted_as_compared(sounding):
    """An analysis of before the print has facts, and no point that could be near another."""
    assert (5, 4) == (len(sounding.sounds.items), sounding.sounds.n_placed)


def test_near_points_are_alike_and_far_ones_are_not(sounding):
    """Each track is joined with its near one, both ways, and with nobody far off."""
    index = sounding
    for one, other in ((9, 4), (4, 9), (2, 7), (7, 2)):
        item, near = index.places([TrackId(f"t{one}"), TrackId(f"t{other}")])
        found = index.sounds.alike[item]
        assert [near] == found.indices.tolist()
        assert 0.05 < found.data[0] <= 1
    unknown = index.places([TrackId("t5")])[0]  # an analysis without a point
    assert 0 == index.sounds.alike[unknown].nnz


def test_whoever_is_near_to_somebody_is_found():
    """A track that is among the nearest of nobody is joined with its own nearest all the same."""
    rng = np.random.default_rng(5)
    crowd = rng.normal(0, 0.01, (N_ALIKE + 5, SOUND_WIDTH))
    crowd[-1] = 0
    crowd[-1, 0] = 0.3  # outside: everybody has nearer ones
    n = len(crowd)
    alike = find_alike(crowd.astype(np.float32), np.arange(n, dtype=np.int32), n_tracks=n)
    assert N_ALIKE == alike[n - 1].nnz == alike[:, n - 1].nnz
    assert 0 == (alike != alike.T).nnz
    assert not alike.diagonal().any()


@pytest.mark.parametrize(("n_columns", "n_near"), [(7, 7), (50, 1), (1_003, 3), (4_000, 20)])
def test_the_nearest_are_those_of_a_sorted_row(n_columns, n_near):
    """Parts and limits lose no near column, and equal distances are taken in order."""
    distances = np.random.default_rng(n_columns).integers(0, 900, (9, n_columns)).astype(np.float32)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :n_near]
    assert np.array_equal(expected, rank_nearest(distances, n_near))


def test_bytes_hold_the_sounds(sounding):
    """An index read back sounds as before, to the bit."""
    again = ServingIndex.from_bytes(sounding.to_bytes()).sounds
    for name in ("items", "points", "tempo_bpm", "energy", "valence", "wheel"):
        one, other = getattr(sounding.sounds, name), getattr(again, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype != np.int32)
    assert 0 == (sounding.sounds.alike != again.alike).nnz


def test_releases_before_and_after_read_each_other(sounding, world, monkeypatch):
    """An index without sounds has none; with them, a release that knows none reads the rest."""
    assert 0 == len(ServingIndex.from_bytes(world.index.to_bytes()).sounds.items)
    data = sounding.to_bytes()
    monkeypatch.setattr(indexes, "_sounds_from", lambda _arrays, *, n_tracks: n_tracks)
    older = ServingIndex.from_bytes(data)
    assert (sounding.titles, sounding.n_tracks) == (older.titles, older.sounds)


def test_points_of_another_space_are_left_out(sounding, monkeypatch):
    """Where the space of sound changed, the old points say nothing until the next training."""
    data = sounding.to_bytes()
    monkeypatch.setattr("harmonyhub.recommender.sounds.EMBEDDING_VERSION", 99)
    assert 0 == len(ServingIndex.from_bytes(data).sounds.items)


@pytest.mark.parametrize(
    ("tonic", "mode", "place"),
    [(9, "minor", 8), (0, "major", 20), (7, "major", 21), (8, "minor", 1)],
)
def test_keys_stand_on_the_wheel(tonic, mode, place):
    """A minor is 8A, C major 8B, G major its neighbour 9B, G sharp minor 1A."""
    assert place == place_on_wheel(Key(tonic=tonic, mode=mode, name="", confidence=1.0))


def played(index: ServingIndex, track: int) -> Profile:
    """Give the profile of somebody who played one track ten times."""
    ten, at = np.array([10], dtype=np.int32), np.array([NOW], dtype=np.int64)
    return build_profile(History([TrackId(f"t{track}")], ten, at, at), index)


def test_a_track_that_nobody_heard_is_recommended_for_its_sound(sounding):
    """The term finds it, its reason is true in words, and without the played track it is gone."""
    index = replace(sounding, neighbours=sounding.neighbours * 0)
    profile = played(index, 4)
    item = index.places([TrackId("t9")])
    score = SOUNDS_ALIKE.score(profile, index)
    assert [int(item[0])] == np.flatnonzero(score).tolist()
    ((term,),) = SOUNDS_ALIKE.explain(item, profile, index)
    assert (TermKind.SOUND, pytest.approx(score[item[0]])) == (term.kind, term.value)

    (reason,) = Reasoner(profile, index, is_seeded=False).give_reasons([term], term.value)
    assert EvidenceKind.SIMILAR_SOUND is reason.evidence.kind
    assert (TrackId("t4"), 10) == (reason.evidence.track_id, reason.evidence.n_plays)
    assert "it sounds alike: similar timbre, similar rhythm and similar harmony." in reason.text
    assert not SOUNDS_ALIKE.score(played(index, 2), index)[item].any()


def test_nothing_analysed_scores_nothing(world):
    """Without analyses the term is 0 everywhere and explains nothing."""
    profile = world.profile(0)
    assert SOUNDS_ALIKE.score(profile, world.index) is None
    assert [[]] == SOUNDS_ALIKE.explain(np.array([3]), profile, world.index)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [(120, 121, "the same tempo"), (120, 126, "a similar tempo"), (80, 160, "twice the tempo"),
     (160, 80, "half the tempo"), (100, 140, ""), (float("nan"), 120, "")],
)  # fmt: skip
def test_tempi_are_compared_in_words(one, other, words):
    """Within 2 and 6 %, or an octave; nothing is said of what is unknown."""
    assert words == say_tempos(one, other)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [(8, 8, "the same key"), (8, 9, "a neighbouring key"), (1, 12, "a neighbouring key"),
     (8, 20, "a neighbouring key"), (8, 21, ""), (8, 10, ""), (0, 8, "")],
)  # fmt: skip
def test_keys_are_compared_on_the_wheel(one, other, words):
    """One step along the wheel, over 12 too, or to the other ring; 0 is unknown."""
    assert words == say_keys(one, other)


def row_of(index: ServingIndex, track: int) -> int:
    """Find the row of an analysed track."""
    return int(index.sounds.rows(index.places([TrackId(f"t{track}")]))[0])


def test_only_near_tracks_sound_alike_the_nearest_first(sounding):
    """What is as far off as any two tracks are is left out, though nothing else is nearer."""
    sounds = sounding.sounds
    row = row_of(sounding, 9)
    found = find_nearest(sounds, Heard.at(sounds, row), n=9, besides=row)
    assert [row_of(sounding, 4)] == [one.row for one in found]
    between = Heard(np.concatenate([[3.07], np.zeros(SOUND_WIDTH - 1)]), float("nan"), 0)
    assert [row_of(sounding, one) for one in (7, 2)] == [
        one.row for one in find_nearest(sounds, between, n=9)
    ]


def test_the_distance_is_the_sum_of_its_parts(sounding):
    """What two tracks differ in adds up, and words are said of what they share alone."""
    nine, four, two = (row_of(sounding, track) for track in (9, 4, 2))
    near, far = (
        compare(Heard.at(sounding.sounds, nine), Heard.at(sounding.sounds, row))
        for row in (four, two)
    )
    assert [0.04, 9.0] == pytest.approx([near.distance, far.distance], rel=1e-3)
    assert all(one.distance == pytest.approx(sum(one.parts.values())) for one in (near, far))
    assert "similar timbre" in near.words
    assert "similar timbre" not in far.words
    assert "a, b and c" == say_likeness(["a", "b", "c"])
