"""Faults in names, files and sources: misspelt, missing, set twice, unreadable."""

import random
from difflib import get_close_matches

from harmonyhub.drills.configuration import FOLDER, Configuration, env_line
from harmonyhub.drills.faults import Break, Damage, FaultClass, Kind, Stage
from harmonyhub.drills.faults_in_values import (
    ALERT_URLS,
    ANY,
    CLIENT_ID,
    CLIENT_SECRET,
    ENCRYPTION_KEY,
    HEX,
    MONGODB_URI,
)
from harmonyhub.settings.registry import FILE_SUFFIX, NAMES, PREFIX

SECRETS = (CLIENT_SECRET, ENCRYPTION_KEY, MONGODB_URI)


def _pick(configuration: Configuration, names: tuple[str, ...], rng: random.Random) -> str | None:
    present = [name for name in names if name in configuration]
    return rng.choice(present) if present else None


def _misspell(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage
    name = _pick(configuration, ANY, rng)
    if name is None:
        return None
    while True:
        at = rng.randrange(len(PREFIX), len(name) - 1)
        wrong = rng.choice(
            (
                name[:at] + name[at + 1 :],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                name[:at] + name[at] + name[at:],
            )
        )
        if wrong not in NAMES and get_close_matches(wrong, sorted(NAMES), n=1, cutoff=0.75):
            break
    broken = configuration.without(name).having({wrong: configuration[name]})
    return Damage(broken, frozenset({name, wrong}))


def _rename(configuration: Configuration, name: str, wrong: str) -> Damage | None:
    if name not in configuration:
        return None
    broken = configuration.without(name).having({wrong: configuration[name]})
    return Damage(broken, frozenset({name, wrong}))


def _lower_case(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage
    name = _pick(configuration, HEX, rng)
    return None if name is None else _rename(configuration, name, name.lower())


def _lose_prefix(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage
    name = _pick(configuration, HEX, rng)
    return None if name is None else _rename(configuration, name, name.removeprefix(PREFIX))


def _lose_partner(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage
    if not all(name in configuration for name in HEX):
        return None
    name = rng.choice(HEX)
    return Damage(configuration.without(name), frozenset({name}))


def _value_in_file_name(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    del stage
    name = _pick(configuration, (CLIENT_SECRET, ENCRYPTION_KEY), rng)
    return None if name is None else _rename(configuration, name, name + FILE_SUFFIX)


def _both(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
    del stage
    name = _pick(configuration, SECRETS, rng)
    if name is None:
        return None
    content = configuration[name].encode()
    broken = configuration.naming_file(name, content).having({name: configuration[name]})
    return Damage(broken, frozenset({name, name + FILE_SUFFIX}))


def _file(make: str) -> Break:
    """Break the file of a secret in one way; the ways are the keys of `contents` below."""

    def breaks(configuration: Configuration, stage: Stage, rng: random.Random) -> Damage | None:
        del stage
        name = _pick(configuration, SECRETS, rng)
        if name is None:
            return None
        text = configuration[name]
        contents: dict[str, bytes | None] = {
            "missing": b"",
            "folder": FOLDER,
            "empty": b"",
            "two-lines": f"{text}\n\n".encode(),
            "byte-order-mark": f"\ufeff{text}\n".encode(),
            "utf-16": text.encode("utf-16"),
            "name-and-value": f"{name}={text}\n".encode(),
        }
        broken = configuration.naming_file(name, contents[make], is_there=make != "missing")
        return Damage(broken, frozenset({name, name + FILE_SUFFIX}))

    return breaks


def _twice_in_env_file(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    del stage
    name = _pick(configuration, ANY, rng)
    if name is None:
        return None
    text = configuration[name]
    lines = [env_line(name, text), env_line(name, text[::-1])]
    return Damage(configuration.without(name).with_lines(lines), frozenset({name}))


def _second_contact_only(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    del stage, rng
    second = f"{PREFIX}ALERT_ESCALATION_URLS"
    if ALERT_URLS not in configuration:
        return None
    broken = configuration.without(ALERT_URLS).having({second: configuration[ALERT_URLS]})
    return Damage(broken, frozenset({ALERT_URLS, second}))


def _both_lookalikes(
    configuration: Configuration, stage: Stage, rng: random.Random
) -> Damage | None:
    del stage, rng
    if not all(name in configuration for name in HEX):
        return None
    bare = {name.removeprefix(PREFIX): configuration[name] for name in HEX}
    broken = configuration.without(*HEX).having(bare)
    return Damage(broken, frozenset({CLIENT_ID, CLIENT_SECRET, *bare}))


KINDS = (
    Kind("misspelt", FaultClass.OFFLINE, "a letter too few, too many or swapped", _misspell),
    Kind("lower-case-name", FaultClass.OFFLINE, "the name in small letters", _lower_case),
    Kind("no-prefix", FaultClass.OFFLINE, "one of Spotify's two without our prefix", _lose_prefix),
    Kind("no-partner", FaultClass.OFFLINE, "one of Spotify's two is missing", _lose_partner),
    Kind(
        "value-in-file-name",
        FaultClass.OFFLINE,
        "a secret in place of its path",
        _value_in_file_name,
    ),
    Kind("name-and-file", FaultClass.OFFLINE, "NAME and NAME_FILE both set", _both),
    Kind("file-missing", FaultClass.OFFLINE, "the file is not there", _file("missing")),
    Kind("file-is-folder", FaultClass.OFFLINE, "a folder in the file's place", _file("folder")),
    Kind("file-empty", FaultClass.OFFLINE, "the file is empty", _file("empty")),
    Kind("file-two-lines", FaultClass.OFFLINE, "a line end inside the file", _file("two-lines")),
    Kind("file-with-bom", FaultClass.OFFLINE, "a byte order mark", _file("byte-order-mark")),
    Kind("file-utf-16", FaultClass.OFFLINE, "saved as UTF-16", _file("utf-16")),
    Kind("file-name-and-value", FaultClass.OFFLINE, "NAME=value in it", _file("name-and-value")),
    Kind("set-twice", FaultClass.OFFLINE, "two lines in .env", _twice_in_env_file),
    Kind("second-contact-only", FaultClass.OFFLINE, "no first contact", _second_contact_only),
    # With people's consents in the store, a service without Spotify's variables has lost them.
    Kind(
        "both-without-prefix",
        FaultClass.LIVE,
        "both of Spotify's without our prefix",
        _both_lookalikes,
    ),
)
