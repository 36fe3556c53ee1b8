"""Knobs: each does what it says, more with every turn, and the reasons stay true."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, History
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import NO_KNOBS, Knobs, Seeds, parse_tempo
from harmonyhub.domain.radio import mark
from harmonyhub.domain.recommendations import EvidenceKind, ListName, RecommendationRequest
from harmonyhub.domain.sound import SoundFacts, TrackSound
from harmonyhub.recommender.arranging import arrange, measure_misfit
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.sounds import place_sounds
from harmonyhub.recommender.steering import KNOWN_TRACK, limit_kinds

TURNS = (-1.0, -0.5, 0.0, 0.5, 1.0)
LISTENERS = range(4)
NAMES = [ListName.FOR_YOU, ListName.DISCOVER]


def ask(world, user=0, list_name=ListName.DISCOVER, *, n=20, knobs=NO_KNOBS, **more):
    """Ask for a steered list the way the house does."""
    history = more.get("history") or world.history(user)
    seeds = Seeds(tuple(more.get("tracks", ())), tuple(more.get("artists", ())))
    request = RecommendationRequest(
        UserId("u"), list_name, n, world.now, seeds, knobs, tuple(more.get("given", ()))
    )
    profile = build_profile(history, world.index)
    return recommend(request, profile=profile, index=world.index)


def places(world, listed) -> list[int]:
    """List where the tracks of an answer stand in the index."""
    return [world.index.place_of[item.track.id] for item in listed.items]


def means(world, values, knob, **more) -> list[float]:
    """Give the mean of some values over the lists of all listeners, one for each turn."""
    return [
        float(
            np.mean(
                [
                    values[places(world, ask(world, user, knobs=Knobs(**{knob: turn}), **more))]
                    for user in LISTENERS
                ]
            )
        )
        for turn in TURNS
    ]


def heard_world(world):
    """Let every track be analysed: those with odd numbers are calm and bright."""
    odd = np.arange(world.index.n_tracks) % 2
    sounds = [
        TrackSound(
            track_id,
            SoundFacts(60.0 + place, None, None, None, 0.9 - 0.8 * odd[place], odd[place], None),
            None,
        )
        for place, track_id in enumerate(world.index.track_ids)
    ]
    placed = place_sounds(sounds, world.index.place_of, n_tracks=world.index.n_tracks)
    return replace(world, index=replace(world.index, sounds=placed))


@pytest.mark.parametrize("list_name", NAMES)
def test_rare_lowers_how_popular_a_list_is_with_every_turn(world, list_name):
    """From popular to rare the mean popularity only falls, and by half at least."""
    found = means(world, world.index.popularity, "rare", list_name=list_name, n=10)
    assert sorted(found, reverse=True) == found
    assert found[-1] < 0.5 * found[0]


@pytest.mark.parametrize("list_name", NAMES)
def test_new_raises_the_share_of_artists_never_heard(make_world, list_name):
    """From known to new the tracks of known artists only get fewer, and so do known tracks."""
    world = make_world(7, n_artists=40)
    by_known, known = [], []
    for turn in TURNS:
        n_by_known = n_known = 0
        for user in LISTENERS:
            artists = {world.index.artists_of(i)[0] for i in world.profile(user).items}
            listed = places(world, ask(world, user, list_name, knobs=Knobs(new=turn)))
            n_by_known += sum(world.index.artists_of(place)[0] in artists for place in listed)
            n_known += len(
                {world.index.track_ids[i] for i in listed} & set(world.history(user).track_ids)
            )
        by_known.append(n_by_known)
        known.append(n_known)
    assert sorted(by_known, reverse=True) == by_known
    assert by_known[-1] < by_known[2] < by_known[0]
    assert sorted(known, reverse=True) == known
    assert (list_name is ListName.FOR_YOU) == (known[0] > known[2] > known[-1])


def test_varied_lowers_how_often_one_artist_comes(make_world):
    """With every turn the most frequent artist of a list comes less often; turned full, once."""
    world = make_world(7, n_artists=8)
    most = []
    for turn in TURNS:
        lists = [ask(world, user, knobs=Knobs(varied=turn)) for user in LISTENERS]
        most.append(
            sum(max(Counter(item.track.artist for item in one.items).values()) for one in lists)
        )
    assert sorted(most, reverse=True) == most
    assert most[0] > most[2] > most[-1] == len(LISTENERS)


def test_of_equally_good_tracks_one_with_other_tags_comes_next(train_world):
    """Turned to varied, what has just the tags of the first gives way to what has others."""
    tags = (("rock",), ("rock",), ("jazz",))
    catalogue = [
        CatalogueEntry(TrackId(f"t{n}"), f"Song {n}", f"Band {n}", (ArtistId(f"a{n}"),), tags=some)
        for n, some in enumerate(tags)
    ]
    index = train_world(catalogue, users=[0], tracks=[0], plays=[1], last=[0]).index
    items, scores = np.arange(3, dtype=np.int32), np.array([1.0, 0.9, 0.8], np.float32)
    taste = np.ones(2, np.float32)
    for varied, expected in ((0.0, [0, 1, 2]), (1.0, [0, 2, 1])):
        knobs = Knobs(varied=varied)
        order = arrange(items, scores, n=3, knobs=knobs, taste=taste, index=index)
        assert expected == order.tolist()


def test_new_leaves_fewer_places_to_known_tracks():
    """Of the five known tracks of a page For you keeps two where it is turned to 0.6."""
    limits = limit_kinds(20, list_name=ListName.FOR_YOU, n_known=5, new=0.6)
    assert ((KNOWN_TRACK,), 2) in limits


def test_balanced_brings_tags_near_to_those_of_the_history(world):
    """With every turn the tags of the lists come nearer to those of what is played."""
    misfits = []
    for turn in (0.0, 0.5, 1.0):
        all_of_them = 0.0
        for user in LISTENERS:
            listed = places(world, ask(world, user, knobs=Knobs(balanced=turn), n=10))
            tags = np.asarray(world.index.item_tags[listed].sum(axis=0)).ravel()
            all_of_them += measure_misfit(tags, world.profile(user).tag_weights)
        misfits.append(all_of_them)
    assert sorted(misfits, reverse=True) == misfits
    assert misfits[-1] < 0.7 * misfits[0]


@pytest.mark.parametrize(("knob", "fact"), [("energy", "energy"), ("mood", "valence")])
def test_energy_and_mood_move_the_mean_of_the_list(world, knob, fact):
    """From calm to energetic and from dark to bright the mean only rises."""
    world = heard_world(world)
    values = getattr(world.index.sounds, f"{fact}_of_all")
    found = means(world, values, knob, n=10)
    assert sorted(found) == pytest.approx(found)
    assert found[0] < found[2] < found[-1]


def test_a_tempo_keeps_only_what_is_known_to_have_it(world):
    """A range of tempo holds for every track; where nothing is analysed the list says so."""
    heard = heard_world(world)
    tempo = heard.index.sounds.tempo_of_all
    listed = places(heard, ask(heard, knobs=Knobs(tempo_bpm=(90.0, 120.0))))
    assert listed
    assert all(90 <= tempo[place] <= 120 for place in listed)
    nothing = ask(world, knobs=Knobs(tempo_bpm=(90.0, 120.0)))
    assert () == nothing.items
    assert "heard in 0 of 120 tracks" in nothing.based_on


def test_tags_artists_and_tracks_are_left_out_or_asked_for(world):
    """What is left out is not in the list, what is asked for is on every track of it."""
    entries = {entry.id: entry for entry in world.catalogue}
    first = ask(world).items[0].track.id
    knobs = Knobs(
        with_tags=("dub",),
        without_tags=("jazz",),
        without_artists=(ArtistId("a3"),),
        without_tracks=(first,),
    )
    listed = ask(world, knobs=knobs)
    assert listed.items
    for item in listed.items:
        entry = entries[item.track.id]
        assert "dub" in entry.tags
        assert "jazz" not in entry.tags
        assert ("a3",) != entry.artist_ids
        assert first != entry.id
    assert "tagged “dub”, nothing tagged “jazz”, nothing by Artist 3" in listed.based_on


def test_a_tag_that_no_track_has_gives_an_empty_list_that_says_why(world):
    """An empty list names the knobs as the reason."""
    listed = ask(world, knobs=Knobs(with_tags=("polka",)))
    assert () == listed.items
    assert "nothing fits what you asked for" in listed.based_on


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 20), user=st.integers(0, 11), data=st.data())
def test_without_its_evidence_a_steered_score_falls_by_the_share(make_world, seed, user, data):
    """However a list is steered, what a reason names makes at least its share of the score."""
    world = make_world(seed)
    turn = st.sampled_from(TURNS)
    knobs = Knobs(
        new=data.draw(turn), rare=data.draw(turn), varied=data.draw(turn), energy=data.draw(turn)
    )
    history = world.history(user)
    for item in ask(world, user, n=2, knobs=knobs).items:
        for reason in item.reasons:
            if reason.evidence.kind is not EvidenceKind.SIMILAR_TRACK:
                continue
            keep = np.array([one != reason.evidence.track_id for one in history.track_ids])
            less = History(
                track_ids=[one for one in history.track_ids if one != reason.evidence.track_id],
                plays=history.plays[keep],
                first_played_at=history.first_played_at[keep],
                last_played_at=history.last_played_at[keep],
            )
            again = ask(world, n=120, knobs=replace(knobs, new=0, varied=-1), history=less)
            scores = {other.track.id: other.score for other in again.items}
            allowed = item.score * (1 - reason.evidence.share) + 1e-4 * item.score
            assert scores.get(item.track.id, 0.0) <= allowed


def test_without_the_only_evidence_a_recommendation_is_gone(make_world, train_world):
    """A card whose one reason is one play vanishes when that play is taken away."""
    catalogue = make_world(1, n_artists=120).catalogue[:6]
    catalogue = [replace(entry, tags=()) for entry in catalogue]
    world = train_world(
        catalogue, users=[0, 1, 1, 2], tracks=[0, 0, 1, 5], plays=[3, 3, 3, 3], last=[1] * 4
    )
    target = catalogue[1].id
    listed = {item.track.id: item for item in ask(world).items}
    assert {catalogue[0].id} == {
        reason.evidence.track_id
        for reason in listed[target].reasons
        if reason.evidence.kind is EvidenceKind.SIMILAR_TRACK
    }
    nothing = world.history(9)
    after = ask(world, history=nothing).items
    assert all(
        reason.evidence.kind is EvidenceKind.POPULAR for item in after for reason in item.reasons
    )


def test_a_radio_rests_on_all_its_seeds(world):
    """Of two seeds both are named; without one of them what it led to scores lower."""
    played = np.flatnonzero(world.index.listeners)
    one, other = (world.catalogue[i].id for i in played[[0, -1]])
    both = ask(world, list_name=ListName.MORE_LIKE_THIS, tracks=[one, other], n=60)
    named = {r.evidence.track_id for i in both.items for r in i.reasons if r.evidence.track_id}
    assert {one, other} == named
    alone = ask(world, list_name=ListName.MORE_LIKE_THIS, tracks=[one], n=120)
    scores = {item.track.id: item.score for item in alone.items}
    fed = [
        item
        for item in both.items
        if any(r.evidence.track_id == other for r in item.reasons) and item.track.id != one
    ]
    assert fed
    assert all(scores.get(item.track.id, 0.0) < item.score for item in fed)


def test_an_artist_starts_a_radio(world):
    """A radio of an artist holds tracks of others, led to by the artist's tracks."""
    place = int(world.index.artists_of(int(np.argmax(world.index.popularity)))[0])
    artist = world.index.artist_ids[place]
    listed = ask(world, list_name=ListName.MORE_LIKE_THIS, artists=[artist])
    names = {item.track.artist for item in listed.items}
    assert 20 == len(listed.items)
    assert len(names) > 3
    named = {r.evidence.track_id for i in listed.items for r in i.reasons if r.evidence.track_id}
    assert named <= {world.index.track_ids[i] for i in world.index.tracks_by([place])}


def test_a_radio_goes_on_with_what_was_not_given(world):
    """Page after page no track comes twice, until none is left."""
    seeds = {"list_name": ListName.MORE_LIKE_THIS, "tracks": [world.history(0).track_ids[0]]}
    seen: list[TrackId] = []
    for _ in range(20):
        page = [i.track.id for i in ask(world, **seeds, given=map(mark, seen), n=10).items]
        if not page:
            break
        seen += page
    assert len(set(seen)) == len(seen) > 30
    assert not page


@pytest.mark.parametrize(
    "wrong", [{"new": 1.1}, {"rare": -2}, {"balanced": -0.1}, {"mood": float("nan")},
              {"tempo_bpm": (120, 90)}, {"without_tags": ("x",) * 201}]
)  # fmt: skip
def test_knobs_out_of_range_are_refused_with_what_to_do(wrong):
    """No knob is clipped in silence."""
    with pytest.raises(RefusedInputError) as refused:
        Knobs(**wrong)
    assert refused.value.hint


def test_a_tempo_is_a_number_or_a_range():
    """One number takes five per cent around it; anything else is refused."""
    assert (90, 120) == parse_tempo("90-120")
    assert pytest.approx((114, 126)) == parse_tempo("120")
    with pytest.raises(RefusedInputError):
        parse_tempo("fast")
