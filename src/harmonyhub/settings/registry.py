"""The one list of environment variables; settings, checks and documentation all come from it."""

from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.settings import shapes
from harmonyhub.settings.model import LogFormat, LogLevel
from harmonyhub.settings.shapes import Shape

PREFIX = "HARMONYHUB_"
FILE_SUFFIX = "_FILE"


class Group(StrEnum):
    """What a variable is about; the order is that of the reference."""

    SERVICE = "Service"
    STORE = "MongoDB"
    LOGS = "Logs"
    SPOTIFY = "Spotify"
    ALERTS = "Alerts"
    RELEASES = "Releases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable.

    Attributes
    ----------
    summary : str
        What it sets, as a sentence.
    default : str or None
        Text that goes through `shape` where the variable is not set; None: no value.
    default_note : str
        The default in words where `default` cannot say it.
    without : str
        What happens where it is not set.
    obtain : str
        How to get or choose a value.
    is_for_people : bool
        Whether people set it; the others stay out of `.env.example`.
    """

    name: str
    group: Group
    shape: Shape
    summary: str
    without: str
    obtain: str
    example: str
    default: str | None = None
    default_note: str = ""
    is_secret: bool = False
    is_for_people: bool = True

    @property
    def field(self) -> str:
        """The field of Settings that holds it."""
        return self.name.removeprefix(PREFIX).lower()

    @property
    def file_name(self) -> str:
        """The variable that names a file which holds the value."""
        return self.name + FILE_SUFFIX


SPOTIFY_DASHBOARD = "the app's page on the Spotify developer dashboard, under Settings"

VARIABLES = (
    Variable(
        name="HARMONYHUB_DATA_DIR",
        group=Group.SERVICE,
        shape=shapes.FOLDER,
        summary="The folder for everything that HarmonyHub keeps: the embedded MongoDB, uploads.",
        default_note="the user's data folder, on Linux `~/.local/share/harmonyhub`",
        without="The default folder is used.",
        obtain="Any folder that the service may write; it is made if it is not there.",
        example="/srv/harmonyhub",
    ),
    Variable(
        name="HARMONYHUB_MUSIC_DIR",
        group=Group.SERVICE,
        shape=shapes.FOLDER,
        summary="A folder of music whose new and changed files the worker analyses by itself.",
        without="Audio is analysed when somebody uploads it, or by `harmonyhub analyse`.",
        obtain="Any folder that the service may read, also one of another machine; nothing is"
        " written there.",
        example="/srv/music",
    ),
    Variable(
        name="HARMONYHUB_HOST",
        group=Group.SERVICE,
        shape=shapes.HOST,
        summary="The address to listen on.",
        default="127.0.0.1",
        without="Only this machine can open the pages.",
        obtain="`0.0.0.0` for every network of this machine; then set"
        " `HARMONYHUB_ACCESS_PASSWORD` too.",
        example="0.0.0.0",  # noqa: S104 - an example; the check HH014 guards it
    ),
    Variable(
        name="HARMONYHUB_PORT",
        group=Group.SERVICE,
        shape=shapes.whole_number(1, 65535),
        summary="The TCP port to listen on.",
        default="8000",
        without="Port 8000 is used.",
        obtain="Any free port; those below 1024 need privileges.",
        example="8080",
    ),
    Variable(
        name="HARMONYHUB_ACCESS_PASSWORD",
        group=Group.SERVICE,
        shape=shapes.PASSWORD,
        is_secret=True,
        summary="The password that pages and API ask for.",
        without="Nobody is asked for a password, and only a loopback address can be listened on.",
        obtain="Make one up, for example with `openssl rand -base64 24`.",
        example="(the output of: openssl rand -base64 24)",
    ),
    Variable(
        name="HARMONYHUB_BASE_URL",
        group=Group.SERVICE,
        shape=shapes.URL,
        summary="Where people open the pages; Spotify's redirect URI begins with it.",
        without="A redirect URI of this machine is compared with `HARMONYHUB_PORT` only.",
        obtain="What stands in the browser's address line on the first page.",
        example="https://music.example.org",
    ),
    Variable(
        name="HARMONYHUB_ENCRYPTION_KEY",
        group=Group.SERVICE,
        shape=shapes.ENCRYPTION_KEY,
        is_secret=True,
        summary="The key that seals stored tokens and configurations; the same on every machine.",
        default_note="made at the first start, in the file `encryption.key` of the data folder",
        without="The key in the data folder is used, which only this machine has.",
        obtain="Run `openssl rand -base64 32` once and keep the result: with another key, or"
        " without it, what is stored cannot be opened.",
        example="(the output of: openssl rand -base64 32)",
    ),
    Variable(
        name="HARMONYHUB_ADMIN_TOKEN",
        group=Group.SERVICE,
        shape=shapes.ADMIN_TOKEN,
        is_secret=True,
        summary="The bearer token that `/metrics` and `/admin/v1` ask for.",
        default_note="made at the first start, in the file `admin.token` of the data folder",
        without="The token in the data folder is used, which only this machine has.",
        obtain="Make one up, for example with `openssl rand -hex 24`.",
        example="(the output of: openssl rand -hex 24)",
    ),
    Variable(
        name="HARMONYHUB_MONGODB_URI",
        group=Group.STORE,
        shape=shapes.MONGODB_URI,
        is_secret=True,
        summary="The MongoDB replica set to use; secret, since it may hold a password.",
        without="The embedded MongoDB is started in the data folder.",
        obtain="Whoever runs your MongoDB has it. Version 6.0 or newer, as a replica set.",
        example="mongodb://db.internal:27017/?replicaSet=rs0",
    ),
    Variable(
        name="HARMONYHUB_MONGODB_DATABASE",
        group=Group.STORE,
        shape=shapes.DATABASE,
        summary="The database inside MongoDB.",
        default="harmonyhub",
        without="The database `harmonyhub` is used.",
        obtain="Any name; it is made at the first start.",
        example="harmonyhub_test",
    ),
    Variable(
        name="HARMONYHUB_LOG_LEVEL",
        group=Group.LOGS,
        shape=shapes.one_of(LogLevel),
        summary="The least severe log record that is written.",
        default="info",
        without="Records from `info` up are written.",
        obtain="`debug` to look into a problem.",
        example="debug",
    ),
    Variable(
        name="HARMONYHUB_LOG_FORMAT",
        group=Group.LOGS,
        shape=shapes.one_of(LogFormat),
        summary="Logs as lines to read, or as one JSON object per line.",
        default="text",
        without="Lines to read are written.",
        obtain="`json` where a log collector reads them.",
        example="json",
    ),
    Variable(
        name="HARMONYHUB_SPOTIFY_CLIENT_ID",
        group=Group.SPOTIFY,
        shape=shapes.HEX_32,
        summary="The id of your Spotify app.",
        without="Spotify is not used; histories come from files.",
        obtain=f'Copy "Client ID" from {SPOTIFY_DASHBOARD}. Set it together with'
        " `HARMONYHUB_SPOTIFY_CLIENT_SECRET`.",
        example="0123456789abcdef0123456789abcdef",
    ),
    Variable(
        name="HARMONYHUB_SPOTIFY_CLIENT_SECRET",
        group=Group.SPOTIFY,
        shape=shapes.HEX_32,
        is_secret=True,
        summary="The secret of your Spotify app.",
        without="Spotify is not used; histories come from files.",
        obtain=f'Copy "Client secret" from {SPOTIFY_DASHBOARD}. Set it together with'
        " `HARMONYHUB_SPOTIFY_CLIENT_ID`.",
        example="(32 characters from the dashboard)",
    ),
    Variable(
        name="HARMONYHUB_SPOTIFY_REDIRECT_URI",
        group=Group.SPOTIFY,
        shape=shapes.REDIRECT_URI,
        summary="Where Spotify sends people back to after they signed in.",
        without="Nobody can sign in with Spotify.",
        obtain=f"Register the same address, letter by letter, on {SPOTIFY_DASHBOARD}. Spotify"
        " takes https, or http with 127.0.0.1 or [::1]; it refuses `localhost`.",
        example="https://music.example.org/spotify/callback",
    ),
    Variable(
        name="HARMONYHUB_SPOTIFY_API_URL",
        group=Group.SPOTIFY,
        shape=shapes.URL,
        summary="The address of Spotify's Web API.",
        default="https://api.spotify.com/v1",
        without="Spotify's own address is used.",
        obtain="Only for tests against another server.",
        example="http://127.0.0.1:9000/v1",
    ),
    Variable(
        name="HARMONYHUB_SPOTIFY_ACCOUNTS_URL",
        group=Group.SPOTIFY,
        shape=shapes.URL,
        summary="The address of Spotify's accounts service, where tokens come from.",
        default="https://accounts.spotify.com",
        without="Spotify's own address is used.",
        obtain="Only for tests against another server.",
        example="http://127.0.0.1:9000",
    ),
    Variable(
        name="HARMONYHUB_ALERT_URLS",
        group=Group.ALERTS,
        shape=shapes.ALERT_URLS,
        is_secret=True,
        summary="Who is told of an incident: addresses of Apprise, separated by blanks.",
        without="Incidents show on the Status page and in the log only.",
        obtain="`ntfys://ntfy.sh/TOPIC`, `mailtos://USER:PASSWORD@HOST?to=ADDRESS`,"
        " `slack://TOKEN/TOKEN/TOKEN`, `jsons://HOST/PATH` for a webhook of your own; the wiki of"
        " Apprise lists all services. `harmonyhub alert test` sends one.",
        example="ntfys://ntfy.sh/a-topic-that-nobody-guesses",
    ),
    Variable(
        name="HARMONYHUB_ALERT_ESCALATION_URLS",
        group=Group.ALERTS,
        shape=shapes.ALERT_URLS,
        is_secret=True,
        summary="Who is told when nobody acknowledges an incident in time.",
        without="Nobody else is told.",
        obtain="Addresses of Apprise as in `HARMONYHUB_ALERT_URLS`, which must be set too.",
        example="mailtos://alerts:(password)@mail.example.org?to=boss@example.org",
    ),
    Variable(
        name="HARMONYHUB_ALERT_ESCALATE_AFTER_S",
        group=Group.ALERTS,
        shape=shapes.whole_number(10, 86_400),
        summary="How many seconds an incident may stay unacknowledged before it escalates.",
        default="900",
        without="After 15 minutes the second contact is told.",
        obtain="Longer than the first contact needs to reach a keyboard.",
        example="1800",
    ),
    Variable(
        name="HARMONYHUB_RELEASE",
        group=Group.RELEASES,
        shape=shapes.whole_number(1, 999_999_999),
        summary="The number of this release in the ledger.",
        without="The process belongs to no release.",
        obtain="`harmonyhub keep` sets it for the processes that it starts; leave it alone. Such a"
        " process does not read `.env`: the ledger holds its whole configuration.",
        example="7",
        is_for_people=False,
    ),
)

BY_NAME = {variable.name: variable for variable in VARIABLES}
NAMES = frozenset(BY_NAME) | {variable.file_name for variable in VARIABLES}
"""Every name that is read: each variable's own and that of its file."""
