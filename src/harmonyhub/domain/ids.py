"""Identifiers, one type per thing they name."""

from typing import NewType

UserId = NewType("UserId", str)
TrackId = NewType("TrackId", str)
ArtistId = NewType("ArtistId", str)
ReleaseId = NewType("ReleaseId", str)
LedgerId = NewType("LedgerId", str)
JobId = NewType("JobId", str)
AudioHash = NewType("AudioHash", str)
IdentityKey = NewType("IdentityKey", str)
"""One name under which a track is known: `isrc:...`, `mbid:...`, `spotify:...` or `name:...`."""
