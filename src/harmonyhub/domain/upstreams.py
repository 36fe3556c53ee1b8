"""What a service that we call can answer, and whose fault each answer is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harmonyhub.domain.findings import Owner


class Outcome(StrEnum):
    """What became of one call; a closed set, so that it may be a label of a metric."""

    OK = "ok"
    CLIENT_REJECTED = "client-rejected"
    PREMIUM_LAPSED = "premium-lapsed"
    FOREIGN_APP = "foreign-app"
    REQUEST_REFUSED = "request-refused"
    RATE_LIMITED = "rate-limited"
    QUOTA_EXCEEDED = "quota-exceeded"
    GRANT_REJECTED = "grant-rejected"
    TOKEN_REJECTED = "token-rejected"  # noqa: S105 - an outcome
    USER_NOT_ALLOWED = "user-not-allowed"
    SCOPE_MISSING = "scope-missing"
    NOT_FOUND = "not-found"
    BUDGET_SPENT = "budget-spent"
    UPSTREAM_FAILED = "upstream-failed"
    UNREADABLE = "unreadable"
    INTERCEPTED = "intercepted"
    DNS_FAILED = "dns-failed"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_LOST = "connection-lost"
    TLS_FAILED = "tls-failed"
    TIMED_OUT = "timed-out"

    @property
    def owner(self) -> Owner | None:
        """Whose fault it is; None for success."""
        return OWNERS.get(self)


OWNERS: Mapping[Outcome, Owner] = {
    # `error: invalid_client` of the token endpoint: id or secret is wrong.
    Outcome.CLIENT_REJECTED: Owner.OPERATOR,
    # A plain-text 403 on API calls while tokens are still issued: the app owner's subscription.
    Outcome.PREMIUM_LAPSED: Owner.OPERATOR,
    # Refreshes of many users are rejected at once: the credentials are those of another app.
    Outcome.FOREIGN_APP: Owner.OPERATOR,
    # Any other 4xx: we asked for something wrong; trying again cannot help.
    Outcome.REQUEST_REFUSED: Owner.OPERATOR,
    Outcome.RATE_LIMITED: Owner.QUOTA,
    Outcome.QUOTA_EXCEEDED: Owner.QUOTA,
    # `error: invalid_grant`: this user's consent has ended, or was given to another app.
    Outcome.GRANT_REJECTED: Owner.USER,
    # 401 on an API call: the access token has ended; refresh it once.
    Outcome.TOKEN_REJECTED: Owner.USER,
    Outcome.USER_NOT_ALLOWED: Owner.USER,
    # 403 "Insufficient client scope": this user consented before we asked for more.
    Outcome.SCOPE_MISSING: Owner.USER,
    # 404 on one thing, such as a playlist that its owner removed.
    Outcome.NOT_FOUND: Owner.USER,
    # No call left: ours would have taken what is kept for more urgent ones.
    Outcome.BUDGET_SPENT: Owner.QUOTA,
    Outcome.UPSTREAM_FAILED: Owner.UPSTREAM,
    Outcome.UNREADABLE: Owner.UPSTREAM,
    # 200 with HTML: a captive portal or a proxy answered in the upstream's place.
    Outcome.INTERCEPTED: Owner.NETWORK,
    Outcome.DNS_FAILED: Owner.NETWORK,
    Outcome.CONNECTION_REFUSED: Owner.NETWORK,
    Outcome.CONNECTION_LOST: Owner.NETWORK,
    Outcome.TLS_FAILED: Owner.NETWORK,
    Outcome.TIMED_OUT: Owner.NETWORK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One call to an upstream as we saw it.

    Attributes
    ----------
    evidence : str
        Status and error code as received, cut short, without any secret: "400 invalid_client".
    retry_after_s : int or None
        How long the upstream asks us to wait.
    server_time : int or None
        Unix seconds of its `Date` header.
    """

    outcome: Outcome
    operation: str
    at: int
    evidence: str = ""
    retry_after_s: int | None = None
    server_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamState:
    """What all processes together know about one upstream; one document in MongoDB.

    Times are unix seconds UTC; 0 means never.

    Attributes
    ----------
    latched : Outcome or None
        The operator's fault that stops all calls, until `latched_fingerprint` (that of the
        credentials in use) changes or a probe succeeds.
    next_probe_at : int
        Before it nobody probes while latched or while the breaker is open.
    not_before : int
        The quota: nobody calls before it.
    breaker_until : int
        Upstream or network failed again and again: nobody but the probe calls before it.
    n_failures : int
        Failures of upstream or network in a row.
    retry_budget : float
        Retries that may still be made; every success adds a tenth, up to 10.
    last_ok_at, failing_since : int
        The last success; the first failure after it.
    """

    name: str
    latched: Outcome | None = None
    latched_fingerprint: str = ""
    latched_since: int = 0
    next_probe_at: int = 0
    not_before: int = 0
    breaker_until: int = 0
    n_failures: int = 0
    retry_budget: float = 10.0
    last_ok_at: int = 0
    failing_since: int = 0
    last_outcome: Outcome = Outcome.OK
    last_evidence: str = ""


class TokenState(StrEnum):
    """Whether a user's consent can be used."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserToken:
    """A user's consent at an upstream, without the tokens themselves, which the vault keeps.

    Attributes
    ----------
    client_id : str
        The app that issued it: it is good for no other.
    is_public : bool
        Whether that app is a household's own, which has no secret with us (RFC 6749, section 2.1).
    synced_at : int
        When the latest plays were read; 0 if never, or if somebody asked for it now.
    library_due_at : int
        When the library is to be read again, or read on.
    consented_at : int
        Spotify's refresh tokens die six months after it, refreshed or not.
    scopes : tuple of str
        What the user allowed; empty where the consent is older than this record of it.
    account_id, account_name : str
        Whose account it is at the upstream; empty while that is not known.
    quarantined_for : Outcome or None
        Why it is not used now; it is never deleted for a failure.
    noticed_at : mapping of int to int
        When its user was first told that so many days are left.
    """

    user_id: str
    client_id: str
    state: TokenState
    consented_at: int
    access_expires_at: int
    synced_at: int = 0
    library_due_at: int = 0
    quarantined_for: Outcome | None = None
    quarantined_at: int = 0
    is_public: bool = False
    scopes: tuple[str, ...] = ()
    account_id: str = ""
    account_name: str = ""
    noticed_at: Mapping[int, int] = field(default_factory=dict)
