"""The keys that the house makes itself where no variable gives one, each in a file of its own."""

import base64
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import named_file
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.shapes import ADMIN_TOKEN, ENCRYPTION_KEY, decode_key

ENCRYPTION_KEY_FILE = "encryption.key"
ADMIN_TOKEN_FILE = "admin.token"  # noqa: S105 - a file's name
KEY_BYTES = 32


def encryption_key(settings: Settings) -> bytes:
    """Return the 32 bytes that seal tokens at rest; make `encryption.key` at the first start.

    Raises
    ------
    ConfigurationError
        If the file is damaged or cannot be read or made. It is never replaced: with another key
        the stored tokens cannot be opened.
    """
    if settings.encryption_key is not None:
        return decode_key(settings.encryption_key.reveal())
    path = settings.data_dir / ENCRYPTION_KEY_FILE
    text = read_or_make(path, make=_make_key, variable="HARMONYHUB_ENCRYPTION_KEY")
    try:
        return decode_key(text)
    except ValueError:
        raise ConfigurationError(
            f"{path} does not hold a key: it must be {ENCRYPTION_KEY.description}.",
            hint="Put it back from a backup. Without one: move it away, start again, and people"
            " sign in with Spotify once more, since their stored tokens cannot be opened.",
        ) from None


def key_file(settings: Settings) -> Path | None:
    """Tell the file that holds the encryption key; None where the environment holds it itself."""
    if settings.encryption_key is None:
        return settings.data_dir / ENCRYPTION_KEY_FILE
    path = named_file(settings.provenance("encryption_key"))
    return None if path is None else path.resolve()


def next_key_file(path: Path) -> Path:
    """Tell where the key waits that is to follow; there only while everything is sealed again."""
    return path.with_name(path.name + ".next")


def admin_token(settings: Settings) -> Secret:
    """Return the token that `/metrics` and `/admin/v1` ask for; make `admin.token` at need.

    Raises
    ------
    ConfigurationError
        If the file is damaged or cannot be read or made.
    """
    if settings.admin_token is not None:
        return settings.admin_token
    path = settings.data_dir / ADMIN_TOKEN_FILE
    text = read_or_make(path, make=_make_token, variable="HARMONYHUB_ADMIN_TOKEN")
    try:
        ADMIN_TOKEN.parse(text)
    except ValueError:
        raise ConfigurationError(
            f"{path} does not hold a token: it must be {ADMIN_TOKEN.description}.",
            hint="Remove it and start again; then give the new token to what reads /metrics.",
        ) from None
    return Secret(text)


def fingerprint_key(encryption_key: bytes) -> bytes:
    """Derive the key of fingerprints, so that a fingerprint says nothing about the other."""
    return blake2b(key=encryption_key, person=b"fingerprint", digest_size=32).digest()


def _make_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _make_token() -> str:
    return secrets.token_urlsafe(KEY_BYTES)


def read_or_make(path: Path, *, make: Callable[[], str], variable: str) -> str:
    """Read a file of one line of ASCII; make it at need, whole and for this user only.

    Raises
    ------
    ConfigurationError
        If it can be neither read nor made; `variable` would help.
    """
    try:
        if not path.exists():
            _write_new(path, make())
        return path.read_text(encoding="ascii").removesuffix("\n")
    except UnicodeDecodeError:
        return ""  # refused by the caller as damaged
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read or made: {error.strerror or type(error).__name__}.",
            hint=f"Let this user read it and write its folder, or set {variable}.",
        ) from error


def _write_new(path: Path, text: str) -> None:
    """Make the file whole and for this user only; where another process was faster, keep its."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR)
            file.write(text + "\n")
            file.flush()
            os.fsync(descriptor)
        # A link never replaces a file that is there, which a rename would.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()
