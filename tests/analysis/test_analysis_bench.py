"""The benchmark of the analysis: how analysers are asked, what is kept, how answers are scored."""

import re
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from benchmarks import analysis as bench
from benchmarks.pieces.analysers import OURS, PEERS
from benchmarks.pieces.answers import Asker, Shelf
from benchmarks.pieces.scores import judge
from benchmarks.pieces.tables import write_page, write_summary, write_table

PYTHON = Path(sys.executable)


@pytest.fixture
def tone(tmp_path):
    """Two seconds of A at half of full scale."""
    path = tmp_path / "tone.wav"
    samples = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 8_000) * 16_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.mark.slow
def test_a_peer_that_stumbles_or_dies_is_asked_about_the_next_piece(tone, tmp_path):
    """An error and a death are replies with a reason; the piece after them gets its answer."""
    text = tmp_path / "text.mp3"
    text.write_text("no sound at all")
    with Asker(OURS, PYTHON) as asker:
        assert "AudioError" in asker.ask(text)["error"]
        asker._process.kill()
        asker._process.wait()
        assert {"error": "its process ended with -9", "seconds": 0.0} == asker.ask(tone)
        reply = asker.ask(tone)
    assert -10 < reply["answer"]["loudness"] < -6
    assert reply["seconds"] > 0


def test_replies_are_kept_until_the_audio_changes(tone, tmp_path):
    """Another audio under the same name is asked about again."""
    shelf = Shelf(tmp_path / "answers", OURS)
    assert shelf.get(tone) is None
    shelf.put(tone, {"answer": {"tempo": 120.0}, "seconds": 1.5})
    assert {"answer": {"tempo": 120.0}, "seconds": 1.5} == shelf.get(tone)
    tone.write_bytes(tone.read_bytes() + b"more")
    assert shelf.get(tone) is None


def test_an_answer_is_judged_where_it_speaks():
    """Names of keys, large chords and loudness count; what is not said is left out."""
    truth = {
        "duration": 20.0, "tempo": 100.0, "beats": [6.0, 7.0], "loudness": -14.0,
        "key": {"tonic": 10, "mode": "minor"}, "chords": [[0, 10, "C:maj"], [10, 20, "D:7"]],
    }  # fmt: skip
    chords = [(0, 10, "C:maj/3"), (10, 15, "D:13"), (15, 20, "D:maj")]
    row = judge(truth, {"key": ("Bb", "minor"), "chords": chords, "loudness": -14.5})
    assert {"key": 1.0, "majmin": 1.0, "sevenths": 0.75, "loudness off": 0.5} == row
    assert {"tempo acc1": 0.0, "acc2": 1.0} == judge(truth, {"tempo": 201.0})


def test_the_page_names_what_failed_and_what_is_missing():
    """A table says on which pieces its analyser failed; the page, who is not measured and why."""
    assert "| ours | 2 | - | 0.75 |" in write_summary({"ours": [{"beat F": 0.5}, {"beat F": 1.0}]})
    table = write_table("aubio", {"fof": [{"beat F": 0.5}]}, failed={"d01": "it died"})
    assert "| fof | 1 | - | 0.50 |" in table
    assert "Failed on 1: d01 (it died)." in table
    page = write_page([table], {"TempoCNN": "no wheel"})
    assert "- TempoCNN: no wheel" in page
    assert "- BeatNet 1.1.3: " in page


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.module)
def test_every_peer_is_locked(peer):
    """The versions of a peer are pinned with hashes, and its module names its licence."""
    lines = peer.requirements.read_text().splitlines()
    assert all("==" in line for line in lines if not line.startswith(" "))
    assert any("--hash=sha256:" in line for line in lines)
    module = Path(__file__).parents[2] / "benchmarks" / "pieces" / "peers" / f"{peer.module}.py"
    assert re.search(r"\((MIT|ISC|A?GPL|BSD)\b", module.read_text().splitlines()[0])


def test_a_folder_without_pieces_is_named_and_the_page_stays(tmp_path, monkeypatch):
    """A path with a slip of the pen ends in words, not in a page of empty tables."""
    page = tmp_path / "page.md"
    page.write_text("as it was")
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr(sys, "argv", ["analysis", str(tmp_path), "--only", "ours", "--write"])
    with pytest.raises(SystemExit, match=re.escape(f"no pieces: {tmp_path} has no truth")):
        bench.main()
    assert page.read_text() == "as it was"
