"""One list for a listener and friends."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from harmonyhub.domain.recommendations import ListName
from harmonyhub.flows.recommend import Answer
from harmonyhub.flows.together import recommend_together
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.wishes import WishHere

N_TOGETHER_MAX = 100


class TogetherRoutes(Controller):
    """Lists for several."""

    tags = ("users",)

    @get("/users/{user:str}/together", summary="One list for a user and some friends")
    async def list_together(
        self,
        *,
        house: HouseHere,
        user: FromPath[str],
        friend: Annotated[
            list[str], QueryParameter(description="A friend of the user; give it again for more.")
        ],
        list_name: Annotated[ListName, QueryParameter(name="list")] = ListName.FOR_YOU,
        n: Annotated[int, QueryParameter(ge=1, le=N_TOGETHER_MAX)] = 20,
        wish: WishHere,
    ) -> Answer:
        """Recommend tracks to all of them, so that nobody is left out; `for-you` or `discover`.

        Nothing that one of them refused is in it. 404 where one is no friend of the user.
        """
        return await recommend_together(
            house,
            user_id=parse_user(user),
            friends=[parse_user(name) for name in friend],
            list_name=list_name,
            n=n,
            wish=wish,
        )
