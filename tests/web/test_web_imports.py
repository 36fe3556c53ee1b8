"""Uploads, imports, analyses and jobs over real HTTP, run by the real job runner."""

import asyncio
import csv
import io
import json
import resource
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from harmonyhub.domain.jobs import Job, JobKind
from harmonyhub.jobs.runner import run_job
from harmonyhub.web.api.imports import disarm
from harmonyhub.web.uploads import STALE_S, clean_file_name, clear_stale_uploads
from harmonyhub.wiring.house import House

NOW = 1_760_000_000
IMPORTS = "/api/v1/users/local/imports"


def spotify_line(number: int, **changes: object) -> dict[str, object]:
    """Write one play as Spotify's extended history does."""
    return {
        "ts": f"2024-03-{1 + number % 28:02}T12:{number % 60:02}:00Z",
        "ms_played": 200_000,
        "master_metadata_track_name": f"Song {number}",
        "master_metadata_album_artist_name": "=Band",
        "master_metadata_album_album_name": "Album",
        "spotify_track_uri": f"spotify:track:{number:022}",
        "ip_addr": "203.0.113.9",
    } | changes


def history(*lines: dict[str, object]) -> tuple[str, bytes]:
    """Give a history as a multipart file."""
    return ("Streaming_History_Audio_2024_0.json", json.dumps(lines).encode())


async def run_next_job(house: House) -> Job:
    """Claim the next job and run it to its end."""
    job = await house.store.jobs.claim(worker="test", now=NOW, lease_s=60)
    assert job is not None
    await run_job(house, job)
    done = await house.store.jobs.get(job.id)
    assert done is not None
    return done


async def test_an_upload_becomes_a_balanced_ledger(
    client: httpx2.AsyncClient, house: House
) -> None:
    """A dropped history is queued, run, and every line is accounted for; none holds an IP."""
    lines = [spotify_line(n) for n in range(8)]
    lines += [spotify_line(0), spotify_line(9, ms_played=900), spotify_line(10, ts="soon")]
    accepted = await client.post(IMPORTS, files={"file": history(*lines)})
    assert 202 == accepted.status_code, accepted.text
    job, ledger = accepted.json()["job"], accepted.json()["ledger"]
    assert f"/api/v1/jobs/{job['id']}" == accepted.headers["location"]
    assert "queued" == job["state"]

    await run_next_job(house)
    account = (await client.get(f"/api/v1/imports/{ledger['id']}")).json()
    groups = {name: account[name] for name in GROUPS}
    assert {"kept": 8, "duplicate": 1, "too_short": 1, "not_music": 0, "unreadable": 1} == groups
    assert account["lines"] == sum(groups.values()) == 11
    assert "complete" == account["state"]
    for name, n_lines in groups.items():
        answer = await client.get(f"/api/v1/imports/{ledger['id']}/{name}.csv")
        assert n_lines == len(list(csv.DictReader(io.StringIO(answer.text))))
        assert "attachment" in answer.headers["content-disposition"]
        assert "203.0.113.9" not in answer.text
    assert [account] == (await client.get(IMPORTS)).json()["items"]
    assert [] == list(house.spool_dir.iterdir())


GROUPS = ("kept", "duplicate", "too_short", "not_music", "unreadable")


async def test_a_spreadsheet_runs_no_title(client: httpx2.AsyncClient, house: House) -> None:
    """An artist called "=Band" is text in the CSV, not a formula."""
    accepted = await client.post(IMPORTS, files={"file": history(spotify_line(1))})
    await run_next_job(house)
    ledger = accepted.json()["ledger"]["id"]
    text = (await client.get(f"/api/v1/imports/{ledger}/kept.csv")).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert ("'=Band", "Song 1", "200000") == (row["artist"], row["title"], row["played_ms"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_disarms_every_start_of_a_formula(text: str) -> None:
    """Each character that starts a formula gets an apostrophe before it."""
    assert f"'{text}" == disarm(text)


async def test_a_file_of_no_known_kind_fails_with_a_hint(
    client: httpx2.AsyncClient, house: House
) -> None:
    """The job of a file that is no history fails, and says what to do."""
    accepted = await client.post(IMPORTS, files={"file": ("cat.json", b'{"cat": "meow"}')})
    await run_next_job(house)
    job = (await client.get(f"/api/v1/jobs/{accepted.json()['job']['id']}")).json()
    assert "failed" == job["state"]
    assert job["error"]
    assert job["hint"]
    ledger = (await client.get(f"/api/v1/imports/{job['ledger']}")).json()
    assert "refused" == ledger["state"]


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/json", b"[]", "refused-input"),
        ("multipart/form-data", b"x", "refused-input"),
        ("multipart/form-data; boundary=b", b"--b--\r\n", "refused-input"),
        ("multipart/form-data; boundary=b", b"no boundary", "damaged-input"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
            "damaged-input",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--b--',
            "refused-input",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--b--',
            "refused-input",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
            + b"x" * 9000
            + b"\r\n--b--",
            "refused-input",
        ),
    ],
)
async def test_a_bad_upload_leaves_nothing_behind(
    client: httpx2.AsyncClient, house: House, *, content_type: str, body: bytes, code: str
) -> None:
    """A body without a usable file is refused, and neither file, job nor ledger stays."""
    answer = await client.post(IMPORTS, content=body, headers={"Content-Type": content_type})
    assert (422, code) == (answer.status_code, answer.json()["code"])
    assert [] == list(house.spool_dir.iterdir())
    assert [] == await house.store.jobs.recent(5)
    assert {"items": []} == (await client.get(IMPORTS)).json()


async def test_two_files_at_once_are_refused(client: httpx2.AsyncClient, house: House) -> None:
    """One request holds one file; the other is not dropped in silence."""
    files = [("file", history(spotify_line(1))), ("file", history(spotify_line(2)))]
    assert 422 == (await client.post(IMPORTS, files=files)).status_code
    assert [] == list(house.spool_dir.iterdir())


async def test_a_client_that_hangs_up_leaves_nothing_behind(
    client: httpx2.AsyncClient, house: House
) -> None:
    """A connection that breaks in the middle of an upload leaves no file and no job."""
    url = client.base_url
    head = (
        f"POST {IMPORTS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
    )
    with socket.create_connection((url.host, url.port)) as connection:
        connection.sendall(head.encode() + b"x" * 100_000)
        await until(lambda: len(list(house.spool_dir.iterdir())) == 1)
    await until(lambda: not list(house.spool_dir.iterdir()))
    assert [] == await house.store.jobs.recent(5)


async def until(is_so: Any) -> None:
    """Wait for a condition, ten seconds at most."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the condition is a folder on disk: nothing to await


@pytest.mark.slow
async def test_a_large_upload_needs_little_memory(client: httpx2.AsyncClient, house: House) -> None:
    """600 MB go to the disk piece by piece; the process grows by less than 60 MB."""
    size, piece = 600 * 1024**2, b"x" * 1024**2

    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        for _ in range(size // len(piece)):
            yield piece
        yield b"\r\n--b--\r\n"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post(IMPORTS, content=body(), headers=headers, timeout=120)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert 202 == answer.status_code
    (kept,) = house.spool_dir.iterdir()
    assert size == kept.stat().st_size
    assert grown_kb < 60 * 1024


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("my_spotify_data.zip", "my_spotify_data.zip"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\me\history.json", "history.json"),
        ("a\x00b\n\u202ec.zip", "abc.zip"),
        ("..", "upload"),
        ("", "upload"),
        ("x" * 400 + ".flac", "x" * 150 + ".flac"),
        ("song.<script>", "song.<script>"),
    ],
)
def test_cleans_file_names(given: str, expected: str) -> None:
    """No path, no control or direction character, no endless name comes through."""
    assert expected == clean_file_name(given)


def test_clears_only_stale_uploads(tmp_path: Path) -> None:
    """What a killed process left a day ago goes; what may still arrive, and others' files, stay."""
    for name in ("incoming-1", "kept.zip"):
        (tmp_path / name).touch()
    now = int((tmp_path / "incoming-1").stat().st_mtime)
    clear_stale_uploads(tmp_path, now=now + 60)
    assert {"incoming-1", "kept.zip"} == {path.name for path in tmp_path.iterdir()}
    clear_stale_uploads(tmp_path, now=now + STALE_S + 60)
    assert {"kept.zip"} == {path.name for path in tmp_path.iterdir()}


def tone(seconds: int = 6) -> bytes:
    """Write a short wav: a chord with a click twice a second."""
    rate = 22_050
    time_s = np.arange(rate * seconds) / rate
    chord = sum(np.sin(2 * np.pi * hertz * time_s) for hertz in (220.0, 277.18, 329.63)) / 8
    clicks = np.where(time_s % 0.5 < 0.01, 0.5, 0.0)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(((chord + clicks) * 32_767).astype("<i2").tobytes())
    return buffer.getvalue()


@pytest.mark.slow
async def test_an_analysis_reaches_its_track(
    client: httpx2.AsyncClient, house: House, library: Any
) -> None:
    """Audio that is sent for a track is analysed; numbers and pictures are on its page."""
    track = library.tracks[4]
    accepted = await client.post(
        "/api/v1/analyses", files={"file": ("<b>take.wav", tone())}, data={"track": track}
    )
    assert 202 == accepted.status_code
    job = await run_next_job(house)
    assert "done" == job.state.value, job.error
    analysis = (await client.get(f"/api/v1/tracks/{track}/analysis")).json()
    assert 6.0 == pytest.approx(analysis["duration"], abs=0.05)
    assert analysis["measurements"]["loudness"]["unit"] == "LUFS"
    page = (await client.get(f"/tracks/{track}", headers={"Accept": "text/html"})).text
    assert 'class="overview"' in page
    assert 'class="chroma"' in page
    assert "<b>take" not in page


async def test_audio_for_an_unknown_track_is_refused(
    client: httpx2.AsyncClient, house: House
) -> None:
    """Audio cannot be tied to a track that does not exist; the file does not stay."""
    answer = await client.post(
        "/api/v1/analyses", files={"file": ("a.wav", tone(1))}, data={"track": "nope"}
    )
    assert 404 == answer.status_code
    assert [] == list(house.spool_dir.iterdir())


async def test_a_job_is_told_live(client: httpx2.AsyncClient, house: House) -> None:
    """The event stream starts with the present state, follows it, and ends with the job."""
    job = await house.store.jobs.add(kind=JobKind.TRAIN, user_id=None, arguments={}, now=NOW)
    events: list[tuple[str, str]] = []
    async with client.stream("GET", f"/api/v1/jobs/{job.id}/events") as stream:
        assert "text/event-stream" == stream.headers["content-type"].partition(";")[0]
        name = ""
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                state = json.loads(line.removeprefix("data: "))["state"]
                events.append((name, state))
                if state == "queued":
                    claimed = await house.store.jobs.claim(worker="t", now=NOW, lease_s=60)
                elif state == "running":
                    assert claimed is not None
                    await house.store.jobs.fail(claimed, error="no", hint="none", now=NOW)
    assert [("progress", "queued"), ("progress", "running"), ("end", "failed")] == events


async def test_training_is_queued_once(client: httpx2.AsyncClient) -> None:
    """Two wishes for a training that waits are one job."""
    first = (await client.post("/api/v1/training")).json()
    second = (await client.post("/api/v1/training")).json()
    assert first["id"] == second["id"]
    assert [first["id"]] == [
        job["id"] for job in (await client.get("/api/v1/jobs")).json()["items"]
    ]
