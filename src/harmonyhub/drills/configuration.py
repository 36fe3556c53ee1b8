"""What a deploy is started with: environment, `.env` and the files that they name, as data."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harmonyhub.settings.origins import ENV_FILE
from harmonyhub.settings.registry import FILE_SUFFIX

FOLDER = None
"""In `files`: a folder stands where the file belongs, which root cannot read either."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration before anybody reads it.

    Attributes
    ----------
    environ : mapping
        Variables of the process environment.
    env_lines : tuple of str
        Lines of `.env`.
    files : mapping of relative path to bytes, or None for a folder in its place
        What variables `..._FILE` name, from the folder of the deploy.
    """

    environ: Mapping[str, str] = field(repr=False)
    env_lines: tuple[str, ...] = field(default=(), repr=False)
    files: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.environ[name]

    def __contains__(self, name: str) -> bool:
        return name in self.environ

    def having(self, changes: Mapping[str, str]) -> "Configuration":
        """Give a copy with some variables set."""
        return replace(self, environ={**self.environ, **changes})

    def without(self, *names: str) -> "Configuration":
        """Give a copy with some variables unset."""
        kept = {name: text for name, text in self.environ.items() if name not in names}
        return replace(self, environ=kept)

    def naming_file(
        self, name: str, content: bytes | None, *, is_there: bool = True
    ) -> "Configuration":
        """Give a copy where a variable's value comes from a file of this content."""
        path = name.lower()
        changed = self.without(name).having({name + FILE_SUFFIX: path})
        return replace(changed, files={**self.files, path: content} if is_there else self.files)

    def with_lines(self, lines: Iterable[str]) -> "Configuration":
        """Give a copy with more lines in `.env`."""
        return replace(self, env_lines=(*self.env_lines, *lines))

    def write(
        self, folder: Path, *, env_file: str = ENV_FILE, is_all_in_file: bool = False
    ) -> None:
        """Write `.env` and the files into a folder.

        Parameters
        ----------
        is_all_in_file : bool
            Write the environment into the file too, for a command that takes all from a file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lines = list(self.env_lines)
        if is_all_in_file:
            lines = [env_line(name, text) for name, text in self.environ.items()] + lines
        if lines:
            (folder / env_file).write_text("\n".join([*lines, ""]), encoding="utf-8")
            (folder / env_file).chmod(0o600)
        for path, content in self.files.items():
            if content is None:
                (folder / path).mkdir(exist_ok=True)
            else:
                (folder / path).write_bytes(content)
                (folder / path).chmod(0o600)


def env_line(name: str, text: str) -> str:
    """Write a line of `.env` that gives exactly this text, its blanks and quotes too."""
    escaped = re.sub(r"([\\'])", r"\\\1", text)
    return f"{name}='{escaped}'"
