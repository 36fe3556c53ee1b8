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

PERSONA = UserId("local")
"""Who looks at the demo; the history is generated like all others."""

CHECK_USER = UserId("harmonyhub-check")
"""The reserved listener of the synthetic journey; what is stored of it is removed again."""

CHECK_ARTIST = "HarmonyHub check"
"""The reserved artist of the audio that the synthetic journey has analysed."""
