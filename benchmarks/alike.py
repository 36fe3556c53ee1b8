"""What finds what sounds alike: our point, the last layer of the tagging networks, both joined.

    ./hub bench alike PAIRS [FOLDER] [--data-dir DIR]

PAIRS holds two renderings of each piece, `ID_a.wav` and `ID_b.wav`, as
`python -m training.sound play` writes them. FOLDER holds `audio/` and `truth/` as for
`./hub bench analysis`, among them the truths of those pieces; DIR is as for `./hub bench tags`.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.analysis import find_pieces, read_truths
from benchmarks.pieces.analysers import REPOSITORY
from benchmarks.tags import FITTING
from harmonyhub.analysis.decode import AudioFile
from harmonyhub.analysis.embedding import embed, gather_facts
from harmonyhub.analysis.tag_excerpts import ExcerptPass
from harmonyhub.analysis.tag_network import embed_excerpt
from harmonyhub.analysis.track import analyse_file
from harmonyhub.domain.sound_tags import VOCABULARIES
from harmonyhub.sources.tag_weights import read_weights

Floats = NDArray[np.float64]
Weights = Mapping[str, Mapping[str, NDArray[np.float32]]]

N_NEAREST = 5
N_DRAWN = 2_000  # of the bootstrap: the ends of an interval move by 0.005 from seed to seed
SEED = 7
RIDGE = 0.3  # of the mean variance, as in `training/sound.py`
WIDTH = 24  # directions that are learnt: those of our own parts for timbre and rhythm
WEIGHTS = (0.3, 1.0)  # of the networks beside ours
PARTS = 2  # a half of the pieces gives the directions for the other


class Heard(NamedTuple):
    """One rendering: the piece it is of, that piece's genre, our point, the networks' layers."""

    piece: str
    genre: str
    point: Floats
    layers: Floats


def hear_all(files: Sequence[tuple[str, str, Path]], weights: Weights) -> list[Heard]:
    """Hear files, of which piece and genre are given, telling how far it is."""
    heard = []
    for number, (piece, genre, path) in enumerate(files, start=1):
        print(f"{number}/{len(files)} {path.name}", file=sys.stderr)
        point = embed(gather_facts(analyse_file(path)))
        if point is None:
            sys.exit(f"{path.name} is silent")
        heard.append(Heard(piece, genre, point.astype(float), hear_layers(path, weights)))
    return heard


def hear_layers(path: Path, weights: Weights) -> Floats:
    """Give the last layers before the tags, of both networks, each the mean of the excerpts."""
    excerpts = ExcerptPass()
    with AudioFile(path) as audio:
        for block in audio.blocks():
            excerpts.add(block.signal)
    kept = excerpts.finish()
    means = [np.mean([embed_excerpt(one, of) for one in kept], axis=0) for of in weights.values()]
    return np.concatenate(means).astype(float)


def read_networks(data_dir: Path) -> Weights:
    """Read the weights, by network."""
    arrays = read_weights(data_dir)
    if arrays is None:
        sys.exit(f"no weights: HARMONYHUB_DATA_DIR={data_dir} harmonyhub tags install")
    return {
        network: {
            name.removeprefix(f"{network}."): array
            for name, array in arrays.items()
            if name.startswith(f"{network}.")
        }
        for network in VOCABULARIES
    }


def measure_all(heard: Sequence[Heard], *, has_pairs: bool) -> dict[str, Floats]:
    """Measure squared distances, of mean 1, by each way to place a track."""
    ours = np.array([one.point for one in heard])
    layers = np.array([one.layers for one in heard])
    even = layers / np.linalg.norm(layers, axis=1, keepdims=True)
    ways = {
        "ours": measure(ours),
        "networks, cosine": measure(even),
    }
    if has_pairs:
        ways["networks, directions learnt on the other half"] = measure_by_halves(heard, layers)
    for name in [name for name in ways if name.startswith("networks")]:
        for weight in WEIGHTS:
            ways[f"ours and {weight:g} of {name}"] = ways["ours"] + weight * ways[name]
    return ways


def measure(points: Floats) -> Floats:
    """Measure the squared distances of all pairs and scale them to a mean of 1."""
    squares = (points**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
    return np.asarray(distances / distances[~np.eye(len(points), dtype=bool)].mean())


def measure_by_halves(heard: Sequence[Heard], layers: Floats) -> Floats:
    """Measure along directions in which pieces differ and renderings of one piece do not.

    A pair of pieces that both gave directions is not measured: it lies at infinity.
    """
    pieces = np.array([one.piece for one in heard])
    names = np.random.default_rng(SEED).permutation(np.unique(pieces))
    distances = np.full((len(heard), len(heard)), np.inf)
    for part in range(PARTS):
        is_asked = np.isin(pieces, names[part::PARTS])
        directions = find_directions(layers[~is_asked], pieces[~is_asked])
        distances[is_asked] = measure(layers @ directions)[is_asked]
    return distances


def find_directions(values: Floats, pieces: NDArray[Any]) -> Floats:
    """Find them by linear discriminant analysis, as `training/sound.py` does."""
    scale = values.std(axis=0) + 1e-6
    scaled = (values - values.mean(axis=0)) / scale
    total = np.cov(scaled.T)
    apart = np.concatenate(
        [scaled[pieces == one] - scaled[pieces == one].mean(axis=0) for one in np.unique(pieces)]
    )
    within = apart.T @ apart / (len(values) - len(np.unique(pieces)))
    within += RIDGE * np.trace(total) / len(total) * np.eye(len(total))
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    _, turn = np.linalg.eigh(inverse @ total @ inverse.T)
    return np.asarray((inverse.T @ turn[:, ::-1][:, :WIDTH]) / scale[:, None])


def find_again(distances: Floats, heard: Sequence[Heard]) -> Floats:
    """Say of each rendering whether the other one of its piece is the nearest of all."""
    pieces = np.array([one.piece for one in heard])
    return (pieces[_rank(distances)[:, 0]] == pieces).astype(float)


def share_genre(distances: Floats, heard: Sequence[Heard]) -> Floats:
    """Say which share of the nearest other pieces is of each rendering's genre."""
    shares = []
    for one, order in zip(heard, _rank(distances), strict=True):
        nearest: dict[str, str] = {}  # of two renderings of a piece the nearer
        for place in order.tolist():
            nearest.setdefault(heard[place].piece, heard[place].genre)
        nearest.pop(one.piece, None)
        near = list(nearest.values())[:N_NEAREST]
        shares.append(np.mean([genre == one.genre for genre in near]))
    return np.array(shares)


def _rank(distances: Floats) -> NDArray[np.intp]:
    apart = distances.copy()
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")[:, :-1]


def report(title: str, heard: Sequence[Heard], *, has_pairs: bool) -> None:
    """Print a table: each way, and how far it is ahead of ours, by bootstrap over pieces."""
    ways = measure_all(heard, has_pairs=has_pairs)
    figures = {"share of the five nearest of its genre": share_genre}
    if has_pairs:
        figures = {"other rendering nearest": find_again, **figures}
    pieces = np.array([one.piece for one in heard])
    print(f"\n{title}: {len(heard)} renderings of {len(set(pieces))} pieces\n")
    print("| by | " + " | ".join(f"{name} | ahead of ours" for name in figures) + " |")
    print("|---|" + "---|---|" * len(figures))
    for name, distances in ways.items():
        cells = []
        for figure in figures.values():
            value, base = figure(distances, heard), figure(ways["ours"], heard)
            low, high = _draw_interval(value - base, pieces)
            cells += [f"{value.mean():.2f}", f"{low:+.2f} to {high:+.2f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


def _draw_interval(values: Floats, pieces: NDArray[Any]) -> Sequence[float]:
    """Give the 95 % interval of a mean when pieces are drawn again."""
    _, places = np.unique(pieces, return_inverse=True)
    counts = np.bincount(places)
    sums = np.bincount(places, weights=values)
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(counts), (N_DRAWN, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return low, high


def main() -> None:
    """Hear the pairs and the pieces of known genre, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--data-dir", type=Path, default=REPOSITORY / ".venv")
    options = parser.parse_args()
    weights = read_networks(options.data_dir)
    folder = find_pieces(options.folder)
    truths = {truth["id"]: truth for truth in read_truths(folder, None)}
    pairs = [
        (piece, truths[piece]["genre"], path)
        for path in sorted(options.pairs.glob("*.wav"))
        if (piece := path.stem.rpartition("_")[0]) in truths
    ]
    known = [
        (truth["id"], truth["genre"], folder / "audio" / truth["audio"])
        for truth in truths.values()
        if truth.get("genre") in FITTING
    ]
    report("Rendered twice", hear_all(pairs, weights), has_pairs=True)
    report("Of known genre", hear_all(known, weights), has_pairs=False)


if __name__ == "__main__":
    main()
