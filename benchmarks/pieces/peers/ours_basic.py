"""Ours, the basic analysis: what excerpts say."""

from pathlib import Path

from harmonyhub.analysis.basic import analyse_basics


def ask(path: str) -> dict[str, object]:
    """Analyse the file as `harmonyhub analyse --basic` does."""
    found = analyse_basics(Path(path))
    return {
        "tempo": found.tempo,
        "key": (found.key.tonic, found.key.mode) if found.key else None,
        "loudness": found.loudness,
    }
