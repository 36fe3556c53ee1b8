"""What a listener is told when Spotify does not give what was asked: one text per failure.

Page, API and command line say it in these words. The alert to the operator says the same cause
under the check that is named here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harmonyhub.domain.consents import ConsentEnd, Notice
from harmonyhub.domain.findings import Owner
from harmonyhub.domain.upstreams import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One failure in plain words.

    Attributes
    ----------
    what : str
        What happened, in one sentence.
    why : str
        How it comes to that, and what goes on meanwhile.
    do : str
        The next thing to do, or that there is nothing to do.
    check_id : str
        The check under which the operator is told; empty where nobody is alerted.
    """

    what: str
    why: str
    do: str
    check_id: str = ""


class SignInEnd(StrEnum):
    """How a person's way to the consent page and back ended."""

    CONNECTED = "connected"
    OTHER_ACCOUNT = "other-account"
    ACCOUNT_UNKNOWN = "account-unknown"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    CODE_REFUSED = "code-refused"
    NOT_ALLOWED = "not-allowed"
    TAKEN = "taken"
    FAILED = "failed"

    @property
    def is_connected(self) -> bool:
        """Whether the account can be used now."""
        return self in {
            SignInEnd.CONNECTED,
            SignInEnd.OTHER_ACCOUNT,
            SignInEnd.ACCOUNT_UNKNOWN,
        }


NOTHING_TO_DO = "Nothing is to be done: it goes on by itself."
STORED = "Lists and pages go on with what is stored."

WHOSE: Mapping[Owner, str] = {
    Owner.OPERATOR: "the operator's",
    Owner.QUOTA: "nobody's; Spotify limits how often it may be asked",
    Owner.USER: "yours",
    Owner.UPSTREAM: "Spotify's",
    Owner.NETWORK: "that of the network between this server and Spotify",
}
WHOSE_HOUSEHOLD = "your household's"

MESSAGES: Mapping[Outcome, Message] = {
    Outcome.CLIENT_REJECTED: Message(
        what="Spotify rejects the credentials of this server.",
        why=f"The client id or the client secret is wrong. {STORED}",
        do="Ask the operator, who is told by an alert: `harmonyhub why` names the variable.",
        check_id="HH101",
    ),
    Outcome.FOREIGN_APP: Message(
        what="Your consent and the Spotify app of this server do not fit together.",
        why="A consent is good for one app only. If the credentials are wrong, yours comes back"
        " with the right ones; it is kept.",
        do="Ask the operator. If the new app is to stay, connect again.",
        check_id="HH102",
    ),
    Outcome.PREMIUM_LAPSED: Message(
        what="Spotify refuses every call: Premium of the app's owner has lapsed.",
        why=f"No setting is wrong, and no consent is lost. {STORED}",
        do="Ask the operator: the account that owns the app needs Premium again.",
        check_id="HH104",
    ),
    Outcome.REQUEST_REFUSED: Message(
        what="Spotify refuses a request that this version makes.",
        why=f"It was understood and is not taken; trying again does not help. {STORED}",
        do="Ask the operator: the log has the answer, a newer version may help.",
        check_id="HH104",
    ),
    Outcome.RATE_LIMITED: Message(
        what="Spotify asks for a pause: too many calls within half a minute.",
        why=STORED,
        do=NOTHING_TO_DO,
        check_id="HH105",
    ),
    Outcome.QUOTA_EXCEEDED: Message(
        what="Spotify answers no more calls for today: the quota is spent.",
        why=f"It is counted for all apps of the app's owner together, over a day. {STORED}",
        do=f"{NOTHING_TO_DO} `harmonyhub spotify quota` shows what the calls went to.",
        check_id="HH105",
    ),
    Outcome.BUDGET_SPENT: Message(
        what="The calls that are left today are kept for what is more urgent.",
        why="Plays of the day and people who wait come before a library that can be read later.",
        do=f"{NOTHING_TO_DO} `harmonyhub spotify quota` shows what the calls went to.",
    ),
    Outcome.GRANT_REJECTED: Message(
        what="Spotify does not accept your consent any more.",
        why="It ended after six months, or you removed this app from your Spotify account. What"
        " was read stays.",
        do="Connect again.",
    ),
    Outcome.TOKEN_REJECTED: Message(
        what="Spotify does not accept a token that it gave an hour ago or less.",
        why="Another one is asked for by itself.",
        do="If this stays for an hour, connect again.",
    ),
    Outcome.USER_NOT_ALLOWED: Message(
        what="This Spotify app does not let your account in.",
        why="It is in development mode: only people whom its owner added may use it, 5 at most.",
        do="Ask its owner to add your Spotify account on the Spotify dashboard, under User"
        " Management, and connect again. Or connect with an app of your own household.",
    ),
    Outcome.SCOPE_MISSING: Message(
        what="You have not allowed this part.",
        why="HarmonyHub reads what you agreed to and leaves the rest alone.",
        do="To add it, connect again and agree to everything on the list.",
    ),
    Outcome.NOT_FOUND: Message(
        what="Something that was there is gone at Spotify.",
        why="A playlist was deleted there, for example. The rest goes on.",
        do="Nothing, unless you miss it: then make it again.",
    ),
    Outcome.UPSTREAM_FAILED: Message(
        what="Spotify does not work right now.",
        why=f"It answers that it failed itself. {STORED}",
        do=NOTHING_TO_DO,
        check_id="HH103",
    ),
    Outcome.UNREADABLE: Message(
        what="Spotify answered in a form that HarmonyHub does not know.",
        why=f"Spotify changed something, or an answer was damaged. {STORED}",
        do="Wait; if it stays for a day, ask the operator to look for a newer version.",
        check_id="HH103",
    ),
    Outcome.INTERCEPTED: Message(
        what="Something in the network answers in Spotify's place.",
        why=f"A login page or a proxy stands between this server and Spotify. {STORED}",
        do="Ask the operator to sign in to that network, or to let Spotify through.",
        check_id="HH103",
    ),
    Outcome.DNS_FAILED: Message(
        what="This server cannot find Spotify: names are not resolved.",
        why=f"Its machine is offline, or its name server (DNS) does not answer. {STORED}",
        do="Wait a minute; then ask the operator to look at the network of the machine.",
        check_id="HH103",
    ),
    Outcome.CONNECTION_REFUSED: Message(
        what="Nothing answers at Spotify's address.",
        why=f"A firewall refuses the connection, or the address in the settings is wrong. {STORED}",
        do="Wait a minute; then ask the operator to look at the network of the machine.",
        check_id="HH103",
    ),
    Outcome.CONNECTION_LOST: Message(
        what="The connection to Spotify broke off.",
        why=f"The network of this server is unsteady. {STORED}",
        do=NOTHING_TO_DO,
        check_id="HH103",
    ),
    Outcome.TLS_FAILED: Message(
        what="The connection to Spotify is not trusted.",
        why="The certificate does not fit: the clock of the machine is wrong, or something reads"
        f" along. Nothing was sent. {STORED}",
        do="Ask the operator to look at the clock and at the proxy of the machine.",
        check_id="HH103",
    ),
    Outcome.TIMED_OUT: Message(
        what="Spotify took too long to answer.",
        why=f"Five seconds is what one call may take. {STORED}",
        do=NOTHING_TO_DO,
        check_id="HH103",
    ),
}
"""Every outcome but success."""

# An app that a household made for itself: its faults are the household's, and alert nobody.
HOUSEHOLD_MESSAGES: Mapping[Outcome, Message] = {
    Outcome.CLIENT_REJECTED: Message(
        what="Spotify does not know the app of your household.",
        why="Its client id was mistyped, or the app was removed on the Spotify dashboard.",
        do="Look the client id up on the Spotify dashboard, and connect again with it.",
    ),
    Outcome.FOREIGN_APP: Message(
        what="Your consent was given to another app.",
        why="A consent is good for one app only.",
        do="Connect again.",
    ),
    Outcome.PREMIUM_LAPSED: Message(
        what="Spotify refuses every call of your household's app: its owner has no Premium.",
        why=f"An app works while the account that owns it has Premium. {STORED}",
        do="Renew Premium for that account; then connect again.",
    ),
    Outcome.REQUEST_REFUSED: Message(
        what="Spotify refuses a request made with your household's app.",
        why=f"Trying again does not help. {STORED}",
        do="Look at the app on the Spotify dashboard: it needs the Web API and this server's"
        " redirect URI.",
    ),
}

ENDS: Mapping[SignInEnd, Message] = {
    SignInEnd.CONNECTED: Message(
        what="Your Spotify account is connected.",
        why="Your library is being read; the first lists from it come within seconds.",
        do="Go to your list.",
    ),
    SignInEnd.OTHER_ACCOUNT: Message(
        what="Another Spotify account is connected now.",
        why="What was read from the former one is deleted; the new library is being read.",
        do="Go to your list.",
    ),
    SignInEnd.ACCOUNT_UNKNOWN: Message(
        what="Your consent is kept, and Spotify did not say yet whose account it is.",
        why="The question went unanswered; it is asked again before anything is read.",
        do=NOTHING_TO_DO,
    ),
    SignInEnd.CANCELLED: Message(
        what="You cancelled on Spotify's page, so nothing changed.",
        why="HarmonyHub works without Spotify too.",
        do="Connect whenever you like, or import a history.",
    ),
    SignInEnd.UNKNOWN: Message(
        what="This way back from Spotify is not known here, so nothing changed.",
        why="It took longer than a quarter of an hour, it was used before, or another browser"
        " began it.",
        do="Press Connect again, in this browser.",
    ),
    SignInEnd.CODE_REFUSED: Message(
        what="Spotify did not take back the code that it gave you, so nothing changed.",
        why="A code is good once and for ten minutes.",
        do="Press Connect again.",
    ),
    SignInEnd.NOT_ALLOWED: Message(
        what="You agreed, but this Spotify app does not let your account in.",
        why="It is in development mode: only people whom its owner added may use it, 5 at most."
        " Nothing was stored.",
        do="Ask its owner to add your Spotify account on the Spotify dashboard, under User"
        " Management, and connect again. Or connect with an app of your own household.",
    ),
    SignInEnd.TAKEN: Message(
        what="This Spotify account is connected to another listener here already.",
        why="One account belongs to one listener, so that histories stay apart. Nothing changed.",
        do="Disconnect it there first, or choose another account on Spotify's page.",
    ),
    SignInEnd.FAILED: Message(
        what="Spotify could not be asked, so nothing changed.",
        why="The reason stands below.",
        do="Press Connect again when it is over.",
    ),
}
"""Every end of a sign-in; where Spotify failed, its `Message` says how."""


def explain(outcome: Outcome, *, is_household: bool = False) -> Message | None:
    """Say a failure in plain words; None for success.

    Parameters
    ----------
    is_household : bool
        Whether it was met with an app that a household made for itself.
    """
    household = HOUSEHOLD_MESSAGES.get(outcome) if is_household else None
    return household or MESSAGES.get(outcome)


def whose(outcome: Outcome, *, is_household: bool = False) -> str:
    """Say whose matter a failure is; empty for success."""
    owner = outcome.owner
    if owner is None:
        return ""
    if is_household and owner is Owner.OPERATOR:
        return WHOSE_HOUSEHOLD
    return WHOSE[owner]


def say_notice(end: ConsentEnd) -> Message | None:
    """Say that a consent ends; None while that is far."""
    if end.notice is None:
        return None
    if end.notice is Notice.ENDED:
        what = "Your consent at Spotify is six months old: it ends any hour now."
    elif end.notice is Notice.DAY:
        what = "Your consent at Spotify ends within a day."
    else:
        what = f"Your consent at Spotify ends in {end.n_days} days."
    return Message(
        what=what,
        why="Spotify ends every consent after six months. Connecting again takes a minute and"
        " keeps all that was read.",
        do="Connect again.",
    )
