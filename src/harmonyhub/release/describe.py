"""Makes a release out of this code and a configuration."""

import sys
from pathlib import Path

import harmonyhub
from harmonyhub.domain.releases import ConfigurationEntry, GateVerdict, Release, ReleaseState
from harmonyhub.release.digest import code_digest
from harmonyhub.release.environment import anchor
from harmonyhub.settings.model import Settings
from harmonyhub.settings.snapshot import configuration_fingerprint, fingerprints, snapshot


def describe_release(
    settings: Settings,
    *,
    fingerprint_key: bytes,
    folder: Path,
    verdict: GateVerdict,
    now: int,
    replaced: int | None,
) -> Release:
    """Describe this code with these settings as a candidate; the ledger gives it its number.

    Parameters
    ----------
    folder : Path
        Where relative paths of files count from.
    """
    marks = fingerprints(settings, fingerprint_key)
    entries = [
        ConfigurationEntry(
            name=entry.name,
            provenance=entry.provenance,
            fingerprint=marks[entry.name],
            is_secret=entry.is_secret,
            text=entry.reveal(),
        )
        for entry in snapshot(settings)
    ]
    return Release(
        number=0,
        created_at=now,
        version=harmonyhub.__version__,
        code_digest=code_digest(),
        python=sys.executable,
        configuration=tuple(anchor(entry, folder=folder) for entry in entries),
        configuration_fingerprint=configuration_fingerprint(settings, fingerprint_key),
        state=ReleaseState.CANDIDATE,
        verdict=verdict,
        replaced=replaced,
    )
