"""What goes with what: links and factors are what their definitions say, the mix what serves."""

import numpy as np
import pytest
from scipy import sparse

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import EvidenceKind, ListName, RecommendationRequest
from harmonyhub.recommender import mixing, similarity
from harmonyhub.recommender.candidates import links
from harmonyhub.recommender.candidates.factors import answer, learn_factors
from harmonyhub.recommender.candidates.links import (
    MANY_SOURCES,
    N_SOURCES,
    RIDGE_POWER,
    learn_links,
)
from harmonyhub.recommender.candidates.own_artists import OwnArtists
from harmonyhub.recommender.co_plays import cast_votes, tabulate
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.mixing import Mix, fit_mix
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.stages import INLINE


def draw_plays(seed: int, n_users: int = 250, n_tracks: int = 120) -> sparse.csr_matrix:
    """Draw listeners who mix three of six tastes."""
    rng = np.random.default_rng(seed)
    tastes = rng.dirichlet(np.full(6, 0.3), n_users)
    kinds = rng.dirichlet(np.full(n_tracks, 0.2), 6)
    return sparse.csr_matrix((rng.random((n_users, n_tracks)) < 12 * tastes @ kinds).astype("f4"))


def test_links_solve_their_regression():
    """With few enough tracks the links are the ridge regression, negative weights dropped."""
    votes = draw_plays(1, n_tracks=30)
    found = learn_links(tabulate(votes), ridges=(5.0,))[0].toarray()
    whole = (votes.T @ votes).toarray().astype(np.float64)
    mass = whole.diagonal()
    unit = mass[mass > 0].mean()
    for target in range(30):
        places = np.flatnonzero((whole[target] > 0) & (np.arange(30) != target))
        held_back = 5 * unit * (np.maximum(mass[places], unit * 1e-3) / unit) ** RIDGE_POWER
        system = whole[np.ix_(places, places)] + np.diag(held_back)
        expected = np.maximum(np.linalg.solve(system, whole[places, target]), 0)
        assert np.allclose(expected, found[target, places], atol=1e-3)


def test_the_mix_weighs_more_by_an_artist_as_it_is_served(world):
    """What held-out listeners are scored by is the term that lists have."""
    index, profile = world.index, world.profile(3)
    places = np.zeros(len(profile.items), dtype=np.int32), profile.items
    given = sparse.csr_matrix((profile.weights, places), shape=(1, index.n_tracks))
    artists = sparse.diags_array(index.prominence) @ index.item_artists
    targets = np.arange(0, index.n_tracks, 7, dtype=np.int32)
    tried = mixing._more_by(given, artists.tocsr(), targets)[0]
    served = OwnArtists().score(profile, index)[targets]
    assert np.allclose(served, tried, rtol=1e-5)
    assert tried.any()


def test_links_of_some_targets_are_those_of_all(monkeypatch):
    """A target's links depend neither on which others are asked for nor on how work is cut."""
    votes = draw_plays(2)
    chosen = np.array([3, 50], dtype=np.int32)
    every = learn_links(tabulate(votes), ridges=(10.0, 2.0))
    monkeypatch.setattr(links, "CHUNK_CELLS", 7 * N_SOURCES**2)
    monkeypatch.setattr(links, "BATCH_CELLS", 2 * N_SOURCES**2)
    for whole, cut in zip(every, learn_links(tabulate(votes), ridges=(10.0, 2.0)), strict=True):
        assert np.allclose(whole.toarray(), cut.toarray(), rtol=1e-4)
    some = learn_links(tabulate(votes), targets=chosen, ridges=(10.0, 2.0))
    for whole, part in zip(every, some, strict=True):
        assert np.allclose(whole[chosen].toarray(), part.toarray(), rtol=1e-4)
    assert (every[0] != every[1]).nnz


def test_factors_find_the_tastes():
    """Unheard tracks of the own taste are answered far above those of other tastes."""
    taste = np.repeat(np.arange(4), 50)
    rng = np.random.default_rng(3)
    likes = (np.arange(80)[None, :] // 20 == taste[:, None]) * 0.4 + 0.01
    plays = sparse.csr_matrix((rng.random((200, 80)) < likes).astype(np.float32))
    factors = learn_factors(plays, seed=0)
    own = answer(plays, factors, np.arange(80, dtype=np.int32))
    unheard = plays.toarray() == 0
    is_own = np.arange(80)[None, :] // 20 == taste[:, None]
    assert own[unheard & is_own].mean() > 10 * abs(own[unheard & ~is_own].mean())


@pytest.mark.parametrize("at_once", [1, 50_000])
def test_what_each_track_adds_is_the_answer(monkeypatch, at_once: int):
    """The parts that single tracks add up to are the score, whatever is multiplied at once."""
    monkeypatch.setattr("harmonyhub.recommender.candidates.factors.ONE_THREAD", at_once)
    factors = learn_factors(draw_plays(4), seed=0)
    items = np.array([3, 40, 77], dtype=np.int32)
    weights = np.array([0.5, 0.9, 0.1], dtype=np.float32)
    whole = factors.add_up(items, weights)
    others = np.arange(0, 120, 17, dtype=np.int32)
    assert whole[others] == pytest.approx(weights @ factors.between(items, others), abs=1e-5)


def test_the_mix_is_reproducible_and_judged():
    """The same seed chooses the same mix, from the offered weights."""
    plays = draw_plays(5)
    votes = cast_votes(plays, seed=3)
    mix = fit_mix(plays, votes, artists=sparse.csr_matrix((120, 0)), seed=3)
    assert mix == fit_mix(plays, votes, artists=sparse.csr_matrix((120, 0)), seed=3)
    assert (True, None) == (mix.ridge in mixing.RIDGES, mix.artists)
    assert min(mix.near, mix.factors) >= 0


@pytest.fixture
def index(train_world, make_world, monkeypatch) -> ServingIndex:
    """Train an index with all three parts."""
    monkeypatch.setattr(similarity, "fit_mix", lambda *_, **__: Mix(10.0, near=0.5, factors=3.0))
    plays = draw_plays(6).tocoo()
    catalogue = make_world(1, n_tracks=120).catalogue
    world = train_world(
        catalogue,
        users=plays.row.tolist(),
        tracks=plays.col.tolist(),
        plays=[3] * plays.nnz,
        last=[1_690_000_000] * plays.nnz,
    )
    return world.index


def test_factors_survive_storing(index):
    """An index read back answers as the one that was stored; one without factors has none."""
    again = ServingIndex.from_bytes(index.to_bytes())
    assert index.factors.width > 0
    assert np.array_equal(index.factors.places, again.factors.places)
    assert np.array_equal(index.factors.scale, again.factors.scale)
    assert index.to_bytes() == again.to_bytes()


def ask(index: ServingIndex, tracks: list[int], n: int) -> dict[str, tuple[float, list]]:
    """Ask for discoveries of a history: score and reasons by track."""
    played = np.full(len(tracks), 1_690_000_000, dtype=np.int64)
    ids = [index.track_ids[track] for track in tracks]
    history = History(ids, np.full(len(tracks), 4, dtype=np.int32), played, played)
    request = RecommendationRequest(UserId("u"), ListName.DISCOVER, n, now=1_700_000_000)
    listed = recommend(request, profile=build_profile(history, index), index=index)
    return {item.track.id: (item.score, item.reasons) for item in listed.items}


@pytest.mark.parametrize("seed", range(3))
def test_mixed_scores_fall_with_their_evidence(index, seed):
    """With factors too, a score without a played track is lower by at least that track's share."""
    rng = np.random.default_rng(seed)
    tracks = np.sort(rng.choice(120, 9, replace=False)).tolist()
    for track, (score, reasons) in ask(index, tracks, 6).items():
        assert reasons
        assert sum(reason.evidence.share for reason in reasons) <= 1 + 1e-6
        for reason in reasons:
            if reason.evidence.kind is not EvidenceKind.SIMILAR_TRACK:
                continue
            left = [one for one in tracks if index.track_ids[one] != reason.evidence.track_id]
            again = ask(index, left, 120).get(track, (0.0, []))[0]
            assert again <= score * (1 - reason.evidence.share) + 1e-4 * score


def test_tastes_alone_name_what_they_come_from(index):
    """A track that no played track is linked to is explained by what the taste rests on."""
    texts = []
    for track in range(0, 120, 8):
        history = sorted({track, (track + 31) % 120, (track + 62) % 120, (track + 93) % 120})
        for _, reasons in ask(index, history, 100).values():
            texts += [reason.text for reason in reasons]
            assert sum(reason.evidence.share for reason in reasons) <= 1 + 1e-6
    assert any("listeners of that taste play it" in text for text in texts)


def test_nothing_hidden_decides_nothing():
    """Where no scored track was hidden from anybody, a trial judges nothing and adds nothing."""
    nothing = sparse.csr_matrix((3, 5), dtype=np.float32)
    trial = mixing._Trial(nothing, nothing, np.ones(5), 1.0)
    scores = np.ones((3, 5), dtype=np.float32)
    assert len(trial.judge(scores)) == 0
    assert mixing._add(scores, scores, offers=(0.0, 1.0), trial=trial)[0] == 0.0


def test_a_sample_of_rivals_stands_for_all():
    """Among a tenth of the tracks a judgement is near the one among all, not ten times as kind."""
    rng = np.random.default_rng(8)
    n_users, n_tracks = 200, 3_000
    hidden = sparse.csr_matrix((np.ones(n_users), (np.arange(n_users), np.arange(n_users))))
    hidden.resize(n_users, n_tracks)
    scores = rng.random((n_users, n_tracks), dtype=np.float32)
    scores[np.arange(n_users), np.arange(n_users)] = 1 - rng.random(n_users) * 0.05
    nothing = sparse.csr_matrix((n_users, n_tracks))
    everyone = mixing._Trial(nothing, hidden, np.ones(n_tracks), 1.0).judge(scores).mean()
    worth = np.where(rng.random(n_tracks) < 0.1, 10.0, 0.0)
    first = np.argsort(-worth, kind="stable")
    sampled = mixing._Trial(nothing, hidden[:, first], worth[first], 10.0)
    assert everyone == pytest.approx(sampled.judge(scores[:, first]).mean(), rel=0.25)


def test_a_damping_is_taken_where_popular_tracks_are_too_loud():
    """Scores that overrate what is played much are damped; good ones are left as they are."""
    rng = np.random.default_rng(6)
    n_users, n_tracks = 300, 400
    mass = (1 + np.arange(n_tracks, dtype=np.float32)[::-1]) ** 2
    hidden = sparse.csr_matrix(rng.random((n_users, n_tracks)) < 0.02)
    good = rng.random((n_users, n_tracks), dtype=np.float32) + 3 * hidden.toarray()
    nothing = sparse.csr_matrix((n_users, n_tracks))
    trial = mixing._Trial(nothing, hidden, np.ones(n_tracks), 1.0)
    targets = np.arange(n_tracks, dtype=np.int32)
    damping, scores = mixing._damp(good, mass, targets, trial=trial)
    assert damping == 0
    assert np.allclose(good, scores)
    loud = good / mixing.weigh_rarity(mass, 0.2)
    damping, scores = mixing._damp(loud, mass, targets, trial=trial)
    assert damping == pytest.approx(0.2, abs=0.051)
    assert trial.judge(scores).sum() > trial.judge(loud).sum()


def test_a_damping_multiplies_all_that_is_said_of_a_track(monkeypatch):
    """Neighbours, links and factors of a track are damped alike; what it says of others is not."""
    weights, scores = draw_plays(6), []
    nobody = sparse.csr_matrix((weights.shape[1], 0))
    for damping in (0.0, 0.5):
        mix = Mix(10.0, near=0.5, factors=3.0, damping=damping)
        monkeypatch.setattr(similarity, "fit_mix", lambda *_, mix=mix, **__: mix)
        learned = similarity.learn_similarity(
            weights, artists=nobody, seed=0, on_block=lambda _: None
        )
        history = np.array([3, 7], dtype=np.int32)
        plays = np.array([1.0, 2.0], dtype=np.float32)
        near = np.asarray(plays @ learned.neighbours[history].toarray())
        scores.append((near, learned.factors.add_up(history, plays)))
    rarity = mixing.weigh_rarity(tabulate(cast_votes(weights, seed=0)).mass, 0.5)
    for plain, damped in zip(*scores, strict=True):
        is_said = np.abs(plain) > 0.05 * np.abs(plain).max()
        ratio = damped[is_said] / (plain[is_said] * rarity[is_said])
        assert is_said.sum() > 10
        assert ratio == pytest.approx(ratio.mean(), rel=0.02)


@pytest.mark.parametrize("n_tracks", [1_500, 5_000])
def test_a_judgement_counts_all_that_stand_above(n_tracks):
    """The judgement is that of sorting all rivals that are not given, ties against the hidden."""
    rng = np.random.default_rng(4)
    n_users, n_rivals = 40, n_tracks - 300
    scores = rng.integers(0, 400, (n_users, n_tracks)).astype(np.float32) ** 3
    drawn = rng.random((n_users, n_tracks))
    given, hidden = (sparse.csr_matrix(each) for each in (drawn < 0.01, drawn > 0.99))
    scores[hidden.nonzero()] *= 1.5
    scores[given.nonzero()] *= 1.5
    worth = np.where(np.arange(n_tracks) < n_rivals, rng.integers(1, 3, n_tracks), 0).astype(float)
    expected = []
    for user in range(n_users):
        is_rival = (worth > 0) & ~given[[user]].toarray()[0]
        own = hidden[[user]].indices
        above = [worth[is_rival & (scores[user] >= scores[user, one])].sum() for one in own]
        depth = np.array(above) - worth[own] + mixing.BLUR * 0.5
        gains = np.where(depth < 100, 1 / np.log2(depth + 2), 0)
        expected.append(gains.sum() / mixing.find_ideals(np.array([len(own)]))[0])
    judged = mixing._Trial(given, hidden, worth, 1.5).judge(scores)
    assert judged.sum() > 1
    assert expected == pytest.approx(judged.tolist())


def test_well_known_tracks_are_surely_rivals(monkeypatch):
    """A sample stands for all tracks that are played; the most played are all in it."""
    monkeypatch.setattr(mixing, "MAX_RIVALS", 1_000)
    mass = (np.arange(20_000, 0, -1, dtype=np.float32) / 100) ** -2
    mass[:100] = 0
    worth = mixing._draw_rivals(mass, np.random.default_rng(0))
    assert np.count_nonzero(worth) == pytest.approx(1_000, rel=0.1)
    assert worth.sum() == pytest.approx(19_900, rel=0.1)
    assert (worth[-100:] == 1).all()
    assert (worth[:100] == 0).all()


@pytest.mark.parametrize(("length", "n_offers"), [(6, 3), (20, 2)])
def test_more_sources_are_tried_on_short_histories(length, n_offers):
    """A hundred sources a track are offered where listeners play few tracks."""
    rng = np.random.default_rng(9)
    rows = np.repeat(np.arange(300), length)
    columns = np.concatenate([rng.choice(150, length, replace=False) for _ in range(300)])
    plays = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)))
    everything = np.arange(150, dtype=np.int32)
    offers, learned = mixing._offer_links(tabulate(plays), everything, engine=INLINE)
    assert n_offers == len(offers) == len(learned)
    widest = [int(np.diff(one.indptr).max()) for one in learned]
    assert widest[:2] == [N_SOURCES] * 2
    assert all(N_SOURCES < width <= MANY_SOURCES for width in widest[2:])
