"""An environment without the settings of whoever runs the tests."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every variable away that a check of settings would look at."""
    for name in list(os.environ):
        if name.upper().startswith(("HARMONYHUB_", "SPOTIFY_", "SPOTIPY_")):
            monkeypatch.delenv(name)
