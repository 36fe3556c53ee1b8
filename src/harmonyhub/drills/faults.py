"""The catalogue of configuration faults: what each does, and which variables are to blame."""

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.drills.configuration import Configuration


class FaultClass(StrEnum):
    """When a fault can be known for sure.

    OFFLINE: from the configuration alone. LIVE: by asking what it points to. UNDETECTABLE: not
    before somebody uses it.
    """

    OFFLINE = "definite-offline"
    LIVE = "definite-live"
    UNDETECTABLE = "undetectable-before-traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands around the configuration, for faults that point somewhere else.

    Attributes
    ----------
    other_client_id, other_client_secret : str
        Credentials of another app, which Spotify accepts.
    former_secret : str
        A secret of our app that was revoked.
    closed_port : int
        Nobody listens there.
    other_database : str
        A database beside ours: empty, or of somebody else.
    standalone_uri : str
        A MongoDB that is no replica set; empty: there is none, and no fault points to it.
    """

    other_client_id: str
    other_client_secret: str = field(repr=False)
    former_secret: str = field(repr=False)
    closed_port: int
    other_database: str = "harmonyhub_staging"
    standalone_uri: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """A broken configuration, and the names of which one must be told to have named the fault."""

    configuration: Configuration
    at_fault: frozenset[str]


Break = Callable[[Configuration, Stage, random.Random], Damage | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault; `breaks` gives None where the configuration has nothing to break."""

    id: str
    fault_class: FaultClass
    meaning: str
    breaks: Break


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, or two at once.

    Attributes
    ----------
    at_fault : tuple of frozenset of str
        For each fault the names of which one must be told.
    configuration : Configuration
        What the deploy is started with.
    """

    kinds: tuple[str, ...]
    fault_class: FaultClass
    at_fault: tuple[frozenset[str], ...]
    configuration: Configuration

    def is_named_by(self, names: Iterable[str]) -> bool:
        """Tell whether these names blame each fault, and nothing that is innocent."""
        return is_blamed(self.at_fault, names)


class Catalogue:
    """Kinds of faults, to be drawn from."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)
        self._by_id = {kind.id: kind for kind in kinds}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)

    def of(self, *classes: FaultClass) -> "Catalogue":
        """Give the kinds of some classes."""
        return Catalogue([kind for kind in self.kinds if kind.fault_class in classes])

    def make(
        self, kind_id: str, configuration: Configuration, *, stage: Stage, rng: random.Random
    ) -> Fault | None:
        """Make a fault of one kind; None where the configuration has nothing to break."""
        kind = self._by_id[kind_id]
        damage = kind.breaks(configuration, stage, rng)
        if damage is None:
            return None
        return Fault((kind.id,), kind.fault_class, (damage.at_fault,), damage.configuration)

    def draw(self, configuration: Configuration, *, stage: Stage, rng: random.Random) -> Fault:
        """Draw one fault."""
        for kind in rng.sample(self.kinds, len(self.kinds)):
            fault = self.make(kind.id, configuration, stage=stage, rng=rng)
            if fault is not None:
                return fault
        raise ValueError("no kind of fault fits this configuration")

    def draw_double(
        self, configuration: Configuration, *, stage: Stage, rng: random.Random
    ) -> Fault:
        """Draw two independent faults at once: of one class, on variables that do not touch.

        Of one class, since a fault of the offline class hides all that would be asked live.
        """
        for _ in range(1000):
            first = self.draw(configuration, stage=stage, rng=rng)
            second = self.draw(first.configuration, stage=stage, rng=rng)
            (one,), (other,) = first.at_fault, second.at_fault
            is_independent = touched(one).isdisjoint(touched(other))
            if is_independent and first.fault_class is second.fault_class:
                return Fault(
                    (*first.kinds, *second.kinds),
                    first.fault_class,
                    (one, other),
                    second.configuration,
                )
        raise ValueError("no two kinds of fault fit this configuration together")


def is_blamed(at_fault: Iterable[Collection[str]], names: Iterable[str]) -> bool:
    """Tell whether these names blame each fault by one of its names, and nothing innocent."""
    named = set(names)
    guilty = {name for culprits in at_fault for name in culprits}
    return named <= guilty and all(named.intersection(culprits) for culprits in at_fault)


def touched(names: Iterable[str]) -> frozenset[str]:
    """Give what faults must not share: Spotify's credentials are one thing, as is MongoDB."""
    groups = ("SPOTIFY_CLIENT", "MONGODB", "SPOTIFY_A", "ALERT", "BASE_URL", "REDIRECT")
    return frozenset(
        next((group for group in groups if group in name.upper()), name) for name in names
    )
