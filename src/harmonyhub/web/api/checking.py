"""The end of the synthetic journey: what it stored is removed again."""

from litestar import delete

from harmonyhub.domain.ids import CHECK_USER
from harmonyhub.web.requests import HouseHere


@delete(
    f"/users/{CHECK_USER}",
    tags=["users"],
    summary="Forget the listener of the synthetic journey",
    status_code=204,
)
async def forget_check_user(house: HouseHere) -> None:
    """Remove all that `harmonyhub verify` and `harmonyhub deploy` stored to see that it works."""
    await house.store.check_user.forget()
