"""Tags one track: what two networks hear in its excerpts, on average."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harmonyhub.analysis.tag_network import hear_tags
from harmonyhub.domain.sound_tags import TAGS_VERSION, VOCABULARIES, HeardTags

Floats = NDArray[np.float32]


class Tagger:
    """Both networks; `arrays` as `sources/musicnn_wheel.py` names them ("msd.low.weight")."""

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        self._networks = {
            network: {
                name.removeprefix(f"{network}."): array
                for name, array in arrays.items()
                if name.startswith(f"{network}.")
            }
            for network in VOCABULARIES
        }

    def hear(self, excerpts: Sequence[Floats]) -> HeardTags:
        """Give each tag the mean likelihood of the excerpts; 50 ms each and network."""
        if not excerpts:
            return HeardTags(TAGS_VERSION, n_excerpts=0)
        scores = {
            network: np.mean([hear_tags(excerpt, weights) for excerpt in excerpts], axis=0)
            for network, weights in self._networks.items()
        }
        return HeardTags(
            TAGS_VERSION,
            n_excerpts=len(excerpts),
            scores={
                name: np.round(mean.astype(float), 4).tolist() for name, mean in scores.items()
            },
        )
