"""Knowledge from elsewhere, laid onto the catalogue here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# As many listeners here as these say as much of a track as the pack does.
TRUST_LISTENERS = 10.0
LEAST_TRUST = 0.05  # what weighs less than this is not worth its memory: 190 listeners


@dataclass(frozen=True, eq=False)
class Knowledge:
    """One pack's neighbours between the tracks of an index.

    Attributes
    ----------
    name : str
        The pack's.
    n_listeners : int
        Whom it was learned from.
    neighbours : csr_matrix, shape (tracks, tracks), float32
        Row h holds what the played track h says of others, 0 or more.
    """

    name: str
    n_listeners: int
    neighbours: sparse.csr_matrix

    @cached_property
    def columns(self) -> sparse.csc_matrix:
        """The same by the track that is spoken for."""
        return self.neighbours.tocsc()


def place_knowledge(
    neighbours: sparse.csr_matrix,
    places: NDArray[np.int32],
    *,
    listeners: NDArray[np.int32],
) -> sparse.csr_matrix:
    """Lay a pack's neighbours onto a catalogue.

    Each played track speaks the less by the pack, the more listeners here have played it: with
    ten it is half.

    Parameters
    ----------
    places : int32 array
        Of each track of the pack its place in the catalogue, -1 if it has none; two may share one.
    listeners : int32 array
        Of each track of the catalogue.
    """
    n_tracks = len(listeners)
    known = np.flatnonzero(places >= 0)
    ones = np.ones(len(known), dtype=np.float32)
    shape = (len(places), n_tracks)
    onto = sparse.csr_matrix((ones, (known, places[known])), shape=shape)
    trust = TRUST_LISTENERS / (TRUST_LISTENERS + listeners.astype(np.float32))
    trust[trust < LEAST_TRUST] = 0
    placed = (sparse.diags(trust) @ (onto.T @ neighbours @ onto)).tocsr()
    placed.setdiag(0)
    placed.eliminate_zeros()
    placed.sort_indices()
    return round_half(placed)


def round_half(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Round to half precision, as files hold it: what is served is what was learned."""
    rounded = matrix.astype(np.float32)
    rounded.data = rounded.data.astype(np.float16).astype(np.float32)
    rounded.eliminate_zeros()
    return rounded
