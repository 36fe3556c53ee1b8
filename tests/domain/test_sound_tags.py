"""Which tags are told of what the networks heard."""

from collections.abc import Mapping

from harmonyhub.domain.sound_tags import MSD, MTT, TAGS_VERSION, HeardTags, TagKind, name_tags


def heard(msd: Mapping[str, float], mtt: Mapping[str, float]) -> HeardTags:
    """Give these tags their scores, and all others none."""
    return HeardTags(
        TAGS_VERSION,
        n_excerpts=1,
        scores={
            "msd": [msd.get(name, 0.0) for name in MSD],
            "mtt": [mtt.get(name, 0.0) for name in MTT],
        },
    )


def test_a_genre_needs_more_than_an_instrument() -> None:
    """What is likely enough for a guitar is not for rock; the likeliest stands first."""
    tags = name_tags(heard({"rock": 0.39, "metal": 0.41, "party": 0.25}, {"guitar": 0.3}))
    assert [("metal", TagKind.GENRE), ("guitar", TagKind.INSTRUMENT), ("party", TagKind.MOOD)] == [
        (tag.name, tag.kind) for tag in tags
    ]


def test_solo_piano_is_no_jazz() -> None:
    """A network that has no word for classical music has no say about its genre."""
    piano = {"piano": 0.9, "classical": 0.5}
    names = [tag.name for tag in name_tags(heard({"jazz": 0.8, "instrumental": 0.3}, piano))]
    assert ["piano", "classical", "instrumental"] == names
    names = [tag.name for tag in name_tags(heard({"jazz": 0.8}, {"piano": 0.9}))]
    assert ["piano", "jazz"] == names


def test_decades_and_judgements_are_not_told() -> None:
    """What nobody can hear, or what is measured better, stays out."""
    assert [] == name_tags(heard({"80s": 0.9, "beautiful": 0.9}, {"slow": 0.9, "loud": 0.9}))
