"""From environment and `.env` to Settings, with every problem at once."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from harmonyhub.domain.errors import ConfigurationError
from harmonyhub.domain.findings import Finding, Severity, describe
from harmonyhub.settings import catalogue
from harmonyhub.settings.coherence import check_coherence
from harmonyhub.settings.embedded import alert_secrets, uri_passwords
from harmonyhub.settings.gathered import Gathered
from harmonyhub.settings.model import Settings
from harmonyhub.settings.names import check_names
from harmonyhub.settings.origins import (
    ENV_FILE,
    Origin,
    Raw,
    read_env_file,
    read_environment,
    secret_texts,
    take,
)
from harmonyhub.settings.registry import BY_NAME, PREFIX, VARIABLES, Variable
from harmonyhub.settings.secret import MASK, Secret
from harmonyhub.settings.values import Accepted, judge

OURS = ("HARMONYHUB_", "SPOTIFY_")
RELEASE = BY_NAME["HARMONYHUB_RELEASE"]
DATA_DIR = BY_NAME["HARMONYHUB_DATA_DIR"]
BASE_URL = BY_NAME["HARMONYHUB_BASE_URL"]
PORT = BY_NAME["HARMONYHUB_PORT"]
SHORTEST_MASKED = 4  # shorter texts stand in ordinary words; no secret that short is accepted


def process_environment() -> Mapping[str, str]:
    """Give the environment of this process, to who starts or judges other processes with it."""
    return os.environ


def foreign_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Give what of an environment is no setting: what a process of another configuration keeps."""
    return {name: text for name, text in environ.items() if not name.startswith(OURS)}


def read_settings() -> Settings:
    """Read the settings of this process.

    Raises
    ------
    ConfigurationError
        With all problems, in its message and as `findings`.
    """
    settings, findings = survey_settings()
    if settings is None:
        n_errors = sum(finding.severity is Severity.ERROR for finding in findings)
        problems = "1 problem" if n_errors == 1 else f"{n_errors} problems"
        raise ConfigurationError(
            "\n".join([f"the settings have {problems}.", *map(describe, findings)]),
            hint="docs/settings.md describes every setting.",
            findings=findings,
        )
    return settings


def survey_settings(*, env_file: Path | None = None) -> tuple[Settings | None, list[Finding]]:
    """Load the settings of this process without raising; see `load_settings`."""
    return load_settings(os.environ, folder=Path.cwd(), env_file=env_file)


def read_texts(env_file: Path | None = None) -> dict[str, Raw]:
    """Read the values that are set, right or wrong: of one file alone, else as a start takes them.

    Of an unreadable `..._FILE` there is no value.
    """
    environ = os.environ if env_file is None else {}
    origins, _ = _read_origins(environ, folder=Path.cwd(), env_file=env_file)
    texts: dict[str, Raw] = {}
    for variable in VARIABLES:
        for origin in origins:
            raw, _ = take(origin, variable, folder=Path.cwd())
            if raw is not None:
                texts.setdefault(variable.name, raw)
    return texts


def data_folder() -> Path:
    """Tell the folder that is meant for data, also where other settings are wrong."""
    raw = read_texts().get(DATA_DIR.name)
    try:
        path = None if raw is None else DATA_DIR.shape.parse(raw.text)
    except ValueError:
        path = None
    return path if isinstance(path, Path) else _user_data_path("harmonyhub")


def use_demo_folder() -> None:
    """Point this process and its children to a data folder of the demo's own.

    Does nothing where a data folder is set already.
    """
    origins, _ = _read_origins(os.environ, folder=Path.cwd())
    names = (DATA_DIR.name, DATA_DIR.file_name)
    if not any(name in origin.bindings for origin in origins for name in names):
        os.environ[DATA_DIR.name] = str(_user_data_path("harmonyhub-demo"))


def own_address() -> str:
    """Tell where people reach the pages, without a slash at the end: HARMONYHUB_BASE_URL or here.

    Of what is set, right or wrong: `read_settings` says what is wrong.
    """
    texts = read_texts()
    base = texts.get(BASE_URL.name)
    if base is not None:
        return base.text.rstrip("/")
    port = texts.get(PORT.name)
    return f"http://127.0.0.1:{PORT.default if port is None else port.text}"


def use_spotify_app(
    *,
    client_id: str,
    client_secret: Secret,
    redirect_uri: str,
    api_url: str,
    accounts_url: str,
) -> None:
    """Point this process and its children to a Spotify app, in place of any that is set."""
    values = {
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": client_secret.reveal(),
        "REDIRECT_URI": redirect_uri,
        "API_URL": api_url,
        "ACCOUNTS_URL": accounts_url,
    }
    for name, text in values.items():
        variable = BY_NAME[f"{PREFIX}SPOTIFY_{name}"]
        os.environ.pop(variable.file_name, None)  # or it would be set twice
        os.environ[variable.name] = text


def load_settings(
    environ: Mapping[str, str], *, folder: Path, env_file: Path | None = None
) -> tuple[Settings | None, list[Finding]]:
    """Load settings from an environment and from `.env` in a folder.

    The environment counts before `.env`; in each, a variable is set directly or as `..._FILE`.
    A process of a release (HARMONYHUB_RELEASE is in its environment) reads no `.env`.

    Parameters
    ----------
    env_file : Path, optional
        Read in place of `.env`; it must be there.

    Returns
    -------
    settings : Settings or None
        None where a finding is an error.
    findings : list of Finding
        All problems, errors first; without any secret's value.
    """
    origins, findings = _read_origins(environ, folder=folder, env_file=env_file)
    findings += check_names(origins)
    table = _Table()
    for variable in VARIABLES:
        findings += _add(variable, table=table, origins=origins, folder=folder)
    findings += check_coherence(Gathered(named=table.named, given=table.given, sound=table.sound))
    findings.sort(key=lambda finding: finding.severity is not Severity.ERROR)
    findings = _without_secrets(findings, origins=origins, given=table.given.values())
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, findings
    return (
        Settings(**table.values, provenances=table.provenances, warnings=tuple(findings)),
        findings,
    )


@dataclass(slots=True)
class _Table:
    """What is gathered while the registry is gone through."""

    named: set[str] = field(default_factory=set)
    given: dict[str, Raw] = field(default_factory=dict)
    sound: dict[str, Raw] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    provenances: dict[str, str] = field(default_factory=dict)


def _read_origins(
    environ: Mapping[str, str], *, folder: Path, env_file: Path | None = None
) -> tuple[tuple[Origin, ...], list[Finding]]:
    environment = read_environment(environ)
    if env_file is None and RELEASE.name in environ:
        # The ledger holds all of it: after a rollback, a newer `.env` must not shine through.
        return (environment,), []
    path = folder / ENV_FILE if env_file is None else env_file
    origin, findings = read_env_file(path, must_exist=env_file is not None)
    return (environment, origin), findings


def _add(
    variable: Variable, *, table: _Table, origins: Iterable[Origin], folder: Path
) -> list[Finding]:
    found: list[Raw] = []
    findings: list[Finding] = []
    for origin in origins:
        raw, problems = take(origin, variable, folder=folder)
        findings += problems
        if raw is not None:
            found.append(raw)
    if found or findings:
        table.named.add(variable.name)
    if not found:
        table.values[variable.field] = _default(variable)
        table.provenances[variable.field] = "default"
        return findings
    if len(found) > 1 and found[0].text != found[1].text:
        findings.append(_overridden(variable, winner=found[0], loser=found[1]))
    raw = table.given[variable.name] = found[0]
    verdict = judge(raw, variable)
    if not isinstance(verdict, Accepted):
        return [*findings, verdict]
    table.sound[variable.name] = raw
    table.values[variable.field] = (
        Secret(str(verdict.value)) if variable.is_secret else verdict.value
    )
    table.provenances[variable.field] = raw.provenance
    return findings


def _default(variable: Variable) -> object:
    if variable is DATA_DIR:
        return _user_data_path("harmonyhub")
    return None if variable.default is None else variable.shape.parse(variable.default)


def _user_data_path(name: str) -> Path:
    return platformdirs.user_data_path(name, appauthor=False)


def _overridden(variable: Variable, *, winner: Raw, loser: Raw) -> Finding:
    return catalogue.OVERRIDDEN.found(
        f"{variable.name} differs between {winner.provenance} and {loser.provenance};"
        f" {winner.provenance} counts.",
        fix="Remove the one that you do not mean.",
        variable=variable.name,
        provenance=winner.provenance,
    )


def _without_secrets(
    findings: list[Finding], *, origins: Iterable[Origin], given: Iterable[Raw]
) -> list[Finding]:
    """Mask every secret, wherever it got into a text: pasted into a neighbour, in a path."""
    texts = secret_texts(origins)
    texts |= {raw.text for raw in given if BY_NAME[raw.name].is_secret}
    texts |= {part for text in texts for part in uri_passwords(text) | alert_secrets(text)}
    masked = sorted((t.strip() for t in texts if len(t.strip()) >= SHORTEST_MASKED), key=len)

    def mask(text: str) -> str:
        for secret in reversed(masked):
            text = text.replace(secret, MASK)
        return text

    return [
        replace(
            finding,
            message=mask(finding.message),
            fix=mask(finding.fix),
            evidence=mask(finding.evidence),
            provenance=mask(finding.provenance),
        )
        for finding in findings
    ]
