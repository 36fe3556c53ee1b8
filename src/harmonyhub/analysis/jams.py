"""An analysis as JAMS, the annotation format that research tools read.

References
----------
Humphrey et al. 2014, "JAMS: a JSON annotated music specification for reproducible MIR research",
ISMIR.
"""

from collections.abc import Sequence

from harmonyhub.domain.analysis import TrackAnalysis

JAMS_VERSION = "0.3.4"
Object = dict[str, object]


def to_jams(analysis: TrackAnalysis) -> Object:
    """Write beats, tempo, keys, chords and sections with the namespaces of JAMS."""
    end = analysis.duration
    positions = _positions(analysis)
    sure = analysis.tempo_confidence
    tempo = (
        []
        if analysis.tempo is None
        else [_observe(0.0, end, value=analysis.tempo, confidence=sure)]
    )
    keys = [
        _observe(start, stop, value=f"{tonic}:{mode}")
        for start, stop, tonic, mode in analysis.key_segments
    ]
    annotations = {
        "beat": [_observe(beat, beat, value=place, confidence=sure) for beat, place in positions],
        "tempo": tempo,
        "key_mode": keys,
        "chord": [_observe(start, stop, value=label) for start, stop, label in analysis.chords],
        "segment_open": [
            _observe(start, stop, value=label) for start, stop, label in analysis.sections
        ],
    }
    return {
        "annotations": [
            _annotate(analysis, namespace, data) for namespace, data in annotations.items()
        ],
        "file_metadata": {
            "title": analysis.tags.title or analysis.file_name,
            "artist": analysis.tags.artist or "",
            "release": analysis.tags.release or "",
            "duration": analysis.duration,
            "identifiers": {"blake2b": analysis.audio_hash},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {},
    }


def _positions(analysis: TrackAnalysis) -> list[tuple[float, int | None]]:
    """Beats with their place in the bar, from 1; unknown before the first downbeat."""
    downbeats = set(analysis.downbeats)
    place: int | None = None
    placed = []
    for beat in analysis.beats:
        if beat in downbeats:
            place = 1
        elif place is not None:
            place += 1
        placed.append((beat, place))
    return placed


def _observe(start: float, end: float, *, value: object, confidence: float | None = None) -> Object:
    return {"time": start, "duration": round(end - start, 3), "value": value,
            "confidence": confidence}  # fmt: skip


def _annotate(analysis: TrackAnalysis, namespace: str, data: Sequence[Object]) -> Object:
    return {
        "namespace": namespace,
        "data": list(data),
        "annotation_metadata": {
            "annotation_tools": f"HarmonyHub analysis {analysis.analysis_version}",
            "data_source": "program",
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": analysis.analysis_version,
            "corpus": "",
            "annotation_rules": "",
            "validation": "",
        },
        "time": 0.0,
        "duration": analysis.duration,
        "sandbox": {},
    }
