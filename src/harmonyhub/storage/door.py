"""Driver errors become ours here, so that nobody else imports the driver to catch something."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import pymongo
from pymongo import errors

from harmonyhub.domain.errors import (
    ConfigurationError,
    HarmonyHubError,
    StoreUnavailableError,
)

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)

# Pages: a frozen server would hold a reader for 16 s, until the driver's monitor gives it up.
READ_S = 2.5
# Small writes wait for the journal of most members, and perhaps for a new primary.
WRITE_S = 6.0

ACCESS_CODES = frozenset({13, 18})  # Unauthorized, AuthenticationFailed
FULL_DISK_CODE = 14031
URI_HINT = "Correct HARMONYHUB_MONGODB_URI: mongodb://user:password@host:port/?replicaSet=name."


@contextmanager
def our_errors() -> Iterator[None]:
    """Raise our errors in place of the driver's."""
    try:
        yield
    except errors.PyMongoError as error:
        raise translate(error) from error


def translate(error: errors.PyMongoError) -> HarmonyHubError:
    """Say in our words what the driver reports; a URI may hold a password and is never repeated."""
    if isinstance(error, errors.InvalidURI | errors.ConfigurationError):
        return ConfigurationError("The address of MongoDB cannot be used.", hint=URI_HINT)
    if isinstance(error, errors.OperationFailure):
        return _translate_refusal(error)
    return StoreUnavailableError(
        f"MongoDB does not answer ({type(error).__name__}).",
        hint="See that MongoDB runs, and that HARMONYHUB_MONGODB_URI leads to it if it is set.",
    )


def _translate_refusal(error: errors.OperationFailure) -> HarmonyHubError:
    if error.code in ACCESS_CODES:
        return ConfigurationError(
            "MongoDB refuses our user name or password.",
            hint="Correct them in HARMONYHUB_MONGODB_URI; the user needs the role readWrite.",
        )
    if error.code == FULL_DISK_CODE:
        return StoreUnavailableError("MongoDB has no disk space left.", hint="Free disk space.")
    if error.timeout or error.has_error_label("RetryableWriteError"):
        return StoreUnavailableError(
            f"MongoDB did not finish in time (code {error.code}).",
            hint="See that the replica set has a primary and is not overloaded.",
        )
    return HarmonyHubError(
        f"MongoDB refused an operation (code {error.code}, {type(error).__name__}).",
        hint="This is a fault of ours unless the server is older than 6.0; report it.",
    )


def within(
    timeout_s: float,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Bound all that a coroutine asks of the server, retries included.

    For what a page or the watch waits for; what works through a whole collection has no bound
    but the socket's.
    """

    def bind(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with pymongo.timeout(timeout_s):
                return await function(*args, **kwargs)

        return call

    return bind


def guarded(repository: C) -> C:
    """Let every coroutine and asynchronous generator of a class raise our errors only.

    Private ones go on raising the driver's: the public ones around them may know better.
    """
    for name, member in vars(repository).items():
        if name.startswith("_"):
            continue
        if inspect.iscoroutinefunction(member):
            setattr(repository, name, _guard_coroutine(member))
        elif inspect.isasyncgenfunction(member):
            setattr(repository, name, _guard_generator(member))
    return repository


def _guard_coroutine(function: Callable[P, Any]) -> Callable[P, Any]:
    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        with _keeping_cancellation(), our_errors():
            return await function(*args, **kwargs)

    return call


@contextmanager
def _keeping_cancellation() -> Iterator[None]:
    """Raise a cancellation that would be lost: a loop that was told to end would go on for ever.

    The driver waits with `wait_for`, which in Python 3.11 swallows one that comes together with
    the answer. And a MongoDB that is away while a task cleans up after one would take its place.
    """
    n_cancelled = _count_cancellations()
    try:
        yield
    except StoreUnavailableError as error:
        if _count_cancellations():
            raise asyncio.CancelledError from error
        raise
    if _count_cancellations() > n_cancelled:
        raise asyncio.CancelledError


def _count_cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _guard_generator(function: Callable[P, AsyncIterator[T]]) -> Callable[P, AsyncIterator[T]]:
    @functools.wraps(function)
    async def iterate(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        with _keeping_cancellation(), our_errors():
            async for item in function(*args, **kwargs):
                yield item

    return iterate
