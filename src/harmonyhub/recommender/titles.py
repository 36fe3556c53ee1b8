"""Songs behind titles: versions of one song are told from different songs by their titles."""

import re

# " - 2011 Remaster", " (feat. X)", " [Live]": what stands behind the title names the version.
VERSION = re.compile(r"\s+-\s+.*$|\s*[(\[].*$")
SPACES = re.compile(r"\s+")


def song_key(title: str, artist: str) -> tuple[str, str]:
    """Return what all versions of one song by one artist share.

    Titles that are nothing but a bracket are kept as they are.
    """
    bare = VERSION.sub("", title).strip() or title
    return SPACES.sub(" ", bare).casefold(), artist.casefold()
