"""The schema of the Helm chart's values: closed, and its names are those of the registry."""

import json
from typing import Any

from harmonyhub.settings.registry import VARIABLES, Variable

NEEDED_SECRETS = (
    "HARMONYHUB_ACCESS_PASSWORD",
    "HARMONYHUB_ADMIN_TOKEN",
    "HARMONYHUB_ENCRYPTION_KEY",
    "HARMONYHUB_MONGODB_URI",
)
"""Without them pods cannot share one store, or listen to more than themselves."""

OF_THE_CHART = frozenset(
    {
        "HARMONYHUB_DATA_DIR",
        "HARMONYHUB_HOST",
        "HARMONYHUB_MUSIC_DIR",
        "HARMONYHUB_PORT",
        "HARMONYHUB_RELEASE",
    }
)
"""What image and chart set: where data and music lie and what is listened on."""

NAME = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
FOLDER = r"([^/.][^/]*(/[^/.][^/]*)*)?"  # within a volume: no way up and out of it
QUANTITY = r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?"


def render_values_schema() -> str:
    """Render `values.schema.json`, by which Helm refuses a name or a shape that does not exist."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#"} | _closed(
        image=_closed(
            repository=_text(r"\S+"),
            tag=_text(r"[A-Za-z0-9_.-]*"),
            pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]},
        ),
        settings=_settings(),
        secrets=_secrets(),
        web=_processes(),
        worker=_processes(),
        data=_closed(
            existingClaim=_text(f"({NAME})?"),
            size=_text(QUANTITY),
            accessMode={"enum": ["ReadWriteOnce", "ReadWriteMany"]},
            storageClass=_text(f"({NAME})?"),
        ),
        music=_closed(existingClaim=_text(f"({NAME})?"), subPath=_text(FOLDER)),
        service=_closed(port=_port()),
        networkPolicy=_closed(
            fromNamespaces={"type": "array", "items": _text(NAME)},
            egressPorts={"type": "array", "items": _port()},
        ),
    )
    # Helm hands `global` to every chart that is part of another.
    schema["properties"]["global"] = {"type": "object"}
    return json.dumps(schema, indent=2) + "\n"


def _closed(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _settings() -> dict[str, Any]:
    """Describe the settings that are not secret; the start gate judges their shapes."""
    open_ones = [each for each in VARIABLES if not each.is_secret and each.name not in OF_THE_CHART]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: _setting(each) for each in open_ones},
    }


def _setting(variable: Variable) -> dict[str, Any]:
    # Texts alone: Helm turns a large number into 9e+06.
    return {"type": "string", "minLength": 1, "description": variable.summary}


def _secrets() -> dict[str, Any]:
    names = [each.name for each in VARIABLES if each.is_secret]
    return _closed(
        existing=_text(NAME),
        variables={
            "type": "array",
            "uniqueItems": True,
            "items": {"enum": names},
            "allOf": [{"contains": {"const": name}} for name in NEEDED_SECRETS],
        },
    )


def _processes() -> dict[str, Any]:
    amounts = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"cpu": _text(QUANTITY), "memory": _text(QUANTITY)},
    }
    return _closed(
        replicas={"type": "integer", "minimum": 0},
        resources={
            "type": "object",
            "additionalProperties": False,
            "properties": {"requests": amounts, "limits": amounts},
        },
    )


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _port() -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 65535}
