"""The address that Spotify sends people back to: taken by Spotify, and leading to this service."""

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.catalogue import show_value
from harmonyhub.settings.gathered import Gathered
from harmonyhub.settings.origins import Raw
from harmonyhub.settings.registry import BY_NAME, PREFIX
from harmonyhub.settings.shapes import is_ip_address, is_loopback, split_url

REDIRECT_URI = f"{PREFIX}SPOTIFY_REDIRECT_URI"
BASE_URL = f"{PREFIX}BASE_URL"
PORT = f"{PREFIX}PORT"
RELEASE = f"{PREFIX}RELEASE"
CALLBACK_PATH = "/spotify/callback"
STANDARD_PORTS = {"http": 80, "https": 443}


def check_redirect(gathered: Gathered) -> Finding | None:
    """Check the redirect URI against Spotify's rules, then against our own address."""
    # developer.spotify.com/documentation/web-api/concepts/redirect_uri
    raw = gathered.sound.get(REDIRECT_URI)
    if raw is None:
        return None
    parts = split_url(raw.text)
    host = parts.hostname or ""
    if is_loopback(host) and not is_ip_address(host):
        return _refused(
            raw,
            "Spotify refuses `localhost` in a redirect URI",
            fix=f"Write 127.0.0.1 instead of {host}, here and on the Spotify dashboard.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        return _refused(
            raw,
            "Spotify refuses a redirect URI with http beyond this machine",
            fix="Use https, here and on the Spotify dashboard.",
        )
    if parts.path.endswith("/"):
        return _leads_elsewhere(
            raw,
            "it ends in a slash, and Spotify compares letter by letter",
            fix="Remove the slash at the end, here and on the Spotify dashboard.",
        )
    if not parts.path.endswith(CALLBACK_PATH):  # a proxy may take a folder before it away
        return _leads_elsewhere(
            raw,
            f"this service waits for people at {CALLBACK_PATH}, and it leads elsewhere",
            fix=f"Let it end in {CALLBACK_PATH}, here and on the Spotify dashboard.",
        )
    return _compare_with_base(raw, gathered) or _compare_with_port(raw, gathered)


def _compare_with_base(raw: Raw, gathered: Gathered) -> Finding | None:
    base = gathered.sound.get(BASE_URL)
    if base is None:
        return None
    differing = [
        word
        for word, mine, ours in zip(
            ("scheme", "host", "port"), origin_of(raw.text), origin_of(base.text), strict=True
        )
        if mine != ours
    ]
    folder = split_url(base.text).path.rstrip("/") + "/"
    if not differing and not split_url(raw.text).path.startswith(folder):
        differing = ["path"]
    if not differing:
        return None
    return _leads_elsewhere(
        raw,
        f"its {' and '.join(differing)} differ from {BASE_URL}"
        if len(differing) > 1
        else f"its {differing[0]} differs from {BASE_URL}",
        fix=f"Begin it with the value of {BASE_URL}, here and on the Spotify dashboard; or correct"
        f" {BASE_URL}.",
        base=base,
    )


def _compare_with_port(raw: Raw, gathered: Gathered) -> Finding | None:
    scheme, host, port = origin_of(raw.text)
    is_ours_to_say = not {BASE_URL, RELEASE} & gathered.named  # behind a proxy the port differs
    if not is_ours_to_say or not is_loopback(host) or scheme != "http":
        return None
    given = gathered.sound.get(PORT)
    if given is None and PORT in gathered.named:
        return None
    own = BY_NAME[PORT].default if given is None else given.text
    if str(port) == own:
        return None
    return _leads_elsewhere(
        raw,
        f"it leads to port {port} of this machine, and {PORT} is {own}",
        fix=f"Write port {own}, here and on the Spotify dashboard. If a proxy listens on port"
        f" {port}, set {BASE_URL}.",
    )


def origin_of(address: str) -> tuple[str, str, int]:
    """Give scheme, host and port of an address, the standard port where none is named."""
    parts = split_url(address)
    port = parts.port or STANDARD_PORTS[parts.scheme]
    return parts.scheme, (parts.hostname or "").removesuffix("."), port


def _refused(raw: Raw, problem: str, *, fix: str) -> Finding:
    return catalogue.REFUSED_REDIRECT.found(
        f"{REDIRECT_URI}: {problem}.",
        fix=fix,
        variable=REDIRECT_URI,
        provenance=raw.provenance,
        evidence=show_value(raw.text, is_secret=False),
    )


def _leads_elsewhere(raw: Raw, problem: str, *, fix: str, base: Raw | None = None) -> Finding:
    evidence = show_value(raw.text, is_secret=False)
    if base is not None:
        evidence += f" against {show_value(base.text, is_secret=False)} ({base.provenance})"
    return catalogue.OTHER_ADDRESS.found(
        f"{REDIRECT_URI}: {problem}.",
        fix=fix,
        variable=REDIRECT_URI,
        provenance=raw.provenance,
        evidence=evidence,
    )
