"""What a value must look like; each shape says so in words and turns the text into a value."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape: `description` completes "X must be ...".

    `parse` turns text into the value, or raises ValueError. That error's text is never shown,
    since it may quote a secret: the description says all that can be said. `cut_off` matches what
    is left when a good value loses its end.
    """

    description: str
    parse: Callable[[str], object]
    cut_off: re.Pattern[str] | None = None


def matching(pattern: str, description: str, *, cut_off: str | None = None) -> Shape:
    """Text that matches the whole of a regular expression."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError
        return text

    return Shape(description, parse, None if cut_off is None else re.compile(cut_off))


def whole_number(lowest: int, highest: int) -> Shape:
    """Decimal digits, within a range."""

    def parse(text: str) -> int:
        # int() alone would take "8_000", "+8000" and digits of other scripts.
        if re.fullmatch(r"[0-9]{1,9}", text) is None or not lowest <= int(text) <= highest:
            raise ValueError
        return int(text)

    return Shape(f"a whole number from {lowest} to {highest}", parse)


def one_of(choices: type[StrEnum]) -> Shape:
    """One of a few words, in any case."""
    words = [choice.value for choice in choices]
    return Shape(f"one of {', '.join(words)}", lambda text: choices(text.lower()))


def _parse_folder(text: str) -> Path:
    path = Path(text)
    if text == "~" or text.startswith("~/"):
        path = path.expanduser()  # no shell did it for a value out of a file
    if not path.is_absolute():
        raise ValueError
    return path


def _parse_host(text: str) -> str:
    if is_ip_address(text):
        return text
    labels = text.removesuffix(".").split(".")
    # A last label of digits is a mistyped IPv4 address, not a name.
    if len(text) > 253 or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):
        raise ValueError
    return text


def split_url(text: str) -> SplitResult:
    """Split an http(s) address; ValueError if it is none or holds a user, query or fragment."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError
    if "@" in parts.netloc or "?" in text or "#" in text or re.search(r"\s", text):
        raise ValueError
    return parts


def _parse_url(text: str) -> str:
    split_url(text)
    return text.rstrip("/")


def _parse_redirect_uri(text: str) -> str:
    split_url(text)
    return text  # Spotify compares it letter by letter, a last slash included


def decode_key(text: str) -> bytes:
    """Turn the base64 text of 32 bytes, plain or URL-safe, into them; ValueError if it is none."""
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise ValueError from None
    if len(key) != 32:
        raise ValueError
    return key


def _parse_key(text: str) -> str:
    decode_key(text)
    return text


def is_ip_address(text: str) -> bool:
    """Tell whether the text is an IPv4 or IPv6 address (without brackets)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host: `localhost`, 127.0.0.0/8 or ::1."""
    if is_ip_address(host):
        return ipaddress.ip_address(host).is_loopback
    return host.lower().removesuffix(".") == "localhost"


FOLDER = Shape("an absolute path, or one that begins with ~/", _parse_folder)
HOST = Shape("an IP address (IPv6 without brackets) or a host name, without a port", _parse_host)
URL = Shape("an http:// or https:// address without user, query and fragment", _parse_url)
REDIRECT_URI = Shape(URL.description, _parse_redirect_uri)
HEX_32 = matching(
    r"[0-9a-f]{32}",
    "32 characters, each 0 to 9 or a to f (lower case)",
    cut_off=r"[0-9a-f]{20,31}",
)
MONGODB_URI = matching(
    r"mongodb(\+srv)?://([^:@/?#\s]+(:[^@/?#\s]*)?@)?[^@/?#\s]+(/[^@?#\s]*)?(\?[^@#\s]*)?",
    "mongodb://HOST or mongodb+srv://HOST, with the characters : / ? # @ % of a password"
    " percent-encoded",
)
DATABASE = matching(
    r"(?!(admin|local|config)$)[A-Za-z0-9_-]{1,63}",
    "1 to 63 letters, digits, - or _, and not admin, local or config",
)
PASSWORD = matching(r".{8,1024}", "8 or more characters")
ENCRYPTION_KEY = Shape(
    "32 bytes in base64: 44 characters that end in =",
    _parse_key,
    re.compile(r"(?![0-9a-f]*$)[A-Za-z0-9+/_-]{24,43}"),
)
ADMIN_TOKEN = matching(r"[!-~]{16,1024}", "16 or more characters of ASCII without blanks")
ALERT_URLS = matching(
    r"[A-Za-z0-9]+://\S+(\s+[A-Za-z0-9]+://\S+)*",
    "addresses of Apprise such as ntfys://ntfy.sh/TOPIC, separated by blanks",
)
