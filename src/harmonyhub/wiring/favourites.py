"""What a listener keeps at Spotify, gathered for that listener's own requests."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from harmonyhub.domain.favourites import Favour, FavouriteArtist, Favourites, FavouriteTrack
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId, TrackId, UserId
from harmonyhub.domain.library import SavedAlbum, ServiceArtist, TopRange
from harmonyhub.domain.library_parts import Entry, ListName, Part
from harmonyhub.domain.music import TrackDescription
from harmonyhub.storage.store import Store

OF_RANGE: Mapping[str, Favour] = {
    TopRange.WEEKS.value: Favour.TOP_WEEKS,
    TopRange.MONTHS.value: Favour.TOP_MONTHS,
    TopRange.YEAR.value: Favour.TOP_YEAR,
}
OF_PART: Mapping[Part, Favour] = {
    Part.SAVED_TRACKS: Favour.SAVED,
    Part.PLAYLIST_ITEMS: Favour.IN_PLAYLIST,
    Part.FOLLOWED_ARTISTS: Favour.FOLLOWED,
    Part.SAVED_ALBUMS: Favour.SAVED,
}
TRACK_RANKS = {favour: rank for rank, favour in enumerate(Favour)}
# To follow says the most of an artist, an album that was saved the least.
ARTIST_RANKS = {**TRACK_RANKS, Favour.FOLLOWED: -1, Favour.SAVED: len(TRACK_RANKS)}


@dataclass(slots=True)
class _Gathered:
    """The strongest favour of each track and artist."""

    tracks: dict[TrackId, tuple[Favour, TrackDescription]] = field(default_factory=dict)
    artists: dict[ArtistId, Favour] = field(default_factory=dict)

    def add(self, name: ListName, entries: Iterable[Entry]) -> None:
        favour = OF_RANGE.get(name.which) or OF_PART.get(name.part)
        if favour is None:
            return  # the list of playlists: their items speak
        for entry in entries:
            if isinstance(entry.thing, TrackDescription):
                self._add_track(TrackId(entry.id), favour, entry.thing)
            elif isinstance(entry.thing, ServiceArtist):
                self._add_artist(ArtistId(entry.id), favour)
            elif isinstance(entry.thing, SavedAlbum) and entry.thing.artists:
                self._add_artist(artist_id(entry.thing.artists[0]), favour)

    def _add_track(self, id_: TrackId, favour: Favour, track: TrackDescription) -> None:
        known = self.tracks.get(id_)
        if known is None or TRACK_RANKS[favour] < TRACK_RANKS[known[0]]:
            self.tracks[id_] = favour, track

    def _add_artist(self, id_: ArtistId, favour: Favour) -> None:
        known = self.artists.get(id_)
        if known is None or ARTIST_RANKS[favour] < ARTIST_RANKS[known]:
            self.artists[id_] = favour


async def load_favourites(
    store: Store, user_id: UserId, *, known: Container[TrackId], only_synced: frozenset[TrackId]
) -> Favourites:
    """Gather what a user keeps; tracks that are not `known` come with their artists and tags.

    Parameters
    ----------
    known : container of TrackId
        The tracks of the index.
    """
    gathered = _Gathered()
    async for state, entries in store.spotify_library.all_entries(user_id):
        gathered.add(state.name, entries)
    tracks = {
        id_: FavouriteTrack(id_, favour)
        for id_, (favour, _) in gathered.tracks.items()
        if id_ in known
    }
    for track in await _describe_unknown(store, gathered, known):
        tracks.setdefault(track.id, track)
    artists = tuple(FavouriteArtist(id_, favour) for id_, favour in gathered.artists.items())
    return Favourites(tuple(tracks.values()), artists, only_synced)


async def _describe_unknown(
    store: Store, gathered: _Gathered, known: Container[TrackId]
) -> list[FavouriteTrack]:
    """Look tracks up again that the index lacks: an import may have brought them since."""
    unknown = [pair for id_, pair in gathered.tracks.items() if id_ not in known]
    if not unknown:
        return []
    ids = await store.tracks.find_ids([track for _, track in unknown])
    catalogue = await store.tracks.get_many(ids)
    return [
        FavouriteTrack(
            id=id_,
            favour=favour,
            artist_ids=tuple(map(artist_id, track.artists)),
            tags=catalogue[id_].tags if id_ in catalogue else (),
        )
        for id_, (favour, track) in zip(ids, unknown, strict=True)
    ]
