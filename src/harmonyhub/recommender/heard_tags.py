"""Tags that were heard in audio: laid onto those that sources tell, and told apart in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto

import numpy as np
from scipy import sparse

from harmonyhub.domain.sound import TrackSound
from harmonyhub.domain.sound_tags import SoundTag, name_tags
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray


class TagSource(Enum):
    """Where some tracks have a tag from."""

    TOLD = auto()
    HEARD = auto()
    BOTH = auto()


def lay_heard_tags(index: ServingIndex, heard: Iterable[TrackSound]) -> ServingIndex:
    """Lay what was heard onto the tags of an index, which is the same one where nothing was.

    A heard tag counts by its score beside told ones, each by its rarity: a told one among all
    tracks, a heard one among those that anything was heard in, since no other could have it. What
    is both told and heard is told.
    """
    by_place = {
        index.place_of[one.track_id]: names
        for one in heard
        if one.track_id in index.place_of and (names := name_tags(one.facts.heard_tags))
    }
    if not by_place:
        return index
    tags, scores = _to_matrix(by_place, index)
    told = _mark(index.item_tags, scores.shape)
    rare_told = _rarity(told, n_tracks=index.n_tracks)
    rare_heard = _rarity(scores, n_tracks=len(by_place))
    weights = _scale(told, rare_told).maximum(_scale(scores, rare_heard))
    whole = _scale(told, rare_told).maximum(_scale(_mark(scores, scores.shape), rare_heard))
    sums = np.asarray(whole.sum(axis=1)).ravel()
    item_tags = sparse.csr_matrix(weights, dtype=np.float32)
    item_tags.sort_indices()
    rows = np.repeat(np.arange(index.n_tracks), np.diff(item_tags.indptr))
    item_tags.data /= sums[rows].astype(np.float32)
    is_told = np.asarray(told[rows, item_tags.indices]).ravel() > 0
    return replace(
        index,
        tags=tags,
        item_tags=item_tags,
        heard_entries=np.flatnonzero(~is_told).astype(np.int32),
    )


def find_source(
    tag: int, items: IntArray, *, index: ServingIndex, has_told: bool = False
) -> TagSource:
    """Say where some tracks of a tag have it from; `has_told` if others are told to have it."""
    is_heard = index.is_heard(items, tag)
    if not is_heard.any():
        return TagSource.TOLD
    return TagSource.HEARD if is_heard.all() and not has_told else TagSource.BOTH


def say_tag(name: str, *, is_heard: bool, of: str, source: TagSource) -> str:
    """Say that a track has a tag, told or heard, as other tracks have it from a source."""
    if is_heard:
        links = {TagSource.TOLD: "a tag of", TagSource.HEARD: "as in"}
        return f"The analysis hears “{name}” in it, {links.get(source, EITHER)} {of}."
    links = {TagSource.TOLD: "like", TagSource.HEARD: "which the analysis hears in"}
    return f"Tagged “{name}”, {links.get(source, EITHER)} {of}."


EITHER = "the tag or the sound of"


def _to_matrix(
    by_place: Mapping[int, Sequence[SoundTag]], index: ServingIndex
) -> tuple[list[str], sparse.csr_matrix]:
    """Give all tags, those that nobody told last, and the scores, tracks x tags."""
    column_of = _find_spellings(index)
    tags = list(index.tags)
    rows, columns, scores = [], [], []
    for place in sorted(by_place):
        for tag in by_place[place]:
            letters = _letters(tag.name)
            if letters not in column_of:
                column_of[letters] = len(tags)
                tags.append(tag.name)
            rows.append(place)
            columns.append(column_of[letters])
            scores.append(tag.score)
    shape = (index.n_tracks, len(tags))
    return tags, sparse.csr_matrix((np.array(scores, np.float32), (rows, columns)), shape=shape)


def _find_spellings(index: ServingIndex) -> dict[str, int]:
    """Find the column of each tag by its letters; of two spellings the commoner one's."""
    frequency = np.bincount(index.item_tags.indices, minlength=len(index.tags))
    return {_letters(index.tags[tag]): tag for tag in np.argsort(frequency, kind="stable").tolist()}


def _letters(name: str) -> str:
    """Leave of a tag what all spellings share: "hip-hop" is "hip hop", "r&b" is "rnb"."""
    return "".join(letter for letter in name.replace("&", "n") if letter.isalnum())


def _rarity(tagged: sparse.csr_matrix, *, n_tracks: int) -> FloatArray:
    """Give log(1 + tracks / tracks with the tag), as `labels` does, of each tag."""
    frequency = np.bincount(tagged.indices, minlength=tagged.shape[1])
    return np.asarray(np.log1p(n_tracks / np.maximum(frequency, 1)), dtype=np.float32)


def _scale(matrix: sparse.csr_matrix, by: FloatArray) -> sparse.csr_matrix:
    """Multiply each column."""
    scaled = matrix.astype(np.float32)
    scaled.data *= by[scaled.indices]
    return scaled


def _mark(matrix: sparse.csr_matrix, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Put 1 where anything stands."""
    ones = np.ones(matrix.nnz, dtype=np.float32)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=shape)
