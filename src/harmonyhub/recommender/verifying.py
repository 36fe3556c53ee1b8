"""Puts reasons to the test: without its evidence, a score must fall by what the reason claims."""

from collections.abc import Iterable

import numpy as np

from harmonyhub.domain.history import History
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.recommendations import Evidence, EvidenceKind, ListName, Recommendation
from harmonyhub.recommender.blend import blend_for, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.profile import Profile, build_profile

TOLERANCE = 1e-4  # of the score: sums of float32
MOST_REASONS = 3


def count_verified(
    cards: Iterable[Recommendation],
    *,
    list_name: ListName,
    history: History,
    now: int,
    index: ServingIndex,
) -> int:
    """Count the cards of a list that have 1 to 3 reasons, of which every one is true.

    Parameters
    ----------
    list_name : ListName
        Not MORE_LIKE_THIS, whose evidence is the asked track.
    history : History
        All that the list was made from: no feedback and no favourites beside it.
    now : int
        When the list was asked for, unix seconds.
    """
    profile = build_profile(history, index)
    blend = blend_for(list_name, profile, now=now)
    plays = dict(zip(history.track_ids, history.plays.tolist(), strict=True))
    known: dict[frozenset[TrackId], Profile] = {}

    def score_without(tracks: frozenset[TrackId], item: int) -> float:
        if tracks not in known:
            left = take_out(history, tracks)
            known[tracks] = build_profile(left, index, moment=profile.moment)
        profile_left = known[tracks]
        part = blend.heard if item in profile_left.familiar else blend.unheard
        return float(score_tracks(part, profile_left, index, items=np.array([item]))[0])

    def is_true(card: Recommendation, evidence: Evidence) -> bool:
        item = index.place_of[card.track.id]
        if evidence.kind is EvidenceKind.POPULAR:
            return evidence.n_plays == int(index.listeners[item])
        behind = tracks_behind(evidence, index).intersection(plays)
        if evidence.n_plays != sum(plays[track] for track in behind):
            return False
        if card.track.id in behind:
            return True  # it is there for its own plays; without them it is another kind of card
        allowed = card.score * (1 - evidence.share + TOLERANCE)
        return bool(behind) and score_without(behind, item) <= allowed

    return sum(
        1 <= len(card.reasons) <= MOST_REASONS
        and all(is_true(card, reason.evidence) for reason in card.reasons)
        for card in cards
    )


def tracks_behind(evidence: Evidence, index: ServingIndex) -> frozenset[TrackId]:
    """Name the tracks whose plays a piece of evidence is about."""
    places: Iterable[int] = ()
    if evidence.kind is EvidenceKind.SAME_ARTIST and evidence.artist_id is not None:
        places = index.tracks_by([index.artist_place_of[evidence.artist_id]]).tolist()
    elif evidence.kind is EvidenceKind.HEARD_TAG and evidence.tag is not None:
        places = index.tracks_of_kind(index.tag_place_of[evidence.tag]).tolist()
    elif evidence.kind is EvidenceKind.SHARED_TAG and evidence.tag is not None:
        places = index.tracks_tagged(index.tag_place_of[evidence.tag]).tolist()
    elif evidence.track_id is not None:
        return frozenset([evidence.track_id])
    return frozenset(index.track_ids[place] for place in places)


def take_out(history: History, track_ids: frozenset[TrackId]) -> History:
    """Take tracks out of a history."""
    kept = np.array([track_id not in track_ids for track_id in history.track_ids], dtype=bool)
    return History(
        track_ids=[one for one in history.track_ids if one not in track_ids],
        plays=history.plays[kept],
        first_played_at=history.first_played_at[kept],
        last_played_at=history.last_played_at[kept],
    )
