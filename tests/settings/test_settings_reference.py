"""The registry agrees with Settings, and the committed texts with the registry."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from harmonyhub.settings.catalogue import SETTING_CHECKS
from harmonyhub.settings.load import load_settings
from harmonyhub.settings.model import Settings
from harmonyhub.settings.reference import render_env_example, render_reference
from harmonyhub.settings.registry import BY_NAME, VARIABLES, Variable
from harmonyhub.settings.secret import Secret

ROOT = Path(__file__).parents[2]


def test_each_field_is_a_variable() -> None:
    """Settings holds one field per variable, in the registry's names."""
    names = {field.name for field in fields(Settings)} - {"provenances", "warnings"}
    assert {variable.field for variable in VARIABLES} == names


def test_secret_variables_are_secret_fields(tmp_path: Path) -> None:
    """A variable marked secret arrives as a Secret, and no other does."""
    environ = {
        "HARMONYHUB_ACCESS_PASSWORD": "correct horse",
        "HARMONYHUB_ADMIN_TOKEN": "correct-horse-battery",
        "HARMONYHUB_ALERT_ESCALATION_URLS": "json://127.0.0.1:9/boss",
        "HARMONYHUB_ALERT_URLS": "json://127.0.0.1:9/team",
        "HARMONYHUB_ENCRYPTION_KEY": "A" * 43 + "=",
        "HARMONYHUB_MONGODB_URI": "mongodb://localhost",
        "HARMONYHUB_SPOTIFY_CLIENT_ID": "0123456789abcdef0123456789abcdef",
        "HARMONYHUB_SPOTIFY_CLIENT_SECRET": "fedcba9876543210fedcba9876543210",
    }
    settings, _ = load_settings(environ, folder=tmp_path)
    secret_fields = {
        variable.field
        for variable in VARIABLES
        if isinstance(getattr(settings, variable.field), Secret)
    }
    assert {variable.field for variable in VARIABLES if variable.is_secret} == secret_fields


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_examples_have_the_shape(variable: Variable) -> None:
    """Every default and every example of a variable that is no secret would be accepted."""
    texts = [variable.default] if variable.default is not None else []
    if not variable.is_secret:
        texts.append(variable.example)
    assert all(variable.shape.parse(text) is not None for text in texts)


def test_uncommented_example_loads(tmp_path: Path) -> None:
    """`.env.example` with every line taken in complains about the secrets to fill in only."""
    lines = render_env_example().splitlines()
    (tmp_path / ".env").write_text(
        "\n".join(re.sub(r"^#(HARMONYHUB_)", r"\1", line) for line in lines)
    )
    _, findings = load_settings({}, folder=tmp_path)
    assert {("HH006", variable.name) for variable in VARIABLES if variable.is_secret} == {
        (finding.check_id, finding.variable) for finding in findings
    }


def test_check_ids_are_unique_and_in_order() -> None:
    """Ids are stable: HH001 up, none twice."""
    ids = [check.id for check in SETTING_CHECKS]
    assert [f"HH{number:03}" for number in range(1, len(ids) + 1)] == ids


@pytest.mark.parametrize(
    ("path", "text"),
    [(".env.example", render_env_example()), ("docs/settings.md", render_reference())],
)
def test_committed_texts_are_current(path: str, text: str) -> None:
    """The generated files are what the registry says; `harmonyhub generate` writes them."""
    assert text == (ROOT / path).read_text(encoding="utf-8")


def test_reference_names_every_variable_and_check() -> None:
    """Nothing of the registry is missing in the reference."""
    text = render_reference()
    for name in [*BY_NAME, *(check.id for check in SETTING_CHECKS)]:
        assert name in text
