"""What a file seems to be that we do not read, in words for the person who dropped it."""

from typing import Final

WHAT_WE_READ: Final = (
    "We read: Spotify extended streaming history (the ZIP as downloaded, or its JSON files), "
    "Spotify account data, ListenBrainz exports, Last.fm CSV or JSON, Exportify CSV."
)

_MAGIC: Final = (
    (b"%PDF", "a PDF"),
    (b"PK", "a ZIP inside a ZIP or a damaged ZIP"),
    (b"\x1f\x8b", "a gzip file: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"ID3", "an audio file: `harmonyhub analyse` reads those"),
    (b"fLaC", "an audio file: `harmonyhub analyse` reads those"),
    (b"OggS", "an audio file: `harmonyhub analyse` reads those"),
    (b"SQLite format 3", "a database"),
)
_OPENINGS: Final = (
    (b"<!doctype html", "a web page: perhaps the page was saved in place of the download"),
    (b"<html", "a web page: perhaps the page was saved in place of the download"),
    (b"<", "XML"),
    (b"[]", "a JSON list without any record"),
    (b"[", "JSON of another kind, or cut off within its first record"),
    (b"{", "JSON of another kind, or cut off within its first record"),
)


def describe_unknown(head: bytes) -> str:
    """Say what a file seems to be by its first bytes, without quoting any of them."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    text = head.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return "empty"
    start = text[:200].lower()
    for opening, words in _OPENINGS:
        if start.startswith(opening):
            return words
    is_binary = b"\0" in text or sum(byte < 9 for byte in text[:1000]) > 10
    return "binary data" if is_binary else "text or a table with other columns"
