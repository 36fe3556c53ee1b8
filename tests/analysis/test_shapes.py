"""The shapes that other tools read: Spotify's objects and JAMS."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from harmonyhub.analysis.jams import to_jams
from harmonyhub.analysis.spotify_shapes import to_audio_analysis, to_audio_features
from harmonyhub.analysis.track import analyse_in_segments

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "data" / "spotify" / "openapi.yaml"


@pytest.fixture(scope="module")
def analysed(tmp_path_factory, encode, sounds):
    """Analyse a minute of a cadence with clicks."""
    chords = np.concatenate([sounds.cadence(2, "minor")] * 3)
    signal = chords * 0.5 + np.resize(sounds.click_track(120), len(chords))
    path = tmp_path_factory.mktemp("shapes") / "a.flac"
    return analyse_in_segments(encode(path, signal, sample_rate=22_050))


@pytest.fixture(scope="module")
def schemas():
    """Read Spotify's published contract, or skip where it is not beside the repository."""
    if not CONTRACT.is_file():
        pytest.skip("the research data is not beside the repository (../shared)")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(CONTRACT.read_text(), loader)["components"]["schemas"]  # noqa: S506 - safe


def check(value: object, schema: dict, schemas: dict, *, at: str) -> None:
    """Hold a value against the part of OpenAPI that these objects use; nothing may be missing."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    assert isinstance(value, kinds[schema["type"]]), at
    if schema["type"] == "object":
        assert set(schema["properties"]) == set(value), at
        for name, part in schema["properties"].items():
            check(value[name], part, schemas, at=f"{at}.{name}")
    elif schema["type"] == "array":
        for number, item in enumerate(value):
            check(item, schema["items"], schemas, at=f"{at}[{number}]")
    elif schema["type"] in ("integer", "number"):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), at
    assert value in schema.get("enum", [value]), at


def test_audio_features_keep_the_contract(analysed, schemas):
    """The object has every field of Spotify's, in its type and range."""
    features = to_audio_features(analysed[0])
    check(features, schemas["AudioFeaturesObject"], schemas, at="features")
    assert 36_000 == pytest.approx(features["duration_ms"], abs=100)
    assert (2, 0) == (features["key"], features["mode"])


def test_audio_analysis_keeps_the_contract(analysed, schemas):
    """The object and every bar, beat, tatum, section and segment in it fit Spotify's schema."""
    analysis = to_audio_analysis(*analysed, now=1_700_000_000, seconds=0.5)
    check(analysis, schemas["AudioAnalysisObject"], schemas, at="analysis")
    assert len(analysis["segments"]) > 10
    assert 2 * len(analysis["beats"]) == len(analysis["tatums"])


def test_a_sound_without_a_beat_has_shapes_too(tmp_path, encode):
    """A tone that only stands there: no bars, beats and tatums, and everything else."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8 * 22_050) / 22_050)
    analysis, segments = analyse_in_segments(
        encode(tmp_path / "tone.wav", tone, sample_rate=22_050)
    )
    shape = to_audio_analysis(analysis, segments, now=0, seconds=0.5)
    assert [] == shape["bars"] == shape["beats"] == shape["tatums"]
    assert shape["segments"]
    assert 0.0 == shape["track"]["tempo"] == to_audio_features(analysis)["tempo"]


def test_intervals_leave_no_gap(analysed):
    """Segments follow each other from 0 to the end, each with twelve pitches and timbres."""
    analysis, segments = analysed
    shape = to_audio_analysis(analysis, segments, now=0, seconds=0.5)["segments"]
    ends = [segment["start"] + segment["duration"] for segment in shape]
    starts = [segment["start"] for segment in shape]
    assert 0 == starts[0]
    assert ends[:-1] == pytest.approx(starts[1:], abs=1e-3)
    assert ends[-1] == pytest.approx(analysis.duration, abs=0.03)
    assert {(12, 12)} == {(len(s["pitches"]), len(s["timbre"])) for s in shape}
    assert {1.0} == {max(segment["pitches"]) for segment in shape}


def test_jams_holds_what_was_found(analysed):
    """Beats, tempo, keys, chords and sections stand under JAMS' namespaces; it is plain JSON."""
    jams = json.loads(json.dumps(to_jams(analysed[0]), allow_nan=False))
    found = {part["namespace"]: part["data"] for part in jams["annotations"]}
    assert {"beat", "tempo", "key_mode", "chord", "segment_open"} == set(found)
    assert len(analysed[0].beats) == len(found["beat"])
    assert "D:minor" == found["key_mode"][0]["value"]
    assert analysed[0].duration == jams["file_metadata"]["duration"]
    assert {"time", "duration", "value", "confidence"} == set(found["chord"][0])
