"""Essentia (AGPL-3.0): beats by its slower tracker, which weighs five curves of attacks."""

import essentia
import essentia.standard as es

essentia.log.infoActive = False
essentia.log.warningActive = False


def ask(path: str) -> dict[str, object]:
    """Run what its documentation shows."""
    signal = es.MonoLoader(filename=path, sampleRate=44_100)()
    tempo, beats, _, _, _ = es.RhythmExtractor2013(method="multifeature")(signal)
    return {"tempo": float(tempo), "beats": [float(beat) for beat in beats]}
