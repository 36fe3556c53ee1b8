"""The gate recognizes values that moved between variables, before it asks anybody."""

from pathlib import Path

from harmonyhub.domain.findings import Severity
from harmonyhub.domain.releases import ConfigurationEntry, GateVerdict, Release, ReleaseState
from harmonyhub.release.gate import judge
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.snapshot import fingerprints
from harmonyhub.storage.store import Store

KEY = b"k" * 32
ID, SECRET = "HARMONYHUB_SPOTIFY_CLIENT_ID", "HARMONYHUB_SPOTIFY_CLIENT_SECRET"
GOOD = {ID: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", SECRET: "a0b1c2d3e4f5061728394a5b6c7d8e9f"}


def release_of(environ: dict[str, str], folder: Path) -> Release:
    """Make the ledger's entry of a configuration."""
    settings, _ = load_settings(environ, folder=folder)
    assert settings is not None
    entries = tuple(
        ConfigurationEntry(name=name, provenance="environment", fingerprint=text, is_secret=True)
        for name, text in fingerprints(settings, KEY).items()
    )
    return Release(
        number=1,
        created_at=0,
        version="1",
        code_digest="",
        python="",
        configuration=entries,
        configuration_fingerprint="",
        state=ReleaseState.COMMITTED,
        verdict=GateVerdict.PASS,
    )


async def test_swapped_credentials_fail_without_a_call(store: Store, tmp_path: Path) -> None:
    """Id and secret in each other's place: both are named, and nothing live was looked at."""
    data_dir = {"HARMONYHUB_DATA_DIR": str(tmp_path / "data")}
    report = await judge(
        data_dir | {ID: GOOD[SECRET], SECRET: GOOD[ID]},
        folder=tmp_path,
        env_file=None,
        live=release_of(data_dir | GOOD, tmp_path),
        store=store,
        fingerprint_key=KEY,
    )
    assert GateVerdict.FAIL is report.verdict
    found = [each.finding for each in report.results if each.finding is not None]
    assert [("HH017", ID), ("HH017", SECRET)] == [(each.check_id, each.variable) for each in found]
    assert {Severity.ERROR} == {each.severity for each in found}
    assert len(report.results) == len(found), "the live checks would be results too"
