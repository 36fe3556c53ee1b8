"""How much favourites speak against plays, which of them the index lacks, and their words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.favourites import SERVICE, Favour, FavouriteArtist, FavouriteTrack
from harmonyhub.domain.recommendations import EvidenceKind
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray

KINDS: Sequence[Favour | None] = (None, *Favour)  # a code of a profile is a place in it
CODES: Mapping[Favour, int] = {favour: 1 + place for place, favour in enumerate(Favour)}
# On the scale of plays, where one weighs 0.5 and nine 0.9: to save a track is an act of its own,
# a playlist may be somebody else's choice. An artist is followed for more than one track.
WEIGHTS: Mapping[Favour, float] = {
    Favour.SAVED: 0.8,
    Favour.TOP_WEEKS: 0.9,
    Favour.TOP_MONTHS: 0.8,
    Favour.TOP_YEAR: 0.7,
    Favour.IN_PLAYLIST: 0.5,
    Favour.FOLLOWED: 1.0,
}
# What is kept is known and loved, however few of its plays are known here: as three plays are.
FAMILIAR_PLAYS: Mapping[Favour, int] = dict.fromkeys(Favour, 3) | {Favour.IN_PLAYLIST: 1}
EVIDENCE: Mapping[Favour, EvidenceKind] = {
    Favour.SAVED: EvidenceKind.SAVED,
    Favour.TOP_WEEKS: EvidenceKind.TOP,
    Favour.TOP_MONTHS: EvidenceKind.TOP,
    Favour.TOP_YEAR: EvidenceKind.TOP,
    Favour.IN_PLAYLIST: EvidenceKind.IN_PLAYLIST,
    Favour.FOLLOWED: EvidenceKind.FOLLOWED,
}
PERIODS: Mapping[Favour, str] = {
    Favour.TOP_WEEKS: "the last four weeks",
    Favour.TOP_MONTHS: "the last six months",
    Favour.TOP_YEAR: "the last year",
}

FavourCodes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Beyond:
    """Favourites that are no track of the index: they speak by their artists and tags.

    Attributes
    ----------
    artists : mapping
        By artist of the index: how the listener favours the artist as such.
    of_artist, of_tag : mapping
        By artist and by tag of the index: the favours of unknown tracks.
    tag_shares : mapping
        By tag of the index: their weights, each track's in equal parts to its tags.
    """

    artists: Mapping[int, Favour] = field(default_factory=dict)
    of_artist: Mapping[int, Counter[Favour]] = field(default_factory=dict)
    of_tag: Mapping[int, Counter[Favour]] = field(default_factory=dict)
    tag_shares: Mapping[int, float] = field(default_factory=dict)

    def artist_weights(self, index: ServingIndex) -> FloatArray:
        """Add up what speaks for each artist of the index."""
        weights = np.zeros(len(index.artist_ids), dtype=np.float32)
        for artist, favours in self.of_artist.items():
            weights[artist] = sum(WEIGHTS[favour] * n for favour, n in favours.items())
        for artist, favour in self.artists.items():
            weights[artist] += np.float32(WEIGHTS[favour])
        return weights

    def tag_weights(self, index: ServingIndex) -> FloatArray:
        """Add up what speaks for each tag of the index."""
        weights = np.zeros(len(index.tags), dtype=np.float32)
        for tag, share in self.tag_shares.items():
            weights[tag] = share
        return weights


NOTHING_BEYOND = Beyond()


def find_beyond(
    tracks: Sequence[FavouriteTrack], artists: Sequence[FavouriteArtist], index: ServingIndex
) -> Beyond:
    """Place what the index knows of favourite artists and of tracks that it does not know."""
    artist_place, tag_place = index.artist_place_of, index.tag_place_of
    of_artist: dict[int, Counter[Favour]] = {}
    of_tag: dict[int, Counter[Favour]] = {}
    shares: dict[int, float] = {}
    for track in tracks:
        for artist_id in dict.fromkeys(track.artist_ids):
            if artist_id in artist_place:
                of_artist.setdefault(artist_place[artist_id], Counter())[track.favour] += 1
        tags = [tag_place[tag] for tag in dict.fromkeys(track.tags) if tag in tag_place]
        for tag in tags:
            of_tag.setdefault(tag, Counter())[track.favour] += 1
            shares[tag] = shares.get(tag, 0.0) + WEIGHTS[track.favour] / len(tags)
    followed = {artist_place[one.id]: one.favour for one in artists if one.id in artist_place}
    return Beyond(artists=followed, of_artist=of_artist, of_tag=of_tag, tag_shares=shares)


def weigh_favours(codes: FavourCodes) -> FloatArray:
    """Give the weight of each code; 0 where nothing is kept."""
    return _TABLE[codes]


def familiar_plays(codes: FavourCodes) -> FloatArray:
    """Give as how many plays each code counts for knowing a track."""
    return _FAMILIAR[codes]


def _table(values: Mapping[Favour, float]) -> FloatArray:
    return np.array([0.0, *(values[favour] for favour in Favour)], dtype=np.float32)


_TABLE, _FAMILIAR = _table(WEIGHTS), _table(FAMILIAR_PLAYS)


def say_of_track(favour: Favour, name: str) -> str:
    """Say how a track is a favourite, as a clause without a full stop."""
    if favour is Favour.SAVED:
        return f"You saved {name} at {SERVICE}"
    if favour in PERIODS:
        start = name[0].upper() + name[1:]
        return f"{start} is among what you played most in {PERIODS[favour]} at {SERVICE}"
    return f"You have {name} in a playlist of yours at {SERVICE}"


def say_of_artist(favour: Favour, name: str) -> str:
    """Say how an artist is a favourite, to follow on "You"."""
    if favour in PERIODS:
        return f"have {name} among your most played artists of {PERIODS[favour]} at {SERVICE}"
    if favour is Favour.SAVED:
        return f"saved an album by {name} at {SERVICE}"
    return f"follow {name} at {SERVICE}"


def say_of_tracks_by(favours: Counter[Favour], name: str | None) -> str:
    """Say how many tracks by an artist are favourites, to follow on "You".

    Without a name the artist and the service have been named just before.
    """
    tracks, where = count_tracks(favours.total(), name), f"at {SERVICE}" if name else "there"
    if set(favours) == {Favour.SAVED}:
        return f"saved {tracks} {where}"
    return f"have {tracks} among your favourites {where}"


def count_tracks(n_tracks: int, name: str | None) -> str:
    """Count tracks by an artist, who has been named just before if no name is given."""
    if name is None:
        return "one of their tracks" if n_tracks == 1 else f"{n_tracks:,} of their tracks"
    return f"one track by {name}" if n_tracks == 1 else f"{n_tracks:,} tracks by {name}"


def say_of_tracks(favours: Counter[Favour]) -> str:
    """Say how many tracks are favourites, as what another track is like."""
    n_tracks = favours.total()
    tracks = "a track" if n_tracks == 1 else f"{n_tracks:,} tracks"
    verb = "is" if n_tracks == 1 else "are"
    if set(favours) == {Favour.SAVED}:
        return f"{tracks} that you saved at {SERVICE}"
    return f"{tracks} that {verb} among your favourites at {SERVICE}"
