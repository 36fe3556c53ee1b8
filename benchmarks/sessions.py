"""The next track of a session, beside floors: P@20 and MRR@20 on nowplaying, as published.

Run: python -m benchmarks.sessions [--part validation]. The set is looked for beside this
repository. Sessions are numbered by time; number and place in the session are the time that
`train_index` is given. Every prefix of every session is asked for its next track, and of tracks
with equal scores the right one comes last. Validation: the last 3,000 training sessions.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.quality.sets import SHARED
from harmonyhub.domain.history import History
from harmonyhub.domain.knobs import Seeds
from harmonyhub.recommender import train_index
from harmonyhub.recommender.blend import AFTER_SEEDS, LIKE_SEED, Blend, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.metrics import estimate
from harmonyhub.recommender.profile import build_profile, seed_profile
from harmonyhub.recommender.research import ResearchIndex

SET = "nowplaying-sessions"
N_VALIDATION = 3_000
DEPTH = 20
PER_SESSION = 1_000  # seconds between two sessions; none has so many plays

Scores = NDArray[np.float32]
Method = Callable[[Sequence[int]], Scores]


@dataclass(frozen=True, slots=True, eq=False)
class Plays:
    """Plays in the order of time: the session and the track of each."""

    sessions: NDArray[np.int64]
    tracks: NDArray[np.int64]

    def prefixes(self) -> Iterator[tuple[list[int], int]]:
        """Give what was played in a session so far, and what came next."""
        for session in np.split(self.tracks, np.flatnonzero(np.diff(self.sessions)) + 1):
            for place in range(1, len(session)):
                yield session[:place].tolist(), int(session[place])

    def matrix(self, n_tracks: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        """Give plays and the time of the last play, sessions x tracks."""
        codes = self.sessions * n_tracks + self.tracks
        pairs, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
        starts = np.concatenate([[True], np.diff(self.sessions) > 0])
        place = np.arange(len(codes)) - np.flatnonzero(starts)[np.cumsum(starts) - 1]
        last = np.zeros(len(pairs), dtype=np.int64)
        np.maximum.at(last, places, self.sessions * PER_SESSION + place + 1)
        rows, columns = np.divmod(pairs, n_tracks)
        shape = (int(self.sessions.max()) + 1, n_tracks)
        return tuple(sparse.csr_matrix((each, (rows, columns)), shape) for each in (counts, last))


def read(file: str) -> Plays:
    """Read one part of the set."""
    table = pq.read_table(SHARED / SET / file)
    session, place, track = (table[name].to_numpy() for name in ("session", "pos", "item"))
    order = np.lexsort((place, session))
    return Plays(session[order].astype(np.int64), track[order].astype(np.int64))


def split(part: str) -> tuple[Plays, Plays]:
    """Give what is learnt from and what is asked."""
    training = read("train.parquet")
    if part == "test":
        return training, read("test_dev.parquet")
    first = np.unique(training.sessions)[-N_VALIDATION]
    is_asked = training.sessions >= first
    return tuple(
        Plays(training.sessions[mask], training.tracks[mask]) for mask in (~is_asked, is_asked)
    )


def most_played(plays: sparse.csr_matrix) -> Method:
    """Name what most sessions hold."""
    scores = np.asarray((plays > 0).sum(axis=0), dtype=np.float32).ravel()
    return lambda _: scores


def item_knn(plays: sparse.csr_matrix) -> Method:
    """Name what is found together with the last track, by the cosine of their sessions."""
    ones = sparse.csc_matrix((plays > 0).astype(np.float32))
    norms = np.maximum(np.sqrt(np.asarray(ones.sum(axis=0))).ravel(), 1)

    def score(session: Sequence[int]) -> Scores:
        together = np.asarray((ones.T @ ones[:, [session[-1]]]).todense(), dtype=np.float32)
        return np.asarray(together.ravel() / norms)

    return score


def ours(index: ResearchIndex) -> Method:
    """Take what `ResearchIndex.next` sorts."""
    return lambda session: np.asarray(index.follows.score_next(session))


def more_like(index: ServingIndex, blend: Blend) -> Method:
    """Take what a radio of the session's tracks is ranked by; it never gives one of them again."""
    none = np.zeros(0, dtype=np.int64)
    nobody = build_profile(History([], none.astype(np.int32), none, none), index)

    def score(session: Sequence[int]) -> Scores:
        seeds = Seeds(track_ids=tuple(index.track_ids[track] for track in session))
        profile = seed_profile(seeds, listener=nobody, index=index)
        scores = score_tracks(blend, profile, index)
        scores[list(session)] = -1
        return scores

    return score


def ask(method: Method, asked: Plays) -> NDArray[np.int64]:
    """Find the place of each track that came next; 1 is the first."""
    ranks = []
    for session, track in asked.prefixes():
        scores = method(session)
        ranks.append(int((scores >= scores[track]).sum()))
    return np.array(ranks)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=["validation", "test"], default="test")
    part = parser.parse_args().part
    if not (SHARED / SET).exists():
        print(f"{SET}: skipped, there is no {SHARED / SET}")
        return
    training, asked = split(part)
    n_tracks = 1 + max(int(each.tracks.max()) for each in (training, asked))
    plays, times = training.matrix(n_tracks)
    started = time.process_time()
    index = train_index(plays, timestamps=times)
    print(f"trained in {time.process_time() - started:.0f} CPU seconds")
    without = {model: weight for model, weight in LIKE_SEED.items() if model is not AFTER_SEEDS}
    methods = {
        "most played": most_played(plays),
        "item k-NN of the last track": item_knn(plays),
        "HarmonyHub, next": ours(index),
        "HarmonyHub, radio of the session": more_like(index.serving, LIKE_SEED),
        "the same without what follows": more_like(index.serving, without),
    }
    print("\n| method | P@20 | MRR@20 |\n|---|---|---|")
    for name, method in methods.items():
        ranks = ask(method, asked)
        found = ranks <= DEPTH
        cells = (
            estimate(100 * values, np.random.default_rng(0)) for values in (found, found / ranks)
        )
        row = " | ".join(f"{each.mean:.2f} [{each.low:.2f}, {each.high:.2f}]" for each in cells)
        print(f"| {name} | {row} |", flush=True)
    print(f"\n{len(ranks)} prefixes.")


if __name__ == "__main__":
    main()
