"""One value at a time: empty, a placeholder, carrying stray characters, of the wrong shape."""

import re
from dataclasses import dataclass

from harmonyhub.domain.findings import Check, Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.catalogue import show_value
from harmonyhub.settings.misplaced import check_place
from harmonyhub.settings.origins import Raw
from harmonyhub.settings.registry import Variable

PLACEHOLDER = re.compile(
    r"""
    change[-_ ]?(me|it|this).* | replace[-_ ]?(me|it|this|with).* | insert[-_ ].* | enter[-_ ].*
    | your[-_ ]?(own|spotify|app|client|api|access|mongo(db)?|db|database|user|secret|id|key
        |password|token|uri|url|value|host).*
    | <.*> | \(.*\) | \[[a-z _-]+\] | \{.*\} | \$\{?\w+\}? | %\w+% | x{3,} | \*{3,} | \.{3,} | -{3,}
    | todo | tbd | fixme | placeholder | dummy | none | null | nil | undefined
    | [a-z0-9+]+://.*(<[^>]*>|\{[^}]*\}|\(password\)).*
    """,
    re.VERBOSE | re.IGNORECASE,
)
QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
# Zero-width characters, no-break space, byte order mark: they come with copy and paste.
INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A value that has passed."""

    value: object


def judge(raw: Raw, variable: Variable) -> Accepted | Finding:
    """Turn a text into the variable's value, or say what is wrong with it."""
    if not raw.text.strip():
        return _found(
            catalogue.EMPTY,
            f"{raw.name} is set but empty.",
            raw=raw,
            fix=f"Give it a value, or remove it. Without it: {variable.without}",
        )
    stray = _describe_stray_characters(raw.text)
    if stray is not None:
        return _found(
            catalogue.STRAY_CHARACTERS,
            f"{raw.name} carries {stray}.",
            raw=raw,
            fix="Set the bare value. Docker's --env-file and systemd keep quotes that a shell"
            " would take off.",
            evidence=show_value(raw.text, is_secret=variable.is_secret),
        )
    if PLACEHOLDER.fullmatch(raw.text) is not None:
        return _found(
            catalogue.PLACEHOLDER,
            f"{raw.name} is a placeholder.",
            raw=raw,
            fix=variable.obtain,
            evidence=show_value(raw.text, is_secret=variable.is_secret),
        )
    misplaced = check_place(raw, variable)
    if misplaced is not None:
        return misplaced
    try:
        return Accepted(variable.shape.parse(raw.text))
    except (ValueError, RuntimeError):  # RuntimeError: `~` without a home folder
        return _refuse_shape(raw, variable)


def _refuse_shape(raw: Raw, variable: Variable) -> Finding:
    evidence = show_value(raw.text, is_secret=variable.is_secret)
    cut_off = variable.shape.cut_off
    if cut_off is not None and cut_off.fullmatch(raw.text) is not None:
        return _found(
            catalogue.CUT_OFF,
            f"{raw.name} is shorter than it should be: cut off when copied? It must be"
            f" {variable.shape.description}.",
            raw=raw,
            fix=f"Copy all of it. {variable.obtain}",
            evidence=f"{len(raw.text)} characters",
        )
    return _found(
        catalogue.WRONG_SHAPE,
        f"{raw.name} must be {variable.shape.description}.",
        raw=raw,
        fix=variable.obtain,
        evidence=evidence,
    )


def _describe_stray_characters(text: str) -> str | None:
    if len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        return "the quotes around the value"
    if "\n" in text or "\r" in text:
        return "a line end"
    if INVISIBLE.search(text) is not None:
        return "an invisible character"
    if text != text.strip():
        return "blanks before or after the value"
    return None


def _found(check: Check, message: str, *, raw: Raw, fix: str, evidence: str = "") -> Finding:
    return check.found(
        message, fix=fix, variable=raw.name, provenance=raw.provenance, evidence=evidence
    )
