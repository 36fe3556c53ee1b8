"""The research face: matrices in, dense scores out, by the very blend that the lists use."""

import numpy as np
from scipy import sparse

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.history import History
from harmonyhub.recommender.blend import UNHEARD, score_tracks
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, read_pairs
from harmonyhub.recommender.profile import build_profile


def score_histories(index: ServingIndex, histories: sparse.csr_matrix) -> FloatArray:
    """Score every track for each given history; see `ServingIndex.score`.

    Raises
    ------
    RefusedInputError
        If the columns are not the tracks of the index, or a count is no count.
    """
    if histories.shape[1] != index.n_tracks:
        raise RefusedInputError(
            f"The histories have {histories.shape[1]} tracks, the index {index.n_tracks}.",
            hint="Use the same columns for training and for scoring.",
        )
    given = read_pairs(histories)
    scores = np.empty(given.shape, dtype=np.float32)
    for user in range(given.shape[0]):
        profile = build_profile(_history_of(given, user, index), index)
        scores[user] = score_tracks(UNHEARD, profile, index)
    return scores


def _history_of(given: sparse.csr_matrix, user: int, index: ServingIndex) -> History:
    row = slice(given.indptr[user], given.indptr[user + 1])
    unknown = np.zeros(row.stop - row.start, dtype=np.int64)
    return History(
        track_ids=[index.track_ids[item] for item in given.indices[row]],
        plays=np.maximum(given.data[row], 1).astype(np.int32),
        first_played_at=unknown,
        last_played_at=unknown,
    )
