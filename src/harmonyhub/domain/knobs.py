"""Knobs: how a listener steers one list, and what he starts it from."""

from dataclasses import dataclass, fields
from typing import Final

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import ArtistId, TrackId

TEMPO_SLOWEST, TEMPO_FASTEST = 20.0, 400.0  # beats per minute; music lies well within
MOST_NAMED: Final = 200  # tags, artists or tracks of one kind in one request
LEANINGS: Final = ("new", "rare", "varied", "energy", "mood")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """How a list is steered; as made, nothing is.

    Attributes
    ----------
    new : float
        From -1, only what is known, to 1, only artists that were never heard.
    rare : float
        From -1, popular, to 1, rare.
    varied : float
        From -1, no limit on artists and releases, to 1, one track of each and tags that differ.
    balanced : float
        In [0, 1]: how closely the tags of the list follow the tags of the taste.
    energy, mood : float
        From -1, calm or dark, to 1, energetic or bright; unanalysed tracks count as the middle.
    tempo_bpm : (float, float) or None
        Only tracks that are known to lie within these beats per minute.
    with_tags : tuple of str
        Only tracks that have all of these.
    mood_tags : tuple of str
        Tracks with any of these are as `energy` and `mood` ask, whatever was measured.
    without_tags, without_artists, without_tracks : tuple
        No track with any of these; of a track all its versions.

    Raises
    ------
    RefusedInputError
        If a value is out of its range.
    """

    new: float = 0.0
    rare: float = 0.0
    varied: float = 0.0
    balanced: float = 0.0
    energy: float = 0.0
    mood: float = 0.0
    tempo_bpm: tuple[float, float] | None = None
    with_tags: tuple[str, ...] = ()
    mood_tags: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()
    without_artists: tuple[ArtistId, ...] = ()
    without_tracks: tuple[TrackId, ...] = ()

    def __post_init__(self) -> None:
        for name in (*LEANINGS, "balanced"):
            lowest = 0 if name == "balanced" else -1
            if not lowest <= getattr(self, name) <= 1:  # NaN is refused too
                raise RefusedInputError(
                    f"{name} is {getattr(self, name):g}.",
                    hint=f"Give {name} a number from {lowest} to 1; 0 leaves the list as it is.",
                )
        _check_tempo(self.tempo_bpm)
        for name in ("with_tags", "without_tags", "without_artists", "without_tracks"):
            check_count(name.replace("_", "-"), getattr(self, name))

    @property
    def is_set(self) -> bool:
        """Whether any knob is turned."""
        return any(getattr(self, one.name) not in (0, None, ()) for one in fields(self))


@dataclass(frozen=True, slots=True)
class Seeds:
    """What a radio starts from: tracks, artists, or both."""

    track_ids: tuple[TrackId, ...] = ()
    artist_ids: tuple[ArtistId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.track_ids or self.artist_ids)


def check_count(what: str, named: tuple[str, ...]) -> None:
    """Refuse more names than a person gives.

    Raises
    ------
    RefusedInputError
        If there are over 200.
    """
    if len(named) > MOST_NAMED:
        raise RefusedInputError(
            f"{what}: {len(named)} are too many.", hint=f"Name at most {MOST_NAMED}."
        )


def parse_tempo(text: str) -> tuple[float, float]:
    """Read "90-120", or "120" with five per cent around it; beats per minute.

    Raises
    ------
    RefusedInputError
        If it is neither.
    """
    low, _, high = text.partition("-")
    try:
        pace = (float(low), float(high)) if high else (float(low) * 0.95, float(low) * 1.05)
    except ValueError as error:
        raise RefusedInputError(
            f"“{text}” is no tempo.", hint="Write beats per minute: 120, or 90-120."
        ) from error
    _check_tempo(pace)
    return pace


def _check_tempo(tempo_bpm: tuple[float, float] | None) -> None:
    if tempo_bpm is None:
        return
    low, high = tempo_bpm
    if not TEMPO_SLOWEST <= low <= high <= TEMPO_FASTEST:
        raise RefusedInputError(
            f"No tempo goes from {low:g} to {high:g} beats per minute.",
            hint=f"Name the slower one first, both from {TEMPO_SLOWEST:g} to {TEMPO_FASTEST:g}.",
        )


NO_KNOBS: Final = Knobs()
NO_SEEDS: Final = Seeds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a listener asks of a list, as he says it: names are not looked up yet.

    Attributes
    ----------
    words : str
        See `recommender.words`.
    knobs : Knobs
        `without_artists` may be names.
    track_ids, artists : tuple
        What a radio starts from; artists by name or id.
    after : str
        The `more` of the answer before: what was given then is not given again.
    """

    words: str = ""
    knobs: Knobs = NO_KNOBS
    track_ids: tuple[TrackId, ...] = ()
    artists: tuple[str, ...] = ()
    after: str = ""

    @property
    def steering(self) -> tuple[str, ...]:
        """What steers the list, apart from what it starts from, one text for each; none if nothing.

        Two wishes that ask for the same give the same texts.
        """
        said = [f"words={self.words.strip()}"] if self.words.strip() else []
        for one in fields(self.knobs):
            value = getattr(self.knobs, one.name)
            if value not in (0, None, ()):
                said.append(f"{one.name}={value}")
        return tuple(said)


NO_WISH: Final = Wish()
