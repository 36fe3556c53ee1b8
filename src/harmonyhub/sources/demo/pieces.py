"""The demo's own audio: four short pieces with known tempo and key, written as FLAC files."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from harmonyhub.sources.demo.score import MAJOR, MINOR, Score, Voice, write_notes
from harmonyhub.sources.demo.synth import SAMPLE_RATE, SoundArray, render

ARTIST = "HarmonyHub Demo"
RELEASE = "Four Sketches"
SEED = 20_240_814
FRAME_SAMPLES = 4_096

_EVERYONE = frozenset(Voice)
_QUIET = frozenset({Voice.PAD, Voice.PLUCK, Voice.HAT, Voice.BASS})
_RHYTHM = _EVERYONE - {Voice.LEAD}
_HALVES = tuple(half / 2 for half in range(8))

SCORES = (
    Score(
        title="Morning Ferry",
        key_name="C major",
        tempo_bpm=96,
        tonic=36,
        scale=MAJOR,
        chords=((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)),
        sections=(_QUIET, _EVERYONE, _RHYTHM),
        grooves={
            Voice.PLUCK: _HALVES,
            Voice.BASS: (0, 1.5, 2, 3),
            Voice.KICK: (0, 2),
            Voice.SNARE: (1, 3),
            Voice.HAT: _HALVES,
        },
    ),
    Score(
        title="Night Line",
        key_name="A minor",
        tempo_bpm=124,
        tonic=33,
        scale=MINOR,
        chords=((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
        sections=(_QUIET | {Voice.KICK}, _RHYTHM, _EVERYONE, _EVERYONE),
        grooves={
            Voice.PLUCK: (0, 0.5, 1.5, 2.5, 3),
            Voice.BASS: (0.5, 1.5, 2.5, 3.5),
            Voice.KICK: (0, 1, 2, 3),
            Voice.SNARE: (1, 3),
            Voice.HAT: (0.5, 1.5, 2.5, 3.5),
        },
    ),
    Score(
        title="Slow Lantern",
        key_name="D minor",
        tempo_bpm=84,
        tonic=38,
        scale=MINOR,
        chords=((0, 3, 7), (8, 12, 15), (5, 8, 12), (7, 11, 14)),
        sections=(_QUIET, _EVERYONE, _EVERYONE),
        grooves={
            Voice.PLUCK: (0, 1, 2, 3),
            Voice.BASS: (0, 2),
            Voice.KICK: (0, 1.5, 2),
            Voice.SNARE: (1, 3),
            Voice.HAT: (0, 1, 2, 3),
        },
    ),
    Score(
        title="Harbour Lights",
        key_name="G major",
        tempo_bpm=110,
        tonic=31,
        scale=MAJOR,
        chords=((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
        sections=(_QUIET, _RHYTHM, _EVERYONE, _EVERYONE),
        grooves={
            Voice.PLUCK: (0, 1, 1.5, 2.5, 3),
            Voice.BASS: (0, 1.5, 2, 3.5),
            Voice.KICK: (0, 2),
            Voice.SNARE: (1, 3),
            Voice.HAT: _HALVES,
        },
    ),
)


@dataclass(frozen=True, slots=True)
class DemoPiece:
    """A synthesized piece on disk, and the truth about it."""

    path: Path
    title: str
    artist: str
    release: str
    tempo_bpm: float
    key_name: str


def synthesize_pieces(folder: Path) -> list[DemoPiece]:
    """Write the pieces into `folder`, which is made if need be; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write_piece(score, folder=folder, rng=rng)
        for score, rng in zip(SCORES, np.random.default_rng(SEED).spawn(len(SCORES)), strict=True)
    ]


def _write_piece(score: Score, *, folder: Path, rng: np.random.Generator) -> DemoPiece:
    notes = write_notes(score, rng=rng)
    sound = render(notes, tempo_bpm=score.tempo_bpm, n_beats=score.n_beats, rng=rng)
    path = folder / f"{score.title.lower().replace(' ', '-')}.flac"
    _write_flac(path, sound=sound, tags={"title": score.title, "artist": ARTIST, "album": RELEASE})
    return DemoPiece(
        path=path,
        title=score.title,
        artist=ARTIST,
        release=RELEASE,
        tempo_bpm=score.tempo_bpm,
        key_name=score.key_name,
    )


def _write_flac(path: Path, *, sound: SoundArray, tags: dict[str, str]) -> None:
    samples = np.round(sound * 32_767).astype(np.int16)
    with av.open(path, "w", format="flac") as container:
        container.metadata.update(tags)
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="stereo", format="s16")
        for start in range(0, len(samples), FRAME_SAMPLES):
            block = np.ascontiguousarray(samples[start : start + FRAME_SAMPLES]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
