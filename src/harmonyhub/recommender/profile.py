"""A listener's taste against one index, made once per history and cached by the caller."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.favourites import NO_FAVOURITES, Favourites
from harmonyhub.domain.history import CatalogueEntry, History
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.knobs import Seeds
from harmonyhub.domain.recommendations import Feedback, FeedbackKind, Reason
from harmonyhub.recommender.favours import (
    CODES,
    NOTHING_BEYOND,
    Beyond,
    FavourCodes,
    find_beyond,
    weigh_favours,
)
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import (
    FloatArray,
    IntArray,
    weigh_plays,
    weigh_recency,
)
from harmonyhub.recommender.people import FriendPlays
from harmonyhub.recommender.rows import add_rows
from harmonyhub.recommender.similar import Similar, settle

ARTIST_TRACKS = 20  # that speak for an artist: a page of his
LIKE_WEIGHT = 2.0  # one "more" counts like two tracks played very often


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of a listener, in terms of the index.

    Attributes
    ----------
    items : int32 array
        Known tracks: the played ones, then those that are only kept at a service, liked or asked
        about (no plays).
    plays, last_played_at : array
        Per track of `items`; `last_played_at` is 0 where unknown.
    weights : float32 array
        How much each track of `items` speaks, 0 or more.
    is_liked : bool array
        Whether the listener asked for more like it.
    favours : int8 array
        How the listener keeps it at a service, a code of `favours.KINDS`; 0 is not at all.
    beyond : Beyond
        Favourites that are no track of the index.
    artist_weights, tag_weights : float32 array
        The weights added up per artist and per tag of the index.
    similar : Similar
        Similarity of the tracks of the index to `items`, weighted and added up.
    n_listens, n_tracks : int
        Of the whole history.
    n_unknown_tracks : int
        Tracks of the history that the index does not know yet and the next training will.
    first_at, last_at : int
        Unix seconds of the first and last dated play; 0 if none has a date.
    moment : int
        When the latest plays are looked at, unix seconds: at the last of them, by default; 0 if
        they are not, and nobody is taken to be listening.
    friends : tuple of FriendPlays
        All friends, for the lists in which they have a say; else none.
    kept, reasons, told : dict
        Kept for the next request: arrays, matrices and reasons that follow from the profile and
        its index alone, the reasons by blend and track, and the profile after the latest feedback.
    """

    items: IntArray
    plays: IntArray
    last_played_at: NDArray[np.int64]
    weights: FloatArray
    is_liked: NDArray[np.bool_]
    favours: FavourCodes
    beyond: Beyond
    artist_weights: FloatArray
    tag_weights: FloatArray
    similar: Similar
    n_listens: int
    n_tracks: int
    n_unknown_tracks: int
    first_at: int
    last_at: int
    moment: int
    friends: tuple[FriendPlays, ...] = ()
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    reasons: dict[Hashable, dict[int, tuple[Reason, ...]]] = field(
        default_factory=dict, init=False, repr=False
    )
    told: dict[tuple[Feedback, ...], "Profile"] = field(
        default_factory=dict, init=False, repr=False
    )

    @cached_property
    def heard(self) -> IntArray:
        """Known tracks that were played."""
        return self.items[self.plays > 0]

    @cached_property
    def familiar(self) -> IntArray:
        """Known tracks that are no news: played, or kept at a service."""
        return self.items[(self.plays > 0) | (self.favours > 0)]


def build_profile(
    history: History,
    index: ServingIndex,
    favourites: Favourites = NO_FAVOURITES,
    *,
    moment: int | None = None,
) -> Profile:
    """Weigh a history and favourites against an index; the order of neither matters."""
    places = index.places(history.track_ids)
    known = np.flatnonzero(places >= 0)
    known = known[np.argsort(places[known], kind="stable")]
    codes, beyond = _place_favourites(favourites, index)
    is_unplayed = codes > 0
    is_unplayed[places[known]] = False
    unplayed = np.flatnonzero(is_unplayed)
    none = np.zeros(len(unplayed), dtype=np.int64)
    items = np.concatenate([places[known], unplayed]).astype(np.int32)
    plays = np.concatenate([history.plays[known], none]).astype(np.int32)
    last = np.concatenate([history.last_played_at[known], none]).astype(np.int64)
    favours = codes[items]
    unknown = (history.track_ids[place] for place in np.flatnonzero(places < 0).tolist())
    last_at = int(history.last_played_at.max(initial=0))
    first = history.first_played_at[history.first_played_at > 0]
    return _with_weights(
        Profile(
            items=items,
            plays=plays,
            last_played_at=last,
            weights=weigh_plays(plays) * weigh_recency(last, index.newest_at)
            + weigh_favours(favours),
            is_liked=np.zeros(len(items), dtype=bool),
            favours=favours,
            beyond=beyond,
            artist_weights=np.zeros(0, dtype=np.float32),
            tag_weights=np.zeros(0, dtype=np.float32),
            similar=_add_similar(items[:0], np.zeros(0, dtype=np.float32), index),
            n_listens=history.n_listens,
            n_tracks=len(history.track_ids),
            n_unknown_tracks=sum(one not in favourites.only_synced for one in unknown),
            first_at=int(first.min(initial=np.iinfo(np.int64).max)) if len(first) else 0,
            last_at=last_at,
            moment=last_at if moment is None else moment,
        ),
        index,
    )


def _place_favourites(favourites: Favourites, index: ServingIndex) -> tuple[FavourCodes, Beyond]:
    """Give each track of the index its favour, and find what is left over."""
    places = index.places([one.id for one in favourites.tracks])
    codes = np.zeros(index.n_tracks, dtype=np.int8)
    for place, one in zip(places.tolist(), favourites.tracks, strict=True):
        if place >= 0:
            codes[place] = CODES[one.favour]
    unknown = [favourites.tracks[which] for which in np.flatnonzero(places < 0)]
    return codes, find_beyond(unknown, favourites.artists, index)


def find_known(profile: Profile, items: IntArray, index: ServingIndex) -> IntArray:
    """Say where in the profile some tracks stand; -1 where nowhere."""
    places = np.full(index.n_tracks, -1, dtype=np.int32)
    places[profile.items] = np.arange(len(profile.items), dtype=np.int32)
    return places[items]


def apply_feedback(profile: Profile, feedback: Sequence[Feedback], index: ServingIndex) -> Profile:
    """Let what the listener said change the weights.

    MORE adds weight to a track, heard or not; of a track with LESS or NEVER nothing is concluded
    any more. SNOOZE only filters. The answer is kept with the profile until the feedback changes.
    """
    said = tuple(feedback)
    told = profile.told.get(said)
    if told is None:
        told = _tell(profile, said, index)
        profile.told.clear()
        profile.told[said] = told
    return told


def _tell(profile: Profile, feedback: Sequence[Feedback], index: ServingIndex) -> Profile:
    liked = _places_of(feedback, {FeedbackKind.MORE}, index)
    muted = _places_of(feedback, {FeedbackKind.LESS, FeedbackKind.NEVER}, index)
    if not (len(liked) or len(muted)):
        return profile
    unheard = np.setdiff1d(liked, profile.items)
    items = np.concatenate([profile.items, unheard]).astype(np.int32)
    zeros = np.zeros(len(unheard), dtype=np.int64)
    weights = np.concatenate([profile.weights, zeros]).astype(np.float32)
    is_liked = np.isin(items, liked)
    weights[is_liked] += LIKE_WEIGHT
    weights[np.isin(items, muted)] = 0
    changed = replace(
        profile,
        items=items,
        plays=np.concatenate([profile.plays, zeros]).astype(np.int32),
        last_played_at=np.concatenate([profile.last_played_at, zeros]),
        weights=weights,
        is_liked=is_liked,
        favours=np.concatenate([profile.favours, zeros]).astype(np.int8),
    )
    moved = np.flatnonzero(is_liked | np.isin(items, muted))
    before = np.append(profile.weights, np.zeros(len(unheard), dtype=np.float32))
    return _add_weights(changed, items[moved], weights[moved] - before[moved], index=index)


def seed_profile(
    seeds: Seeds,
    entries: Sequence[CatalogueEntry] = (),
    *,
    listener: Profile,
    index: ServingIndex,
) -> Profile:
    """Make a profile of some tracks and artists, with the listener's plays of them.

    A track speaks with weight 1, and so do the best known tracks of an artist together. Where the
    index does not know a track, the artists and tags of its entry speak for it; without an entry
    nothing does.
    """
    spoken = _weigh_seeds(seeds, index)
    items = np.array(sorted(spoken), dtype=np.int32)
    places = find_known(listener, items, index)
    profile = _with_weights(
        replace(
            listener,
            items=items,
            plays=_taken(listener.plays, places),
            last_played_at=_taken(listener.last_played_at, places),
            weights=np.array([spoken[item] for item in items.tolist()], dtype=np.float32),
            is_liked=np.zeros(len(items), dtype=bool),
            favours=np.zeros(len(items), dtype=np.int8),
            beyond=NOTHING_BEYOND,
        ),
        index,
    )
    unknown = [entry for entry in entries if entry.id not in index.place_of]
    artists = [index.artist_place_of.get(one, -1) for entry in unknown for one in entry.artist_ids]
    tags = [index.tag_place_of.get(tag, -1) for entry in unknown for tag in entry.tags]
    return replace(
        profile,
        artist_weights=profile.artist_weights + _ones_at(artists, len(index.artist_ids)),
        tag_weights=profile.tag_weights + _ones_at(tags, len(index.tags)),
    )


def _weigh_seeds(seeds: Seeds, index: ServingIndex) -> dict[int, float]:
    """Say which tracks of the index speak for the seeds, and how much."""
    spoken: dict[int, float] = {}
    for artist_id in seeds.artist_ids:
        place = index.artist_place_of.get(artist_id, -1)
        tracks = index.tracks_by([place]) if place >= 0 else index.tracks_by([])
        best = tracks[np.argsort(-index.popularity[tracks], kind="stable")][:ARTIST_TRACKS]
        for item in best.tolist():
            spoken[item] = spoken.get(item, 0.0) + 1 / len(best)
    for track_id in seeds.track_ids:
        if track_id in index.place_of:
            spoken[index.place_of[track_id]] = 1.0
    return spoken


def _taken(values: NDArray[Any], places: IntArray) -> NDArray[Any]:
    """Take the values at some places, 0 at place -1."""
    if not len(values):
        return np.zeros(len(places), dtype=values.dtype)
    return np.where(places >= 0, values[places], 0).astype(values.dtype)


def _places_of(
    feedback: Sequence[Feedback], kinds: set[FeedbackKind], index: ServingIndex
) -> IntArray:
    wanted: list[TrackId] = [said.track_id for said in feedback if said.kind in kinds]
    places = index.places(wanted)
    return np.unique(places[places >= 0])


def _with_weights(profile: Profile, index: ServingIndex) -> Profile:
    """Add the weights of the tracks up by similar track, artist and tag."""
    taste, beyond = profile.weights, profile.beyond
    return replace(
        profile,
        similar=_add_similar(profile.items, taste, index),
        artist_weights=add_rows(index.item_artists, profile.items, taste)
        + beyond.artist_weights(index),
        tag_weights=add_rows(index.item_tags, profile.items, taste) + beyond.tag_weights(index),
    )


def reweigh(profile: Profile, weights: FloatArray, index: ServingIndex) -> Profile:
    """Return the profile with other weights of its tracks; plays and favours stay what they are."""
    return _with_weights(replace(profile, weights=weights.astype(np.float32)), index)


def _add_weights(
    profile: Profile, items: IntArray, change: FloatArray, *, index: ServingIndex
) -> Profile:
    """Change the sums by the change of some tracks: a long history is not added up again."""
    return replace(
        profile,
        similar=profile.similar.plus(_add_similar(items, change, index)),
        artist_weights=settle(profile.artist_weights + add_rows(index.item_artists, items, change)),
        tag_weights=settle(profile.tag_weights + add_rows(index.item_tags, items, change)),
    )


def _add_similar(items: IntArray, weights: FloatArray, index: ServingIndex) -> Similar:
    near = add_rows(index.neighbours, items, weights)
    return Similar(near, index.factors.place(items, weights), index.factors)


def _ones_at(places: Sequence[int], length: int) -> FloatArray:
    ones = np.zeros(length, dtype=np.float32)
    ones[[place for place in places if place >= 0]] = 1
    return ones
