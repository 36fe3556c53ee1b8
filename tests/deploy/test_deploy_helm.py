"""The Helm chart: its schema is closed and made of the registry, its templates hold no trap."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harmonyhub.settings.chart import NEEDED_SECRETS, OF_THE_CHART, render_values_schema
from harmonyhub.settings.registry import VARIABLES

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "harmonyhub"
TEMPLATES = {path.name: path.read_text("utf-8") for path in (CHART / "templates").iterdir()}
SCHEMA = json.loads(render_values_schema())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def objects_in(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """List a schema's objects with named properties, itself included."""
    inner = [each for each in schema.get("properties", {}).values() if isinstance(each, dict)]
    own = [schema] if "properties" in schema else []
    return own + [found for each in inner for found in objects_in(each)]


def is_refused(**changes: object) -> bool:
    """Tell whether the chart refuses its own values with some of them changed."""
    values = deepcopy(VALUES)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = values
        for step in way:
            place = place[step]
        place[last] = value
    return not jsonschema.Draft7Validator(SCHEMA).is_valid(values)


def test_own_values_pass() -> None:
    """The chart's own values are good as they stand."""
    assert not is_refused()


def test_every_object_is_closed() -> None:
    """No part of the values takes a name that does not exist."""
    assert [] == [each for each in objects_in(SCHEMA) if each.get("additionalProperties", True)]


def test_every_variable_has_its_place() -> None:
    """Each variable is a setting, a secret, or set by the chart itself."""
    settings = set(SCHEMA["properties"]["settings"]["properties"])
    secrets = set(SCHEMA["properties"]["secrets"]["properties"]["variables"]["items"]["enum"])
    assert {each.name for each in VARIABLES} == settings | secrets | OF_THE_CHART
    assert {each.name for each in VARIABLES if each.is_secret} == secrets


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": {"HARMONYHUB_SPOTIFY_CLIENTID": "0123456789abcdef0123456789abcdef"}},
        {"settings": {"HARMONYHUB_SPOTIFY_CLIENT_SECRET": "0123456789abcdef0123456789abcdef"}},
        {"settings": {"HARMONYHUB_PORT": "9000"}},
        {"settings": {"HARMONYHUB_ALERT_ESCALATE_AFTER_S": 9000000}},
        {"secrets__variables": ["HARMONYHUB_MONGODB_URI"]},
        {"secrets__variables": [*NEEDED_SECRETS, "HARMONYHUB_SPOTIFY_SECRET"]},
        {"web__replica": 3},
        {"data__accessMode": "ReadOnlyMany"},
        {"settings": {"HARMONYHUB_MUSIC_DIR": "/srv/music"}},
        {"music__existingClaim": "My Music"},
        {"music__subPath": "../elsewhere"},
    ],
    ids=[
        "misspelt",
        "secret",
        "chart's",
        "number",
        "missing",
        "unknown-secret",
        "typo",
        "mode",
        "folder",
        "claim",
        "way-out",
    ],
)
def test_wrong_values_are_refused(changes: dict[str, object]) -> None:
    """A misspelt name, a secret among the settings and the like never reach the cluster."""
    assert is_refused(**changes)


def test_templates_use_values_that_exist() -> None:
    """Every value that a template names is in the values, and the other way round."""
    text = "\n".join(TEMPLATES.values())
    named = set(re.findall(r"\.Values\.(\w+)", text))
    assert set(VALUES) == named
    for path in re.findall(r"\.Values\.(\w+\.\w+)", text):
        section, key = path.split(".")
        assert key in VALUES[section], path


def test_cluster_puts_no_variables_of_its_own() -> None:
    """A Service called harmonyhub does not set HARMONYHUB_PORT in the containers."""
    assert "enableServiceLinks: false" in TEMPLATES["_helpers.tpl"]


def test_music_is_mounted_read_only() -> None:
    """Nothing can be written there, no group is changed, and an upgrade waits for no volume."""
    assert not is_refused(music__existingClaim="songs", music__subPath="flac/all")
    helpers = TEMPLATES["_helpers.tpl"]
    assert re.search(r"name: music, mountPath: /music, .*readOnly: true", helpers)
    claim = helpers.partition('define "harmonyhub.music"')[2].partition("{{- end }}")[0]
    assert "readOnly: true" in claim
    for name in ("web.yaml", "worker.yaml"):
        assert 'include "harmonyhub.music"' in TEMPLATES[name]
    assert "- name: music\n          emptyDir: {}" in TEMPLATES["preflight.yaml"]


def test_preflight_runs_before_anything_changes() -> None:
    """The live check is a hook of installation and upgrade, and 78 is not tried again."""
    text = TEMPLATES["preflight.yaml"]
    assert "helm.sh/hook: pre-install,pre-upgrade" in text
    assert "harmonyhub check --live" in text
    assert "action: FailJob" in text
    assert "values: [78]" in text


def test_chart_has_the_version_of_the_package() -> None:
    """The image that the chart asks for is the one of this version."""
    import harmonyhub

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert harmonyhub.__version__ == chart["appVersion"]
