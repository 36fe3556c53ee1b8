"""What steers a list, out of the parameters of an address: the same for API and pages."""

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import ArtistId, TrackId
from harmonyhub.domain.knobs import Knobs, Wish, check_count, parse_tempo
from harmonyhub.domain.recommendations import ListName
from harmonyhub.recommender.words import WORDS_LONGEST

Names = list[str]

WishHere = NamedDependency[SkipValidation[Wish]]


async def provide_wish(
    *,
    words: Annotated[
        str,
        QueryParameter(
            max_length=WORDS_LONGEST,
            description="What is wanted, in words: “calm instrumental 90s, nothing with X”.",
        ),
    ] = "",
    new: Annotated[
        float, QueryParameter(ge=-1, le=1, description="From -1, known, to 1, new artists.")
    ] = 0,
    rare: Annotated[
        float, QueryParameter(ge=-1, le=1, description="From -1, popular, to 1, rare.")
    ] = 0,
    varied: Annotated[
        float, QueryParameter(ge=-1, le=1, description="From -1, much of one artist, to 1.")
    ] = 0,
    balanced: Annotated[
        float, QueryParameter(ge=0, le=1, description="To 1, tags as in what the user plays.")
    ] = 0,
    energy: Annotated[
        float, QueryParameter(ge=-1, le=1, description="From -1, calm, to 1, energetic.")
    ] = 0,
    mood: Annotated[
        float, QueryParameter(ge=-1, le=1, description="From -1, dark, to 1, bright.")
    ] = 0,
    tempo: Annotated[
        str, QueryParameter(description="Only analysed tracks of 120, or 90-120, beats per minute.")
    ] = "",
    with_tag: Annotated[
        Names | None, QueryParameter(description="Only tracks with this tag; may be given again.")
    ] = None,
    without_tag: Annotated[
        Names | None, QueryParameter(description="No track with this tag; may be given again.")
    ] = None,
    without_artist: Annotated[
        Names | None, QueryParameter(description="Nothing by this artist, by name or id.")
    ] = None,
    without_track: Annotated[
        Names | None, QueryParameter(description="Not this track, nor its versions, by id.")
    ] = None,
    after: Annotated[
        str, QueryParameter(description="The `more` of an answer: go on after what it gave.")
    ] = "",
) -> Wish:
    """Read what steers a list."""
    knobs = Knobs(
        new=new,
        rare=rare,
        varied=varied,
        balanced=balanced,
        energy=energy,
        mood=mood,
        tempo_bpm=parse_tempo(tempo) if tempo.strip() else None,
        with_tags=_filled(with_tag),
        without_tags=_filled(without_tag),
        without_artists=tuple(map(ArtistId, _filled(without_artist))),
        without_tracks=tuple(map(TrackId, _filled(without_track))),
    )
    return Wish(words=words.strip(), knobs=knobs, after=after)


def check_seeds(
    list_name: ListName, wish: Wish, *, tracks: Names | None, artists: Names | None
) -> Wish:
    """Add what a list starts from: needed for more-like-this, refused for any other.

    Raises
    ------
    RefusedInputError
        If it does not fit the list.
    """
    seeds = [*_filled(tracks), *_filled(artists)]
    check_count("track and artist", tuple(seeds))
    if seeds and list_name is not ListName.MORE_LIKE_THIS:
        raise RefusedInputError(
            f"The list {list_name.value} starts from no track and no artist.",
            hint="Leave track and artist out, or ask for list=more-like-this.",
        )
    if list_name is ListName.MORE_LIKE_THIS and not (seeds or wish.words):
        raise RefusedInputError(
            "The list more-like-this starts from tracks or artists.",
            hint="Add track=ID or artist=NAME to the address; several make a radio.",
        )
    return start_from(wish, tracks=_filled(tracks), artists=_filled(artists))


def start_from(wish: Wish, *, tracks: tuple[str, ...], artists: tuple[str, ...]) -> Wish:
    """Add tracks and artists to start from."""
    return Wish(
        words=wish.words,
        knobs=wish.knobs,
        track_ids=tuple(map(TrackId, tracks)),
        artists=artists,
        after=wish.after,
    )


def _filled(names: Names | None) -> tuple[str, ...]:
    """Drop what a form sends for fields left empty."""
    return tuple(name.strip() for name in names or () if name.strip())
