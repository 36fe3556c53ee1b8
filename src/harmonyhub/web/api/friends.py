"""Friends of a listener: to ask and to accept is one thing, to decline and to end another."""

from litestar import Controller, delete, get, put
from litestar.params import FromPath

from harmonyhub.flows import friends
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.schemas import FriendList, FriendView


class FriendRoutes(Controller):
    """Who is a friend, who asks, who was asked."""

    path = "/users/{user:str}/friends"
    tags = ("users",)

    @get(summary="Friends, and requests both ways")
    async def list_friends(self, *, house: HouseHere, user: FromPath[str]) -> FriendList:
        """List them; `standing` is `friend`, `asked` or `asks-you`."""
        found = await friends.list_friends(house, parse_user(user))
        return FriendList(items=[FriendView.of(one) for one in found])

    @put("/{name:str}", summary="Ask a listener, or accept")
    async def add_friend(
        self, *, house: HouseHere, user: FromPath[str], name: FromPath[str]
    ) -> FriendView:
        """Ask, or accept what the other asked: once both did, `standing` is `friend`.

        404 for an unknown name, 409 where it was asked already or there are too many.
        """
        made = await friends.add(house, user_id=parse_user(user), name=parse_user(name))
        return FriendView.of(made)

    @delete("/{name:str}", summary="Decline, take back, or end")
    async def remove_friend(
        self, *, house: HouseHere, user: FromPath[str], name: FromPath[str]
    ) -> None:
        """Decline what the other asked, take back what was asked, or end a friendship."""
        await friends.remove(house, user_id=parse_user(user), name=parse_user(name))
