"""Where factors come from that no training of this instance has learned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactorOrigin:
    """The table that the factors of an index were brought in.

    Attributes
    ----------
    file_name, sha256 : str
        Of the table.
    brought_at : int
        Unix seconds UTC.
    n_tracks, n_unknown : int
        Its rows that are tracks of this catalogue, and those that are not.
    width : int
        Factors per track.
    weight : float
        By what their answers were multiplied, so that they fit beside neighbours; 1 for a table
        with a scale, which is weighed already.
    """

    file_name: str
    sha256: str
    brought_at: int
    n_tracks: int
    n_unknown: int
    width: int
    weight: float = 1.0
