"""Listens that no training learns from, so that two indexes can be judged on them fairly."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.history import CatalogueEntry, Interactions
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import place_pairs

MILLION = 1_000_000
MOST_PPM = 50_000  # one pair in twenty
MOST_PAIRS = 20_000  # more make the interval no narrower than anybody needs: decisions/0017
FEWEST_PAIRS = 2_000  # of fewer, one in twenty decides nothing, and learning loses most


def share_held_out(n_pairs: int) -> int:
    """Decide which share of all pairs of listener and track is held out, in parts per million."""
    if n_pairs < FEWEST_PAIRS:
        return 0
    return min(MOST_PPM, MOST_PAIRS * MILLION // n_pairs)


def mark_held_out(interactions: Interactions, ppm: int) -> NDArray[np.bool_]:
    """Mark the pairs that are held out.

    It follows from the two ids alone: a pair that is held out today was held out at every training
    with the same or a larger share, and will be.
    """
    if ppm == 0:
        return np.zeros(len(interactions.plays), dtype=np.bool_)
    users = _digest(interactions.user_ids)[interactions.user_index]
    tracks = _digest(interactions.track_ids)[interactions.track_index]
    return np.asarray(_scramble(users ^ _scramble(tracks)) % np.uint64(MILLION) < ppm)


def drop_pairs(interactions: Interactions, is_dropped: NDArray[np.bool_]) -> Interactions:
    """Leave out some pairs; the id lists stay."""
    kept = ~is_dropped
    return replace(
        interactions,
        user_index=interactions.user_index[kept],
        track_index=interactions.track_index[kept],
        plays=interactions.plays[kept],
        last_played_at=interactions.last_played_at[kept],
    )


def count_all(
    index: ServingIndex, interactions: Interactions, catalogue: Sequence[CatalogueEntry]
) -> ServingIndex:
    """Let an index count those too whom it was not allowed to learn from.

    Cards say how many listeners play a track; what is held out of learning is no less true.
    """
    place_of = {entry.id: place for place, entry in enumerate(catalogue)}
    columns = np.array([place_of.get(i, -1) for i in interactions.track_ids], dtype=np.int32)
    pairs = place_pairs(interactions, columns)
    listeners = np.bincount(pairs.track_index, minlength=index.n_tracks)
    return replace(
        index,
        listeners=listeners.astype(np.int32),
        n_users=len(np.unique(pairs.user_index)),
        n_listens=int(pairs.plays.sum()),
    )


def _digest(ids: Iterable[str]) -> NDArray[np.uint64]:
    """Give each id 64 bits that are the same in every process, unlike `hash`."""
    digests = [hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _scramble(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of each value (Steele et al. 2014, SplitMix64)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
