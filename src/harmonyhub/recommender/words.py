"""Words that steer a list, by a small grammar over the instance's own tags and artists.

"very calm instrumental 90s, nothing with saxophone or by Muse, like Nina Simone"

- A tag of this instance is asked for, the longest that fits; then come the words of `TURNS`, then
  the name of an artist, whom the list starts from.
- "very", "slightly" say how far a turn goes.
- "no", "not", "without", "nothing with", "less" turn what follows around, up to the next comma:
  tags and artists are left out, turns go the other way. "-rock" leaves out that name alone.
- "like" takes the artist of a name that is a tag too, and so does "by" after a "no".
- "90s", "nineties" are the tag of that decade; "120 bpm", "90-120 bpm" a tempo.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from harmonyhub.domain.ids import ArtistId
from harmonyhub.domain.knobs import Knobs, parse_tempo
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.naming import find_artist, find_nearest, find_tag

WORDS_LONGEST: Final = 300  # characters
LONGEST_NAME = 6  # words
N_GUESSED = 5  # unknown words to which a known one is looked for: each takes some ms

TOKENS = re.compile(r"[,;.!?](?=\s|$)|[^\s,;]+")
DECADE = re.compile(r"['’]?(19|20)?(\d)0['’]?s")  # noqa: RUF001 - both are typed
TEMPO = re.compile(r"(\d{2,3}(?:-\d{2,3})?)(bpm)?")
DEGREES: Final = {
    "very": 1.0, "really": 1.0, "slightly": 0.35, "somewhat": 0.35, "bit": 0.35, "little": 0.35,
}  # fmt: skip
PLAIN_DEGREE = 0.7
NOT: Final = frozenset(
    "no not without nothing never except less avoid minus don't".split()  # noqa: SIM905 - a text
)
LIKE: Final = frozenset(("like", "similar", "radio", "resembling"))
FILLERS: Final = frozenset(
    "a an and any are artist artists but by for from give i in is it its just me more music of or "  # noqa: SIM905
    "play please some something song songs stuff tagged than that the things to too track tracks "
    "want which with".split()
)
TURNS: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        word: turn
        for turn, words in {
            ("new", 1): "new fresh unheard undiscovered unfamiliar",
            ("new", -1): "familiar known",
            ("rare", 1): "rare obscure underground unknown niche",
            ("rare", -1): "popular famous well-known mainstream hits",
            ("varied", 1): "varied diverse mixed various",
            ("varied", -1): "uniform focused",
            ("balanced", 1): "balanced typical",
            ("energy", 1): "energetic lively loud intense powerful",
            ("energy", -1): "calm quiet mellow relaxed relaxing chill soft gentle",
            ("mood", 1): "happy cheerful bright joyful uplifting",
            ("mood", -1): "sad dark melancholic gloomy sombre",
        }.items()
        for word in words.split()
    }
)
MOODS: Final = ("energy", "mood")  # the knobs that are measured, so that they can stand for a tag
DECADES: Final = {
    "fifties": "50s", "sixties": "60s", "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip


@dataclass(slots=True)
class Understood:
    """What words came to; `unknown` are those that nothing here is called, with a guess or None.

    `moods` are those of `with_tags` that are words for a turn too, with its knob and how far.
    """

    turns: dict[str, float] = field(default_factory=dict)
    tempo_bpm: tuple[float, float] | None = None
    with_tags: list[str] = field(default_factory=list)
    moods: dict[str, tuple[str, float]] = field(default_factory=dict)
    without_tags: list[str] = field(default_factory=list)
    without_artists: list[ArtistId] = field(default_factory=list)
    seed_artists: list[ArtistId] = field(default_factory=list)
    unknown: dict[str, str | None] = field(default_factory=dict)

    @property
    def knobs(self) -> Knobs:
        """The knobs as the words turn them."""
        return Knobs(
            new=self.turns.get("new", 0.0),
            rare=self.turns.get("rare", 0.0),
            varied=self.turns.get("varied", 0.0),
            balanced=self.turns.get("balanced", 0.0),
            energy=self.turns.get("energy", 0.0),
            mood=self.turns.get("mood", 0.0),
            tempo_bpm=self.tempo_bpm,
            with_tags=tuple(dict.fromkeys(self.with_tags)),
            without_tags=tuple(dict.fromkeys(self.without_tags)),
            without_artists=tuple(dict.fromkeys(self.without_artists)),
        )


def understand(text: str, index: ServingIndex) -> Understood:
    """Read words; whatever is not understood is said, nothing is guessed."""
    reader = _Reader(TOKENS.findall(text.lower()[:WORDS_LONGEST]), index)
    while reader.place < len(reader.tokens):
        reader.read_next()
    return reader.found


def _is_comma(token: str) -> bool:
    return len(token) == 1 and not token.isalnum()


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    index: ServingIndex
    place: int = 0
    is_out: bool = False
    wants_artist: bool = False
    degree: float = PLAIN_DEGREE
    found: Understood = field(default_factory=Understood)

    def read_next(self) -> None:
        """Read one word that governs others, or one name of one or more words."""
        token = self.tokens[self.place]
        if len(token) > 1 and token[0] in "-–" and not token[1].isdigit():  # noqa: RUF001
            self.tokens[self.place] = token = token[1:]
            self._read_barred()
            return
        if self._governs(token):
            self.place += 1
            return
        n_read = self._read_tempo(token) or self._read_decade(token) or self._read_name()
        if not n_read:
            is_new = token not in self.found.unknown and len(self.found.unknown) < N_GUESSED
            self.found.unknown.setdefault(
                token, find_nearest(token, self.index) if is_new else None
            )
        self.degree = PLAIN_DEGREE
        self.place += n_read or 1

    def _read_barred(self) -> None:
        """Read "-rock": out goes that name alone."""
        before, self.is_out = self.is_out, True
        self.read_next()
        self.is_out = before

    def _governs(self, token: str) -> bool:
        """Take a word that says how to take the next ones; longer names win over it."""
        if self._name_length() > 1:
            return False
        if _is_comma(token):
            self.is_out = self.wants_artist = False
        elif token in NOT:
            self.is_out = True
        elif token in LIKE or (token == "by" and self.is_out):  # noqa: S105 - a word
            self.wants_artist = True
        elif token in DEGREES:
            self.degree = DEGREES[token]
        else:
            return token in FILLERS
        return True

    def _read_tempo(self, token: str) -> int:
        match = TEMPO.fullmatch(token)
        after = self.tokens[self.place + 1 : self.place + 2]
        if match is None or not (match[2] or after == ["bpm"]):
            return 0
        self.found.tempo_bpm = parse_tempo(match[1])
        return 1 if match[2] else 2

    def _read_decade(self, token: str) -> int:
        match = DECADE.fullmatch(DECADES.get(token, token))
        if match is None:
            return 0
        century = match[1] or ("20" if match[2] in "012" else "19")
        for tag in (f"{century}{match[2]}0s", f"{match[2]}0s"):
            if tag in self.index.tag_place_of:
                self._take_tag(tag)
                return 1
        return 0

    def _read_name(self) -> int:
        """Read the longest name that starts here: tag, turn or artist."""
        for n_words in range(self._n_together(), 0, -1):
            if self._take(self._phrase(n_words)):
                return n_words
        return 0

    def _name_length(self) -> int:
        """Say how many words the longest tag or artist has that starts here."""
        for n_words in range(self._n_together(), 1, -1):
            name = self._phrase(n_words)
            if find_tag(name, self.index) or find_artist(name, self.index):
                return n_words
        return 1

    def _n_together(self) -> int:
        """Count the words up to the next comma that may be one name."""
        ahead = self.tokens[self.place : self.place + LONGEST_NAME]
        return next((n for n, token in enumerate(ahead) if _is_comma(token)), len(ahead))

    def _phrase(self, n_words: int) -> str:
        return " ".join(self.tokens[self.place : self.place + n_words]).strip("“”\"'")

    def _take(self, name: str) -> bool:
        tag = None if self.wants_artist else find_tag(name, self.index)
        artist = (
            None
            if tag or (name in TURNS and not self.wants_artist)
            else find_artist(name, self.index)
        )
        if tag:
            self._take_tag(tag)
            self._note_mood(tag)
        elif artist:
            out, seeds = self.found.without_artists, self.found.seed_artists
            (out if self.is_out else seeds).append(artist)
        elif name in TURNS:
            knob, sign = TURNS[name]
            way = sign * (-1 if self.is_out else 1)
            self.found.turns[knob] = max(way, 0 if knob == "balanced" else -1) * self.degree
        else:
            return False
        return True

    def _note_mood(self, tag: str) -> None:
        knob, sign = TURNS.get(tag, ("", 0))
        if knob in MOODS and not self.is_out:
            self.found.moods[tag] = (knob, sign * self.degree)

    def _take_tag(self, tag: str) -> None:
        (self.found.without_tags if self.is_out else self.found.with_tags).append(tag)
