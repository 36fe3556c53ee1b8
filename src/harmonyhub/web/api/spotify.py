"""A user's connection to Spotify: how it stands, read now, leave."""

from litestar import Controller, delete, get, post
from litestar.params import FromPath

from harmonyhub.domain.connection_report import ConnectionReport
from harmonyhub.domain.library_report import LibraryReport
from harmonyhub.flows.connection import ask_for_sync
from harmonyhub.flows.connection_report import describe_connection
from harmonyhub.flows.disconnect import forget_spotify
from harmonyhub.flows.library_report import load_library_report
from harmonyhub.web.requests import HouseHere, parse_user


class SpotifyRoutes(Controller):
    """The connection of one user; it is made in a browser, on the page /spotify."""

    path = "/users/{user:str}/spotify"
    tags = ("spotify",)

    @get(summary="How the connection to Spotify stands")
    async def show_connection(self, *, house: HouseHere, user: FromPath[str]) -> ConnectionReport:
        """Show standing, account, scopes, the end of the consent, and what keeps new data away.

        `trouble` says every failure in words: what, why, whose, what to do. Nothing is asked of
        Spotify.
        """
        return await describe_connection(house, parse_user(user))

    @get("/library", summary="What was read from Spotify, part by part")
    async def show_library(self, *, house: HouseHere, user: FromPath[str]) -> LibraryReport:
        """Show each part's ledger and how far it is; empty where nothing was read.

        Entries read = kept + duplicate + not music + unreadable.
        """
        return await load_library_report(house, parse_user(user))

    @delete(summary="Disconnect from Spotify")
    async def remove_connection(self, *, house: HouseHere, user: FromPath[str]) -> None:
        """Delete the tokens and everything that came from Spotify; imported histories stay."""
        await forget_spotify(house, parse_user(user))

    @post("/sync", summary="Read from Spotify now", status_code=202)
    async def add_sync(self, *, house: HouseHere, user: FromPath[str]) -> ConnectionReport:
        """Let this user be read next; 409 where the consent cannot be used."""
        user_id = parse_user(user)
        await ask_for_sync(house, user_id)
        return await describe_connection(house, user_id)
