"""Which code this is: one digest over the files of the installed package."""

import hashlib
from pathlib import Path

import harmonyhub

LEFT_OUT = frozenset({"__pycache__"})  # made by the interpreter, and different on every machine


def code_digest(package: Path | None = None) -> str:
    """Return the SHA-256 over names and contents of all files of the package, as hex."""
    root = package or Path(harmonyhub.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and LEFT_OUT.isdisjoint(path.relative_to(root).parts):
            content = path.read_bytes()
            name = path.relative_to(root).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
