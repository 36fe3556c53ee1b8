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
)

LONGEST_EVIDENCE = 80


def show_value(text: str, *, is_secret: bool) -> str:
    """Give a value as evidence: of a secret its length only, of an address no password."""
    if is_secret:
        return f"a secret of {len(text)} characters"
    # Somebody may have put an address with a password into the wrong variable.
    shown = re.sub(r"//[^/]*@", f"//{MASK}@", text)
    return repr(shown if len(shown) <= LONGEST_EVIDENCE else shown[:LONGEST_EVIDENCE] + "...")
