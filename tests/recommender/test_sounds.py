"""How tracks sound, in the serving index: laid on, joined, stored, and read over by others."""

from dataclasses import replace

import numpy as np
import pytest

from harmonyhub.domain.analysis import Key
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.sound import SOUND_WIDTH, SoundFacts, TrackSound, place_on_wheel
from harmonyhub.recommender import index as indexes
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.sounds import N_ALIKE, find_alike, place_sounds

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


def test_near_points_are_alike_and_far_ones_are_not(sounding):
    """Each track is joined with its near one, both ways, and with nobody far off."""
    index = sounding
    for one, other in ((9, 4), (4, 9), (2, 7), (7, 2)):
        item, near = index.places([TrackId(f"t{one}"), TrackId(f"t{other}")])
        found, likeness = index.sounds.alike_to(item)
        assert [near] == found.tolist()
        assert 0.05 < likeness[0] <= 1
    unknown = index.places([TrackId("t5")])[0]  # an analysis without a point
    assert 0 == len(index.sounds.alike_to(unknown)[0])


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
