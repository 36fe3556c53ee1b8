"""madmom's port to ONNX (BSD code; models CC BY-NC-SA 4.0): bars, tempo, key and chords."""

import onnxruntime

_Session = onnxruntime.InferenceSession


def _on_one_thread(*arguments: object, **named: object) -> object:
    options = named.pop("sess_options", None) or onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return _Session(*arguments, sess_options=options, **named)


onnxruntime.InferenceSession = _on_one_thread  # before madmom is imported

from madmom.features.beats import RNNBeatProcessor  # noqa: E402
from madmom.features.chords import (  # noqa: E402
    CNNChordFeatureProcessor,
    CRFChordRecognitionProcessor,
)
from madmom.features.downbeats import (  # noqa: E402
    DBNDownBeatTrackingProcessor,
    RNNDownBeatProcessor,
)
from madmom.features.key import CNNKeyRecognitionProcessor, key_prediction_to_label  # noqa: E402
from madmom.features.tempo import TempoEstimationProcessor  # noqa: E402

hear_bars, place_bars = RNNDownBeatProcessor(), DBNDownBeatTrackingProcessor([3, 4], fps=100)
hear_beats, find_tempo = RNNBeatProcessor(), TempoEstimationProcessor(fps=100)
hear_chords, name_chords = CNNChordFeatureProcessor(), CRFChordRecognitionProcessor()
hear_key = CNNKeyRecognitionProcessor()


def ask(path: str) -> dict[str, object]:
    """Run the processors behind its programs, with their default settings."""
    places = place_bars(hear_bars(path))
    beats = [float(time_s) for time_s, _ in places]
    tempi = find_tempo(hear_beats(path))
    return {
        "beats": beats,
        "downbeats": [float(time_s) for time_s, number in places if number == 1],
        "beats_per_bar": int(max(number for _, number in places)) if len(places) else 0,
        "tempo": float(tempi[0][0]) if len(tempi) else None,
        "key": key_prediction_to_label(hear_key(path)).split(),
        "chords": [
            (float(start), float(end), str(label))
            for start, end, label in name_chords(hear_chords(path))
        ],
    }
