"""Recommendations, their reasons, and what listeners say back."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.knobs import NO_KNOBS, NO_SEEDS, Knobs, Seeds


class ListName(StrEnum):
    """The lists that a listener can ask for."""

    FOR_YOU = "for-you"
    DISCOVER = "discover"
    REDISCOVER = "rediscover"
    MORE_LIKE_THIS = "more-like-this"


class EvidenceKind(StrEnum):
    """Which term of the score a piece of evidence is."""

    SIMILAR_TRACK = "similar-track"  # people who play `track_id` also play the recommendation
    ELSEWHERE = "elsewhere"  # people whom the knowledge pack `pack` knows play both
    SIMILAR_SOUND = "similar-sound"  # the recommendation sounds like `track_id`
    PLAYED_NEXT = "played-next"  # people play the recommendation soon after `track_id`
    SAME_ARTIST = "same-artist"
    SHARED_TAG = "shared-tag"  # a source says that the recommendation has `tag`
    HEARD_TAG = "heard-tag"  # none does: the analysis heard `tag` in it
    OWN_PLAYS = "own-plays"
    POPULAR = "popular"
    LIKED = "liked"  # a "more" of the user
    SEED = "seed"  # the track that was asked about
    SAVED = "saved"  # `track_id` is saved at a streaming service
    TOP = "top"  # `track_id` is among what the service says was played most
    IN_PLAYLIST = "in-playlist"  # `track_id` is in a playlist of the user's own there
    FRIENDS = "friends"  # `people` play it, or it is close to what they like
    FOLLOWED = "followed"  # `artist_id` is followed there, or otherwise a favourite as such


@dataclass(frozen=True, slots=True)
class Evidence:
    """One term of a recommendation's score and the plays and favourites of the user behind it.

    Attributes
    ----------
    share : float
        Share of the score that this term makes, in (0, 1].
    n_plays : int
        The user's plays of `track_id`, of the artist, or of the tag's tracks; for POPULAR the
        number of listeners.
    n_favourites : int
        How many of those tracks the user keeps at a streaming service.
    pack : str or None
        The knowledge pack that says so, where the term comes from one.
    last_played_at : int or None
        Unix seconds UTC of the last of those plays, where known.
    people : tuple of UserId
        Whose plays they are where they are not, or not only, the user's: friends, and in a list for
        a group the user too. Of other people's plays neither number nor time is told.
    """

    kind: EvidenceKind
    share: float
    n_plays: int = 0
    last_played_at: int | None = None
    track_id: TrackId | None = None
    title: str | None = None
    artist: str | None = None
    artist_id: ArtistId | None = None
    tag: str | None = None
    n_favourites: int = 0
    pack: str | None = None
    people: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence for the card, and the term of the score that makes it true."""

    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RecommendedTrack:
    """The track on a card; `artist` is all artist names in one line."""

    id: TrackId
    title: str
    artist: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One card: a track, its score (higher is better) and 1 to 3 reasons, the strongest first."""

    track: RecommendedTrack
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """What is asked for.

    Attributes
    ----------
    now : int
        Unix seconds.
    seeds : Seeds
        For MORE_LIKE_THIS only: of several it makes a radio.
    given : tuple of int
        The marks of what the same radio gave before, see `domain.radio`.
    """

    user_id: UserId
    list_name: ListName
    n: int
    now: int
    seeds: Seeds = NO_SEEDS
    knobs: Knobs = NO_KNOBS
    given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """The answer: cards, and in words what the list is based on (also when it is empty)."""

    items: tuple[Recommendation, ...]
    based_on: str


class FeedbackKind(StrEnum):
    """What a listener can say of a recommendation."""

    MORE = "more"
    LESS = "less"
    NEVER = "never"
    SNOOZE = "snooze"
    UNDO = "undo"  # takes back the latest feedback on that track


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing said, as it stands now (undone ones are gone). Times are unix seconds UTC."""

    user_id: UserId
    track_id: TrackId
    kind: FeedbackKind
    at: int
    until: int | None = None  # SNOOZE only
