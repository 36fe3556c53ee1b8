"""The act that lets the product say everything: it does, and no secret is in it."""

from pathlib import Path

import pytest

from harmonyhub.drills.act_exposure import PAGES, play_exposure
from harmonyhub.drills.act_secrets import play_secrets
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.site import Ground


@pytest.mark.slow
async def test_all_is_said_and_no_secret(tmp_path: Path) -> None:
    """Pages, commands, logs and dumps are there and speak of the fault, and hold no secret."""
    async with Ground.open(tmp_path) as ground:
        await play_exposure(ground, seed=2, scale=Scale.short(), guards=Guards.all())
        scale, guards = Scale.short(), Guards.all()
        searched = await play_secrets(ground, seed=2, scale=scale, guards=guards)
        passwords = {name for name in ground.secrets if name.startswith("password in")}
    assert searched["secrets.found"].value == 0
    assert passwords == {"password in an alert URL", "password in the address of MongoDB"}

    folder = tmp_path / "exposure"
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    for name in ("serve.log", "work.log"):
        assert "Fatal Python error: Aborted" in texts[name]
    for name in ("messages.json", "said-check.txt", "said-why.txt", "said-incident.txt"):
        assert "HARMONYHUB_SPOTIFY_CLIENT_SECRET" in texts[name]
    assert "MongoDB refuses our user name or password" in texts["said-refused.txt"]
    assert "HARMONYHUB_MONGODB_URI: secret " in texts["said-diff.txt"]
    assert "harmonyhub_upstream_requests_total" in texts[_page("operator", "/metrics")]
    assert "/metrics 401" in texts[_page("stranger", "/metrics")]
    assert "HH0" in "".join(path.read_text() for path in folder.glob("faults/*/findings.txt"))


def _page(visitor: str, path: str) -> str:
    return f"page-{visitor}-{PAGES.index(path)}.txt"
