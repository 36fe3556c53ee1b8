"""The texts of the fake's refusals, drawn from the seed: keys stay, wording does not.

The first of each list is what Spotify was seen to say; the others are plausible changes of it.
"""

import random
from dataclasses import dataclass

NO_TEXT = ""  # RFC 6749: error_description is optional

UNKNOWN_CLIENT = ("Invalid client", "Unknown client", "Client not found", NO_TEXT)
WRONG_SECRET = ("Invalid client secret", "Client authentication failed", "Invalid client", NO_TEXT)
REFUSED_GRANT = (
    "Invalid refresh token",
    "Refresh token revoked",
    "The refresh token is not valid for this client",
    NO_TEXT,
)
ENDED_GRANT = ("Refresh token expired", "Invalid refresh token", "Refresh token revoked")
PREMIUM_LAPSED = (
    (
        "Active premium subscription required for the owner of the app. When the subscription"
        " status changes, it can take a few hours before requests are allowed again."
    ),
    "The owner of this app needs an active Premium subscription.",
)
# A plain text too, as clients that expected JSON report.
NOT_ALLOWED = (
    "User not registered in the Developer Dashboard",
    "the user may not be registered",
    "User not approved for app",
)
QUOTA = ("API quota exceeded", "You have exceeded the daily quota of your account.")
RATE_LIMIT = ("API rate limit exceeded", "Too many requests")
EXPIRED_TOKEN = ("The access token expired", "Access token has expired")
INVALID_TOKEN = ("Invalid access token", "Invalid bearer token")
UNAVAILABLE = (
    "upstream connect error or disconnect/reset before headers. reset reason: overflow",
    "<html><head><title>503 Service Temporarily Unavailable</title></head><body></body></html>",
    "no healthy upstream",
)
PORTAL = (
    "<!DOCTYPE html><html><head><title>Sign in to this network</title></head><body></body></html>",
    "<html><body><form action='/login'>Welcome to the guest WiFi</form></body></html>",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The texts of one run; `is_allow_list_json` tells the form of that one refusal."""

    unknown_client: str
    wrong_secret: str
    refused_grant: str
    ended_grant: str
    premium_lapsed: str
    not_allowed: str
    quota: str
    rate_limit: str
    expired_token: str
    invalid_token: str
    unavailable: str
    portal: str
    is_allow_list_json: bool


def draw_wording(rng: random.Random) -> Wording:
    """Draw the texts of one run."""
    return Wording(
        unknown_client=rng.choice(UNKNOWN_CLIENT),
        wrong_secret=rng.choice(WRONG_SECRET),
        refused_grant=rng.choice(REFUSED_GRANT),
        ended_grant=rng.choice(ENDED_GRANT),
        premium_lapsed=rng.choice(PREMIUM_LAPSED),
        not_allowed=rng.choice(NOT_ALLOWED),
        quota=rng.choice(QUOTA),
        rate_limit=rng.choice(RATE_LIMIT),
        expired_token=rng.choice(EXPIRED_TOKEN),
        invalid_token=rng.choice(INVALID_TOKEN),
        unavailable=rng.choice(UNAVAILABLE),
        portal=rng.choice(PORTAL),
        is_allow_list_json=rng.random() < 0.5,
    )
