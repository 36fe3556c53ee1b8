"""Checks of Spotify: is it there, are our credentials accepted, is it the right app."""

from harmonyhub.checks.proof import BOTH, CLIENT_ID, CLIENT_SECRET, Proof, prove_rejection
from harmonyhub.checks.spotify_calls import (
    api_answer,
    is_accepted,
    probe_api_at,
    spotify_credentials,
    token_answer,
    try_credentials,
    try_credentials_at,
)
from harmonyhub.checks.subject import Baseline, Scene, fingerprint_of
from harmonyhub.checks.verdicts import Results, blocked, failed, passed, skipped, unverified
from harmonyhub.domain.findings import Check, Finding, Owner, Severity
from harmonyhub.domain.upstreams import Observation, Outcome
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.sources.spotify.tokens import Credentials

ENDPOINT = Check(
    "HH103", Severity.ERROR, "Spotify's token endpoint cannot be reached or read.", Owner.NETWORK
)
QUOTA = Check("HH105", Severity.ERROR, "Spotify's quota is spent.", Owner.QUOTA, needs=("HH103",))
CREDENTIALS = Check(
    "HH101", Severity.ERROR, "Spotify rejects the client id or secret.", needs=("HH103",)
)
RIGHT_APP = Check(
    "HH102",
    Severity.ERROR,
    "The credentials are those of another app than the users consented to.",
    needs=("HH101",),
)
API = Check(
    "HH104",
    Severity.ERROR,
    "Spotify refuses API calls, as when Premium of the app's owner has lapsed.",
    needs=("HH101",),
)

ACCOUNTS_URL = "HARMONYHUB_SPOTIFY_ACCOUNTS_URL"
API_URL = "HARMONYHUB_SPOTIFY_API_URL"
SPENT = frozenset({Outcome.RATE_LIMITED, Outcome.QUOTA_EXCEEDED})
READABLE = SPENT | {Outcome.OK, Outcome.CLIENT_REJECTED}
WAIT_FIX = "Wait: pages go on with what is stored, and synchronization goes on by itself."


async def check_endpoint(scene: Scene) -> Results:
    """Ask for a token; where nothing of Spotify answers, try the address that worked before."""
    if spotify_credentials(scene) is None:
        return skipped(ENDPOINT, "Spotify is not used")
    observation, _ = await token_answer(scene)
    if observation.outcome in READABLE:
        return passed(ENDPOINT, "the network reaches Spotify")
    before = await _address_before(scene, ACCOUNTS_URL)
    is_proven = before is not None and is_accepted(
        await try_credentials_at(scene, before), READABLE
    )
    return _unreachable(ENDPOINT, scene, observation, variable=ACCOUNTS_URL, is_proven=is_proven)


async def check_quota(scene: Scene) -> Results:
    """See whether a token or an API call was refused for its number."""
    token, _ = await token_answer(scene)
    observation = token if token.outcome in SPENT else await api_answer(scene)
    if observation is None or observation.outcome not in SPENT:
        return passed(QUOTA, "Spotify's quota is not spent")
    wait_s = observation.retry_after_s
    asked = "" if wait_s is None else f", to be asked again in {wait_s} s"
    finding = QUOTA.found(
        "Spotify answers no more calls for now: the quota is spent.",
        fix=WAIT_FIX,
        evidence=f"{observation.evidence}{asked}",
    )
    return unverified(finding)


async def check_credentials(scene: Scene) -> Results:
    """Ask for a token; where the credentials are rejected, prove which one is wrong."""
    observation, _ = await token_answer(scene)
    if observation.outcome in SPENT:
        return blocked(CREDENTIALS, QUOTA.id)
    if observation.outcome is Outcome.OK:
        return passed(CREDENTIALS, "Spotify accepts the credentials")
    credentials, baseline = spotify_credentials(scene), await scene.baseline()
    assert credentials is not None  # noqa: S101 - skipped where there are none
    proof = await prove_rejection(
        credentials,
        known=None if baseline is None else baseline.credentials,
        rejection=observation,
        attempt=lambda pair: try_credentials(scene, pair),
        known_id=None if baseline is None else baseline.value(CLIENT_ID),
    )
    return failed(
        *(_rejected(scene, observation, proof=proof, variable=each) for each in proof.variables)
    )


def _rejected(scene: Scene, observation: Observation, *, proof: Proof, variable: str) -> Finding:
    if proof.is_proven:
        message = f"Spotify rejects {variable}."
    elif len(proof.variables) == 1:
        message = f"Spotify rejects the credentials, most likely {variable}."
    else:
        message = f"Spotify rejects the credentials: {CLIENT_ID} or {CLIENT_SECRET} is wrong."
    return CREDENTIALS.found(
        message,
        fix=_fix(variable),
        variable=variable,
        provenance=_provenance(scene, variable),
        evidence=f"{observation.evidence}; {proof.evidence}",
        is_proven=proof.is_proven,
    )


async def check_right_app(scene: Scene) -> Results:
    """Compare the client id with those that the stored consents were given to."""
    credentials, baseline = spotify_credentials(scene), await scene.baseline()
    n_all = 0 if baseline is None else sum(baseline.tokens_by_client.values())
    if credentials is None:
        return _judge_missing(scene, n_all)
    if baseline is None:
        if scene.mongodb_uri is None:
            return skipped(RIGHT_APP, "the consents are in MongoDB, which does not run now")
        return blocked(RIGHT_APP, "HH201")
    if n_all == 0:
        return passed(RIGHT_APP, "no user has given a consent yet")
    n_ours = baseline.tokens_by_client.get(credentials.client_id, 0)
    if n_ours > 0:
        refusal = _mass_refusal(scene, credentials, baseline)
        note = f"{n_ours} of {n_all} consents are for this app"
        return passed(RIGHT_APP, note) if refusal is None else failed(refusal)
    return await _judge_foreign(scene, credentials, baseline)


def _mass_refusal(scene: Scene, credentials: Credentials, baseline: Baseline) -> Finding | None:
    """Tell of consents that were refused in numbers, though they are for this app by its id."""
    state = baseline.spotify
    if state is None or state.latched is not Outcome.FOREIGN_APP:
        return None
    # Those of a release before may be latched: a deploy that corrects them must pass.
    if state.latched_fingerprint != fingerprint_of(scene.settings, credentials):
        return None
    return RIGHT_APP.found(
        "Spotify rejects the consents of many users at once, though they were given to this app.",
        fix="Look at the app on the Spotify developer dashboard, and at Spotify's status. Calls"
        " stop meanwhile; one consent is tried twice a minute, and all come back with the first"
        " that is taken. If it stays for hours, the users have to connect again.",
        evidence=state.last_evidence,
    )


def _judge_missing(scene: Scene, n_all: int) -> Results:
    if n_all == 0:
        return skipped(RIGHT_APP, "Spotify is not used")
    return failed(
        *(
            RIGHT_APP.found(
                f"{variable} is not set, and {n_all} users have signed in with Spotify.",
                fix=_fix(variable),
                variable=variable,
                provenance=_provenance(scene, variable),
                evidence=f"{n_all} stored consents that nothing can refresh",
            )
            for variable in BOTH
        )
    )


async def _judge_foreign(scene: Scene, credentials: Credentials, baseline: Baseline) -> Results:
    n_all = sum(baseline.tokens_by_client.values())
    known = baseline.credentials
    is_proven = (
        known is not None
        and known.client_id in baseline.tokens_by_client
        and is_accepted(await try_credentials(scene, known))
    )
    variables: tuple[str, ...] = BOTH
    if known is not None and known.client_secret == credentials.client_secret:
        variables = (CLIENT_ID,)
    return failed(*(_foreign(scene, each, n_all=n_all, is_proven=is_proven) for each in variables))


def _foreign(scene: Scene, variable: str, *, n_all: int, is_proven: bool) -> Finding:
    proof = "; the credentials of their app are still accepted" if is_proven else ""
    return RIGHT_APP.found(
        f"{variable} is that of another Spotify app: it can refresh no user's consent.",
        fix=f"{_fix(variable)} It must be the app that the users signed in to.",
        variable=variable,
        provenance=_provenance(scene, variable),
        evidence=f"valid, but none of the {n_all} consents is for this app{proof}",
        is_proven=is_proven,
    )


async def check_api(scene: Scene) -> Results:
    """Make one small API call in the app's own name."""
    observation = await api_answer(scene)
    if observation is None:  # the token call was answered, but not with a token
        return blocked(API, CREDENTIALS.id)
    if observation.outcome is Outcome.OK:
        return passed(API, "Spotify answers API calls")
    if observation.outcome in SPENT:
        return blocked(API, QUOTA.id)
    if observation.outcome is Outcome.PREMIUM_LAPSED:
        finding = API.found(
            "Spotify refuses every API call: Premium of the app's owner has lapsed.",
            fix="Renew Premium for the account that owns the app on the developer dashboard; no"
            " setting is wrong.",
            evidence=f"{observation.evidence}; tokens are still issued",
        )
        return failed(finding)
    before = await _address_before(scene, API_URL)
    is_proven = before is not None and is_accepted(await probe_api_at(scene, before))
    return _unreachable(API, scene, observation, variable=API_URL, is_proven=is_proven)


def _unreachable(
    check: Check, scene: Scene, observation: Observation, *, variable: str, is_proven: bool
) -> Results:
    """Say that an address does not lead to Spotify, or that Spotify does not answer."""
    is_default = _provenance(scene, variable) == "default"
    owner = observation.outcome.owner or Owner.UPSTREAM
    # An address of the operator's own that answers something else is the operator's.
    is_ours = is_proven or (owner is Owner.OPERATOR and not is_default)
    finding = check.found(
        f"{variable} does not lead to Spotify."
        if is_ours
        else f"Spotify cannot be asked: {observation.outcome.value.replace('-', ' ')}.",
        fix=_fix(variable) if is_ours else WAIT_FIX,
        variable=variable if is_ours else None,
        provenance=_provenance(scene, variable) if is_ours else "",
        evidence=observation.evidence
        + ("; at the address that worked before, Spotify answers" if is_proven else ""),
        owner=Owner.OPERATOR if is_ours else owner,
        is_proven=is_proven,
    )
    is_certain = is_ours or owner is Owner.OPERATOR
    return failed(finding) if is_certain else unverified(finding)


async def _address_before(scene: Scene, variable: str) -> str | None:
    """Give the address that worked before, where it is another one."""
    baseline = await scene.baseline()
    before = None if baseline is None else baseline.value(variable)
    return None if before == getattr(scene.settings, BY_NAME[variable].field) else before


def _provenance(scene: Scene, variable: str) -> str:
    return scene.settings.provenance(BY_NAME[variable].field)


def _fix(variable: str) -> str:
    return f"{BY_NAME[variable].obtain} `harmonyhub rollback` brings the last release back."
