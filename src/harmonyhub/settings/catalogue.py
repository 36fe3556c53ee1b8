"""The checks of settings as data: their stable ids, and how a finding is made from them."""

import re
from dataclasses import dataclass

from harmonyhub.domain.findings import Finding, Owner, Severity
from harmonyhub.settings.secret import MASK


@dataclass(frozen=True, slots=True)
class SettingCheck:
    """One check; `meaning` is its line in the reference."""

    id: str
    severity: Severity
    meaning: str

    def found(
        self,
        message: str,
        *,
        fix: str,
        variable: str | None = None,
        provenance: str = "",
        evidence: str = "",
    ) -> Finding:
        """Make a finding of this check; whoever set the variable is its owner."""
        return Finding(
            check_id=self.id,
            severity=self.severity,
            owner=Owner.OPERATOR,
            message=message,
            fix=fix,
            variable=variable,
            provenance=provenance,
            evidence=evidence,
        )


UNKNOWN = SettingCheck(
    "HH001", Severity.ERROR, "A name that begins with `HARMONYHUB_` is none of the variables."
)
SET_TWICE = SettingCheck(
    "HH002", Severity.ERROR, "A variable is set twice in one place: also as `..._FILE`, or again."
)
OVERRIDDEN = SettingCheck(
    "HH003", Severity.WARNING, "Environment and `.env` disagree; the environment counts."
)
UNREADABLE_FILE = SettingCheck(
    "HH004", Severity.ERROR, "The file that `..._FILE` names cannot be read."
)
BAD_ENV_FILE = SettingCheck("HH005", Severity.ERROR, "`.env` cannot be read, or a line of it.")
EMPTY = SettingCheck("HH006", Severity.ERROR, "A variable is set but empty.")
PLACEHOLDER = SettingCheck("HH007", Severity.ERROR, "A value is a placeholder from an example.")
STRAY_CHARACTERS = SettingCheck(
    "HH008", Severity.ERROR, "Quotes, blanks, line ends or invisible characters around a value."
)
WRONG_SHAPE = SettingCheck("HH009", Severity.ERROR, "A value does not have the variable's shape.")
NO_PARTNER = SettingCheck(
    "HH010", Severity.ERROR, "Spotify's client id is set without its secret, or the reverse."
)
SAME_VALUE = SettingCheck(
    "HH011", Severity.ERROR, "Spotify's client id and secret are the same value."
)
LOOKALIKE = SettingCheck(
    "HH012", Severity.WARNING, "A Spotify variable without our prefix is set; it is not read."
)
REFUSED_REDIRECT = SettingCheck(
    "HH013", Severity.ERROR, "Spotify refuses the redirect URI: `localhost`, or http elsewhere."
)
OPEN_DOOR = SettingCheck(
    "HH014", Severity.ERROR, "The service would listen beyond this machine without a password."
)
IN_THE_CLEAR = SettingCheck(
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
