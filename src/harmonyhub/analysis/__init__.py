"""What a track is made of: from an audio file to tempo, beats, key, loudness and pictures.

Floats travel as `FloatArray`; shapes and units are in each docstring.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating]
IndexArray: TypeAlias = NDArray[np.intp]
