"""Facts of this machine that a start needs: a writable folder, a free port, libraries, keys."""

import ctypes
import errno
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from harmonyhub.domain.errors import ConfigurationError, DamagedInputError
from harmonyhub.domain.findings import Check, Finding, Severity
from harmonyhub.domain.sound_tags import WEIGHTS_FOLDER
from harmonyhub.settings.catalogue import OPEN_FILE
from harmonyhub.settings.keys import (
    ADMIN_TOKEN_FILE,
    ENCRYPTION_KEY_FILE,
    admin_token,
    encryption_key,
)
from harmonyhub.settings.model import Settings
from harmonyhub.settings.origins import is_open_file
from harmonyhub.settings.registry import BY_NAME
from harmonyhub.storage.mongod import find_mongod

DATA_FOLDER = Check("HH501", Severity.ERROR, "The data folder cannot be made or written.")
ADDRESS = Check("HH502", Severity.ERROR, "The port is taken, or the address cannot be listened on.")
LIBRARIES = Check("HH503", Severity.ERROR, "A system library of the embedded MongoDB is missing.")
MONGOD = Check(
    "HH504", Severity.ERROR, "There is no MongoDB server: neither embedded nor by address."
)
KEY_FILES = Check(
    "HH506", Severity.ERROR, "A key file of the data folder is damaged or unreadable."
)
MUSIC_FOLDER = Check("HH507", Severity.WARNING, "The music folder is not there, or cannot be read.")
TAG_WEIGHTS = Check("HH508", Severity.WARNING, "The weights of the tagging networks are damaged.")

MACHINE_CHECKS = (
    DATA_FOLDER, ADDRESS, LIBRARIES, MONGOD, KEY_FILES, MUSIC_FOLDER, TAG_WEIGHTS,
)  # fmt: skip

MONGODB_URI = "HARMONYHUB_MONGODB_URI"
KEY_FILE_READERS: dict[str, tuple[str, Callable[[Settings], object]]] = {
    ENCRYPTION_KEY_FILE: ("HARMONYHUB_ENCRYPTION_KEY", encryption_key),
    ADMIN_TOKEN_FILE: ("HARMONYHUB_ADMIN_TOKEN", admin_token),
}
PACKAGES = {"libcurl.so.4": "libcurl4", "libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3"}


def check_machine(settings: Settings) -> list[Finding]:
    """Check all that a start on this machine needs."""
    findings = [check_data_folder(settings), check_address(settings)]
    findings += [check_music_folder(settings), check_tag_weights(settings)]
    if settings.mongodb_uri is None:
        findings.append(check_embedded_server())
    findings += check_key_files(settings)
    return [finding for finding in findings if finding is not None]


def check_data_folder(settings: Settings) -> Finding | None:
    """Try to write in the data folder; where it is not there yet, look whether it can be made."""
    folder = settings.data_dir
    try:
        if folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                return None
        parent = next(each for each in folder.parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return None
        reason = f"{parent} is not writable"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    return DATA_FOLDER.found(
        f"The data folder {folder} cannot be used: {reason}.",
        fix="Let this user write there, or set HARMONYHUB_DATA_DIR to another folder.",
        variable="HARMONYHUB_DATA_DIR",
        provenance=settings.provenance("data_dir"),
    )


def check_music_folder(settings: Settings) -> Finding | None:
    """Look into the music folder; a warning, since all that was analysed stays without it."""
    folder = settings.music_dir
    if folder is None:
        return None
    try:
        with os.scandir(folder):
            return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
    return MUSIC_FOLDER.found(
        f"The music folder {folder} cannot be read: {reason}.",
        fix="Mount it, let this user read it, or set HARMONYHUB_MUSIC_DIR to another folder.",
        variable="HARMONYHUB_MUSIC_DIR",
        provenance=settings.provenance("music_dir"),
    )


def check_tag_weights(settings: Settings) -> Finding | None:
    """Read the weights that were installed; a warning, since only tags are missing without them."""
    if not (settings.data_dir / WEIGHTS_FOLDER).exists():
        return None
    # Here: numpy takes 0.2 s to load, which who has no such networks should not wait for.
    from harmonyhub.sources.tag_weights import read_weights  # noqa: PLC0415

    try:
        read_weights(settings.data_dir)
    except DamagedInputError as error:
        return TAG_WEIGHTS.found(error.message, fix=error.hint, variable="HARMONYHUB_DATA_DIR")
    return None


def check_address(settings: Settings) -> Finding | None:
    """Try to listen where the service will."""
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            # As servers do: connections of a service that has just stopped do not count.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1)
    except OSError as error:
        return _describe_refusal(error, settings=settings)
    return None


def _describe_refusal(error: OSError, *, settings: Settings) -> Finding:
    host, port = settings.host, settings.port
    is_about_port = error.errno in {errno.EADDRINUSE, errno.EACCES}
    if error.errno == errno.EADDRINUSE:
        message = f"Port {port} on {host} is taken: another program listens there."
        fix = (
            "If it is HarmonyHub, it runs already. Else stop the other program, or set"
            " HARMONYHUB_PORT to a free port."
        )
    elif error.errno == errno.EACCES:
        message = f"Port {port} on {host} needs privileges that this user does not have."
        fix = "Set HARMONYHUB_PORT to a port from 1024 up."
    else:
        message = f"{host} cannot be listened on: {error.strerror or type(error).__name__}."
        fix = "Set HARMONYHUB_HOST to an address of this machine, such as 127.0.0.1."
    return ADDRESS.found(
        message,
        fix=fix,
        variable="HARMONYHUB_PORT" if is_about_port else "HARMONYHUB_HOST",
        provenance=settings.provenance("port" if is_about_port else "host"),
    )


def check_embedded_server() -> Finding | None:
    """Look for a MongoDB server program, and for the libraries that the one of the wheel needs."""
    try:
        mongod = find_mongod()
    except ConfigurationError as error:
        return MONGOD.found(error.message, fix=error.hint, variable=MONGODB_URI)
    # One that the system installed came with its own libraries.
    return check_libraries(PACKAGES) if "fiftyone" in mongod.parts else None


def check_libraries(packages: dict[str, str]) -> Finding | None:
    """Try to load shared libraries; `packages` tells the Debian package of each."""
    missing = [name for name in packages if not _can_load(name)]
    if not missing:
        return None
    install = " ".join(sorted({packages[name] for name in missing}))
    newer = " ".join(f"{package}t64" for package in install.split())
    return LIBRARIES.found(
        f"The embedded MongoDB needs {', '.join(missing)}, and this machine does not have it.",
        fix=f"sudo apt-get install {install}   (Debian 13, Ubuntu 24.04 and newer: {newer}),"
        " or set HARMONYHUB_MONGODB_URI.",
        variable=MONGODB_URI,
    )


def check_key_files(settings: Settings) -> list[Finding]:
    """Read the keys that are in the data folder; a check makes none."""
    findings = []
    for file_name, (variable, read) in KEY_FILE_READERS.items():
        path = settings.data_dir / file_name
        field = BY_NAME[variable].field
        if getattr(settings, field) is not None or not _is_there(path):
            continue
        try:
            read(settings)
        except ConfigurationError as error:
            findings.append(
                KEY_FILES.found(
                    error.message, fix=error.hint, variable=variable, provenance=f"file {path}"
                )
            )
        if is_open_file(path):
            findings.append(
                OPEN_FILE.found(
                    f"Everybody on this machine can read {path}.",
                    fix=f"chmod 600 {path}",
                    variable=variable,
                    provenance=f"file {path}",
                )
            )
    return findings


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the folder cannot be looked into: HH501 tells
        return False


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
