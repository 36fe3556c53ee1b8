"""Where values come from: the environment, files that it names, and `.env`; never guessed."""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.registry import PREFIX, VARIABLES, Variable

ENV_FILE = ".env"
FILE_PROVENANCE = re.compile(r"file (?P<path>.+) \((?P<name>HARMONYHUB_\w+_FILE), .*\)", re.DOTALL)
LARGEST_FILE = 64 * 1024  # a value is a line; more is the wrong file, or /dev/zero


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as it was found, and where; `name` is the variable that was set."""

    name: str
    text: str = field(repr=False)
    provenance: str


@dataclass(frozen=True, slots=True)
class Origin:
    """One place where variables are set: all its names, ours with their values."""

    title: str
    bindings: Mapping[str, Raw]


def read_environment(environ: Mapping[str, str]) -> Origin:
    """Take every variable of the process environment."""
    return Origin(
        "environment",
        {name: Raw(name, text, "environment") for name, text in environ.items()},
    )


def read_env_file(path: Path, *, must_exist: bool = False) -> tuple[Origin, list[Finding]]:
    """Read a `.env` file as it stands, without `${...}` replaced; a missing one may be empty."""
    title = path.name
    try:
        bindings = list(parse_stream(StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError) and not must_exist:
            return Origin(title, {}), []
        return Origin(title, {}), [
            catalogue.BAD_ENV_FILE.found(
                f"{title} cannot be read: {_reason(error)}.",
                fix=f"Make {title} a readable UTF-8 text file, or remove it.",
                provenance=title,
            )
        ]
    values: dict[str, Raw] = {}
    findings = []
    for binding in bindings:
        place = f"{title} line {_line_number(binding)}"
        if binding.error or (binding.key is not None and binding.value is None):
            findings.append(_unreadable_line(place))
        elif binding.key is not None and binding.value is not None:
            if binding.key in values and binding.key.startswith(PREFIX):
                findings.append(_set_again(values[binding.key], place))
            values[binding.key] = Raw(binding.key, binding.value, place)
    return Origin(title, values), findings


def _line_number(binding: Binding) -> int:
    # The parser counts from the blank lines before a binding.
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _unreadable_line(place: str) -> Finding:
    return catalogue.BAD_ENV_FILE.found(
        f"{place} is not NAME=VALUE.",
        fix="Write NAME=VALUE; a comment begins with #; close quotes that you open.",
        provenance=place,
    )


def _set_again(first: Raw, place: str) -> Finding:
    return catalogue.SET_TWICE.found(
        f"{first.name} is set twice: {first.provenance} and {place}.",
        fix="Keep one of the two lines.",
        variable=first.name,
        provenance=place,
    )


def take(origin: Origin, variable: Variable, *, folder: Path) -> tuple[Raw | None, list[Finding]]:
    """Take one variable's value from one place; None where it is not set there, or unreadable.

    A relative path in `..._FILE` counts from `folder`.
    """
    direct = origin.bindings.get(variable.name)
    named = origin.bindings.get(variable.file_name)
    if direct is not None and named is not None:
        return None, [
            catalogue.SET_TWICE.found(
                f"{variable.name} and {variable.file_name} are both set.",
                fix="Keep one of the two: which one counts would be a guess.",
                variable=variable.name,
                provenance=f"{direct.provenance} and {named.provenance}"
                if direct.provenance != named.provenance
                else direct.provenance,
            )
        ]
    if named is not None:
        return _read_named_file(named, variable=variable, folder=folder)
    return direct, []


def _read_named_file(
    named: Raw, *, variable: Variable, folder: Path
) -> tuple[Raw | None, list[Finding]]:
    if not named.text.strip():
        return None, [
            catalogue.EMPTY.found(
                f"{named.name} is set but empty.",
                fix=f"Give it the path of a file that holds {variable.name}, or remove it.",
                variable=named.name,
                provenance=named.provenance,
            )
        ]
    try:
        text = _read_short_text(folder / named.text)
    except (OSError, ValueError) as error:
        # The path is not shown: people put the secret itself where its file belongs.
        return None, [
            catalogue.UNREADABLE_FILE.found(
                f"The file that {named.name} names cannot be read: {_reason(error)}.",
                fix=f"Put the path of a readable file with {variable.name} into {named.name}"
                " (the path, not the value itself).",
                variable=named.name,
                provenance=named.provenance,
                evidence="" if variable.is_secret else repr(named.text),
            )
        ]
    raw = Raw(variable.name, text, f"file {named.text} ({named.name}, {named.provenance})")
    if not variable.is_secret or not is_open_file(folder / named.text):
        return raw, []
    return raw, [
        catalogue.OPEN_FILE.found(
            f"Everybody on this machine can read the file of {variable.name}.",
            fix="chmod o-r on it: only the user of the service has to read it.",
            variable=variable.name,
            provenance=raw.provenance,
        )
    ]


def is_open_file(path: Path) -> bool:
    """Tell whether every user of this machine can read a file.

    What is mounted read-only, as containers get their secrets, has nobody else to fear.
    """
    try:
        is_mounted_for_us = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
        folders = path.resolve().parents
        return (
            not is_mounted_for_us
            and bool(path.stat().st_mode & stat.S_IROTH)
            and all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
        )
    except OSError:
        return False


def named_file(provenance: str) -> Path | None:
    """Give the file that a provenance speaks of; None where the value came from no file."""
    match = FILE_PROVENANCE.fullmatch(provenance)
    return Path(match["path"]) if match else None


def _read_short_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise OSError(0, f"it is larger than {LARGEST_FILE // 1024} KiB")
    text = data.decode("utf-8")
    return text.removesuffix("\n").removesuffix("\r")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "it is no path"


def secret_texts(origins: Iterable[Origin]) -> set[str]:
    """Collect all values that are set for secrets, used or not, so that none is ever shown."""
    names = {variable.name for variable in VARIABLES if variable.is_secret}
    return {
        raw.text for origin in origins for name, raw in origin.bindings.items() if name in names
    }
