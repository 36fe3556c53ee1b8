"""Users: their recommendations, what they say back, their listens."""

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.leaving import Departure
from harmonyhub.domain.recommendations import Feedback, ListName
from harmonyhub.flows.export import export_user
from harmonyhub.flows.feedback import give_feedback
from harmonyhub.flows.leave import leave
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.schemas import (
    FeedbackBody,
    FeedbackList,
    FeedbackView,
    LedgerList,
    LedgerView,
    ListenList,
    UserList,
    UserView,
)
from harmonyhub.web.views import load_listens
from harmonyhub.web.wishes import WishHere, check_seeds

NDJSON = "application/x-ndjson"
N_RECOMMENDATIONS_MAX = 200
N_LISTENS_MAX = 1000


class UserRoutes(Controller):
    """Everything about one user."""

    path = "/users"
    tags = ("users",)

    @get(summary="All users")
    async def list_users(self, house: HouseHere) -> UserList:
        """List the users of this house."""
        users = await house.store.users.list_all()
        return UserList(items=[UserView(id=user) for user in users])

    @delete("/{user:str}", summary="Delete everything of a user", status_code=200)
    async def remove_user(self, *, house: HouseHere, user: FromPath[str]) -> Departure:
        """Delete all that is kept of a user, for good; 404 where there is nothing of that name.

        `deleted` counts what there was by kind, `remains` says what this cannot reach. A training
        is queued.
        """
        return await leave(house, parse_user(user))

    @get("/{user:str}/recommendations", summary="A list of recommendations, with reasons")
    async def list_recommendations(
        self,
        *,
        house: HouseHere,
        user: FromPath[str],
        list_name: Annotated[ListName, QueryParameter(name="list")] = ListName.FOR_YOU,
        n: Annotated[int, QueryParameter(ge=1, le=N_RECOMMENDATIONS_MAX)] = 20,
        wish: WishHere,
        track: FromQuery[list[str] | None] = None,
        artist: FromQuery[list[str] | None] = None,
    ) -> Answer:
        """Recommend tracks; each carries 1 to 3 reasons that are terms of its score.

        `more-like-this` starts from `track` (ids) and `artist` (ids or names): of several it is a
        radio. `more` of the answer, given as `after`, goes on with tracks that were not given.
        """
        return await recommend(
            house,
            user_id=parse_user(user),
            list_name=list_name,
            n=n,
            wish=check_seeds(list_name, wish, tracks=track, artists=artist),
        )

    @get("/{user:str}/feedback", summary="What the user said, as it stands")
    async def list_feedback(self, *, house: HouseHere, user: FromPath[str]) -> FeedbackList:
        """List the feedback in force; what was undone is gone."""
        return _feedback_list(await house.store.feedback.current(parse_user(user)))

    @post("/{user:str}/feedback", summary="Say something of a track", status_code=200)
    async def add_feedback(
        self, *, house: HouseHere, user: FromPath[str], data: JSONBody[FeedbackBody]
    ) -> FeedbackList:
        """Say more, less, never, snooze (for `days`) or undo; it acts on the very next list."""
        said = await give_feedback(
            house,
            user_id=parse_user(user),
            track_id=TrackId(data.track),
            kind=data.kind,
            days=data.days,
        )
        return _feedback_list(said)

    @get("/{user:str}/listens", summary="Listens, the newest first")
    async def list_listens(
        self,
        *,
        house: HouseHere,
        user: FromPath[str],
        n: Annotated[int, QueryParameter(ge=1, le=N_LISTENS_MAX)] = 100,
        before: FromQuery[str | None] = None,
    ) -> ListenList:
        """List listens, those of one second by track.

        `before` is what the page before gave, or unix seconds: only what started before them.
        """
        return await load_listens(house, user_id=parse_user(user), n=n, before=before)

    @get(
        "/{user:str}/listens/export",
        summary="Everything of a user, as JSON lines",
        media_type=NDJSON,
    )
    async def export_listens(self, *, house: HouseHere, user: FromPath[str]) -> Stream:
        """Stream all data of the user, one object a line, each with its `type`."""
        user_id: UserId = parse_user(user)
        lines: AsyncIterator[bytes] = await export_user(house, user_id)
        return Stream(
            lines,
            media_type=NDJSON,
            headers={"Content-Disposition": 'attachment; filename="harmonyhub-export.ndjson"'},
        )

    @get("/{user:str}/imports", summary="Imports of a user")
    async def list_imports(self, *, house: HouseHere, user: FromPath[str]) -> LedgerList:
        """List the ledgers of a user's imports, the newest first."""
        ledgers = await house.store.ledgers.of_user(parse_user(user))
        return LedgerList(items=[LedgerView.of(ledger) for ledger in ledgers])


def _feedback_list(said: list[Feedback]) -> FeedbackList:
    return FeedbackList(items=[FeedbackView.of(one) for one in said])
