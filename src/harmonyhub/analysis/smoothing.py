"""The likeliest sequence of labels where each change costs something."""

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray


def smooth_labels(evidence: FloatArray, change_costs: FloatArray) -> IndexArray:
    """Label each frame so that evidence minus the costs of all changes is largest.

    Parameters
    ----------
    evidence : array, shape (frames, labels)
        Log probabilities.
    change_costs : array, shape (frames,)
        Cost of another label in this frame than in the one before, 0 or more.

    Returns
    -------
    array of int, shape (frames,)

    References
    ----------
    Viterbi 1967; with one cost for all changes a step needs no matrix (the Potts model).
    """
    n_frames, n_labels = evidence.shape
    came_from = np.empty((n_frames, n_labels), np.int16)
    labels = np.arange(n_labels)
    score = np.zeros(n_labels)
    for frame in range(n_frames):
        best = int(score.argmax())
        changed = score[best] - change_costs[frame]
        keeps = score >= changed
        came_from[frame] = np.where(keeps, labels, best)
        score = np.where(keeps, score, changed) + evidence[frame]
    path = np.empty(n_frames, np.intp)
    label = int(score.argmax()) if n_frames else 0
    for frame in range(n_frames - 1, -1, -1):
        path[frame] = label
        label = int(came_from[frame, label])
    return path


def log_softmax(logits: FloatArray) -> FloatArray:
    """Normalize each row of logits to log probabilities."""
    raised = logits - logits.max(axis=1, keepdims=True)
    normalized: FloatArray = raised - np.log(np.exp(raised).sum(axis=1, keepdims=True))
    return normalized
