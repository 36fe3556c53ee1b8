"""What keeper and deploy tell each other through the store."""

from collections.abc import Mapping
from typing import Self

import msgspec

from harmonyhub.storage.reports import Report
from harmonyhub.storage.store import Store

KEEPER, DEPLOY = "keeper", "deploy"  # names of reports
SILENT_S = 5  # both tell every second


class InstanceFacts(msgspec.Struct, frozen=True):
    """A release that runs, as the keeper sees it."""

    port: int
    pid: int | None
    is_healthy: bool
    n_deaths: int
    last_status: int | None


class TrafficFacts(msgspec.Struct, frozen=True):
    """All that the proxy has answered since it started."""

    n_requests: int
    n_5xx: int
    n_errors: int


class KeeperFacts(msgspec.Struct, frozen=True):
    """What the keeper runs; releases by their number as text, as MongoDB has it."""

    pid: int
    host: str
    port: int
    serving: int | None
    instances: Mapping[str, InstanceFacts]
    traffic: TrafficFacts

    @property
    def url(self) -> str:
        """Where the proxy is reached from this machine."""
        wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound here
        host = wildcards.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def instance(self, number: int) -> InstanceFacts | None:
        """Look a release up; None if it does not run."""
        return self.instances.get(str(number))


class Heartbeat(msgspec.Struct, frozen=True):
    """A deploy that is on its way; `owner` is empty once it has ended."""

    owner: str

    @classmethod
    def of(cls, report: Report | None, *, now: int) -> Self | None:
        """Read who deploys now; None if nobody does, or fell silent."""
        if report is None or now - report.at > SILENT_S:
            return None
        heartbeat = msgspec.convert(report.document, cls)
        return heartbeat if heartbeat.owner else None


async def load_keeper(store: Store, *, now: int) -> KeeperFacts | None:
    """Load what the keeper runs; None if none does."""
    report = await store.reports.get(KEEPER)
    if report is None or now - report.at > SILENT_S:
        return None
    return msgspec.convert(report.document, KeeperFacts)


async def load_deploy(store: Store, *, now: int) -> Heartbeat | None:
    """Load who deploys now; None if nobody does."""
    return Heartbeat.of(await store.reports.get(DEPLOY), now=now)
