"""Tracks: facts, search, and their analysis."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter

from harmonyhub.analysis.track import to_json_object
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import TrackId
from harmonyhub.flows.analyse import load_track_page, submit_analysis
from harmonyhub.flows.mix import MOST_TRACKS, Mix, order_mix
from harmonyhub.flows.similar import SimilarSounds, find_similar
from harmonyhub.web.requests import DEFAULT_USER, HouseHere, parse_user
from harmonyhub.web.schemas import JobView, TrackList, TrackView
from harmonyhub.web.uploads import BODY_BYTES_MAX, received_upload
from harmonyhub.web.views import search_tracks


class TrackRoutes(Controller):
    """The catalogue and what was measured."""

    tags = ("tracks",)

    @get("/tracks", summary="Search tracks by title and artist")
    async def list_tracks(
        self,
        *,
        house: HouseHere,
        q: Annotated[str, QueryParameter(max_length=200)] = "",
        n: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
    ) -> TrackList:
        """Find tracks whose title or artist has the words of `q`."""
        found = await search_tracks(house, text=q, n=n)
        return TrackList(items=[TrackView.of(track) for track in found])

    @get("/tracks/{track_id:str}", summary="One track")
    async def show_track(self, *, house: HouseHere, track_id: FromPath[str]) -> TrackView:
        """Show what is known of a track; an id that was merged into another leads there."""
        page = await load_track_page(house, user_id=DEFAULT_USER, track_id=TrackId(track_id))
        return TrackView.of(page.track)

    @get("/tracks/{track_id:str}/analysis", summary="The analysis of a track")
    async def show_analysis(
        self, *, house: HouseHere, track_id: FromPath[str]
    ) -> dict[str, object]:
        """Show the numbers, each with unit, method and confidence under `measurements`."""
        page = await load_track_page(house, user_id=DEFAULT_USER, track_id=TrackId(track_id))
        if page.analysis is None:
            raise NotFoundError(
                f"The track {track_id} has no analysis yet.",
                hint=f"POST its audio to /api/v1/analyses with track={track_id}.",
            )
        return to_json_object(page.analysis)

    @get("/tracks/{track_id:str}/similar", summary="Tracks that sound like one")
    async def show_similar(
        self,
        *,
        house: HouseHere,
        track_id: FromPath[str],
        n: Annotated[int, QueryParameter(ge=1, le=100)] = 10,
    ) -> SimilarSounds:
        """Find the analysed tracks that sound most like one, the nearest first, and say in what."""
        return await find_similar(house, track_id=TrackId(track_id), n=n)

    @get("/mixes", summary="An order in which tracks mix well")
    async def show_mix(
        self,
        *,
        house: HouseHere,
        track: Annotated[list[str], QueryParameter(min_items=1, max_items=MOST_TRACKS)],
        keep_first: FromQuery[bool] = False,
    ) -> Mix:
        """Order analysed tracks by key, tempo and energy; `track` stands once for each."""
        ids = [TrackId(one) for one in track]
        return await order_mix(house, track_ids=ids, keep_first=keep_first)

    @post(
        "/analyses",
        summary="Analyse an audio file",
        request_max_body_size=BODY_BYTES_MAX,
        status_code=202,
        responses={202: ResponseSpec(JobView, description="Queued")},
    )
    async def add_analysis(
        self, *, house: HouseHere, request: Request[Any, Any, Any]
    ) -> Response[JobView]:
        """Take audio as the multipart field `file` and queue its analysis.

        The fields `track` and `user` are optional.
        mp3, flac, ogg, opus, m4a, wav and more. Without `track` the file's own tags name it.
        """
        async with received_upload(request, spool_dir=house.spool_dir) as upload:
            track_id = TrackId(upload.fields["track"]) if upload.fields.get("track") else None
            user_id = parse_user(upload.fields.get("user") or DEFAULT_USER)
            if track_id is not None:
                await load_track_page(house, user_id=user_id, track_id=track_id)
            job = await submit_analysis(
                house,
                path=upload.path,
                file_name=upload.file_name,
                user_id=user_id,
                track_id=track_id,
            )
        return Response(
            JobView.of(job), status_code=202, headers={"Location": f"/api/v1/jobs/{job.id}"}
        )
