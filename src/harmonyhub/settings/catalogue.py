"""The checks of settings as data, and how a value is shown as evidence."""

import re

from harmonyhub.domain.findings import Check, Severity
from harmonyhub.settings.secret import MASK

UNKNOWN = Check(
    "HH001", Severity.ERROR, "A name that begins with `HARMONYHUB_` is none of the variables."
)
SET_TWICE = Check(
    "HH002", Severity.ERROR, "A variable is set twice in one place: also as `..._FILE`, or again."
)
OVERRIDDEN = Check(
    "HH003", Severity.WARNING, "Environment and `.env` disagree; the environment counts."
)
UNREADABLE_FILE = Check("HH004", Severity.ERROR, "The file that `..._FILE` names cannot be read.")
BAD_ENV_FILE = Check("HH005", Severity.ERROR, "`.env` cannot be read, or a line of it.")
EMPTY = Check("HH006", Severity.ERROR, "A variable is set but empty.")
PLACEHOLDER = Check("HH007", Severity.ERROR, "A value is a placeholder from an example.")
STRAY_CHARACTERS = Check(
    "HH008", Severity.ERROR, "Quotes, blanks, line ends or invisible characters around a value."
)
WRONG_SHAPE = Check("HH009", Severity.ERROR, "A value does not have the variable's shape.")
NO_PARTNER = Check(
    "HH010", Severity.ERROR, "Spotify's client id is set without its secret, or the reverse."
)
SAME_VALUE = Check("HH011", Severity.ERROR, "Spotify's client id and secret are the same value.")
LOOKALIKE = Check(
    "HH012", Severity.WARNING, "A Spotify variable without our prefix is set; it is not read."
)
REFUSED_REDIRECT = Check(
    "HH013", Severity.ERROR, "Spotify refuses the redirect URI: `localhost`, or http elsewhere."
)
OPEN_DOOR = Check(
    "HH014", Severity.ERROR, "The service would listen beyond this machine without a password."
)
IN_THE_CLEAR = Check(
    "HH015", Severity.WARNING, "Spotify's secret would travel unencrypted: http beyond loopback."
)
CUT_OFF = Check(
    "HH016", Severity.ERROR, "A value is shorter than it should be: cut off when copied."
)
SWAPPED = Check(
    "HH017", Severity.ERROR, "Two variables hold each other's last values: they were swapped."
)
WRONG_PLACE = Check("HH018", Severity.ERROR, "A value belongs to another variable.")
SAME_SECRET = Check("HH019", Severity.ERROR, "A secret stands in a second variable too.")
OTHER_ADDRESS = Check(
    "HH020", Severity.ERROR, "The redirect URI does not lead to this service's own address."
)
NO_FIRST_CONTACT = Check("HH021", Severity.ERROR, "Alerts have a second contact and no first one.")
OPEN_FILE = Check("HH022", Severity.WARNING, "Everybody on this machine can read a secret's file.")
NO_REPLICA_SET = Check(
    "HH023", Severity.WARNING, "MongoDB's address names no replica set: no failover."
)
OTHER_DATABASE = Check(
    "HH024", Severity.WARNING, "MongoDB's address names another database than the one that is used."
)
TEST_DATABASE = Check("HH025", Severity.WARNING, "The database has a name of a database for tests.")
LOCAL_KEY = Check(
    "HH026", Severity.WARNING, "MongoDB is shared, and the encryption key is on one machine only."
)
UNKNOWN_SERVICE = Check("HH027", Severity.ERROR, "Apprise does not know the service of an address.")
LIKE_A_SPOTIFY_SECRET = Check(
    "HH028", Severity.WARNING, "A value has the shape of a Spotify secret, in another variable."
)

SETTING_CHECKS = (
    UNKNOWN,
    SET_TWICE,
    OVERRIDDEN,
    UNREADABLE_FILE,
    BAD_ENV_FILE,
    EMPTY,
    PLACEHOLDER,
    STRAY_CHARACTERS,
    WRONG_SHAPE,
    NO_PARTNER,
    SAME_VALUE,
    LOOKALIKE,
    REFUSED_REDIRECT,
    OPEN_DOOR,
    IN_THE_CLEAR,
    CUT_OFF,
    SWAPPED,
    WRONG_PLACE,
    SAME_SECRET,
    OTHER_ADDRESS,
    NO_FIRST_CONTACT,
    OPEN_FILE,
    NO_REPLICA_SET,
    OTHER_DATABASE,
    TEST_DATABASE,
    LOCAL_KEY,
    UNKNOWN_SERVICE,
    LIKE_A_SPOTIFY_SECRET,
)

LONGEST_EVIDENCE = 80


def show_value(text: str, *, is_secret: bool) -> str:
    """Give a value as evidence: of a secret its length only, of an address no password."""
    if is_secret:
        return f"a secret of {len(text)} characters"
    # Somebody may have put an address with a password, or a Spotify secret, into this variable.
    shown = re.sub(r"//[^/]*@", f"//{MASK}@", text)
    shown = re.sub(r"[0-9A-Fa-f]{20,}", MASK, shown)
    return repr(shown if len(shown) <= LONGEST_EVIDENCE else shown[:LONGEST_EVIDENCE] + "...")
