"""A history of any size is read in bounded memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.spotify_zip import Mix, as_spotify_json, invented_songs, plays

LARGE_BYTES = 200 << 20
LIMIT_MB = 300
READ = """
import sys
from pathlib import Path
from harmonyhub.sources.history import read_history
n_lines = sum(1 for _ in read_history(Path(sys.argv[1])).lines())
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
# VmHWM: ru_maxrss would begin with what the parent had when it forked.
print(n_lines, int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read in /proc")
def test_one_large_json_stays_under_300_mb(tmp_path: Path) -> None:
    """A single JSON of 200 MB is read to its last line with less than 300 MB in all."""
    rows = plays(invented_songs(2_000), Mix(kept=20_000), seed=1, until=1_700_000_000)
    block = as_spotify_json(rows)[1:-1]
    n_blocks = LARGE_BYTES // len(block) + 1
    with (tmp_path / "large.json").open("wb") as file:
        file.write(b"[")
        for number in range(n_blocks):
            file.write(block if number == 0 else b"," + block)
        file.write(b"]")
    answer = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "large.json")],
        check=True,
        capture_output=True,
        text=True,
    )
    n_lines, peak_mb = map(int, answer.stdout.split())
    assert n_blocks * len(rows) == n_lines
    assert peak_mb < LIMIT_MB, peak_mb
