"""Which tags are told of pieces whose genre is known.

    ./hub bench tags [FOLDER] [--data-dir DIR]

FOLDER holds `audio/` and `truth/` as for `./hub bench analysis`; DIR is where
`harmonyhub tags install` put the weights, by default `.venv`, where CI puts them.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.analysis import find_pieces, read_truths
from benchmarks.pieces.analysers import REPOSITORY
from harmonyhub.analysis.track import hear_file
from harmonyhub.domain.sound_tags import TOLD, VOCABULARIES, HeardTags, TagKind, name_tags
from harmonyhub.flows.tag_weights import open_tagger

ONE_BOUND = 0.2  # whatever the other network says: what the shipped rule is held against
MOST_SHOWN = 6
# Genres that may be told of a piece, by what it is known to be.
FITTING: Mapping[str, frozenset[str]] = {
    "classical": frozenset({"classical", "new age", "ambient"}),
    "pop": frozenset(
        {"pop", "rock", "indie", "indie pop", "classic rock", "alternative", "soul", "dance"}
    ),
    "rock": frozenset(
        {"rock", "classic rock", "alternative", "alternative rock", "indie", "indie rock"}
        | {"hard rock", "punk", "progressive rock", "metal"}
    ),
    "metal": frozenset(
        {"metal", "heavy metal", "hard rock", "rock", "punk", "alternative", "alternative rock"}
        | {"progressive rock"}
    ),
    "jazz": frozenset({"jazz", "blues"}),
    "electronic": frozenset(
        {"electronic", "electronica", "electro", "techno", "house", "dance", "ambient"}
        | {"experimental"}
    ),
    "hiphop": frozenset({"hip-hop", "rnb", "electronic"}),
    "rnb": frozenset({"rnb", "soul", "funk", "blues"}),
    "latin": frozenset({"jazz"}),
    "blues": frozenset({"blues", "rock", "classic rock", "jazz"}),
    "country": frozenset({"country", "folk"}),
    "waltz": frozenset({"folk", "country", "jazz"}),
}


class Piece(NamedTuple):
    """One piece: what it is known to be, and what was heard in it."""

    kind: str
    genre: str
    heard: HeardTags


def hear_all(folder: Path, data_dir: Path) -> list[Piece]:
    """Hear every piece whose genre is known, telling how far it is."""
    tagger = open_tagger(data_dir)
    if tagger is None:
        sys.exit(f"no weights: HARMONYHUB_DATA_DIR={data_dir} harmonyhub tags install")
    truths = [truth for truth in read_truths(folder, None) if truth.get("genre") in FITTING]
    pieces = []
    for number, truth in enumerate(truths, start=1):
        print(f"{number}/{len(truths)} {truth['audio']}", file=sys.stderr)
        heard = hear_file(folder / "audio" / truth["audio"], tagger)
        pieces.append(Piece(truth["kind"], truth["genre"], heard))
    return pieces


def name_by_one_bound(heard: HeardTags) -> list[str]:
    """Name the genres from one bound up, as the shipped rule is held against."""
    return [
        name
        for network, scores in heard.scores.items()
        for name, score in zip(VOCABULARIES[network], scores, strict=True)
        if score >= ONE_BOUND and name in TOLD[network][TagKind.GENRE]
    ]


def name_genres(heard: HeardTags) -> list[str]:
    """Name the genres that are told."""
    return [tag.name for tag in name_tags(heard) if tag.kind is TagKind.GENRE]


def report(pieces: Sequence[Piece]) -> None:
    """Print how many genres are right, and what is told of each sort of piece."""
    print("| rule | genres that fit | that do not | pieces without one |\n|---|---|---|---|")
    for rule, name in ((name_genres, "shipped"), (name_by_one_bound, f"all from {ONE_BOUND}")):
        told = [[genre in FITTING[one.genre] for genre in rule(one.heard)] for one in pieces]
        n_told, n_right = sum(map(len, told)), sum(map(sum, told))
        print(f"| {name} | {n_right} | {n_told - n_right} | {told.count([])} of {len(told)} |")
    groups: dict[tuple[str, str], list[Piece]] = defaultdict(list)
    for piece in pieces:
        groups[piece.kind, piece.genre].append(piece)
    print("\n| kind | genre | pieces | told of so many |\n|---|---|---|---|")
    for (kind, genre), group in sorted(groups.items()):
        counts = Counter(tag.name for piece in group for tag in name_tags(piece.heard))
        told_of = ", ".join(f"{name} {n}" for name, n in counts.most_common(MOST_SHOWN))
        print(f"| {kind} | {genre} | {len(group)} | {told_of or '-'} |")


def main() -> None:
    """Render if needed, then hear all pieces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--data-dir", type=Path, default=REPOSITORY / ".venv")
    options = parser.parse_args()
    report(hear_all(find_pieces(options.folder), options.data_dir))


if __name__ == "__main__":
    main()
