"""Ours: the whole recipe, loudness, descriptors and pictures included."""

from pathlib import Path

from harmonyhub.analysis.track import analyse_file


def ask(path: str) -> dict[str, object]:
    """Analyse the file as `harmonyhub analyse` does."""
    found = analyse_file(Path(path))
    return {
        "tempo": found.tempo,
        "beats": found.beats,
        "downbeats": found.downbeats,
        "beats_per_bar": found.time_signature or 0,
        "key": (found.key.tonic, found.key.mode) if found.key else None,
        "chords": found.chords,
        "borders": [start for start, _, _ in found.sections[1:]],
        "parts": found.sections,
        "loudness": found.loudness,
    }
