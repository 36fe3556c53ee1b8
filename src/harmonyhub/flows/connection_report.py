"""A user's connection as API and page tell it: how it stands, and when it is read next."""

from harmonyhub.domain.connection_report import ConnectionReport, report_connection
from harmonyhub.domain.ids import UserId
from harmonyhub.flows.connection import load_connection
from harmonyhub.flows.library_report import load_library_report
from harmonyhub.flows.sync import plays_every_s
from harmonyhub.wiring.house import House


async def describe_connection(house: House, user_id: UserId) -> ConnectionReport:
    """Say how a user's connection stands, whether it is being read, and when it is next."""
    library = await load_library_report(house, user_id)
    every_s = 0 if house.spotify is None else await plays_every_s(house, house.spotify)
    return report_connection(
        user_id,
        await load_connection(house, user_id),
        is_reading=library.is_reading,
        plays_every_s=every_s,
    )
