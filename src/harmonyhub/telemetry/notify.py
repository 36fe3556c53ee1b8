"""Sends a message to every address of a contact, whatever service that is, through Apprise."""

import asyncio
import logging
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import apprise
from apprise.common import NotifyFormat, NotifyType, OverflowMode

SEND_S = 10.0  # Apprise itself gives up a connection after 4 s and an answer after 4 s
HTTP_STATUS = re.compile(r"error=(\d{3})\b")


class Revealing(Protocol):
    """A secret; settings and telemetry stand on one floor and never meet."""

    def reveal(self) -> str:
        """Return the value itself."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message.

    Attributes
    ----------
    n_ok, n_failed : int
        Addresses that took it, and that did not.
    error : str
        Each failure in words, by the place of the address and its service, never the address.
    """

    n_ok: int
    n_failed: int
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether at least one address took it."""
        return self.n_ok > 0


class Notifier:
    """Delivers messages to all addresses of one contact at once.

    Parameters
    ----------
    urls : Revealing or None
        Addresses of Apprise, separated by blanks; None: there is nobody to tell.
    """

    def __init__(self, urls: Revealing | None) -> None:
        self._urls = tuple(urls.reveal().split()) if urls is not None else ()
        self._services: tuple[apprise.NotifyBase | None, ...] | None = None
        self._making = asyncio.Lock()

    @property
    def has_contact(self) -> bool:
        """Whether there is an address at all."""
        return bool(self._urls)

    async def check(self) -> tuple[str, ...]:
        """Say which addresses Apprise does not understand; sends nothing.

        It also loads Apprise's services, which takes a second that no alert should wait for.
        """
        services = await self._load()
        return tuple(
            f"{_place(index, url)} is not understood"
            for index, (url, service) in enumerate(zip(self._urls, services, strict=True), start=1)
            if service is None
        )

    async def send(self, title: str, body: str, *, is_resolved: bool = False) -> Delivery:
        """Send one message to every address, all at once; failures are told, never raised."""
        services = await self._load()
        kind = NotifyType.SUCCESS if is_resolved else NotifyType.FAILURE
        errors = await asyncio.gather(
            *(asyncio.to_thread(_send, service, (title, body), kind) for service in services)
        )
        failed = [
            f"{_place(index, url)}: {error}"
            for index, (url, error) in enumerate(zip(self._urls, errors, strict=True), start=1)
            if error
        ]
        return Delivery(len(errors) - len(failed), len(failed), "; ".join(failed))

    async def _load(self) -> tuple[apprise.NotifyBase | None, ...]:
        async with self._making:
            if self._services is None:
                self._services = await asyncio.to_thread(_make_services, self._urls)
        return self._services


def _make_services(urls: Iterable[str]) -> tuple[apprise.NotifyBase | None, ...]:
    _keep_urls_out_of_logs()
    with warnings.catch_warnings():
        # Its encrypted mail, which we do not use, imports a module that Python 3.13 drops.
        warnings.filterwarnings("ignore", message=".*imghdr", category=DeprecationWarning)
        services = tuple(apprise.Apprise.instantiate(url) for url in urls)
    for service in services:
        if service is not None and service.overflow_mode is OverflowMode.UPSTREAM:
            # A service that refuses a long text would refuse the whole alert.
            service.overflow_mode = OverflowMode.SPLIT
    return services


def _keep_urls_out_of_logs() -> None:
    """Tokens stand in paths, which both libraries log; what failed is told by `Delivery`."""
    library = logging.getLogger("apprise")
    library.setLevel(logging.WARNING)  # its results carry what it logs: that is where we read
    library.propagate = False
    if not library.handlers:
        library.addHandler(logging.NullHandler())
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _send(service: apprise.NotifyBase | None, message: tuple[str, str], kind: NotifyType) -> str:
    """Send to one address; returns why it failed, or nothing."""
    if service is None:
        return "the address is not understood"
    contact = apprise.Apprise()
    contact.add(service)
    title, body = message
    result = contact.notify(
        title=title,
        body=body,
        notify_type=kind,
        body_format=NotifyFormat.TEXT,
        timeout=SEND_S,
        log_level=logging.WARNING,
    )
    if result:
        return ""
    lines = [entry.message for one in result.results for entry in one.logs()]
    return _reason(" ".join(lines))


def _reason(log_text: str) -> str:
    """Tell a failure in our words: the library's could hold parts of the address."""
    status = HTTP_STATUS.search(log_text)
    if status:
        return f"the service answered {status[1]}"
    if "onnection error" in log_text:
        return "no connection"
    return f"it was not accepted within {SEND_S:.0f} s"


def _place(index: int, url: str) -> str:
    schema, mark, _ = url.partition("://")
    known = schema if mark and schema.isalnum() else "without a service's name"
    return f"address {index} ({known})"
