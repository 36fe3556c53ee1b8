"""Essentia (AGPL-3.0): beats by degara, key by its profile bgate, chords by HPCP, EBU R128."""

import essentia
import essentia.standard as es

essentia.log.infoActive = False
essentia.log.warningActive = False
RATE, FRAME, HOP = 44_100, 4096, 2048


def ask(path: str) -> dict[str, object]:
    """Run what its documentation shows for each of the four."""
    signal = es.MonoLoader(filename=path, sampleRate=RATE)()
    tempo, beats, _, _, _ = es.RhythmExtractor2013(method="degara")(signal)
    tonic, mode, _ = es.KeyExtractor(profileType="bgate")(signal)
    stereo, rate, _, _, _, _ = es.AudioLoader(filename=path)()
    loudness = float(es.LoudnessEBUR128(sampleRate=rate)(stereo)[2])
    return {
        "tempo": float(tempo),
        "beats": [float(beat) for beat in beats],
        "key": (tonic, mode),
        "chords": find_chords(signal),
        "loudness": loudness,
    }


def find_chords(signal: object) -> list[tuple[float, float, str]]:
    """Name a triad per frame, from the spectral peaks, over windows of two seconds."""
    window, spectrum = es.Windowing(type="blackmanharris62"), es.Spectrum()
    peaks = es.SpectralPeaks(
        orderBy="magnitude", magnitudeThreshold=0.00001, minFrequency=20, maxFrequency=3500,
        maxPeaks=60,
    )  # fmt: skip
    fold = es.HPCP()
    profiles = [
        fold(*peaks(spectrum(window(frame))))
        for frame in es.FrameGenerator(signal, frameSize=FRAME, hopSize=HOP)
    ]
    names, _ = es.ChordsDetection(hopSize=HOP, sampleRate=RATE)(essentia.array(profiles))
    frame_s = HOP / RATE
    return [
        (place * frame_s, (place + 1) * frame_s, _harte(name)) for place, name in enumerate(names)
    ]


def _harte(name: str) -> str:
    return f"{name[:-1]}:min" if name.endswith("m") else f"{name}:maj"
