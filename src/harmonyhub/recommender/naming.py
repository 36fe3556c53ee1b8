"""Names that people write, looked up among the artists and tags of an index."""

from difflib import get_close_matches

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.identity import artist_id
from harmonyhub.domain.ids import ArtistId
from harmonyhub.recommender.index import ServingIndex

LENGTHS_APART = 2  # a slip adds or loses a letter or two
LIKENESS_MIN = 0.7  # "depech mod" is "Depeche Mode", "rock" is no "funk"


def find_artist(name: str, index: ServingIndex) -> ArtistId | None:
    """Find an artist by id or by name, in any spelling that is one identity."""
    text = name.strip()
    if not text:
        return None
    for artist in (ArtistId(text), artist_id(text)):
        if artist in index.artist_place_of:
            return artist
    return None


def find_tag(name: str, index: ServingIndex) -> str | None:
    """Find a tag, in upper or lower case."""
    tag = " ".join(name.lower().split())
    return tag if tag in index.tag_place_of else None


def find_nearest(name: str, index: ServingIndex) -> str | None:
    """Find the tag or artist that somebody who wrote a name may have meant."""
    word = name.casefold()
    near = {
        one.casefold(): one
        for names in (index.artist_names, index.tags)  # a tag wins over an artist of that name
        for one in names
        if abs(len(one) - len(word)) <= LENGTHS_APART and one[:1].casefold() == word[:1]
    }
    found = get_close_matches(word, near, n=1, cutoff=LIKENESS_MIN)
    return near[found[0]] if found else None


def need_artist(name: str, index: ServingIndex) -> ArtistId:
    """Find an artist who must be there.

    Raises
    ------
    RefusedInputError
        If nobody of that name is in the live index.
    """
    found = find_artist(name, index)
    if found is None:
        raise _refuse("artist", name, index)
    return found


def need_tag(name: str, index: ServingIndex) -> str:
    """Find a tag that must be there.

    Raises
    ------
    RefusedInputError
        If no track of the live index has it.
    """
    found = find_tag(name, index)
    if found is None:
        raise _refuse("tag", name, index)
    return found


def _refuse(what: str, name: str, index: ServingIndex) -> RefusedInputError:
    nearest = find_nearest(name, index)
    others = f"Name another {what}; what was imported lately is known after the next training."
    return RefusedInputError(
        f"No {what} “{name}” is known here.",
        hint=f"Did you mean “{nearest}”?" if nearest else others,
    )
