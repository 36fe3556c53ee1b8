"""What was read of a listener's library, from what is stored."""

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.library_report import LibraryReport, report_library
from harmonyhub.wiring.house import House


async def load_library_report(house: House, user_id: UserId) -> LibraryReport:
    """Say how far each part of a user's library is read; empty where nothing was."""
    return report_library((await house.store.spotify_library.states(user_id)).values())
