"""Measures the very lists that listeners get: what they find, their caps, their reasons."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.quality import ServedLists
from harmonyhub.domain.recommendations import (
    ListName,
    Recommendation,
    RecommendationRequest,
)
from harmonyhub.recommender.future import Listener
from harmonyhub.recommender.future_quality import stack_places
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.list_shape import LIST_LENGTH, background_of, describe_lists
from harmonyhub.recommender.metrics import MetricArray, estimate
from harmonyhub.recommender.pipeline import recommend
from harmonyhub.recommender.profile import build_profile
from harmonyhub.recommender.reranking import ARTIST_CAP, RELEASE_CAP
from harmonyhub.recommender.verifying import count_verified

MOST_LISTENERS = 300  # asked for both lists
MOST_CHECKED = 20  # of them; every reason of theirs is another profile and another scoring
ASKER = UserId("evaluation")

Cards = Sequence[Recommendation]


def measure_served(
    index: ServingIndex,
    listeners: Sequence[Listener],
    *,
    rng: np.random.Generator,
    on_done: Callable[[int], None],
) -> tuple[ServedLists, ...]:
    """Ask for For you and Discover as a page does, for up to 300 listeners.

    Parameters
    ----------
    index : ServingIndex
        It has not learned from the future of these listeners.
    on_done : callable
        Told how many lists are done.
    """
    chosen = listeners[:MOST_LISTENERS]
    measured = []
    for number, name in enumerate((ListName.FOR_YOU, ListName.DISCOVER)):
        made = []
        for place, listener in enumerate(chosen):
            made.append(_ask(index, listener, name))
            on_done(number * len(chosen) + place + 1)
        measured.append(_describe(name, made, chosen, index=index, rng=rng))
    return tuple(measured)


def _ask(index: ServingIndex, listener: Listener, name: ListName) -> Cards:
    request = RecommendationRequest(ASKER, name, LIST_LENGTH, now=listener.moment)
    return recommend(request, profile=build_profile(listener.given, index), index=index).items


def _describe(
    name: ListName,
    made: Sequence[Cards],
    listeners: Sequence[Listener],
    *,
    index: ServingIndex,
    rng: np.random.Generator,
) -> ServedLists:
    places = [index.places(card.track.id for card in cards) for cards in made]
    lists = np.full((len(made), LIST_LENGTH), -1)
    for row, of_list in zip(lists, places, strict=True):
        row[: len(of_list)] = of_list
    given = [index.places(listener.given.track_ids) for listener in listeners]
    crowds = [_crowd(of_list.tolist(), index) for of_list in places]
    found = _recall(made, listeners, name=name)
    checked = list(zip(made, listeners, strict=True))[:MOST_CHECKED]
    return ServedLists(
        name=name.value,
        n_lists=sum(len(cards) > 0 for cards in made),
        n_tracks=sum(len(cards) for cards in made),
        recall_at_20=estimate(found, rng) if len(found) else None,
        shape=describe_lists(
            lists, stack_places(given, n_items=index.n_tracks), background_of(index), rng=rng
        ),
        most_of_release=max(release for release, _, _ in crowds),
        most_of_artist=max(artist for _, artist, _ in crowds),
        n_over_caps=sum(
            n_artists > 1 and (release > RELEASE_CAP or artist > ARTIST_CAP)
            for release, artist, n_artists in crowds
        ),
        n_checked=sum(len(cards) for cards, _ in checked),
        n_verified=sum(
            count_verified(
                cards, list_name=name, history=listener.given, now=listener.moment, index=index
            )
            for cards, listener in checked
        ),
    )


def _crowd(items: Sequence[int], index: ServingIndex) -> tuple[int, int, int]:
    """Count the most tracks of one release, the most of one artist, and the artists."""
    releases = Counter(code for item in items if (code := int(index.releases[item])) >= 0)
    artists = Counter(artist for item in items for artist in index.artists_of(item))
    return max(releases.values(), default=0), max(artists.values(), default=0), len(artists)


def _recall(made: Sequence[Cards], listeners: Sequence[Listener], *, name: ListName) -> MetricArray:
    """Look for what was to be found, where there was something."""
    found: list[float] = []
    for cards, listener in zip(made, listeners, strict=True):
        wanted = _wanted(listener, name)
        if wanted:
            n_found = sum(card.track.id in wanted for card in cards)
            found.append(n_found / min(len(wanted), LIST_LENGTH))
    return np.array(found)


def _wanted(listener: Listener, name: ListName) -> frozenset[TrackId]:
    if name is ListName.DISCOVER:
        return listener.future.difference(listener.given.track_ids)
    return listener.future
