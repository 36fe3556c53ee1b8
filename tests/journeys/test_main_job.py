"""The main job, end to end: a file dropped, a ledger that balances, lists that change."""

import csv
import io
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from harmonyhub.domain.listens import Outcome
from harmonyhub.domain.recommendations import ListName
from tests.journeys.conftest import Service, free_port, wait_until
from tests.tools.spotify_zip import Song, write_listener_zip

SONGS = [
    Song(
        title=f"Song {n}",
        artist=f"Artist {n // 8}",
        release=f"Album {n // 8}",
        spotify_id=f"{n:022d}",
    )
    for n in range(160)
]


def drop(service: Service, path: Path, *, user: str) -> dict[str, str]:
    """Upload a history as the Import page does."""
    with path.open("rb") as file:
        answer = httpx2.post(
            f"{service.url}/api/v1/users/{user}/imports",
            files={"file": (path.name, file, "application/zip")},
            timeout=60,
        )
    assert answer.status_code == 202, answer.text
    return {name: str(answer.json()[name]["id"]) for name in ("job", "ledger")}


def read(service: Service, path: str, **parameters: str | int) -> Any:
    """Read one JSON answer over HTTP."""
    answer = httpx2.get(f"{service.url}/api/v1/{path}", params=parameters, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_for_quiet(service: Service) -> None:
    """Wait until no job waits or runs."""

    def is_quiet() -> bool:
        jobs = read(service, "jobs")["items"]
        return all(job["state"] in {"done", "failed"} for job in jobs)

    wait_until(is_quiet, "the jobs to end", timeout_s=90)


def import_three_listeners(service: Service, folder: Path) -> dict[str, Any]:
    """Bring in three listeners with tastes that overlap; gives the ledger of the last one."""
    for number, user in enumerate(("ben", "cleo", "anna")):
        path = folder / f"{user}.zip"
        tally = write_listener_zip(
            path,
            n_listens=400,
            songs=SONGS[number * 20 : number * 20 + 80],
            too_short=7,
            podcasts=3,
            private=2,
            videos=1,
            nameless=4,
            seed=number,
        )
        ledger = drop(service, path, user=user)["ledger"]
        wait_for_quiet(service)
    assert tally.lines == 417
    return dict(read(service, f"imports/{ledger}"))


@pytest.mark.slow
def test_a_dropped_zip_balances_its_ledger_and_makes_lists(
    service: Service, tmp_path: Path
) -> None:
    """From the drop to cards: the ledger balances, its groups download, every list has reasons."""
    before = read(service, "users/anna/recommendations", list="for-you", n=20)
    ledger = import_three_listeners(service, tmp_path)

    assert "complete" == ledger["state"]
    groups = {outcome.value: int(ledger[outcome.value]) for outcome in Outcome}
    assert {"kept": 400, "duplicate": 0, "too_short": 7, "not_music": 6, "unreadable": 4} == groups
    assert ledger["lines"] == sum(groups.values())
    for group, count in groups.items():
        text = httpx2.get(f"{service.url}/api/v1/imports/{ledger['id']}/{group}.csv").text
        assert count + 1 == len(list(csv.reader(io.StringIO(text))))

    after = read(service, "users/anna/recommendations", list="for-you", n=20)
    assert before["items"] != after["items"]
    for name in (ListName.FOR_YOU, ListName.DISCOVER):
        cards = read(service, "users/anna/recommendations", list=name.value, n=20)["items"]
        assert cards
        for card in cards:
            assert 1 <= len(card["reasons"]) <= 3
            assert all(reason["text"] and reason["evidence"] for reason in card["reasons"])


@pytest.mark.slow
def test_the_same_zip_again_adds_nothing(service: Service, tmp_path: Path) -> None:
    """Dropping a file twice is no mistake: everything in it is a duplicate."""
    path = tmp_path / "dora.zip"
    write_listener_zip(path, n_listens=300, songs=SONGS, seed=9)
    first = drop(service, path, user="dora")["ledger"]
    wait_for_quiet(service)
    second = drop(service, path, user="dora")["ledger"]
    wait_for_quiet(service)
    assert (300, 0) == _kept_and_duplicate(read(service, f"imports/{first}"))
    assert (0, 300) == _kept_and_duplicate(read(service, f"imports/{second}"))


def _kept_and_duplicate(ledger: dict[str, int]) -> tuple[int, int]:
    return ledger["kept"], ledger["duplicate"]


@pytest.mark.slow
def test_the_command_line_sees_what_the_service_sees(service: Service, tmp_path: Path) -> None:
    """`harmonyhub import` and `recommend --json` work beside the running service, on its data."""
    path = tmp_path / "emil.zip"
    write_listener_zip(path, n_listens=120, songs=SONGS[:60], podcasts=5, seed=4)
    imported = service.hub("import", str(path), "--user", "emil", "--json")
    assert 0 == imported.returncode, imported.stderr
    figures = json.loads(imported.stdout)
    assert (125, 120, 0, 0, 5, 0) == tuple(
        figures[name]
        for name in ("lines", "kept", "duplicate", "too_short", "not_music", "unreadable")
    )
    assert 0 == service.hub("train", "--json").returncode

    said = service.hub("recommend", "--user", "emil", "--list", "for-you", "-n", "5", "--json")
    assert 0 == said.returncode, said.stderr
    answer = json.loads(said.stdout)
    assert {"items", "based_on", "freshness"} <= set(answer)
    assert 5 == len(answer["items"])
    assert {"id", "title", "artist"} == set(answer["items"][0]["track"])
    assert {"text", "evidence"} == set(answer["items"][0]["reasons"][0])

    wait_until(
        lambda: (
            answer["items"]
            == read(service, "users/emil/recommendations", list="for-you", n=5)["items"]
        ),
        "the service to see the training of the command line",
    )


@pytest.mark.slow
def test_a_file_of_another_kind_is_refused_with_a_way_out(service: Service, tmp_path: Path) -> None:
    """Garbage fails its job with a reason and a hint, and leaves a refused ledger."""
    path = tmp_path / "holiday.zip"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2_000))
    dropped = drop(service, path, user="fay")
    wait_for_quiet(service)
    job = read(service, f"jobs/{dropped['job']}")
    assert "failed" == job["state"]
    assert job["error"]
    assert job["hint"]
    assert "refused" == read(service, f"imports/{dropped['ledger']}")["state"]


@pytest.mark.slow
def test_a_second_start_on_the_same_folder_is_refused_with_the_reason(service: Service) -> None:
    """Two services on one data folder would fight; the second says who has it."""
    second = Service(folder=service.folder, port=free_port())
    refused = second.hub("up")
    assert 75 == refused.returncode
    assert "harmonyhub up" in refused.stderr
    assert str(service.process.pid if service.process else "") in refused.stderr


@pytest.mark.slow
def test_a_taken_port_is_named_with_what_to_do(service: Service, tmp_path: Path) -> None:
    """The message names the port and the variable."""
    second = Service(folder=tmp_path / "other", port=service.port)
    refused = second.hub("up")
    assert 78 == refused.returncode
    assert f"{service.port}" in refused.stderr
    assert "HARMONYHUB_PORT" in refused.stderr


@pytest.mark.slow
def test_an_import_survives_a_kill(new_service: Callable[..., Service], tmp_path: Path) -> None:
    """After `kill -9` in the middle, the next start finishes the import and loses nothing."""
    path = tmp_path / "gus.zip"
    tally = write_listener_zip(path, n_listens=60_000, songs=SONGS, too_short=50, seed=2)
    service = new_service()
    service.start()
    ledger = drop(service, path, user="gus")["ledger"]

    def lines() -> int:
        return int(read(service, f"imports/{ledger}")["lines"])

    wait_until(lambda: lines() > 0, "the first batch")
    family = service.family()
    assert service.process is not None
    service.process.send_signal(signal.SIGKILL)
    service.process.wait(timeout=10)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert [] == [process.name() for process in alive]

    service.start()
    assert lines() < tally.lines, "the import was over before the kill: nothing was tested"
    wait_until(lambda: read(service, f"imports/{ledger}")["state"] == "complete", "the import")
    done = read(service, f"imports/{ledger}")
    assert (tally.kept, tally.too_short, 0) == (done["kept"], done["too_short"], done["duplicate"])
    wait_for_quiet(service)
    assert read(service, "users/gus/recommendations", list="for-you", n=20)["items"]
    assert 0 == service.stop(), service.log()


@pytest.mark.slow
def test_a_killed_mongodb_is_started_again(new_service: Callable[..., Service]) -> None:
    """The service is back by itself, on its data, when somebody kills the embedded server."""
    service = new_service()
    service.start()
    (mongod,) = service.descendants("mongod --")
    mongod.kill()

    def is_back() -> bool:
        return httpx2.get(f"{service.url}/readyz", timeout=30).status_code == 200

    wait_until(lambda: not mongod.is_running(), "the server to be gone")
    wait_until(is_back, "the service to be ready again")
    assert "MongoDB ended" in service.log()
    assert 0 == service.stop(), service.log()


@pytest.mark.slow
def test_ctrl_c_stops_everything(new_service: Callable[..., Service]) -> None:
    """Nothing of ours runs after Ctrl-C or SIGTERM, and the same folder starts again."""
    service = new_service()
    service.start()
    family = service.family()
    assert 0 == service.stop(), service.log()
    assert [] == [process for process in family if process.is_running()]
    service.start()
    assert 0 == service.stop(signal.SIGTERM), service.log()
