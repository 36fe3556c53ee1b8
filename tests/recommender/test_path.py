"""A way from one track to another: its steps are near, lead there, and say truly why."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.domain.history import CatalogueEntry
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId, TrackId
from harmonyhub.domain.paths import WayBy
from harmonyhub.domain.recommendations import EvidenceKind
from harmonyhub.domain.sound import SOUND_WIDTH, SoundFacts, TrackSound
from harmonyhub.recommender.closeness import TrackGraph, build_graph
from harmonyhub.recommender.path import explain_step, find_path
from harmonyhub.recommender.sounds import place_sounds

N = 8


@pytest.fixture(scope="module")
def graph(world):
    """Give the graph of the one world."""
    return build_graph(world.index)


def far_pairs(index, graph, n):
    """List pairs of tracks that are some steps apart."""
    rng = np.random.default_rng(3)
    pairs = rng.integers(0, index.n_tracks, (200, 2)).tolist()
    far = [(a, b) for a, b in pairs if 2 <= graph.distances(a)[1][b] < np.inf]
    return far[:n]


def test_every_step_is_near_and_leads_on(world, graph):
    """Ends are those asked for, steps are edges, progress grows, no track or artist comes twice."""
    index, n_found = world.index, 0
    for start, end in far_pairs(index, graph, 12):
        path = find_path(start, end, n=N, graph=graph, index=index)
        if not path.items:
            assert path.note
            continue
        n_found += 1
        assert (start, end, N) == (path.items[0], path.items[-1], len(path.items))
        for before, item in zip(path.items, path.items[1:], strict=False):
            assert item in graph.near(before)[0]
        assert (np.diff(path.progress) > 0).all()
        within = [artist for item in path.items[:-1] for artist in index.artists_of(item)]
        assert len(set(within)) == len(within)
        assert len(set(path.items)) == N
    assert n_found >= 8


def test_reasons_of_steps_are_true(world, graph):
    """What a reason names is there: a tag of both, or a neighbour."""
    index = world.index
    kinds = set()
    for before in range(0, index.n_tracks, 7):
        for item in graph.near(before)[0][:6].tolist():
            evidence = explain_step(before, item, graph=graph, index=index).evidence
            kinds.add(evidence.kind)
            assert index.track_ids[before] == evidence.track_id
            if evidence.kind is EvidenceKind.SHARED_TAG:
                tag = index.tag_place_of[evidence.tag]
                assert {before, item} <= set(index.tracks_tagged(tag).tolist())
            else:
                near = index.neighbours
                assert max(near[before, item], near[item, before]) > 0
    assert {EvidenceKind.SHARED_TAG, EvidenceKind.SIMILAR_TRACK} == kinds


def test_what_is_refused_is_gone_round(world, graph):
    """A refused track is on no path, and the same arguments give the same path."""
    index = world.index
    ways = [
        (start, end, path)
        for start, end in far_pairs(index, graph, 6)
        if (path := find_path(start, end, n=N, graph=graph, index=index)).items
    ]
    for start, end, path in ways:
        assert path.items == find_path(start, end, n=N, graph=graph, index=index).items
        inner = path.items[1:-1]
        other = find_path(start, end, n=N, graph=graph, index=index, refused=inner)
        assert not set(inner) & set(other.items)
    assert ways


def test_a_steady_way_goes_before_a_shorter_one(train_world):
    """Four even steps are taken, though three tiny ones and a leap are shorter together."""
    catalogue = [
        CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", f"Band {n}", (ArtistId(f"a{n}"),))
        for n in range(8)
    ]
    index = train_world(catalogue, users=[0], tracks=[0], plays=[1], last=[0]).index
    even, uneven = [(0, 1), (1, 2), (2, 3), (3, 4)], [(0, 5), (5, 6), (6, 7), (7, 4)]
    lengths = np.zeros((8, 8))
    for steps, of_steps in ((even, [1.05] * 4), (uneven, [0.2, 0.2, 0.2, 3.4])):
        for (one, other), length in zip(steps, of_steps, strict=True):
            lengths[one, other] = lengths[other, one] = length
    graph = TrackGraph(sparse.csr_matrix(lengths), ())
    assert (0, 1, 2, 3, 4) == find_path(0, 4, n=5, graph=graph, index=index).items


def name_one(n: int, artist: str) -> CatalogueEntry:
    """Describe one of some tracks that share a tag."""
    id_ = artist_id(artist)
    return CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", artist, (id_,), tags=("dub",))


def lay_in_a_row(index, distance):
    """Let the tracks sound as points in a row do, each so far from the next."""
    heard = []
    for n in range(index.n_tracks):
        point = np.zeros(SOUND_WIDTH)
        point[0] = n * distance
        facts = SoundFacts(*[None] * 7)
        heard.append(TrackSound(TrackId(f"t{n}"), facts, point.tolist()))
    return replace(index, sounds=place_sounds(heard, index.place_of, n_tracks=index.n_tracks))


def test_a_way_by_sound_goes_over_sound_alone(train_world):
    """Its steps are those of what sounds alike, though a tag that all share is nearer."""
    catalogue = [name_one(n, f"Band {n}") for n in range(6)]
    index = train_world(catalogue, users=[0], tracks=[0], plays=[1], last=[0]).index
    index = lay_in_a_row(index, 0.7)  # squared 0.49: the next is near, the one after is not
    graph = build_graph(index, WayBy.SOUND)
    assert 2 == build_graph(index).distances(0)[1][5]
    assert 5 == graph.distances(0)[1][5]
    path = find_path(0, 5, n=6, graph=graph, index=index)
    assert (0, 1, 2, 3, 4, 5) == path.items
    step = explain_step(0, 1, graph=graph, index=index)
    assert EvidenceKind.SIMILAR_SOUND is step.evidence.kind
    assert "It sounds like “Song 0” by Band 0: similar rhythm, similar harmony and" in step.text


def test_files_that_name_no_artist_have_none_in_common(train_world):
    """A way may lead over many of them, where a real artist comes once."""
    for artist, n_steps in (("Unknown artist", 4), ("Known Artist", 0)):
        catalogue = [name_one(n, artist) for n in range(4)]
        index = train_world(catalogue, users=[0], tracks=[0], plays=[1], last=[0]).index
        index = lay_in_a_row(index, 0.7)
        path = find_path(0, 3, n=4, graph=build_graph(index, WayBy.SOUND), index=index)
        assert n_steps == len(path.items)


def test_no_way_is_said(world, train_world):
    """Too few tracks, the same track, and tracks that nothing joins are told apart."""
    graph = build_graph(world.index)
    start, end = far_pairs(world.index, graph, 1)[0]
    hops = int(graph.distances(start)[1][end])
    if hops > 1:
        short = find_path(start, end, n=hops, graph=graph, index=world.index)
        assert f"The shortest way has {hops + 1} tracks" in short.note
    same = find_path(start, start, n=N, graph=graph, index=world.index)
    assert "same track" in same.note
    bare = [replace(entry, tags=()) for entry in world.catalogue[:2]]
    lonely = train_world(bare, users=[0, 1], tracks=[0, 1], plays=[3, 3], last=[0, 0])
    none = find_path(0, 1, n=N, graph=build_graph(lonely.index), index=lonely.index)
    assert ((), "Nothing leads from one to the other.") == (tuple(none.items), none.note)
