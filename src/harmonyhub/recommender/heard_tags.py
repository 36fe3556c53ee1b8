"""Tags that were heard in audio: laid onto those that sources tell, and told apart in words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from harmonyhub.domain.sound import TrackSound
from harmonyhub.domain.sound_tags import SoundTag, name_tags
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray


class TagSource(NamedTuple):
    """Where some tracks have a tag from: what is true of any of them.

    Attributes
    ----------
    told, heard : bool
        A source told it, or none did and the analysis heard it.
    itself, kind : bool
        They have the very tag, or only a kind of it, see `tag_kinds`.
    """

    told: bool
    heard: bool
    itself: bool = True
    kind: bool = False


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
    tag: int, items: IntArray, *, index: ServingIndex, elsewhere: Collection[int] = (), kinds: bool
) -> TagSource:
    """Say where some tracks have a tag from.

    Parameters
    ----------
    items : int32 array
        Each has the tag or, if `kinds` count, a kind of it.
    elsewhere : collection of int
        Tags that a source tells of tracks beyond the index that are meant too.
    """
    if not len(index.heard_entries):
        return TagSource(told=True, heard=False)
    tags = [tag, *(index.kinds.get(tag, ()) if kinds else ())]
    has = index.item_tags[items][:, tags].toarray() > 0
    is_told = has & (index.heard_tags[items][:, tags].toarray() == 0)
    beyond = not set(tags).isdisjoint(elsewhere)
    return TagSource(
        told=beyond or bool(is_told.any()),
        heard=bool((~is_told.any(axis=1)).any()),
        itself=tag in elsewhere or bool(has[:, 0].any()),
        kind=(beyond and tag not in elsewhere) or bool((~has[:, 0]).any()),
    )


def say_tag(name: str, *, is_heard: bool, of: str, source: TagSource) -> str:
    """Say that a track has a tag, told or heard, as other tracks have it from a source."""
    both = source.told and source.heard
    if not is_heard:
        link = "which the analysis hears in" if source.heard else "like"
    elif source.kind:
        link = "a tag of" if source.told else "heard in"
    else:
        link = "a tag of" if source.told else "as in"
    link = "the tag or the sound of" if both else link
    if is_heard and source.kind:
        link = f"{'which or ' if source.itself else ''}a kind of which is {link}"
    start = f"The analysis hears “{name}” in it" if is_heard else f"Tagged “{name}”"
    return f"{start}, {link} {of}."


def say_having(tag: str, index: ServingIndex) -> str:
    """Say what tracks are that have a tag: tagged, or also heard where the analysis heard it."""
    place = index.tag_place_of.get(tag, -1)
    is_heard = place >= 0 and index.is_heard(index.tracks_tagged(place), place).any()
    return f"tagged or heard as “{tag}”" if is_heard else f"tagged “{tag}”"


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
