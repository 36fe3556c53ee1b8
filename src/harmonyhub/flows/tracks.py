"""One track by its id, for the flows that need it to be there."""

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import TrackId
from harmonyhub.domain.music import Track
from harmonyhub.wiring.house import House


async def load_track(house: House, track_id: TrackId) -> Track:
    """Load a track; the id of one that was merged leads to the one that stayed.

    Raises
    ------
    NotFoundError
        If there is no such track.
    """
    track = await house.store.tracks.get(track_id)
    if track is None:
        raise NotFoundError(
            f"There is no track {track_id}.",
            hint="Tracks are named by their ids: search by title on the page Tracks, or with "
            "GET /api/v1/tracks?q=TITLE.",
        )
    return track
