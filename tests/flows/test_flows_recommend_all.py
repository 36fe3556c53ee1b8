"""Lists for all users: those of the pages, whatever makes them."""

import json

import pytest

from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.recommendations import FeedbackKind, ListName
from harmonyhub.flows import recommend_all as batch
from harmonyhub.flows import train
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.recommend import answer_as_json, recommend
from harmonyhub.flows.train import run_training
from harmonyhub.wiring.house import House
from tests.flows.test_flows_recommend import listen


async def lines_of(house: House, engine: EngineName) -> list[bytes]:
    """Make all Discover lists."""
    made = batch.recommend_all(
        house, list_name=ListName.DISCOVER, n=5, engine=engine, on_progress=lambda _: None
    )
    return [line async for line in made]


async def test_every_user_gets_the_list_of_the_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In waves and shards smaller than the crowd, with what each of them refused left out."""
    monkeypatch.setattr(train, "load_library", list)
    monkeypatch.setattr(batch, "WAVE", 3)
    monkeypatch.setattr(batch, "SHARD", 2)
    for number in range(7):
        await listen(house, f"user-{number}", [*range(number, number + 6), 20])
    await run_training(house, on_progress=lambda _: None)
    first = json.loads((await lines_of(house, EngineName.INLINE))[0])
    refused = first["items"][0]["track"]["id"]
    await give_feedback(
        house, user_id=UserId("user-0"), track_id=TrackId(refused), kind=FeedbackKind.NEVER
    )

    told = [json.loads(line) for line in await lines_of(house, EngineName.INLINE)]
    assert [f"user-{number}" for number in range(7)] == [one["user"] for one in told]
    assert refused not in {item["track"]["id"] for item in told[0]["items"]}
    for one in told:
        page = await recommend(house, user_id=UserId(one["user"]), list_name=ListName.DISCOVER, n=5)
        assert json.loads(json.dumps(answer_as_json(page)["items"])) == one["items"]
        assert one["items"]


@pytest.mark.slow
async def test_a_pool_makes_the_same_lists(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the same to the byte, whatever computes."""
    monkeypatch.setattr(train, "load_library", list)
    monkeypatch.setattr(batch, "SHARD", 2)
    for number in range(5):
        await listen(house, f"user-{number}", [*range(number, number + 6), 20])
    await run_training(house, on_progress=lambda _: None)
    assert await lines_of(house, EngineName.INLINE) == await lines_of(house, EngineName.POOL)


async def test_without_a_model_there_are_no_lists(house: House) -> None:
    """A file of nothing would look like an answer."""
    with pytest.raises(NotFoundError, match="no model") as caught:
        await lines_of(house, EngineName.INLINE)
    assert "harmonyhub train" in caught.value.hint
