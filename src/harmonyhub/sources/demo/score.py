"""Scores of the demo pieces: key, tempo, chords and grooves as data, melodies drawn from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

BEATS_PER_BAR = 4
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)


class Voice(StrEnum):
    """Who plays a note; the three last have no pitch."""

    PAD = "pad"
    PLUCK = "pluck"
    BASS = "bass"
    LEAD = "lead"
    KICK = "kick"
    SNARE = "snare"
    HAT = "hat"


@dataclass(frozen=True, slots=True)
class Note:
    """A note: start and length in beats, MIDI pitch (60 is middle C), velocity in (0, 1]."""

    voice: Voice
    beat: float
    beats: float
    velocity: float
    pitch: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """A piece before it sounds.

    Attributes
    ----------
    tonic : int
        MIDI pitch of the key note in the bass octave; `scale` holds semitones above it.
    chords : sequence of chords
        One a bar, as semitones above the tonic, the root first; they repeat to the end.
    sections : sequence of voice sets
        Who plays in each round of the chords.
    grooves : mapping by voice
        Beats in the bar on which the voice strikes; for PLUCK and BASS too.
    """

    title: str
    key_name: str
    tempo_bpm: float
    tonic: int
    scale: Sequence[int]
    chords: Sequence[Sequence[int]]
    sections: Sequence[frozenset[Voice]]
    grooves: dict[Voice, Sequence[float]]

    @property
    def n_beats(self) -> int:
        """Beats up to the end of the last chord, which is one bar of the tonic."""
        return (len(self.sections) * len(self.chords) + 1) * BEATS_PER_BAR


def write_notes(score: Score, *, rng: np.random.Generator) -> list[Note]:
    """Write out all notes of a score; the melody is drawn, and returns with small changes."""
    phrase = _draw_phrase(score, rng=rng)
    notes: list[Note] = []
    for round_, voices in enumerate(score.sections):
        if round_:
            phrase = _vary(phrase, score=score, rng=rng)
        for place, chord in enumerate(score.chords):
            start = (round_ * len(score.chords) + place) * BEATS_PER_BAR
            notes += _play_chord(score, chord=chord, start=start, voices=voices)
            notes += _play_drums(score, start=start, voices=voices)
            if Voice.LEAD in voices:
                notes += _play_melody(score, phrase=phrase[place], chord=chord, start=start)
    first_round = len(score.chords) * BEATS_PER_BAR
    return [*(_swell(note, until=first_round) for note in notes), *_close(score)]


def _swell(note: Note, *, until: float) -> Note:
    """Let the first round begin softly and grow."""
    if note.beat >= until:
        return note
    return replace(note, velocity=note.velocity * (0.35 + 0.5 * note.beat / until))


def _play_chord(
    score: Score, *, chord: Sequence[int], start: float, voices: frozenset[Voice]
) -> Iterator[Note]:
    pitches = [score.tonic + 12 + step for step in chord]
    if Voice.PAD in voices:
        for pitch in pitches:
            yield Note(Voice.PAD, start, BEATS_PER_BAR, 0.5, pitch + 12)
    if Voice.PLUCK in voices:
        arpeggio = [*pitches, pitches[0] + 12, pitches[1] + 12]
        for count, beat in enumerate(score.grooves[Voice.PLUCK]):
            pitch = arpeggio[(count * 2) % len(arpeggio)] + 12
            yield Note(Voice.PLUCK, start + beat, 1.5, _accent(beat), pitch)
    if Voice.BASS in voices:
        for beat in score.grooves[Voice.BASS]:
            yield Note(Voice.BASS, start + beat, 0.9, _accent(beat), pitches[0] - 12)


def _play_drums(score: Score, *, start: float, voices: frozenset[Voice]) -> Iterator[Note]:
    for voice in (Voice.KICK, Voice.SNARE, Voice.HAT):
        if voice in voices:
            for beat in score.grooves[voice]:
                yield Note(voice, start + beat, 0.5, _accent(beat))


def _accent(beat: float) -> float:
    """Strike the bar's first beat hardest, beats harder than what lies between."""
    if beat == 0:
        return 1.0
    return 0.8 if beat == int(beat) else 0.55


def _draw_phrase(score: Score, *, rng: np.random.Generator) -> list[list[int | None]]:
    """Draw one round of melody in half beats: scale degrees, None where it rests or holds."""
    degree = 7
    phrase: list[list[int | None]] = []
    for chord in score.chords:
        bar: list[int | None] = []
        for half in range(2 * BEATS_PER_BAR):
            if rng.random() > (0.85 if half % 4 == 0 else 0.3):
                bar.append(None)
                continue
            degree = int(np.clip(degree + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 3, 13))
            if half % 4 == 0:  # strong beats stand on the chord
                degree = _nearest_chord_degree(degree, chord=chord, scale=score.scale)
            bar.append(degree)
        phrase.append(bar)
    return phrase


def _nearest_chord_degree(degree: int, *, chord: Sequence[int], scale: Sequence[int]) -> int:
    tones = {step % 12 for step in chord}
    fitting = [d for d in range(3, 14) if scale[d % 7] in tones]
    return min(fitting, key=lambda d: (abs(d - degree), d))


def _vary(
    phrase: Sequence[Sequence[int | None]], *, score: Score, rng: np.random.Generator
) -> list[list[int | None]]:
    """Change the melody's last bar only, as a singer does at a repeat."""
    return [*(list(bar) for bar in phrase[:-1]), _draw_phrase(score, rng=rng)[-1]]


def _play_melody(
    score: Score, *, phrase: Sequence[int | None], chord: Sequence[int], start: float
) -> Iterator[Note]:
    struck = [half for half, degree in enumerate(phrase) if degree is not None]
    for half, following in zip(struck, [*struck[1:], len(phrase)], strict=True):
        octave, step = divmod(phrase[half] or 0, 7)
        pitch = score.tonic + 24 + 12 * octave + _sharpen(score.scale[step], chord=chord)
        yield Note(Voice.LEAD, start + half / 2, (following - half) / 2, _accent(half / 2), pitch)


def _sharpen(step: int, *, chord: Sequence[int]) -> int:
    """Raise the minor seventh where the chord has the leading note: both at once sound wrong."""
    has_leading_note = 11 in {tone % 12 for tone in chord}
    return 11 if step == 10 and has_leading_note else step


def _close(score: Score) -> Iterator[Note]:
    """End on one bar of the tonic chord."""
    start = len(score.sections) * len(score.chords) * BEATS_PER_BAR
    third = score.scale[2]
    for step in (0, third, 7):
        yield Note(Voice.PAD, start, BEATS_PER_BAR, 0.6, score.tonic + 24 + step)
        yield Note(Voice.PLUCK, start, BEATS_PER_BAR, 0.8, score.tonic + 24 + step)
    yield Note(Voice.BASS, start, BEATS_PER_BAR, 1.0, score.tonic)
    yield Note(Voice.KICK, start, 0.5, 0.8)
