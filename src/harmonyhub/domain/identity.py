"""One identity over all sources: the keys under which a track is known, and ids made of names.

What is the same recording and what is not, with reasons:

- A remaster, a year, mono or stereo, deluxe, bonus, explicit or clean, "album version" and
  "original mix" name the same performance: they are dropped.
- Live, remix (with the remixer), acoustic, instrumental, demo, cover, karaoke, extended and the
  like are another recording: the words stay as a version marker. A radio edit has an ISRC of its
  own and stays apart too; "radio edit", "single edit" and "edit" are one marker.
- Guests ("feat. X") are dropped, since sources differ on whether they stand in the title, in the
  artist credit or nowhere. "with X" is dropped in brackets of a title only: "Sleeping With
  Sirens" is one artist.
- Words in brackets that are none of these stay in the title. So nothing but clutter and guests
  is ever lost from a key, and a wrong guess keeps two names apart instead of joining two songs.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from harmonyhub.domain.ids import ArtistId, IdentityKey, ReleaseId, TrackId
from harmonyhub.domain.music import TrackDescription

ID_BYTES: Final = 12  # 24 hexadecimal digits; two of 10^9 tracks collide with odds of 10^-11
CACHED_NAMES: Final = 32_768  # about 8 MB each; a listener's artists and titles repeat all the time

_LETTERS: Final = str.maketrans(  # letters that no decomposition opens
    "øłđðıħ",
    "olddih",
    "",
) | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}
_APOSTROPHES: Final = re.compile("['’‘`´ʼ]")  # noqa: RUF001 - the look-alikes are the point
_CENSORED_I: Final = re.compile(r"(?<=[a-z])!(?=[a-z])")  # P!nk
_NOT_ASCII_WORD: Final = re.compile(r"[^a-z0-9]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")  # not the marks of kana, Thai or Devanagari

_BRACKET: Final = re.compile(r"[(\[{【]([^()\[\]{}【】]*)(?:[)\]}】]|$)")
_DASH: Final = re.compile(r"\s+[-‐–—]\s+")  # noqa: RUF001 - titles use them all
_PARTS: Final = re.compile(r"[;/]")
_GUESTS: Final = re.compile(r"(?<=\S) (?:feat|ft|featuring) .+")
_CREDIT: Final = re.compile(r"(?:feat|ft|featuring|prod|produced) (?!.*remix$).+")
_WITH: Final = re.compile(r"with .+")
_THE: Final = re.compile(r"^(?:the )+(?=\S)")
_REMASTER: Final = re.compile(
    r"(?:\b(?:19|20)\d\d )?(?:\bdigital(?:ly)? )?"
    r"\bre ?master(?:ed|ing|isado|izado|izada|ise|isee|iserad)?\b"
    r"(?: (?:in )?(?:19|20)\d\d\b)?(?: version\b| edition\b| album version\b)?"
)
_SOUNDTRACK: Final = re.compile(r"from .*\b(?:soundtrack|film|movie|motion picture)\b.*")
_CLUTTER: Final = re.compile(
    r"(?:\d{1,3}(?:st|nd|rd|th)|(?:19|20)\d\d|album|anniversary|bonus|censored|clean|deluxe|digital"
    r"|dirty|edited|edition|ep|expanded|explicit|full|lp|lyrics?|main|mono|music|official|original"
    r"|soundtrack|special|standard|stereo|track|version|video)"
)
_ORIGINAL_MIX: Final = re.compile(r"(?:original|album|full)(?: (?:club|length))? mix")
_EDIT: Final = re.compile(
    r"(?:(?:radio|single|video|album|original|short|mix) )*edit"
    r"|radio (?:mix|version|edit version)|(?:7|7 inch) (?:edit|version)"
)
_LIVE: Final = re.compile(r"\b(?:ao|en|in|dal|al) vivo\b")
_ACOUSTIC: Final = re.compile(r"\bac(?:o?ustic[oa]|ustic|oustique|ustik|ustisch)\b")
_VERSION_WORD: Final = re.compile(
    r"\b(?:8d|a ?cappella|acapella|acoust\w*|acustic\w*|bootleg|cover|cut|demo|dub|edit|extended"
    r"|flip|instrumental\w*|karaoke|live|made famous|medley|mix|mixed|mashup|nightcore|orchestral"
    r"|performance|piano|recorded|refix|remake|remix|reprise|rerecorded|rework\w*|rmx|sessions?"
    r"|single|slowed|sped|style of|tribute|unplugged|version|vip)\b"
)


def identity_keys(description: TrackDescription) -> tuple[IdentityKey, ...]:
    """List every key under which a described track is known, the strongest first.

    Returns
    -------
    tuple of IdentityKey
        `isrc:`, `mbid:` and `spotify:` where the source tells them, and always
        `name:<artist>|<title>|<version markers>` last.
    """
    keys = []
    if description.isrc:
        keys.append(IdentityKey(f"isrc:{description.isrc.replace('-', '').upper()}"))
    if description.recording_mbid:
        keys.append(IdentityKey(f"mbid:{description.recording_mbid.lower()}"))
    if description.spotify_id:
        keys.append(IdentityKey(f"spotify:{description.spotify_id}"))
    title, markers = normalize_title(description.title)
    keys.append(IdentityKey(f"name:{normalize_artist(description.artists[0])}|{title}|{markers}"))
    return tuple(keys)


def track_id(keys: tuple[IdentityKey, ...]) -> TrackId:
    """Make a track's id from its name key, the last one; the same on every machine."""
    return TrackId("t" + _digest(keys[-1]))


@lru_cache(maxsize=CACHED_NAMES)
def artist_id(name: str) -> ArtistId:
    """Make an artist's id from the normalized name."""
    return ArtistId("a" + _digest(normalize_artist(name)))


@lru_cache(maxsize=CACHED_NAMES)
def release_id(artist: str, title: str) -> ReleaseId:
    """Make a release's id from its artist and title; editions of one release share it."""
    name, markers = normalize_title(title)
    return ReleaseId("r" + _digest(f"{normalize_artist(artist)}|{name}|{markers}"))


@lru_cache(maxsize=CACHED_NAMES)
def normalize_artist(name: str) -> str:
    """Reduce an artist credit to the main artist's bare name; never empty, idempotent."""
    folded = _fold(name)
    if folded.endswith(" the") and name.rstrip().casefold().endswith(", the"):
        folded = folded[:-4]
    alone = _THE.sub("", _GUESTS.sub("", folded)) if folded else ""
    return alone or _raw(name)


@lru_cache(maxsize=CACHED_NAMES)
def normalize_title(title: str) -> tuple[str, str]:
    """Split a title into its bare name and its version markers.

    Returns
    -------
    (str, str)
        The name, never empty, and the markers, sorted and joined by `+`, empty for the plain
        version.
    """
    head, *dashed = _DASH.split(title) if " " in title else [title]
    markers: set[str] = set()
    bracketed: list[str] = _BRACKET.findall(title) if not _BRACKET.sub("", head).strip() else []
    if bracketed:  # "(Untitled)": the brackets hold the name itself
        return _fold(title) or _raw(title), ""
    name = _BRACKET.sub(lambda match: _sift(match[1], markers=markers, may_credit=True), head)
    kept = [name]
    for segment in dashed:
        inner = _BRACKET.sub(
            lambda match: _sift(match[1], markers=markers, may_credit=True), segment
        )
        kept.append(_sift(inner, markers=markers, may_credit=False))
    folded = _GUESTS.sub("", _fold(" ".join(kept)))
    if not folded:
        return _fold(title) or _raw(title), ""
    return folded, "+".join(sorted(markers))


def _sift(segment: str, *, markers: set[str], may_credit: bool) -> str:
    """Take markers out of a segment and drop clutter; return what belongs to the name."""
    kept = []
    for part in _PARTS.split(segment):
        words = _fold(part)
        if not words or _CREDIT.fullmatch(words) or (may_credit and _WITH.fullmatch(words)):
            continue
        marker = _marker(words, quoted='"' in part)
        if marker is None:
            kept.append(part)
        elif marker:
            markers.add(marker)
    return f" {' '.join(kept)} " if kept else " "


def _marker(words: str, *, quoted: bool) -> str | None:
    """Say what a segment means: None a part of the name, "" clutter, else a version marker."""
    words = " ".join(_REMASTER.sub(" ", words).split())
    if all(_CLUTTER.fullmatch(word) for word in words.split()) or _ORIGINAL_MIX.fullmatch(words):
        return ""
    if _SOUNDTRACK.fullmatch(words) or (quoted and words.startswith("from ")):
        return ""
    if _EDIT.fullmatch(words):
        return "edit"
    words = _LIVE.sub("live", _ACOUSTIC.sub("acoustic", words))
    if not _VERSION_WORD.search(words):
        return None
    return words.removesuffix(" version").removeprefix("official ")


def _fold(text: str) -> str:
    """Lower case without accents and punctuation, words parted by one space; may be empty."""
    text = _APOSTROPHES.sub("", text)  # first: NFKD makes a space and an accent of the acute
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = _ACCENTS.sub("", text).translate(_LETTERS)
        text = unicodedata.normalize("NFC", text)
    else:
        text = text.lower()
    text = text.replace("&", " and ").replace("+", " and ").replace("$", "s")
    if "!" in text:
        text = _CENSORED_I.sub("i", text)
    if text.isascii():
        return _NOT_ASCII_WORD.sub(" ", text).strip()
    return " ".join("".join(letter if _is_word(letter) else " " for letter in text).split())


def _is_word(letter: str) -> bool:
    # Vowel signs of Devanagari, Thai and others are marks (M), which \w leaves out.
    return unicodedata.category(letter)[0] in "LNM"


def _raw(text: str) -> str:
    """Fall back for names of punctuation or emoji only: "???" and "!!!" are real ones."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()) or "?"


def _digest(text: str) -> str:
    # A lone surrogate is legal in JSON and must not stop an import.
    # Hexadecimal: base32 costs ten times as much, 1 s of an import with 10,000 new tracks.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=ID_BYTES).hexdigest()
