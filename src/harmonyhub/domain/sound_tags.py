"""Tags that networks heard in audio: their words, and from which score on they are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

TAGS_VERSION = "1"  # grows whenever the same audio would get other scores
WEIGHTS_FOLDER = "tags"  # of the data folder


class TagKind(StrEnum):
    """What a tag speaks of."""

    GENRE = "genre"
    MOOD = "mood"
    INSTRUMENT = "instrument"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class SoundTag:
    """A tag that is told of a track: `score` in [0, 1], the mean likelihood of its excerpts."""

    name: str
    kind: TagKind
    score: float
    is_estimated: bool = True


@dataclass(frozen=True, slots=True)
class HeardTags:
    """What the networks said of one track, before anything is chosen from it.

    Attributes
    ----------
    version : str
        `TAGS_VERSION` of the code that heard it.
    n_excerpts : int
        How many excerpts of 3 s were heard; 0 where the track is too short or silent.
    scores : mapping
        By network, "msd" or "mtt": the mean likelihood of each of its tags, in the order of
        `VOCABULARIES`.
    """

    version: str
    n_excerpts: int
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)


def is_current(heard: HeardTags | None) -> bool:
    """Tell whether tags were heard, and by the code of today."""
    return heard is not None and heard.version == TAGS_VERSION


# In the order of the outputs: the fifty commonest tags of Last.fm in the Million Song Dataset, and
# of MagnaTagATune.
MSD = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock",
    "soul", "indie rock", "mellow", "electronica", "80s", "folk", "90s", "chill", "instrumental",
    "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "hip-hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "progressive rock", "60s", "rnb", "indie pop",
    "sad", "house", "happy",
)  # fmt: skip
MTT = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast",
    "piano", "ambient", "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male",
    "singing", "vocals", "no vocals", "harpsichord", "loud", "quiet", "flute", "woman",
    "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man", "classic", "choir", "voice",
    "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice", "weird",
    "country", "metal", "female voice", "choral",
)  # fmt: skip
VOCABULARIES: Mapping[str, Sequence[str]] = {"msd": MSD, "mtt": MTT}

# From which score on a tag is told: a wrong genre is worse than none. docs/analysis.md has what was
# measured.
TOLD_FROM: Mapping[TagKind, float] = {
    TagKind.GENRE: 0.4,
    TagKind.MOOD: 0.2,
    TagKind.INSTRUMENT: 0.2,
    TagKind.VOICE: 0.2,
}
# Last.fm's commonest tags have no word for classical music, and solo piano is jazz to that network:
# from this score of the other's "classical" on, its genres are not told.
CLASSICAL, CLASSICAL_FROM = "classical", 0.2
# Only what can be heard: no decades, no judgement ("beautiful"), nothing that is measured better
# ("slow", "loud"), and each word from the network that was taught it best.
TOLD: Mapping[str, Mapping[TagKind, Sequence[str]]] = {
    "msd": {
        TagKind.GENRE: (
            "alternative", "alternative rock", "blues", "classic rock", "country", "dance",
            "electro", "electronic", "electronica", "experimental", "folk", "funk", "hard rock",
            "heavy metal", "hip-hop", "house", "indie", "indie pop", "indie rock", "jazz", "metal",
            "pop", "progressive rock", "punk", "rnb", "rock", "soul",
        ),
        TagKind.MOOD: ("chillout", "happy", "mellow", "party", "sad"),
        TagKind.VOICE: ("female vocalists", "instrumental", "male vocalists"),
    },
    "mtt": {
        TagKind.GENRE: ("ambient", "choral", "classical", "indian", "new age", "opera", "techno"),
        TagKind.INSTRUMENT: (
            "cello", "drums", "flute", "guitar", "harp", "harpsichord", "piano", "sitar", "strings",
            "synth", "violin",
        ),
    },
}  # fmt: skip
NOT_INSTALLED = "no tags: their networks were not installed when it was analysed"
TOO_SHORT = "no tags: less than 3 s that sound"


def name_tags(heard: HeardTags | None) -> list[SoundTag]:
    """Choose what is told of what was heard, the likeliest first."""
    if heard is None:
        return []
    told = [
        SoundTag(name, kind, score)
        for network, scores in heard.scores.items()
        for kind, names in TOLD[network].items()
        if not (network == "msd" and kind is TagKind.GENRE and _is_classical(heard))
        for name, score in zip(VOCABULARIES[network], scores, strict=True)
        if name in names and score >= TOLD_FROM[kind]
    ]
    return sorted(told, key=lambda tag: (-tag.score, tag.name))


def _is_classical(heard: HeardTags) -> bool:
    scores = heard.scores.get("mtt")
    return scores is not None and scores[MTT.index(CLASSICAL)] >= CLASSICAL_FROM


def explain_no_tags(heard: HeardTags | None) -> list[str]:
    """Say in words why nothing was heard."""
    if heard is None:
        return [NOT_INSTALLED]
    return [] if heard.n_excerpts else [TOO_SHORT]
