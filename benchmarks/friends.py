"""What friends' plays are worth in one's own lists, and what strangers' in their place.

Run: python -m benchmarks.friends [--part validation] [--weights 1 2 4]; one training on
lastfm-hetrec2011, which tells who befriended whom and is looked for beside this repository. Of
friends who are held out themselves only the given part of their history speaks.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.quality.sets import SHARED, Part, Split, present_sets, split
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import UserId
from harmonyhub.recommender.blend import FRIENDS, UNHEARD, WITH_FRIENDS, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.metrics import MetricArray, estimate, measure
from harmonyhub.recommender.people import FriendPlays, read_friend
from harmonyhub.recommender.profile import Profile, build_profile
from harmonyhub.recommender.research import train_index

SET = "lastfm-hetrec2011"
GIVEN = (1, 3, 10, None)  # artists of a history; None: all that are given
MAX_FRIENDS = 50  # as many as the service lets a listener have


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """Listeners of one part who have friends, and what of both may be known."""

    part: Part
    places: NDArray[np.int64]  # of those listeners, in the part
    friends: Sequence[Sequence[int]]  # of each, by their rows in the set
    plays: Mapping[int, FriendPlays]  # of everybody in the set
    index: ServingIndex

    def profiles(self, n_given: int | None) -> list[Profile]:
        """Build profiles of histories that are cut to so many artists, drawn by chance."""
        rng = np.random.default_rng(0)
        profiles = []
        for place in self.places:
            row = self.part.given[[place]]
            kept = rng.permutation(row.nnz)[:n_given]
            history = _history(row.indices[kept], row.data[kept], self.index)
            profiles.append(build_profile(history, self.index))
        return profiles

    def strangers(self) -> list[list[int]]:
        """Draw as many others for each listener as it has friends."""
        rng = np.random.default_rng(1)
        everybody = np.array(sorted(self.plays))
        return [
            rng.choice(everybody[everybody != user], len(mine), replace=False).tolist()
            for user, mine in zip(self.part.users[self.places], self.friends, strict=True)
        ]

    def judge(
        self, profiles: Sequence[Profile], company: Sequence[Sequence[int]], weight: float
    ) -> MetricArray:
        """Let the lists hear these people; NDCG@100 of each listener."""
        blend = {**WITH_FRIENDS, FRIENDS: weight} if weight else UNHEARD
        scores = np.vstack(
            [
                score_tracks(
                    blend,
                    replace(profile, friends=tuple(self.plays[one] for one in people)),
                    self.index,
                )
                for profile, people in zip(profiles, company, strict=True)
            ]
        )
        given, hidden = self.part.given[self.places], self.part.hidden[self.places]
        return measure(scores, given, hidden).ndcg_at_100


def _history(items: NDArray[np.int32], plays: NDArray[np.float64], index: ServingIndex) -> History:
    undated = np.zeros(len(items), dtype=np.int64)
    return History(
        track_ids=[index.track_ids[item] for item in items],
        plays=np.maximum(plays, 1).astype(np.int32),
        first_played_at=undated,
        last_played_at=undated,
    )


def _without_hidden(plays: sparse.csr_matrix, parts: Split) -> sparse.csr_matrix:
    """Take from everybody's plays what is to be found of the held-out listeners of both parts."""
    known = plays[:, parts.items]
    for part in (parts.validation, parts.test):
        n_held_out = len(part.users)
        rows = sparse.csr_matrix(
            (np.ones(n_held_out), (part.users, np.arange(n_held_out))),
            shape=(plays.shape[0], n_held_out),
        )
        known = known - rows @ part.hidden
    known = sparse.csr_matrix(known)
    known.eliminate_zeros()
    return known


def gather(parts: Split, part: Part, known: sparse.csr_matrix) -> Circle:
    """Train, and put listeners beside their friends.

    Parameters
    ----------
    known : csr_matrix, shape (users of the set, tracks of the index)
        What may be known of each: of held-out listeners what is given, of others everything.
    """
    index = train_index(parts.training).serving
    by_user = _friendships()
    have = np.array([place for place, user in enumerate(part.users) if by_user.get(int(user))])
    plays = {
        user: read_friend(
            UserId(str(user)),
            _history(known[[user]].indices, known[[user]].data, index),
            index,
        )
        for user in range(known.shape[0])
    }
    friends = [sorted(by_user[int(user)])[:MAX_FRIENDS] for user in part.users[have]]
    return Circle(part, have, friends, plays, index)


def _friendships() -> Mapping[int, set[int]]:
    users = pq.read_table(SHARED / SET / "user_artists.parquet", columns=["userID"])
    rows = {user: row for row, user in enumerate(np.unique(users["userID"].to_numpy()).tolist())}
    table = pq.read_table(SHARED / SET / "user_friends.parquet")
    found: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(
        *(table[name].to_pylist() for name in ("userID", "friendID")), strict=True
    ):
        if one in rows and other in rows:
            found[rows[one]].add(rows[other])
    return found


def report(circle: Circle, weights: Sequence[float]) -> None:
    """Print one row for each length of a history and weight of the term."""
    rng = np.random.default_rng(0)
    strangers = circle.strangers()
    print(f"{len(circle.places)} listeners who have friends:\n")
    print("| artists given | weight | without | with friends | difference, 95 % | strangers |")
    print("|---|---|---|---|---|---|")
    for n_given in GIVEN:
        profiles = circle.profiles(n_given)
        without = circle.judge(profiles, circle.friends, 0)
        for weight in weights:
            with_friends = circle.judge(profiles, circle.friends, weight)
            lead = estimate(with_friends - without, rng)
            others = circle.judge(profiles, strangers, weight)
            print(
                f"| {n_given or 'all'} | {weight:g} | {without.mean():.3f}"
                f" | {with_friends.mean():.3f} | {lead.low:+.3f} to {lead.high:+.3f}"
                f" | {others.mean():.3f} |",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=["validation", "test"], default="test")
    parser.add_argument(
        "--weights", type=float, nargs="+", default=[WITH_FRIENDS[FRIENDS]], help="of the term"
    )
    options = parser.parse_args()
    for name, plays in present_sets([SET]):
        parts = split(name, plays, 0)
        part: Part = getattr(parts, options.part)
        report(gather(parts, part, _without_hidden(plays, parts)), options.weights)


if __name__ == "__main__":
    main()
