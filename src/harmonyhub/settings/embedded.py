"""Secrets inside secrets: the password of an address, the tokens of an alert address."""

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SHORTEST_TOKEN = 8  # shorter parts are names, ports and words of every log line


def uri_passwords(uri: str) -> set[str]:
    """Return the password inside a URI as written and percent-decoded; empty if it has none."""
    # Not urlsplit: it refuses some malformed URIs with an error that quotes them.
    match = re.match(r"[^:/]+://[^:/]*:(.+)@", uri, re.DOTALL)
    return {match[1], unquote(match[1])} if match else set()


def alert_secrets(text: str) -> set[str]:
    """Return what must stay hidden of alert addresses separated by blanks.

    Each address, its `user:password`, its password, and every part that looks like a token: each
    service has its own place for one (`slack://A/B/C`, `tgram://TOKEN/CHAT`, `ntfy://TOKEN@HOST`).
    """
    found = set()
    for address in text.split():
        if "://" not in address or address.startswith("mongodb"):
            continue  # another variable's value: not one to take apart
        found |= {address} | uri_passwords(address)
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        found |= _parts(parts)
    return {form for part in found for form in (part, unquote(part)) if part}


def _parts(parts: SplitResult) -> set[str]:
    user, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
    found = {parts.netloc.rpartition("@")[0]} if colon else set()
    queries = [value for _, value in parse_qsl(parts.query)]
    # netloc, not hostname: that one lowers the case of a token.
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    candidates = [user, *parts.path.split("/"), *queries, parts.fragment]
    if "." not in host:
        candidates.append(host)
    return found | {each for each in candidates if _looks_like_token(each)}


def _looks_like_token(text: str) -> bool:
    # A long part with a digit or mixed case; a topic or a room in one case is a name.
    has_digit = re.search(r"\d", text) is not None
    return len(text) >= SHORTEST_TOKEN and (has_digit or text != text.lower() != text.upper())
