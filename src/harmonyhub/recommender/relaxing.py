"""What a wish in words may become where it leaves too few tracks: less, in a stated order.

Only what words asked for gives way; what was given by itself stays.

1. A tag that is a word for a mood too ("calm") becomes the measured knob, and tracks that carry the
   tag have the mood all the same. Where nothing is analysed that helps only against an empty list.
2. Where nothing is left at all, the tempo goes,
3. then tags, the last named first, but for one: a list without any would not be near to the wish.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import RecommendationList, RecommendationRequest
from harmonyhub.recommender.heard_tags import say_having
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.words import Understood

ENOUGH: Final = 5  # tracks: with fewer there is not much to listen to


@dataclass(frozen=True, slots=True)
class Retreat:
    """A wish that asks for less than it said, for lists that would hold fewer than `enough`.

    `relaxed` says in words what it does not insist on.
    """

    knobs: Knobs
    relaxed: tuple[str, ...]
    enough: int = 1


def plan_retreats(
    heard: Understood, turned: Knobs, *, joined: Knobs, index: ServingIndex
) -> tuple[Retreat, ...]:
    """List what a wish may become, the nearest to it first.

    `joined` is the whole wish, of which `turned` was given by itself and the rest in words.
    """
    relaxed: tuple[str, ...] = ()
    retreats = []
    for step in _retreat(heard, turned, joined=joined, index=index):
        relaxed += step.relaxed
        retreats.append(replace(step, relaxed=relaxed))
    return tuple(retreats)


def relax(
    recommend: Callable[[RecommendationRequest], RecommendationList],
    request: RecommendationRequest,
    *,
    retreats: Sequence[Retreat],
) -> tuple[RecommendationList, tuple[str, ...]]:
    """Recommend, asking for less as long as too few tracks are left and asking for less has more.

    Returns
    -------
    (RecommendationList, tuple of str)
        The list, and what it does not insist on.
    """
    listed = recommend(request)
    relaxed: tuple[str, ...] = ()
    for retreat in retreats:
        if len(listed.items) >= min(retreat.enough, request.n):
            break
        wider = recommend(replace(request, knobs=retreat.knobs))
        if len(wider.items) > len(listed.items):
            listed, relaxed = wider, retreat.relaxed
    return listed, relaxed


def _retreat(
    heard: Understood, turned: Knobs, *, joined: Knobs, index: ServingIndex
) -> Iterator[Retreat]:
    """Ask for less step by step; each `relaxed` tells of its own step only."""
    knobs = joined
    free = [tag for tag in joined.with_tags if tag not in turned.with_tags]
    moods = [tag for tag in free if tag in heard.moods]
    is_analysed = len(index.sounds.items) > 0
    if moods and (is_analysed or len(moods) < len(joined.with_tags)):
        knobs = _soften(knobs, moods, heard)
        said = tuple(f"“{tag}” as it sounds, or by tag" for tag in moods)
        yield Retreat(knobs, said, ENOUGH if is_analysed else 1)
    if heard.tempo_bpm and not turned.tempo_bpm and joined.with_tags:
        knobs = replace(knobs, tempo_bpm=None)
        yield Retreat(knobs, ("at any tempo",))
    for tag in reversed(free):
        if tag in knobs.with_tags and len(knobs.with_tags) > 1:
            others = tuple(one for one in knobs.with_tags if one != tag)
            knobs = replace(knobs, with_tags=others)
            yield Retreat(knobs, (f"also what is not {say_having(tag, index)}",))


def _soften(knobs: Knobs, moods: Sequence[str], heard: Understood) -> Knobs:
    """Turn the knobs of moods, unless they are turned, instead of asking for their tags."""
    turns = dict(heard.moods[tag] for tag in moods)
    return replace(
        knobs,
        energy=knobs.energy or turns.get("energy", 0.0),
        mood=knobs.mood or turns.get("mood", 0.0),
        with_tags=tuple(tag for tag in knobs.with_tags if tag not in moods),
        mood_tags=tuple(moods),
    )
