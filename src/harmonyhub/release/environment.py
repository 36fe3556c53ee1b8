"""What a release's processes are started with: its variables, secrets as files of their own."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from harmonyhub.domain.releases import ConfigurationEntry, Release
from harmonyhub.settings.load import foreign_environment
from harmonyhub.settings.origins import FILE_PROVENANCE, named_file
from harmonyhub.settings.secret import Secret
from harmonyhub.settings.snapshot import OF_THE_PROCESS


def anchor(entry: ConfigurationEntry, *, folder: Path) -> ConfigurationEntry:
    """Make the path in a provenance absolute, since release and deploy run in other folders."""
    match = FILE_PROVENANCE.fullmatch(entry.provenance)
    if match is None:
        return entry
    start, end = match.span("path")
    path = str((folder / match["path"]).absolute())
    return replace(entry, provenance=f"{entry.provenance[:start]}{path}{entry.provenance[end:]}")


def operators_file(entry: ConfigurationEntry) -> Path | None:
    """Tell the file that the operator keeps this value in; None where it is in no file."""
    return named_file(entry.provenance)


def build_environment(
    release: Release,
    values: Mapping[str, Secret | str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    is_pinned: bool,
    overrides: Mapping[str, str],
) -> dict[str, str]:
    """Build the environment of a release's processes, and write the files that it names.

    Parameters
    ----------
    values : mapping
        The configuration as the ledger keeps it.
    folder : Path
        A private folder for the files of secrets; emptied first.
    environ : mapping
        What is inherited; none of our variables in it counts.
    is_pinned : bool
        Whether the ledger's values count even where the operator keeps a file: after a rollback.
        Else the operator's own file is named, so that a corrected secret is seen at once.
    overrides : mapping
        What the keeper decides: data folder, number of the release.
    """
    make_private(folder)
    environment = foreign_environment(environ)
    for entry in release.configuration:
        value = values.get(entry.name)
        if value is None or entry.name in overrides or entry.name in OF_THE_PROCESS:
            continue
        own = None if is_pinned else operators_file(entry)
        if own is not None:
            environment[f"{entry.name}_FILE"] = str(own)
        elif isinstance(value, Secret):
            # Not as a variable: those of a process are read by whoever debugs it.
            environment[f"{entry.name}_FILE"] = str(_write_secret(folder / entry.name, value))
        else:
            environment[entry.name] = value
    return environment | dict(overrides)


def clear_leftovers(root: Path, *, keep: Iterable[int]) -> None:
    """Remove the folders of releases that do not run any more, with the secrets in them."""
    kept = {str(number) for number in keep}
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name.isdigit() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def make_private(folder: Path) -> None:
    """Make an empty folder that only this user may enter."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


def _write_secret(path: Path, value: Secret) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value.reveal())
    return path
