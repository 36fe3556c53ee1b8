"""The API over real HTTP: recommendations, feedback, listens, tracks, errors, health."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
import pytest

from harmonyhub.domain.errors import (
    AudioError,
    ConflictError,
    DamagedInputError,
    HarmonyHubError,
    NotFoundError,
    RefusedInputError,
    StoreUnavailableError,
    UnknownFormatError,
)
from harmonyhub.storage.store import Store
from harmonyhub.web.problems import judge
from harmonyhub.web.reference import CODES
from harmonyhub.wiring.house import House

Served = Callable[[House], AbstractAsyncContextManager[str]]
DAY = 86_400


async def recommended(client: httpx2.AsyncClient, **query: str | int) -> dict[str, Any]:
    """Ask for a list of `local`."""
    answer = await client.get("/api/v1/users/local/recommendations", params=query)
    assert 200 == answer.status_code, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def say(client: httpx2.AsyncClient, **said: str | int) -> httpx2.Response:
    """Give feedback as `local`."""
    return await client.post("/api/v1/users/local/feedback", json=said)


@pytest.mark.usefixtures("library")
async def test_recommendations_have_the_promised_shape(client: httpx2.AsyncClient) -> None:
    """The names that measurements from outside use are there, with 1 to 3 reasons each."""
    body = await recommended(client, list="for-you", n=5)
    said = {"understood", "not_understood", "relaxed"}
    assert {"items", "based_on", "freshness", "more"} | said == set(body)
    assert 5 == len(body["items"])
    for item in body["items"]:
        assert {"track", "score", "reasons"} == set(item)
        assert {"id", "title", "artist"} == set(item["track"])
        assert 1 <= len(item["reasons"]) <= 3
        assert all({"text", "evidence"} == set(reason) for reason in item["reasons"])
    assert body["freshness"]["model_version"]
    assert body["based_on"]


@pytest.mark.usefixtures("library")
async def test_a_list_is_steered_and_goes_on(client: httpx2.AsyncClient) -> None:
    """Knobs and words act on the one list and are said; `more` goes on without repeating."""
    first = await recommended(client, artist="band 1", list="more-like-this", n=5)
    shape = {"rare": "0.5", "without_artist": "Band 2", "words": "zyx"}
    more = await recommended(
        client, artist="Band 1", list="more-like-this", n=5, after=first["more"], **shape
    )
    given = {item["track"]["id"] for item in first["items"]}
    assert 5 == len(given)
    assert more["items"]
    assert given.isdisjoint(item["track"]["id"] for item in more["items"])
    assert "Band 2" not in {item["track"]["artist"] for item in more["items"]}
    assert ["like Band 1", "rarer (+0.5)", "nothing by Band 2"] == more["understood"]
    assert ["“zyx”"] == more["not_understood"]
    assert "rarer (+0.5)" in more["based_on"]


@pytest.mark.usefixtures("library")
async def test_a_misspelt_tag_is_refused_with_the_right_one(client: httpx2.AsyncClient) -> None:
    """Who names a tag that no track has is told the nearest."""
    answer = await client.get("/api/v1/users/local/recommendations", params={"with_tag": "flok"})
    assert (422, "Did you mean “folk”?") == (answer.status_code, answer.json()["hint"])


@pytest.mark.usefixtures("library")
async def test_feedback_acts_on_the_very_next_list(client: httpx2.AsyncClient) -> None:
    """A track called never is gone from the next list, and back after undo."""
    first = (await recommended(client, list="discover"))["items"][0]["track"]["id"]
    answer = await say(client, track=first, kind="never")
    assert [(first, "never")] == [(one["track"], one["kind"]) for one in answer.json()["items"]]
    after = await recommended(client, list="discover")
    assert first not in [item["track"]["id"] for item in after["items"]]
    assert {"items": []} == (await say(client, track=first, kind="undo")).json()
    back = await recommended(client, list="discover")
    assert first in [item["track"]["id"] for item in back["items"]]


async def test_snooze_takes_days(client: httpx2.AsyncClient, library: Any) -> None:
    """A snooze ends after the days that were given."""
    (one,) = (await say(client, track=library.tracks[3], kind="snooze", days=7)).json()["items"]
    assert 7 * DAY == one["until"] - one["at"]
    listed = (await client.get("/api/v1/users/local/feedback")).json()
    assert {"items": [one]} == listed


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/users/local/recommendations?n=0", 400, "invalid-request"),
        ("/api/v1/users/local/recommendations?n=many", 400, "invalid-request"),
        ("/api/v1/users/local/recommendations?list=best", 400, "invalid-request"),
        ("/api/v1/users/local/recommendations?list=more-like-this", 422, "refused-input"),
        ("/api/v1/users/local/recommendations?track=x", 422, "refused-input"),
        ("/api/v1/users/local/recommendations?artist=x", 422, "refused-input"),
        ("/api/v1/users/local/recommendations?rare=2", 400, "invalid-request"),
        ("/api/v1/users/local/recommendations?tempo=fast", 422, "refused-input"),
        ("/api/v1/users/%00/recommendations", 422, "refused-input"),
        ("/api/v1/tracks/nope", 404, "not-found"),
        ("/api/v1/tracks/nope/analysis", 404, "not-found"),
        ("/api/v1/jobs/nope", 404, "not-found"),
        ("/api/v1/jobs/nope/events", 404, "not-found"),
        ("/api/v1/imports/nope", 404, "not-found"),
        ("/api/v1/imports/nope/kept.csv", 404, "not-found"),
        ("/api/v1/imports/nope/other.csv", 404, "not-found"),
        ("/api/v1/nothing", 404, "not-found"),
        ("/api/v1/training", 405, "method-not-allowed"),
    ],
)
async def test_errors_are_problem_details(
    client: httpx2.AsyncClient, path: str, status: int, code: str
) -> None:
    """Every error is RFC 9457 with a stable code, the path, and a hint."""
    answer = await client.get(path)
    problem = answer.json()
    assert (status, code) == (answer.status_code, problem["code"])
    assert "application/problem+json" == answer.headers["content-type"].partition(";")[0]
    assert {"type", "title", "status", "detail", "code", "hint", "instance"} == set(problem)
    assert status == problem["status"]
    assert problem["hint"]
    assert "Traceback" not in answer.text


async def test_an_error_names_the_parameter(client: httpx2.AsyncClient) -> None:
    """The detail says which parameter does not fit, by its public name."""
    answer = await client.get("/api/v1/users/local/recommendations?list=best")
    assert answer.json()["detail"].startswith("list:")


@pytest.mark.parametrize(
    "body", ["{", '{"track": "x"}', '{"track": "x", "kind": "hate"}', '{"kind": "more", "a": 1}']
)
async def test_a_body_that_does_not_fit_is_refused(client: httpx2.AsyncClient, body: str) -> None:
    """A body with missing, wrong or unknown fields is refused as invalid."""
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/users/local/feedback", content=body, headers=headers)
    assert (400, "invalid-request") == (answer.status_code, answer.json()["code"])


async def test_a_large_body_is_refused(client: httpx2.AsyncClient) -> None:
    """Nothing but uploads may be larger than 64 kB."""
    said = {"track": "x" * 70_000, "kind": "more"}
    answer = await client.post("/api/v1/users/local/feedback", json=said)
    assert (413, "too-large") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownFormatError("m"), 415),
        (RefusedInputError("m"), 422),
        (DamagedInputError("m"), 422),
        (AudioError("m"), 422),
        (NotFoundError("m"), 404),
        (ConflictError("m"), 409),
        (StoreUnavailableError("m"), 503),
    ],
)
def test_our_errors_keep_their_code(error: HarmonyHubError, status: int) -> None:
    """Each of our errors has its status, its own code, and a row in the reference."""
    problem = judge(error)
    assert (status, error.code) == (problem.status, problem.code)
    assert (error.code, status) in [(code, documented) for code, documented, _ in CODES]


def test_an_unforeseen_error_tells_nothing() -> None:
    """What we did not foresee may hold a secret; the answer does not repeat it."""
    problem = judge(ValueError("password=hunter2"))
    assert (500, "internal") == (problem.status, problem.code)
    assert "hunter2" not in f"{problem.detail}{problem.hint}"


@pytest.mark.usefixtures("library")
async def test_listens_come_in_pages(client: httpx2.AsyncClient) -> None:
    """Pages of listens, newest first, add up to the whole history."""
    times: list[int] = []
    before: str | None = None
    for _ in range(10):
        query = {"n": 5} | ({} if before is None else {"before": before})
        page = (await client.get("/api/v1/users/local/listens", params=query)).json()
        times += [listen["played_at"] for listen in page["items"]]
        before = page["before"]
        if before is None:
            break
    assert 12 == len(times)
    assert sorted(times, reverse=True) == times
    query = {"n": 50, "before": times[3]}
    page = (await client.get("/api/v1/users/local/listens", params=query)).json()
    assert times[4:] == [listen["played_at"] for listen in page["items"]]
    for place in ("", "-1", "x", "12-../a", "9" * 20):
        answer = await client.get("/api/v1/users/local/listens", params={"before": place})
        assert (place, "refused-input") == (place, answer.json()["code"])


async def test_export_streams_json_lines(client: httpx2.AsyncClient, library: Any) -> None:
    """Everything of a user comes out as one JSON object a line."""
    await say(client, track=library.tracks[0], kind="more")
    answer = await client.get("/api/v1/users/local/listens/export")
    kinds = [json.loads(line)["type"] for line in answer.text.splitlines()]
    assert "application/x-ndjson" == answer.headers["content-type"].partition(";")[0]
    assert (1, 1, 12) == tuple(kinds.count(kind) for kind in ("ledger", "feedback", "listen"))


@pytest.mark.usefixtures("library")
async def test_lists_users(client: httpx2.AsyncClient) -> None:
    """All seven users of the library are listed."""
    users = (await client.get("/api/v1/users")).json()["items"]
    assert 7 == len(users)
    assert {"id": "local"} in users


@pytest.mark.usefixtures("library")
async def test_finds_tracks(client: httpx2.AsyncClient) -> None:
    """A search by title finds the track, and its page of facts is there."""
    (found,) = (await client.get("/api/v1/tracks", params={"q": "song 17"})).json()["items"]
    assert "Song 17" == found["title"]
    assert found == (await client.get(f"/api/v1/tracks/{found['id']}")).json()
    assert {"items": []} == (await client.get("/api/v1/tracks", params={"q": " "})).json()


async def test_openapi_lists_every_route(client: httpx2.AsyncClient) -> None:
    """The OpenAPI document has the promised addresses, and none of the pages."""
    answer = await client.get("/api/v1/openapi.json")
    paths: Sequence[str] = list(answer.json()["paths"])
    assert {
        "/api/v1/users",
        "/api/v1/users/{user}/recommendations",
        "/api/v1/users/{user}/feedback",
        "/api/v1/users/{user}/friends",
        "/api/v1/users/{user}/friends/{name}",
        "/api/v1/users/{user}/listens",
        "/api/v1/users/{user}/listens/export",
        "/api/v1/users/{user}/lists",
        "/api/v1/users/{user}/lists/{name}/{period}",
        "/api/v1/users/{user}/imports",
        "/api/v1/users/{user}/playlists",
        "/api/v1/users/{user}/together",
        "/api/v1/users/{user}/spotify",
        "/api/v1/users/{user}/spotify/library",
        "/api/v1/users/{user}/spotify/sync",
        "/api/v1/users/harmonyhub-check",
        "/api/v1/users/{user}",
        "/api/v1/imports/{ledger}",
        "/api/v1/imports/{ledger}/{group_csv}",
        "/api/v1/tracks",
        "/api/v1/tracks/{track_id}",
        "/api/v1/tracks/{track_id}/analysis",
        "/api/v1/tracks/{track_id}/path/{end}",
        "/api/v1/tracks/{track_id}/similar",
        "/api/v1/mixes",
        "/api/v1/analyses",
        "/api/v1/jobs",
        "/api/v1/jobs/{job_id}",
        "/api/v1/jobs/{job_id}/events",
        "/api/v1/training",
        "/livez",
        "/readyz",
    } == set(paths)


async def test_ready_is_honest_before_the_first_training(client: httpx2.AsyncClient) -> None:
    """A fresh house is ready, and says that nothing was trained."""
    answer = await client.get("/readyz")
    assert 200 == answer.status_code
    assert "ready" == answer.json()["status"]
    assert "nothing was trained" in answer.json()["checks"]["index"]


async def test_not_ready_without_the_store(house: House, mongodb_uri: str, served: Served) -> None:
    """Where the store does not answer, /readyz says so with 503, and /livez lives on."""
    gone = await Store.connect(mongodb_uri, database="test_gone")
    await gone.close()
    dark = dataclasses.replace(house, store=gone)
    async with served(dark) as url, httpx2.AsyncClient(base_url=url) as client:
        answer = await client.get("/readyz")
        assert 503 == answer.status_code
        assert answer.headers["retry-after"]
        assert [reason for reason in answer.json()["reasons"] if reason.startswith("store:")]
        assert 200 == (await client.get("/livez")).status_code
        assert 503 == (await client.get("/status")).status_code
        problem = (await client.get("/api/v1/users")).json()
        assert "store-unavailable" == problem["code"]
