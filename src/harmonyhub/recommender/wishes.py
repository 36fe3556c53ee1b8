"""Wishes: words, knobs and names of a request, made into what the pipeline takes."""

from dataclasses import dataclass, fields, replace
from typing import Any

from harmonyhub.domain.knobs import NO_KNOBS, Knobs, Seeds, Wish
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.naming import need_artist, need_tag
from harmonyhub.recommender.relaxing import Retreat, plan_retreats
from harmonyhub.recommender.statement import say_knobs
from harmonyhub.recommender.words import understand


@dataclass(frozen=True, slots=True)
class Reading:
    """What a wish came to, and in words what was understood and what was not.

    `retreats` are what the wish may become where it leaves too few tracks.
    """

    knobs: Knobs
    seeds: Seeds
    understood: tuple[str, ...]
    not_understood: tuple[str, ...]
    retreats: tuple[Retreat, ...]


def read_wish(wish: Wish, index: ServingIndex) -> Reading:
    """Look names up and join what the words say with the knobs, which win over words.

    Raises
    ------
    RefusedInputError
        If a tag or artist that is named by itself is not known; unknown words are only told.
    """
    heard = understand(wish.words, index)
    turned = _look_up(wish.knobs, index)
    knobs = _join(heard.knobs, turned)
    artists = [need_artist(name, index) for name in wish.artists]
    seeds = Seeds(wish.track_ids, tuple(dict.fromkeys([*artists, *heard.seed_artists])))
    names = [index.artist_names[index.artist_place_of[one]] for one in seeds.artist_ids]
    return Reading(
        knobs=knobs,
        seeds=seeds,
        understood=(*(f"like {name}" for name in names), *say_knobs(knobs, index)),
        not_understood=tuple(
            f"“{word}”" + (f": did you mean “{nearest}”?" if nearest else "")
            for word, nearest in heard.unknown.items()
        ),
        retreats=plan_retreats(heard, turned, joined=knobs, index=index),
    )


def _look_up(knobs: Knobs, index: ServingIndex) -> Knobs:
    if not knobs.is_set:
        return knobs
    return replace(
        knobs,
        with_tags=tuple(need_tag(name, index) for name in knobs.with_tags),
        without_tags=tuple(need_tag(name, index) for name in knobs.without_tags),
        without_artists=tuple(need_artist(name, index) for name in knobs.without_artists),
    )


def _join(words: Knobs, knobs: Knobs) -> Knobs:
    joined: dict[str, Any] = {}
    for one in fields(Knobs):
        said, turned = getattr(words, one.name), getattr(knobs, one.name)
        if isinstance(said, tuple) and one.name != "tempo_bpm":
            joined[one.name] = tuple(dict.fromkeys([*said, *turned]))
        else:
            joined[one.name] = said if turned == getattr(NO_KNOBS, one.name) else turned
    return Knobs(**joined)
