"""Every check has its page; what a page shows of an offline check is what the check says."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harmonyhub.checks.reference import CHECKS, render_reference, render_runbook_index
from harmonyhub.domain.findings import Finding, describe
from harmonyhub.settings.catalogue import SETTING_CHECKS
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.misplaced import check_against
from harmonyhub.settings.snapshot import fingerprints

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
SECTIONS = ("What it means", "What you see", "Fix", "Is it fixed?")
ID = "0123456789abcdef0123456789abcdef"
SECRET = "fedcba9876543210fedcba9876543210"
CLIENT = f"HARMONYHUB_SPOTIFY_CLIENT_ID={ID}\nHARMONYHUB_SPOTIFY_CLIENT_SECRET={SECRET}"


@dataclass(frozen=True)
class Example:
    """A mistake as it is shown on a page: lines of `.env`, the environment, files."""

    env_file: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


EXAMPLES = {
    "HH001": Example("HARMONYHUB_SPOTIFY_CLIENT_SECRT=..."),
    "HH002": Example("HARMONYHUB_PORT=8000\nHARMONYHUB_PORT_FILE=port.txt"),
    "HH003": Example("HARMONYHUB_PORT=8080", {"HARMONYHUB_PORT": "8000"}),
    "HH004": Example("HARMONYHUB_ACCESS_PASSWORD_FILE=/run/secrets/nosuch"),
    "HH005": Example("HARMONYHUB_PORT 8080"),
    "HH006": Example("HARMONYHUB_ACCESS_PASSWORD="),
    "HH007": Example("HARMONYHUB_ACCESS_PASSWORD=changeme"),
    "HH008": Example(environ={"HARMONYHUB_MONGODB_DATABASE": '"music"'}),
    "HH009": Example("HARMONYHUB_PORT=eighty"),
    "HH010": Example(f"HARMONYHUB_SPOTIFY_CLIENT_ID={ID}"),
    "HH011": Example(CLIENT.replace(SECRET, ID)),
    "HH012": Example("SPOTIFY_CLIENT_SECRET=..."),
    "HH013": Example("HARMONYHUB_SPOTIFY_REDIRECT_URI=http://localhost:8000/spotify/callback"),
    "HH014": Example("HARMONYHUB_HOST=0.0.0.0"),
    "HH015": Example("HARMONYHUB_SPOTIFY_API_URL=http://spotify.example.org/v1"),
    "HH016": Example(CLIENT[:-3]),
    "HH018": Example("HARMONYHUB_ACCESS_PASSWORD=mongodb://app:password@db.internal/"),
    "HH019": Example(f"{CLIENT}\nHARMONYHUB_ACCESS_PASSWORD={SECRET}"),
    "HH020": Example(
        "HARMONYHUB_BASE_URL=https://music.example.org\n"
        "HARMONYHUB_SPOTIFY_REDIRECT_URI=https://music.example.org:8443/spotify/callback"
    ),
    "HH021": Example("HARMONYHUB_ALERT_ESCALATION_URLS=ntfys://ntfy.sh/the-boss"),
    "HH022": Example(
        "HARMONYHUB_ACCESS_PASSWORD_FILE=password.txt", files={"password.txt": "correct horse"}
    ),
    "HH023": Example("HARMONYHUB_MONGODB_URI=mongodb://db.internal:27017/"),
    "HH024": Example("HARMONYHUB_MONGODB_URI=mongodb://localhost/music"),
    "HH025": Example("HARMONYHUB_MONGODB_DATABASE=test"),
    "HH026": Example("HARMONYHUB_MONGODB_URI=mongodb://db.internal/?replicaSet=rs0"),
    "HH027": Example("HARMONYHUB_ALERT_URLS=slak://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXr"),
    "HH028": Example("HARMONYHUB_ACCESS_PASSWORD=5b1f0c9d8e7a6b5c4d3e2f1a0b9c8d7e"),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, as /srv/harmonyhub is."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def find(check_id: str, folder: Path) -> Finding:
    """Make the mistake of a page, and take the finding of its check."""
    if check_id == "HH017":
        return find_swap(folder)
    example = EXAMPLES[check_id]
    (folder / ".env").write_text(example.env_file + "\n")
    for name, text in example.files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    _, findings = load_settings(example.environ, folder=folder)
    return next(each for each in findings if each.check_id == check_id)


def find_swap(folder: Path) -> Finding:
    """Exchange id and secret, and compare with the last good ones."""
    (folder / ".env").write_text(CLIENT + "\n")
    good, _ = load_settings({}, folder=folder)
    (folder / ".env").write_text(CLIENT.replace(ID, "x").replace(SECRET, ID).replace("x", SECRET))
    swapped, _ = load_settings({}, folder=folder)
    assert good is not None
    assert swapped is not None
    return check_against(swapped, fingerprints(good, b"key"), key=b"key")[0]


def read(check_id: str) -> str:
    """Read the page of a check."""
    return (RUNBOOKS / f"{check_id}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check_id", [check.id for check in CHECKS])
def test_every_check_has_a_page_with_all_sections(check_id: str) -> None:
    """A page is named like its check and answers the four questions, each with some text."""
    page = read(check_id)
    assert page.startswith(f"# {check_id}: ")
    parts = re.split(r"^\*\*(.+?)\*\*$", page, flags=re.MULTILINE)
    bodies = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(SECTIONS) == [title for title in bodies if title in SECTIONS]
    assert not set(bodies) - {*SECTIONS, "Why we check"}
    assert all(body.strip() for body in bodies.values())
    assert "harmonyhub" in bodies["Is it fixed?"]


def test_no_page_is_without_a_check() -> None:
    """A page of a check that is gone would send people astray."""
    assert {check.id for check in CHECKS} == {path.stem for path in RUNBOOKS.glob("HH*.md")}


@pytest.mark.parametrize("check_id", [check.id for check in SETTING_CHECKS])
def test_page_shows_what_the_check_says(check_id: str, folder: Path) -> None:
    """The text under "What you see" is that of the check, word for word."""
    assert f"```\n{describe(find(check_id, folder))}\n```" in read(check_id)


def test_every_check_is_documented() -> None:
    """Ids stand once and in order, and the committed pages are made from them."""
    ids = [check.id for check in CHECKS]
    assert sorted(set(ids)) == ids
    assert render_reference() == (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert render_runbook_index() == (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert all(f"[{check_id}](runbooks/{check_id}.md)" in render_reference() for check_id in ids)


def test_what_a_check_needs_is_a_check() -> None:
    """Nothing is blocked by an id that does not exist, or by itself."""
    ids = {check.id for check in CHECKS}
    assert all({*check.needs} <= ids - {check.id} for check in CHECKS)
