"""The words of titles and names as the search compares them."""

import re
import unicodedata

WORD = re.compile(r"\w+")


def search_words(text: str) -> list[str]:
    """Take a text apart into words without case and accents, in their order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
