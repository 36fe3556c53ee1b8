"""Decides which descriptions are which tracks: pure, on what the store knows of their keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bson.objectid import ObjectId

from harmonyhub.domain import identity
from harmonyhub.domain.ids import IdentityKey, TrackId
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.documents import Document, storable
from harmonyhub.storage.words import search_words


@dataclass(slots=True)
class Candidate:
    """A track that descriptions may turn out to be; `changes` is what they add to it."""

    id: TrackId
    document: Document
    is_new: bool
    new_keys: dict[IdentityKey, None] = field(default_factory=dict)
    new_tags: dict[str, None] = field(default_factory=dict)
    new_facts: Document = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What tells versions apart ("live", "remix ..."), as its first name key has it."""
        return next(version_of(key) for key in self.document["keys"] if key.startswith("name:"))

    @property
    def order(self) -> ObjectId:
        """Grows with the time at which the track was first seen."""
        return ObjectId(self.document["first_seen"])

    def learn(self, description: TrackDescription) -> None:
        """Note what the description knows and the track does not."""
        for name, value in _facts_of(description).items():
            if self.document.get(name) is None:
                self.new_facts.setdefault(name, value)
        for tag in map(write_tag, description.tags):
            if tag not in self.document["tags"]:
                self.new_tags[tag] = None


class IdentityPlan:
    """Which tracks to make, to extend and to merge so that every description has one.

    Parameters
    ----------
    documents : iterable of documents
        The tracks that hold any key of the descriptions.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._candidates: dict[TrackId, Candidate] = {}
        self._by_key: dict[IdentityKey, TrackId] = {}
        self._stays: dict[TrackId, TrackId] = {}
        self.merges: list[tuple[TrackId, TrackId]] = []
        for document in documents:
            self._enter(Candidate(TrackId(document["_id"]), document, is_new=False))

    @property
    def new(self) -> list[Candidate]:
        """Tracks to be made."""
        return [track for track in self._candidates.values() if track.is_new]

    @property
    def changed(self) -> list[Candidate]:
        """Tracks that are there and gain something."""
        return [
            track
            for track in self._candidates.values()
            if not track.is_new and (track.new_keys or track.new_tags or track.new_facts)
        ]

    def final_id(self, track_id: TrackId) -> TrackId:
        """Follow the merges of this plan."""
        while track_id in self._stays:
            track_id = self._stays[track_id]
        return track_id

    def place(self, description: TrackDescription, keys: tuple[IdentityKey, ...]) -> TrackId:
        """Find or make the track of a description; `keys` are its keys, the strongest first."""
        hits = list(dict.fromkeys(self._by_key[key] for key in keys if key in self._by_key))
        if not hits:
            return self._make(description, keys)
        track = self._candidates[hits[0]]
        for other_id in hits[1:]:
            other = self._candidates[other_id]
            # A wrong ISRC on a live take must not swallow the studio track of that name.
            if other.version == track.version:
                track = self._merge(track, other)
        for key in keys:
            if key not in self._by_key and _fits(key, track):
                self._by_key[key] = track.id
                track.new_keys[key] = None
        track.learn(description)
        return track.id

    def _enter(self, track: Candidate) -> None:
        self._candidates[track.id] = track
        self._by_key.update(dict.fromkeys(track.document["keys"], track.id))

    def _make(self, description: TrackDescription, keys: tuple[IdentityKey, ...]) -> TrackId:
        track = Candidate(identity.track_id(keys), write_track(description, keys), is_new=True)
        self._enter(track)
        return track.id

    def _merge(self, one: Candidate, other: Candidate) -> Candidate:
        stays, goes = (one, other) if one.order < other.order else (other, one)
        del self._candidates[goes.id]
        self._stays[goes.id] = stays.id
        moved = [*goes.document["keys"], *goes.new_keys]
        self._by_key.update(dict.fromkeys(moved, stays.id))
        stays.new_keys.update(dict.fromkeys(moved))
        stays.new_tags.update(dict.fromkeys([*goes.document["tags"], *goes.new_tags]))
        stays.new_facts = {**goes.new_facts, **stays.new_facts}
        if not goes.is_new:
            self.merges.append((goes.id, stays.id))
        return stays


def version_of(name_key: str) -> str:
    """Read the version marker out of a `name:artist|title|version` key."""
    return name_key.rpartition("|")[2]


def _fits(key: IdentityKey, track: Candidate) -> bool:
    return not key.startswith("name:") or version_of(key) == track.version


def write_track(description: TrackDescription, keys: tuple[IdentityKey, ...]) -> Document:
    """Write a track that was not known before."""
    names = [*description.artists, description.title]
    return {
        "_id": identity.track_id(keys),
        "title": storable(description.title),
        "artists": list(map(storable, description.artists)),
        "artist_ids": list(dict.fromkeys(map(identity.artist_id, description.artists))),
        "release": None,
        "release_id": None,
        "duration_s": None,
        **_facts_of(description),
        "keys": list(keys),
        "tags": list(dict.fromkeys(map(write_tag, description.tags))),
        "words": list(dict.fromkeys(word for name in names for word in search_words(name))),
        "first_seen": ObjectId(),
    }


def write_tag(tag: str) -> str:
    """Write a tag: lower case, so that sources agree."""
    return storable(tag.strip().lower())


def _facts_of(description: TrackDescription) -> Document:
    facts: Document = {}
    if description.release:
        facts["release"] = storable(description.release)
        facts["release_id"] = identity.release_id(description.artists[0], description.release)
    if description.duration_s:
        facts["duration_s"] = description.duration_s
    return facts


def names_of(tracks: Iterable[Document]) -> tuple[Mapping[str, str], Mapping[str, Document]]:
    """Collect the artists (id to name) and releases (id to document) of tracks."""
    artists: dict[str, str] = {}
    releases: dict[str, Document] = {}
    for track in tracks:
        for name in track["artists"]:
            artists.setdefault(identity.artist_id(name), name)
        if track["release_id"]:
            releases.setdefault(
                track["release_id"],
                {"title": track["release"], "artist_id": identity.artist_id(track["artists"][0])},
            )
    return artists, releases
