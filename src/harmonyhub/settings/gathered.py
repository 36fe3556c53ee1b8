"""What the registry found in one configuration, for the checks that look at several values."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

from harmonyhub.settings.origins import Raw


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found of all variables, by name.

    `named` are all that are set, readable or not; `given` holds every text that could be read,
    `sound` those that passed on their own.
    """

    named: Set[str]
    given: Mapping[str, Raw]
    sound: Mapping[str, Raw]
