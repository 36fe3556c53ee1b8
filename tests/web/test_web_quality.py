"""The page Quality and its twin for machines: nothing yet, a job, then the figures."""

from dataclasses import replace

import httpx2
import pytest

from harmonyhub.domain.jobs import JobState
from harmonyhub.domain.judgements import Judgement, Verdict
from harmonyhub.flows.quality_log import TrainingVerdict, keep_verdict, load_quality
from harmonyhub.jobs.runner import run_job
from harmonyhub.recommender import future
from harmonyhub.settings.keys import admin_token
from harmonyhub.web.pages.quality_picture import draw_trend
from harmonyhub.wiring.house import House

NOW = 1_760_000_000
GOOD = Judgement(
    verdict=Verdict.GOOD,
    why="No worse <than> the live index.",
    n_listeners=40,
    n_listens=90,
    new=0.3,
    live=0.28,
    difference=0.02,
    low=-0.01,
    high=0.05,
)
WORSE = replace(GOOD, verdict=Verdict.WORSE, new=0.2, difference=-0.08, low=-0.1, high=-0.06)


@pytest.mark.slow
@pytest.mark.usefixtures("library")
async def test_the_operator_measures_and_reads(
    house: House, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button queues a job; when it is done the page and the admin address have its figures."""
    monkeypatch.setattr(future, "FEWEST_DATED", 10)  # the library has twelve listens a listener
    assert "None yet." in (await client.get("/quality")).text
    sent = await client.post("/quality")
    assert (303, True) == (sent.status_code, sent.headers["location"].startswith("/jobs/"))
    bearer = {"Authorization": f"Bearer {admin_token(house.settings).reveal()}"}
    again = await client.post("/admin/v1/quality", headers=bearer)
    assert (202, sent.headers["location"]) == (again.status_code, f"/jobs/{again.json()['id']}")
    assert "Measuring the lists" in (await client.get(sent.headers["location"])).text

    claimed = await house.store.jobs.claim(worker="w", now=NOW, lease_s=30)
    assert claimed is not None
    await run_job(house, claimed)
    ended = await house.store.jobs.get(claimed.id)
    assert ended is not None
    assert JobState.DONE is ended.state, ended.error
    await keep_verdict(house, GOOD, version="judged")

    page = (await client.get("/quality")).text
    [report] = (await load_quality(house)).reports
    ours = report.views[0].methods[0].quality
    assert f"{ours.ndcg_at_100.mean:.3f}" in page
    assert "too few listeners to tell" in page
    assert "of an artist" in page
    assert '<svg class="trend"' in page
    told = (await client.get("/admin/v1/quality", headers=bearer)).json()
    [first, *_] = told["reports"][0]["views"][0]["methods"]
    assert ("HarmonyHub", ours.mrr_at_100.mean) == (first["name"], first["MRR@100"]["mean"])
    assert ["good", "first"] == [one["judgement"]["verdict"] for one in told["trainings"]]
    assert 401 == (await client.get("/admin/v1/quality")).status_code


def test_the_trend_is_drawn_oldest_first_and_marks_what_was_refused() -> None:
    """Higher is better on the picture too; unjudged trainings are not on it."""
    first = Judgement(Verdict.FIRST, why="The first index.")
    newest_first = [TrainingVerdict(one, "v", NOW) for one in (WORSE, GOOD, first)]
    picture = draw_trend(newest_first)
    assert picture is not None
    good, worse = picture.split('<g class="')[1:]
    assert ("point", "point refused") == (good.split('"')[0], worse.split('"')[0])
    heights = [float(one.split('cy="')[1].split('"')[0]) for one in (good, worse)]
    assert heights[0] < heights[1]
    assert "&lt;than&gt;" in picture
    assert "style=" not in picture
    assert draw_trend(newest_first[2:]) is None
