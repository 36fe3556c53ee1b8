"""The commands as a person and a machine meet them, each in a process of its own."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from harmonyhub.sources.starter.library import load_library
from tests.cli.conftest import Hub
from tests.tools.spotify_zip import Song, write_listener_zip


def write_tone(path: Path, *, seconds: float = 8.0) -> None:
    """Write a steady tone of 440 Hz."""
    rate = 22_050
    tone = 8_000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.astype("<i2").tobytes())


def test_help_names_every_command_and_teaches(hub: Hub) -> None:
    """`--help` lists the commands under headings and shows the first steps."""
    said = hub("--help").stdout
    for command in ("up", "demo", "import", "train", "recommend", "analyse", "status", "export"):
        assert f"\n  {command} " in said
    assert "harmonyhub import my_spotify_data.zip --user anna" in said


def test_a_benchmark_has_help_of_its_own_and_refuses_what_it_does_not_know(hub: Hub) -> None:
    """What stands behind the name of a benchmark reaches it, --help too."""
    assert "--each" in hub("bench", "analysis", "--help").stdout
    assert "[NAME] [ARGUMENTS]" in hub("bench", "--help").stdout
    misspelt = hub("bench", "analysis", "--only", "Aubio")
    assert (2, True) == (misspelt.returncode, "'aubio'" in misspelt.stderr)


@pytest.mark.slow
def test_one_listener_alone_gets_new_music_without_a_service(hub: Hub, tmp_path: Path) -> None:
    """Import and recommend on an empty machine: the first list trains by itself."""
    artists = load_library()[:3]
    songs = [
        Song(
            title=track.title,
            artist=artist.name,
            release=track.release or "",
            spotify_id=f"{place:02d}{number:020d}",
        )
        for place, artist in enumerate(artists)
        for number, track in enumerate(artist.tracks[:3])
    ]
    path = tmp_path / "history.zip"
    write_listener_zip(path, n_listens=90, songs=songs)
    assert 90 == json.loads(hub("import", str(path), "--user", "anna", "--json").stdout)["kept"]

    said = hub("recommend", "--user", "anna", "--list", "discover", "--json")
    assert 0 == said.returncode, said.stderr
    answer = json.loads(said.stdout)
    assert 20 == len(answer["items"])
    assert artists[0].name in {item["track"]["artist"] for item in answer["items"]}
    assert {song.title for song in songs}.isdisjoint(
        item["track"]["title"] for item in answer["items"]
    )

    wish = (
        "--words",
        "90s, zyx, like " + artists[0].name,
        "--without-tag",
        "american",
        "--rare",
        "1",
    )
    steered = json.loads(hub("recommend", "--user", "anna", *wish, "--json").stdout)
    assert steered["items"]
    assert {f"like {artists[0].name}", "tagged “1990s”", "nothing tagged “american”"} < set(
        steered["understood"]
    )
    assert ["“zyx”"] == steered["not_understood"]
    refused = hub("recommend", "--user", "anna", "--without-tag", "amercian")
    assert (65, True) == (refused.returncode, "Did you mean “american”?" in refused.stderr)


@pytest.mark.slow
def test_export_gives_back_what_was_imported(hub: Hub, tmp_path: Path) -> None:
    """Every kept listen comes out again, with the ledger of its import."""
    path = tmp_path / "history.zip"
    write_listener_zip(path, n_listens=40, podcasts=2)
    hub("import", str(path), "--user", "anna", "--json")
    said = hub("export", "--user", "anna", "--output", "anna.jsonl", "--json")
    assert 0 == said.returncode, said.stderr
    objects = [json.loads(line) for line in (tmp_path / "anna.jsonl").read_text().splitlines()]
    assert {"user": "anna", "file": "anna.jsonl", "objects": 41} == json.loads(said.stdout)
    assert 40 == sum(each["type"] == "listen" for each in objects)
    assert ["history.zip"] == [e["file_name"] for e in objects if e["type"] == "ledger"]

    nobody = hub("export", "--user", "nobody", "--output", "nobody.jsonl")
    assert (66, False) == (nobody.returncode, (tmp_path / "nobody.jsonl").exists())
    again = hub("export", "--user", "anna", "--output", "anna.jsonl")
    assert (75, True) == (again.returncode, "exists" in again.stderr)


def test_analyse_prints_one_object(hub: Hub, tmp_path: Path) -> None:
    """One file is measured without a store; the object has the promised names, the pictures too."""
    write_tone(tmp_path / "tone.wav")
    said = hub("analyse", "tone.wav", "--json", "--svg", "pictures")
    assert 0 == said.returncode, said.stderr
    drawn = {path.stem: path.read_text() for path in (tmp_path / "pictures").glob("*.svg")}
    assert {"overview", "curves", "chroma", "likeness"} == set(drawn)
    assert all(text.startswith("<svg ") and "tone.wav" in text for text in drawn.values())
    analysis = json.loads(said.stdout)
    names = {
        "duration", "tempo", "tempo_confidence", "beats", "downbeats", "time_signature", "key",
        "key_segments", "chords", "sections", "loudness", "true_peak", "lra", "tuning_cents",
        "descriptors", "tags", "analysis_version",
    }  # fmt: skip
    assert names <= set(analysis)
    assert 8.0 == pytest.approx(analysis["duration"], abs=0.05)
    assert not list(tmp_path.rglob("mongodb*"))


@pytest.mark.slow
def test_a_basic_analysis_is_named_as_one(hub: Hub, tmp_path: Path) -> None:
    """It prints the same object, with what it leaves out empty; pictures need the whole."""
    write_tone(tmp_path / "tone.wav")
    said = json.loads(hub("analyse", "tone.wav", "--basic", "--json").stdout)
    assert (True, None, []) == (said["is_basic"], said["true_peak"], said["beats"])
    assert "a quick look: 8 of 8 s were heard" in said["notes"][0]
    for_people = hub("analyse", "tone.wav", "--basic").stdout
    assert "not in a basic analysis" in for_people
    assert "no tags" not in for_people
    refused = hub("analyse", "tone.wav", "--basic", "--svg", "pictures")
    assert (2, True) == (refused.returncode, "without --basic" in refused.stderr)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "field"),
    [("audio-features", "danceability"), ("audio-analysis", "segments"), ("jams", "annotations")],
)
def test_analyse_prints_what_other_tools_read(
    hub: Hub, tmp_path: Path, shape: str, field: str
) -> None:
    """Each shape is one JSON object; a folder has none."""
    write_tone(tmp_path / "tone.wav")
    assert field in json.loads(hub("analyse", "tone.wav", "--as", shape).stdout)
    refused = hub("analyse", str(tmp_path), "--as", shape)
    assert (2, True) == (refused.returncode, "takes one file" in refused.stderr)


@pytest.mark.slow
def test_analyse_takes_a_folder_into_the_library_once(hub: Hub, tmp_path: Path) -> None:
    """A second run measures nothing again, and a bad file is named and does not stop the rest."""
    music = tmp_path / "music"
    music.mkdir()
    write_tone(music / "Anna Example - First Tone.wav")
    write_tone(music / "second.wav", seconds=5.0)
    (music / "broken.mp3").write_bytes(b"no audio" * 100)
    first = json.loads(hub("analyse", "music", "--json").stdout)
    again = json.loads(hub("analyse", "music", "--json").stdout)
    basic = json.loads(hub("analyse", "music", "--basic", "--json").stdout)
    assert (0, 2) == (basic["analysed"], basic["already_known"])
    assert (2, 0) == (first["analysed"], first["already_known"])
    assert (0, 2) == (again["analysed"], again["already_known"])
    assert [str(music / "broken.mp3")] == list(first["refused"])


@pytest.mark.slow
def test_names_of_files_that_are_no_utf_8_are_read_and_told(hub: Hub, tmp_path: Path) -> None:
    """Old libraries have them: such a file is measured or refused as any other."""
    music = tmp_path / "music"
    music.mkdir()
    write_tone(music / "Zo\udceb - Caf\udce9.wav")
    (music / "b\udcffad.mp3").write_bytes(b"no audio" * 100)
    said = hub("analyse", "music", "--json")
    told = json.loads(said.stdout)
    assert (1, [str(music / "b?ad.mp3")]) == (told["analysed"], list(told["refused"]))
    assert "b?ad.mp3 is not an audio file" in next(iter(told["refused"].values()))
    assert "Traceback" not in said.stderr
    one = json.loads(hub("analyse", "music/Zo\udceb - Caf\udce9.wav", "--basic", "--json").stdout)
    assert "Zo? - Caf?.wav" == one["file_name"]


def test_a_wrong_setting_is_named_before_anything_starts(hub: Hub, tmp_path: Path) -> None:
    """All problems come at once, with their variables, and exit status 78."""
    said = hub("up", HARMONYHUB_PROT="9", HARMONYHUB_HOST="0.0.0.0", HARMONYHUB_LOG_LEVEL="loud")
    assert 78 == said.returncode
    for name in ("HARMONYHUB_PORT", "HARMONYHUB_HOST", "HARMONYHUB_LOG_LEVEL"):
        assert name in said.stderr
    assert not list(tmp_path.rglob("mongodb*"))


@pytest.mark.slow
def test_a_file_of_another_kind_exits_with_65_and_a_way_out(hub: Hub, tmp_path: Path) -> None:
    """Garbage is refused in words, not with a traceback."""
    (tmp_path / "photo.json").write_text('{"colour": "blue"}')
    said = hub("import", "photo.json", "--user", "anna")
    assert 65 == said.returncode
    assert "Traceback" not in said.stderr
    assert "Spotify" in said.stderr


def test_evaluate_compares_with_most_popular(hub: Hub, tmp_path: Path) -> None:
    """Two kinds of listeners who share nothing: ours finds the kind, most popular cannot."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    rows = [
        (f"user-{user}", f"item-{user % 4}-{item}", int(rng.integers(1, 9)))
        for user in range(120)
        for item in rng.choice(40, 15, replace=False)
    ]
    users, items, plays = zip(*rows, strict=True)
    pq.write_table(pa.table({"user": users, "item": items, "plays": plays}), tmp_path / "t.parquet")
    said = hub("evaluate", "--interactions", "t.parquet", "--json")
    assert 0 == said.returncode, said.stderr
    test = json.loads(said.stdout)["test"]
    for metric in ("recall@20", "recall@50", "NDCG@100"):
        assert test["harmonyhub"][metric]["mean"] > 1.5 * test["most_popular"][metric]["mean"]


def test_evaluate_refuses_a_table_with_a_missing_column(hub: Hub, tmp_path: Path) -> None:
    """The message names the column and what the columns are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"user": [1], "item": [2]}), tmp_path / "t.parquet")
    said = hub("evaluate", "--interactions", "t.parquet")
    assert (65, True) == (said.returncode, "no column plays" in said.stderr)
