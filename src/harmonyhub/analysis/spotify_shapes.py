"""An analysis in the shapes of Spotify's audio-features and audio-analysis objects.

Tools that were written for those objects read them again; the numbers are ours, and none was fitted
to Spotify's.
"""

from collections.abc import Sequence
from itertools import pairwise

from harmonyhub.analysis.decode import ANALYSIS_RATE
from harmonyhub.analysis.key import NAMES
from harmonyhub.analysis.segments import Segment
from harmonyhub.domain.analysis import TrackAnalysis

SILENT_DB = -60.0  # the lowest loudness that Spotify names
TATUMS = 2  # per beat
DESCRIBED = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness",
    "valence",
)  # fmt: skip
# Strings that only fingerprinting services read: present, empty, version 0.
FINGERPRINTS = ("codestring", "echoprintstring", "synchstring", "rhythmstring")
FINGERPRINT_VERSIONS = ("code_version", "echoprint_version", "synch_version", "rhythm_version")
Object = dict[str, object]


def to_audio_features(analysis: TrackAnalysis) -> Object:
    """Write the audio-features object; without a key `key` is -1, without a beat `tempo` is 0."""
    name = f"harmonyhub:audio:{analysis.audio_hash}"
    described = {field: _described(analysis, field) for field in DESCRIBED}
    return described | {
        "analysis_url": f"{name}:analysis",
        "duration_ms": round(analysis.duration * 1000),
        "id": analysis.audio_hash,
        "key": _key(analysis),
        "loudness": _loudness(analysis),
        "mode": _mode(analysis),
        "tempo": analysis.tempo or 0.0,
        "time_signature": _time_signature(analysis),
        "track_href": f"{name}:track",
        "type": "audio_features",
        "uri": name,
    }


def to_audio_analysis(
    analysis: TrackAnalysis, segments: Sequence[Segment], *, now: int, seconds: float
) -> Object:
    """Write the audio-analysis object; `now` is unix seconds, `seconds` what the analysis took."""
    beats = [*analysis.beats]
    tatums = [
        beat + part * (end - beat) / TATUMS
        for beat, end in pairwise([*beats, analysis.duration])
        for part in range(TATUMS)
    ]
    sure, bar_sure = analysis.tempo_confidence, _confidence(analysis, "downbeats")
    return {
        "meta": {
            "analyzer_version": f"harmonyhub {analysis.analysis_version}",
            "platform": "HarmonyHub",
            "detailed_status": "; ".join(analysis.notes) or "OK",
            "status_code": 0,
            "timestamp": now,
            "analysis_time": round(seconds, 5),
            "input_process": f"{analysis.codec}->{ANALYSIS_RATE}Hz mono",
        },
        "track": _track(analysis, segments),
        "bars": _intervals(analysis.downbeats, analysis.duration, bar_sure),
        "beats": _intervals(beats, analysis.duration, sure),
        "sections": [_section(analysis, segments, section) for section in analysis.sections],
        "segments": [_segment(segment, following) for segment, following in _pairs(segments)],
        "tatums": _intervals(tatums, analysis.duration, sure),
    }


def _track(analysis: TrackAnalysis, segments: Sequence[Segment]) -> Object:
    music = [segment for segment in segments if segment.peak_db > SILENT_DB]
    last = music[-1].start_s + music[-1].duration_s if music else analysis.duration
    return {
        "num_samples": round(analysis.duration * ANALYSIS_RATE),
        "duration": analysis.duration,
        "sample_md5": "",
        "offset_seconds": 0,
        "window_seconds": 0,
        "analysis_sample_rate": ANALYSIS_RATE,
        "analysis_channels": 1,
        "end_of_fade_in": music[0].start_s if music else 0.0,
        "start_of_fade_out": round(last, 4),
        "loudness": _loudness(analysis),
        "tempo": analysis.tempo or 0.0,
        "tempo_confidence": analysis.tempo_confidence,
        "time_signature": _time_signature(analysis),
        "time_signature_confidence": _confidence(analysis, "time_signature"),
        "key": _key(analysis),
        "key_confidence": _confidence(analysis, "key"),
        "mode": _mode(analysis),
        "mode_confidence": _confidence(analysis, "key"),
        **dict.fromkeys(FINGERPRINTS, ""),
        **dict.fromkeys(FINGERPRINT_VERSIONS, 0),
    }


def _section(
    analysis: TrackAnalysis, segments: Sequence[Segment], section: tuple[float, float, str]
) -> Object:
    start, end, _ = section
    beats = [beat for beat in analysis.beats if start <= beat < end]
    periods = sorted(later - beat for beat, later in pairwise(beats))
    peaks = [segment.peak_db for segment in segments if start <= segment.start_s < end]
    return {
        "start": start,
        "duration": round(end - start, 3),
        "confidence": _border_confidence(segments, start),
        "loudness": round(sum(peaks) / len(peaks), 3) if peaks else SILENT_DB,
        "tempo": round(60 / periods[len(periods) // 2], 3) if periods else 0.0,
        "tempo_confidence": analysis.tempo_confidence,
        **_key_at(analysis, (start + end) / 2),
        "time_signature": _time_signature(analysis),
        "time_signature_confidence": _confidence(analysis, "time_signature"),
    }


def _border_confidence(segments: Sequence[Segment], start: float) -> float:
    """How clear the attack is that a section begins with; the first begins for sure."""
    if start == 0 or not segments:
        return 1.0
    return min(segments, key=lambda segment: abs(segment.start_s - start)).confidence


def _key_at(analysis: TrackAnalysis, time_s: float) -> Object:
    """Key and mode of the key segment that holds a time."""
    sure = _confidence(analysis, "key")
    for start, end, tonic, mode in analysis.key_segments:
        if start <= time_s < end:
            key, is_major = NAMES[mode].index(tonic), int(mode == "major")
            return {"key": key, "key_confidence": sure, "mode": is_major, "mode_confidence": sure}
    return {"key": -1, "key_confidence": 0.0, "mode": -1, "mode_confidence": 0.0}


def _segment(segment: Segment, following: Segment | None) -> Object:
    return {
        "start": segment.start_s,
        "duration": segment.duration_s,
        "confidence": segment.confidence,
        "loudness_start": segment.start_db,
        "loudness_max": segment.peak_db,
        "loudness_max_time": segment.peak_after_s,
        "loudness_end": following.start_db if following else SILENT_DB,
        "pitches": segment.pitches,
        "timbre": segment.timbre,
    }


def _pairs(segments: Sequence[Segment]) -> list[tuple[Segment, Segment | None]]:
    return list(zip(segments, [*segments[1:], None], strict=True))


def _intervals(starts: Sequence[float], end: float, confidence: float) -> list[Object]:
    return [
        {
            "start": round(start, 5),
            "duration": round(later - start, 5),
            "confidence": confidence,
        }
        for start, later in pairwise([*starts, end])
    ]


def _described(analysis: TrackAnalysis, name: str) -> float:
    """Give a descriptor; 0 where it could not be computed, as Spotify did."""
    descriptor = analysis.descriptors.get(name)
    value = descriptor.value if descriptor else None
    return float(value) if isinstance(value, int | float) else 0.0


def _confidence(analysis: TrackAnalysis, field: str) -> float:
    measured = analysis.measurements.get(field)
    return (measured.confidence or 0.0) if measured else 0.0


def _key(analysis: TrackAnalysis) -> int:
    return analysis.key.tonic if analysis.key else -1


def _mode(analysis: TrackAnalysis) -> int:
    return int(analysis.key is None or analysis.key.mode == "major")


def _loudness(analysis: TrackAnalysis) -> float:
    return SILENT_DB if analysis.loudness is None else analysis.loudness


def _time_signature(analysis: TrackAnalysis) -> int:
    """Spotify counts from 3 to 7: bars of two are counted in pairs, and 4 is the fallback."""
    beats = analysis.time_signature or 4
    return beats if beats >= 3 else 4
