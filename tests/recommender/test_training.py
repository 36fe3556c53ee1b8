"""Training: from nothing to a few listeners, and the matrix face for research."""

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import CatalogueEntry, History, Interactions
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender import train_index
from harmonyhub.recommender.blend import UNHEARD, score_tracks
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.training import train


def entry(number: int, **more) -> CatalogueEntry:
    """Make a track of an artist of its own."""
    facts = {"artist": f"A{number}", "artist_ids": (ArtistId(f"a{number}"),), **more}
    return CatalogueEntry(TrackId(f"t{number}"), f"Song {number}", **facts)


@pytest.mark.parametrize("n_tracks", [0, 1, 3])
def test_a_catalogue_without_listens_trains(train_world, n_tracks):
    """No listens give an index without neighbours, not an error."""
    catalogue = [entry(number) for number in range(n_tracks)]
    index = train_world(catalogue, users=[], tracks=[], plays=[], last=[]).index
    assert (n_tracks, 0, 0) == (index.n_tracks, index.neighbours.nnz, index.n_users)


def test_one_listener_of_one_track_trains(train_world):
    """One pair is enough for a popularity."""
    index = train_world([entry(0)], users=[0], tracks=[0], plays=[3], last=[5]).index
    assert (1, 3, 5) == (index.n_users, index.n_listens, index.newest_at)
    assert [1.0] == index.popularity.tolist()


def test_tracks_outside_the_catalogue_are_left_out():
    """Listens of a track that vanished from the catalogue do not stop a training."""
    interactions = Interactions(
        user_ids=["u"],
        track_ids=["gone", "t0"],
        user_index=np.zeros(2, dtype=np.int32),
        track_index=np.array([0, 1], dtype=np.int32),
        plays=np.array([9, 2], dtype=np.int32),
        last_played_at=np.array([1, 1], dtype=np.int64),
    )
    assert train(interactions, [entry(0)]).n_listens == 2


def test_progress_ends_at_all_tracks(world):
    """The job sees counts that never fall and end at the total."""
    seen = []
    train(world.interactions, world.catalogue, on_progress=seen.append)
    done = [progress.done for progress in seen]
    assert sorted(done) == done
    assert (0, 120, 120) == (done[0], done[-1], seen[-1].total)


def test_the_same_input_trains_the_same_bytes(world):
    """Training is reproducible to the byte."""
    again = train(world.interactions, world.catalogue)
    assert world.index.to_bytes() == again.to_bytes()


def test_recent_plays_make_popular(train_world):
    """Of two tracks with one listener each the lately played one is the more popular."""
    day = 86_400
    index = train_world(
        [entry(0), entry(1)], users=[0, 1], tracks=[0, 1], plays=[5, 5], last=[day, 900 * day]
    ).index
    assert index.popularity[0] < index.popularity[1]


def test_artists_of_a_track_get_their_own_names(train_world):
    """In "A, B" each artist gets his name, also one whose name has a comma where it is alone."""
    catalogue = [
        entry(0, artist="Earth, Wind & Fire", artist_ids=(ArtistId("e"),)),
        entry(1, artist="Bob, Eve", artist_ids=(ArtistId("b"), ArtistId("v"))),
    ]
    index = train_world(catalogue, users=[], tracks=[], plays=[], last=[]).index
    names = dict(zip(index.artist_ids, index.artist_names, strict=True))
    assert {"e": "Earth, Wind & Fire", "b": "Bob", "v": "Eve"} == names


def test_files_that_name_no_artist_have_nobody_in_common(train_world):
    """Two of them with one title are two songs, and a page may hold more than three."""
    catalogue = [
        CatalogueEntry(TrackId(f"t{n}"), f"Take {n % 2}", name, (artist_id(name),))
        for n, name in enumerate(["Unknown artist"] * 6 + ["Known Artist"] * 2)
    ]
    users, tracks = [0, 1, 1, 1, 1, 1, 1], [0, 0, 1, 2, 3, 4, 5]
    world = train_world(catalogue, users=users, tracks=tracks, plays=[3] * 7, last=[0] * 7)
    assert [artist_id("Known Artist")] == world.index.artist_ids
    assert [-1] * 6 == world.index.songs[:6].tolist()
    request = RecommendationRequest(UserId("u"), ListName.DISCOVER, 8, world.now)
    cards = recommend(request, profile=world.profile(0), index=world.index).items
    assert 5 == sum(card.track.artist == "Unknown artist" for card in cards)
    reasons = [reason.text for card in cards for reason in card.reasons]
    assert not [text for text in reasons if "tracks by Unknown" in text or "Also by" in text]


def test_the_research_face_scores_by_the_blend_of_the_lists():
    """`index.score` gives new tracks the very scores that Discover is ranked by."""
    rng = np.random.default_rng(3)
    plays = sparse.random(30, 40, density=0.2, random_state=rng, format="csr")
    plays.data = np.ceil(plays.data * 9)
    index = train_index(plays)
    scores = index.score(plays[:2])
    row = plays[1]
    unknown = np.zeros(row.nnz, dtype=np.int64)
    history = History([str(i) for i in row.indices], row.data.astype(np.int32), unknown, unknown)
    expected = score_tracks(UNHEARD, build_profile(history, index.serving), index.serving)
    is_new = plays[1].toarray()[0] == 0
    assert (2, 40) == scores.shape
    assert np.array_equal(expected[is_new], scores[1][is_new])


def test_the_research_face_wishes_heard_tracks_again():
    """What is played more comes first; with timestamps what was played lately, by who repeats."""
    plays = sparse.csr_matrix(np.array([[9, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]]))
    times = sparse.csr_matrix(np.array([[1, 1, 1 + 30 * 86_400, 0]]))
    index = train_index(plays)
    assert 0 == index.score(plays[:1])[0].argmax()
    alike = plays[:1].minimum(1)
    by_time = index.score(alike * 3, timestamps=times)[0]
    assert 2 == by_time.argmax()
    assert by_time[1] > by_time[3]
    assert 3 == index.score(alike, timestamps=times)[0].argmax()  # nothing was repeated yet


def test_with_timestamps_what_follows_comes_first():
    """Of two new tracks that are alike but for order, the one that came after stands first."""
    plays = sparse.csr_matrix(np.ones((240, 5)))
    times = sparse.csr_matrix(np.tile([10, 20, 30, 40, 50], (240, 1)))  # 0, then 1, then 2
    index = train_index(plays, timestamps=times)
    given = sparse.csr_matrix(np.array([[0, 0, 1, 0, 0]]))
    scores = index.score(given, timestamps=given * 60)[0]
    assert scores[3] > scores[1] > 0
    scores = index.score(given)[0]
    assert scores[1] == pytest.approx(scores[3])


def test_a_history_of_the_training_has_its_times():
    """Who was learned from is scored with the times of then, unless two have the same history."""
    plays = sparse.csr_matrix(np.array([[2, 2, 2, 0], [3, 3, 0, 3], [0, 2, 2, 2], [0, 2, 2, 2]]))
    times = plays.astype(np.int64)
    times.data += 86_400 * 40 * np.tile([1, 2, 3], 4)
    index = train_index(plays, timestamps=times)
    assert np.array_equal(index.score(plays[:2]), index.score(plays[:2], timestamps=times[:2]))
    for alike in (slice(2, 3), slice(3, 4)):
        dated = index.score(plays[alike], timestamps=times[alike])
        assert not np.array_equal(index.score(plays[alike]), dated)
    others = plays[:1] * 4
    assert np.array_equal(index.score(others), index.score(others, timestamps=times[:1] * 0))


def test_more_shared_tags_say_more():
    """A new track that shares two of a listener's tags stands before one that shares its only."""
    plays = sparse.csr_matrix(np.array([[2, 0, 0, 0, 0], [1, 0, 0, 0, 0]]))
    # The first tag is the rarer one: what has it alone shares the stronger of the two.
    tags = sparse.csr_matrix(np.array([[1, 1], [1, 0], [1, 1], [0, 1], [0, 1]]))
    scores = train_index(plays, item_tags=tags).score(plays[:1])
    assert scores[0, 2] > scores[0, 1] > 0


def test_tags_lead_to_items_that_nobody_played():
    """An item with tags of the history scores over an equally unheard one without."""
    plays = sparse.csr_matrix(np.array([[2, 0, 0], [1, 0, 0]]))
    tags = sparse.csr_matrix(np.array([[1, 1], [1, 1], [0, 0]]))
    scores = train_index(plays, item_tags=tags).score(plays[:1])
    assert scores[0, 1] > scores[0, 2] == 0


def test_timestamps_reach_the_index():
    """The newest time of the matrix becomes the index's."""
    plays = sparse.csr_matrix(np.array([[1, 2], [0, 3]]))
    times = sparse.csr_matrix(np.array([[10, 20], [0, 40]]))
    assert train_index(plays, timestamps=times).serving.newest_at == 40


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_impossible_counts_are_refused(bad):
    """Negative, missing or infinite plays are named, not trained on."""
    with pytest.raises(RefusedInputError, match="finite and not negative"):
        train_index(sparse.csr_matrix(np.array([[1.0, bad]])))


def test_histories_of_another_width_are_refused():
    """Scoring columns that are not the index's is an error, not a guess."""
    index = train_index(sparse.csr_matrix(np.eye(3)))
    with pytest.raises(RefusedInputError):
        index.score(sparse.csr_matrix(np.eye(4)))


def test_shapes_that_do_not_fit_are_refused():
    """Tags of more items than there are plays of are refused."""
    with pytest.raises(RefusedInputError, match="item_tags"):
        train_index(sparse.csr_matrix(np.eye(3)), item_tags=sparse.csr_matrix(np.eye(4)))
