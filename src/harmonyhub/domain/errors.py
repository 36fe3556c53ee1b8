"""The one tree of errors; each carries facts as attributes and a hint for a tired operator.

HarmonyHubError
├── ConfigurationError       a setting is wrong: exit 78, never retried
├── UnavailableError         something that we need does not answer: exit 75
│   └── StoreUnavailableError
├── RefusedInputError        a file or a request that cannot be taken: exit 65
│   ├── UnknownFormatError
│   ├── DamagedInputError
│   └── AudioError           a file that cannot be analysed
├── UpstreamError            a service that we call refused, or did not answer
├── NotFoundError            no such user, track, job or ledger
├── ConflictError            a data folder in use, a schema newer than the code
├── RefusedIndexError        a new index is broken, or worse than the live one
├── LostLeaseError           another worker took the job over
└── BrokenCheckError         a check of ours failed itself, so that it says nothing
"""

from collections.abc import Sequence

from harmonyhub.domain.findings import Finding, Result
from harmonyhub.domain.judgements import Judgement
from harmonyhub.domain.upstreams import Outcome


class HarmonyHubError(Exception):
    """Base of all errors that we raise on purpose.

    Parameters
    ----------
    message : str
        What is wrong, with the facts, without any secret value.
    hint : str
        The next thing to do.
    """

    code = "internal"
    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigurationError(HarmonyHubError):
    """A setting is wrong; trying again cannot help.

    `findings` holds every problem that was found, where a check found them.
    """

    code = "configuration"
    exit_status = 78

    def __init__(self, message: str, *, hint: str = "", findings: Sequence[Finding] = ()) -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class UnavailableError(HarmonyHubError):
    """Something that we need does not answer now."""

    code = "unavailable"
    exit_status = 75


class StoreUnavailableError(UnavailableError):
    """MongoDB does not answer."""

    code = "store-unavailable"


class RefusedInputError(HarmonyHubError):
    """A file or a request that cannot be taken as it is."""

    code = "refused-input"
    exit_status = 65


class UnknownFormatError(RefusedInputError):
    """The file is none of the kinds that we read."""

    code = "unknown-format"


class DamagedInputError(RefusedInputError):
    """The file is of a kind that we read, but damaged past reading."""

    code = "damaged-input"


class AudioError(RefusedInputError):
    """The audio cannot be decoded or holds nothing to analyse."""

    code = "audio"


class UpstreamError(HarmonyHubError):
    """A service that we call refused or did not answer; `outcome` is what it came to.

    Whoever raises it has tried again already where that may help.
    """

    code = "upstream"
    exit_status = 75

    def __init__(self, message: str, *, outcome: Outcome, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.outcome = outcome


class NotFoundError(HarmonyHubError):
    """There is no such thing."""

    code = "not-found"
    exit_status = 66


class ConflictError(HarmonyHubError):
    """The state of the house does not allow this now."""

    code = "conflict"
    exit_status = 75


class RefusedIndexError(HarmonyHubError):
    """A new index is broken, or worse than the live one: that stays; `judgement` says why."""

    code = "refused-index"

    def __init__(self, message: str, *, hint: str = "", judgement: Judgement) -> None:
        super().__init__(message, hint=hint)
        self.judgement = judgement


class LostLeaseError(HarmonyHubError):
    """Another worker holds the job now; this one must stop writing."""

    code = "lost-lease"


class BrokenCheckError(HarmonyHubError):
    """A check failed itself; `results` is what all others came to."""

    code = "broken-check"

    def __init__(self, message: str, *, hint: str = "", results: Sequence[Result] = ()) -> None:
        super().__init__(message, hint=hint)
        self.results = tuple(results)
