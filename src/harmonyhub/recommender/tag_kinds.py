"""Kinds of tags: "heavy metal" is a kind of "metal", by the word that it ends with."""

from collections.abc import Iterable, Mapping, Sequence


def find_kinds(tags: Sequence[str], wanted: Iterable[int]) -> Mapping[int, Sequence[int]]:
    """Find, for some of the tags, those that end with its words after one of their own.

    Those without any kind are left out. Hyphens part words as blanks do: "synth-pop" is pop.
    """
    by_end: dict[tuple[str, ...], list[int]] = {}
    for place, tag in enumerate(tags):
        words = _words(tag)
        for start in range(1, len(words)):
            by_end.setdefault(words[start:], []).append(place)
    return {place: kinds for place in wanted if (kinds := by_end.get(_words(tags[place])))}


def _words(tag: str) -> tuple[str, ...]:
    return tuple(tag.replace("-", " ").split())
