"""Knowledge packs are made of other people's listens."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

import harmonyhub
from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.identity import identity_keys
from harmonyhub.domain.ids import IdentityKey
from harmonyhub.domain.jobs import Progress, Report
from harmonyhub.domain.knowledge import PackFacts
from harmonyhub.domain.music import TrackDescription
from harmonyhub.flows.knowledge import PackLabel, check_label
from harmonyhub.recommender.pack_learning import learn_pack_neighbours
from harmonyhub.recommender.packs import Pack
from harmonyhub.sources.listen_rows import ListenRow, read_listen_rows

MIN_LISTENERS = 3  # of a track: what fewer play would tell of them, and teaches little
REPORT_EVERY = 100_000


@dataclass(frozen=True, slots=True)
class PackTally:
    """Lines read = used + left out, always."""

    lines: int
    used: int
    left_out: int


@dataclass(slots=True)
class _Gathered:
    """Listens added up; a track is found again by any of its keys."""

    users: dict[str, int] = field(default_factory=dict)
    tracks: list[TrackDescription] = field(default_factory=list)
    place_of: dict[IdentityKey, int] = field(default_factory=dict)
    rows: "array[int]" = field(default_factory=lambda: array("i"))
    columns: "array[int]" = field(default_factory=lambda: array("i"))
    plays: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, row: ListenRow) -> None:
        """Add plays of one person."""
        self.rows.append(self.users.setdefault(row.user, len(self.users)))
        self.columns.append(self._place(row.track))
        self.plays.append(row.plays)

    def _place(self, track: TrackDescription) -> int:
        keys = identity_keys(track)
        place = next((self.place_of[key] for key in keys if key in self.place_of), None)
        if place is None:
            place = len(self.tracks)
            self.tracks.append(_without_services(track))
        for key in keys:
            self.place_of.setdefault(key, place)
        return place

    def as_matrix(self) -> sparse.csr_matrix:
        """Give users x tracks plays."""
        shape = (len(self.users), len(self.tracks))
        where = (np.array(self.rows), np.array(self.columns))
        return sparse.coo_matrix((np.array(self.plays), where), shape=shape).tocsr()


def _without_services(track: TrackDescription) -> TrackDescription:
    return TrackDescription(
        title=track.title,
        artists=track.artists,
        recording_mbid=track.recording_mbid,
        isrc=track.isrc,
    )


def build_pack(
    paths: Iterable[Path],
    label: PackLabel,
    *,
    now: int,
    min_listeners: int = MIN_LISTENERS,
    on_progress: Report = lambda _: None,
) -> tuple[Pack, PackTally]:
    """Learn a pack from files of listens.

    Parameters
    ----------
    min_listeners : int
        Tracks that fewer people play are left out, for their sake.

    Raises
    ------
    RefusedInputError
        If a label is missing, a file cannot be read, or nothing is left to learn from.
    """
    check_label(label)
    gathered = _Gathered()
    n_lines = 0
    for path in paths:
        for row in read_listen_rows(path):
            n_lines += 1
            if row is not None:
                gathered.add(row)
            if n_lines % REPORT_EVERY == 0:
                on_progress(Progress(done=n_lines, unit="lines", message="reading listens"))
    plays, tracks = _keep_shared(gathered, min_listeners)
    n_tracks = len(tracks)
    neighbours = learn_pack_neighbours(
        plays,
        seed=0,
        on_block=lambda done: on_progress(
            Progress(done=done, total=n_tracks, unit="tracks", message="learning")
        ),
    )
    facts = PackFacts(
        name=label.name,
        version=label.version,
        licence=label.licence,
        source=label.source,
        made_by=f"HarmonyHub {harmonyhub.__version__}",
        created_at=now,
        n_listeners=int(np.count_nonzero(np.diff(plays.indptr))),
        n_tracks=n_tracks,
        n_pairs=plays.nnz,
        n_neighbours=neighbours.nnz,
    )
    n_used = len(gathered.rows)
    return Pack(facts, tracks, neighbours), PackTally(n_lines, n_used, n_lines - n_used)


def _keep_shared(
    gathered: _Gathered, min_listeners: int
) -> tuple[sparse.csr_matrix, list[TrackDescription]]:
    plays = gathered.as_matrix()
    kept = np.flatnonzero(np.bincount(plays.indices, minlength=plays.shape[1]) >= min_listeners)
    if len(kept) < 2:
        raise RefusedInputError(
            f"{len(kept)} tracks have {min_listeners} listeners or more, of {plays.shape[1]:,} "
            f"tracks of {plays.shape[0]:,} listeners: nothing goes together.",
            hint="Bring the listens of more people, or lower --min-listeners.",
        )
    return plays[:, kept].tocsr(), [gathered.tracks[place] for place in kept]
