"""The search at the end: a secret in any file or document is found, the operator's own is not."""

from pathlib import Path

import pytest

from harmonyhub.domain.ids import UserId
from harmonyhub.drills.act_secrets import is_left_out, play_secrets
from harmonyhub.drills.guards import Guards
from harmonyhub.drills.scale import Scale
from harmonyhub.drills.site import Ground

SECRET = "Sentinel-00112233445566778899aabb-pW"


async def count_finds(ground: Ground) -> int:
    """Count what the search finds."""
    played = await play_secrets(ground, seed=1, scale=Scale.short(), guards=Guards.all())
    return int(played["secrets.found"].value)


@pytest.mark.slow
async def test_what_is_planted_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A secret in a log, in a document or on a command line is a find, with its place."""
    async with Ground.open(tmp_path) as ground:
        ground.secrets["access password"] = SECRET
        for name in (".env", "all.env", "harmonyhub_access_password"):
            (tmp_path / name).write_text(SECRET)
        assert await count_finds(ground) == 0
        (tmp_path / "work.log").write_text(f"opened {SECRET.encode().hex()}")
        assert await count_finds(ground) == 1
        async with ground.site("planted", seed=1) as site, site.house() as house:
            await house.store.users.ensure(UserId(SECRET), now=1)
        assert await count_finds(ground) >= 3  # the log of writes has it as well
    assert "access password stands in work.log, hex" in caplog.text
    assert "access password stands in drill_planted.users, raw" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.slow
async def test_command_lines_and_messages_are_kept(tmp_path: Path) -> None:
    """Command lines of processes, and what a sink was told, are files of the drill."""
    async with Ground.open(tmp_path) as ground:
        async with ground.site("kept", seed=1) as site:
            await site.sink.client.post("/first", json={"title": "hello", "message": "there"})
        assert "hello" in (tmp_path / "kept" / "messages.json").read_text()
        lines = (tmp_path / "command-lines.txt").read_bytes()
        assert b"mongod" in lines


def test_only_mongodbs_own_files_are_left_out() -> None:
    """Blocks of MongoDB are left out, for its documents are read; its log is not."""
    assert is_left_out(Path("mongodb/mongodb/collection-0.wt"))
    assert is_left_out(Path("mongodb/mongodb/journal/WiredTigerLog.0000000001"))
    assert not is_left_out(Path("mongodb/mongodb.log"))
    assert not is_left_out(Path("one/data/collection.wt"))
