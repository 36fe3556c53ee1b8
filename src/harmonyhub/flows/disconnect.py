"""A listener leaves Spotify: the consent goes, and with it all that Spotify ever told."""

from harmonyhub.domain.ids import UserId
from harmonyhub.wiring.house import House


async def forget_spotify(house: House, user_id: UserId) -> None:
    """Delete a user's consent, plays, library and kept answers; imports stay, they are no part.

    The consent goes first: a synchronization under way finds it gone and cleans up after itself.
    """
    await house.store.tokens.forget(user_id)
    await forget_what_was_told(house, user_id)


async def forget_if_left(house: House, user_id: UserId) -> None:
    """Clean up behind a reading whose listener left before it was written."""
    if await house.store.tokens.get(user_id) is None:
        await forget_what_was_told(house, user_id)


async def forget_what_was_told(house: House, user_id: UserId) -> None:
    """Delete all that Spotify told of a user, and let the lists change at once."""
    await house.store.synced_plays.forget(user_id)
    await house.store.spotify_library.forget(user_id)
    await house.store.kept_answers.forget(user_id)
    await house.store.pushed_playlists.forget(user_id)
    await house.store.kept_lists.forget_told(user_id)
    await forget_foreign_ids(house)
    await house.store.users.touch(user_id)


async def forget_foreign_ids(house: House) -> None:
    """Delete what tracks are called at Spotify, once nobody is connected in whose name to ask."""
    if not sum((await house.store.tokens.count_by_state()).values()):
        await house.store.resolutions.forget_all()
