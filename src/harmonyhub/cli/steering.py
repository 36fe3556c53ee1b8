"""Options that steer a list: knobs, words, and what a radio starts from."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harmonyhub.domain.ids import ArtistId, TrackId
from harmonyhub.domain.recommendations import ListName

if TYPE_CHECKING:
    from harmonyhub.domain.knobs import Wish

Command = TypeVar("Command", bound=Callable[..., Any])

LEANING = click.FloatRange(-1, 1)
OPTIONS = (
    click.option("--words", default="", help="What is wanted: “calm instrumental 90s, no X”."),
    click.option("--new", type=LEANING, default=0.0, help="From -1, known, to 1, new artists."),
    click.option("--rare", type=LEANING, default=0.0, help="From -1, popular, to 1, rare."),
    click.option("--varied", type=LEANING, default=0.0, help="From -1, much of one, to 1, varied."),
    click.option(
        "--balanced", type=click.FloatRange(0, 1), default=0.0, help="To 1, tags as in what I play."
    ),
    click.option("--energy", type=LEANING, default=0.0, help="From -1, calm, to 1, energetic."),
    click.option("--mood", type=LEANING, default=0.0, help="From -1, dark, to 1, bright."),
    click.option("--tempo", help="Only analysed tracks of 120, or 90-120, beats per minute."),
    click.option("--with-tag", multiple=True, help="Only tracks with this tag."),
    click.option("--without-tag", multiple=True, help="No track with this tag."),
    click.option("--without-artist", multiple=True, help="Nothing by this artist."),
    click.option("--without-track", multiple=True, help="Not this track, by its id."),
    click.option("--track", multiple=True, help="A track's id to start from, for more-like-this."),
    click.option("--artist", multiple=True, help="An artist to start from, for more-like-this."),
    click.option("--after", default="", help="The `more` of the list before, to go on."),
)


def wish_options(command: Command) -> Command:
    """Give a command the options that `make_wish` reads."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def make_wish(list_name: ListName, options: Mapping[str, Any]) -> "Wish":
    """Read the options of `wish_options`.

    Raises
    ------
    click.UsageError
        If what to start from does not fit the list.
    """
    from harmonyhub.domain.knobs import Knobs, Wish, parse_tempo

    seeds = options["track"] or options["artist"]
    is_seeded = list_name is ListName.MORE_LIKE_THIS
    if (seeds and not is_seeded) or (is_seeded and not (seeds or options["words"].strip())):
        raise click.UsageError(
            "--track and --artist go with --list more-like-this, and it needs one of them."
        )
    return Wish(
        words=options["words"],
        knobs=Knobs(
            **{
                name: options[name]
                for name in ("new", "rare", "varied", "balanced", "energy", "mood")
            },
            tempo_bpm=parse_tempo(options["tempo"]) if options["tempo"] else None,
            with_tags=options["with_tag"],
            without_tags=options["without_tag"],
            without_artists=tuple(map(ArtistId, options["without_artist"])),
            without_tracks=tuple(map(TrackId, options["without_track"])),
        ),
        track_ids=tuple(map(TrackId, options["track"])),
        artists=options["artist"],
        after=options["after"],
    )
