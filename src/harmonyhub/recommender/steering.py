"""What knobs do to a list: which tracks may stand in it, and how far their scores step back."""

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender.eligibility import Eligible
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray
from harmonyhub.recommender.profile import Profile

# A leaning turned full halves a score four times from one end of the catalogue to the other; the
# best 200 candidates lie within about that, so that the far end still has a chance.
HALVINGS = 4.0
MIDDLE = 0.5

# Tracks of one kind compete for the same places: kinds by how known they are.
NEW_ARTIST, KNOWN_ARTIST, KNOWN_TRACK = range(3)
Limits = tuple[tuple[tuple[int, ...], int], ...]


def bar(request: RecommendationRequest, allowed: NDArray[np.bool_], index: ServingIndex) -> None:
    """Take what the listener does not want now, or was given already, from what is allowed."""
    knobs = request.knobs
    for tag in knobs.with_tags:
        allowed &= _has_tag(tag, index)
    for tag in knobs.without_tags:
        allowed &= ~_has_tag(tag, index)
    artists = [index.artist_place_of.get(one, -1) for one in knobs.without_artists]
    allowed[index.tracks_by([place for place in artists if place >= 0])] = False
    places = index.places(knobs.without_tracks)
    places = places[places >= 0]
    allowed[places] = False
    songs = index.songs[places]
    if len(songs):
        allowed &= ~np.isin(index.songs, songs[songs >= 0])
    if knobs.tempo_bpm is not None:
        low, high = knobs.tempo_bpm
        tempo = index.sounds.tempo_of_all
        allowed &= (tempo >= low) & (tempo <= high)
    if request.given:
        allowed &= ~np.isin(index.marks, np.array(request.given, dtype=np.int32))


def lean(scores: FloatArray, *, knobs: Knobs, index: ServingIndex) -> FloatArray:
    """Let tracks step back, the more, the further they are from where the knobs lean to.

    The factor is in (0, 1] and follows from the track alone: so the shares of the reasons stay
    true, and of the tracks with scores the best n come nearer to that end with every turn.
    """
    halvings = np.zeros(index.n_tracks, dtype=np.float32)
    if knobs.energy:
        halvings += _distance(rank_known(index.sounds.energy_of_all), knobs.energy)
    if knobs.mood:
        halvings += _distance(rank_known(index.sounds.valence_of_all), knobs.mood)
    for tag in knobs.mood_tags:
        halvings[_has_tag(tag, index)] = 0
    if knobs.rare:
        halvings += _distance(index.popular_rank, -knobs.rare)
    if not halvings.any():
        return scores
    return np.asarray(scores * np.exp2(-HALVINGS * halvings), dtype=np.float32)


def rank_known(values: FloatArray) -> FloatArray:
    """Rank values in [0, 1], equal ones alike; unknown ones (NaN) stand in the middle."""
    ranks = np.full(len(values), MIDDLE, dtype=np.float32)
    is_known = ~np.isnan(values)
    if is_known.any():
        _, place, counts = np.unique(values[is_known], return_inverse=True, return_counts=True)
        middles = np.cumsum(counts) - counts / 2
        ranks[is_known] = (middles / counts.sum())[place]
    return ranks


def sort_into_kinds(
    eligible: Eligible, profile: Profile, index: ServingIndex
) -> list[NDArray[np.bool_]]:
    """Part what is allowed by how known it is: new artists, known artists, known tracks."""
    known = (profile.artist_weights > 0).astype(np.float32)
    by_known = (index.item_artists @ known) > 0
    news = eligible.allowed & ~eligible.heard
    return [news & ~by_known, news & by_known, eligible.allowed & eligible.heard]


def limit_kinds(size: int, *, list_name: ListName, n_known: int, new: float) -> Limits:
    """Say how many tracks of which kinds together may stand on a page of some size.

    From -1 to 1 the places of new artists only grow and those of known tracks only shrink; at 0
    they are those of an unsteered list, `n_known` known tracks in For you.
    """
    is_mixed = list_name is ListName.FOR_YOU
    if new < 0:
        n_old = n_known + round(-new * (size - n_known)) if is_mixed else size
        n_news = size - n_old if is_mixed else round(size * (1 + new))
        if list_name is ListName.DISCOVER:
            n_news = size  # nothing else may stand there
        return (
            ((NEW_ARTIST,), round(size * (1 + new))),
            ((KNOWN_TRACK,), n_old),
            ((NEW_ARTIST, KNOWN_ARTIST), n_news),
        )
    n_old = round(n_known * (1 - new)) if is_mixed else size
    return (
        ((KNOWN_TRACK,), n_old),
        ((KNOWN_ARTIST, KNOWN_TRACK), round(size * (1 - new))),
        ((NEW_ARTIST, KNOWN_ARTIST), size - n_old if is_mixed else size),
    )


def _distance(rank: FloatArray, leaning: float) -> FloatArray:
    """Say how far ranks in [0, 1] are from the end that is leaned to, times how much."""
    return abs(leaning) * (1 - rank if leaning > 0 else rank)


def _has_tag(tag: str, index: ServingIndex) -> NDArray[np.bool_]:
    has = np.zeros(index.n_tracks, dtype=bool)
    place = index.tag_place_of.get(tag, -1)
    if place >= 0:
        has[index.tracks_tagged(place)] = True
    return has
