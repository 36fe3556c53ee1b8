"""The API reference as rows, read from the OpenAPI document, and the table of error codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
CODES = (
    ("invalid-request", 400, "A parameter or the body does not fit; the detail names it."),
    ("unauthorized", 401, "The access password, or the admin token, is missing or wrong."),
    ("cross-site", 403, "A page of another site sent the request."),
    ("not-found", 404, "There is no such user, track, job, import or address."),
    ("method-not-allowed", 405, "The address does not take that method."),
    ("conflict", 409, "The state of the house does not allow this now."),
    ("too-large", 413, "The body is over the limit of its address."),
    ("unknown-format", 415, "The file is none of the kinds that are read."),
    ("foreign-host", 421, "The Host header is no name of this machine."),
    ("refused-input", 422, "The input is understood but cannot be taken."),
    ("damaged-input", 422, "The file or the upload is damaged past reading."),
    ("audio", 422, "The audio cannot be decoded or holds nothing to analyse."),
    ("internal", 500, "A fault of ours; the log of the service has it."),
    ("upstream", 502, "Spotify refused or did not answer; the hint says what to do."),
    ("unavailable", 503, "Something that is needed does not answer; see Retry-After."),
    ("store-unavailable", 503, "MongoDB does not answer; see Retry-After."),
)


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter of an operation."""

    name: str
    place: str
    kind: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation of the API."""

    method: str
    path: str
    summary: str
    description: str
    tag: str
    parameters: tuple[ParameterRow, ...]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One stable error code."""

    code: str
    status: int
    meaning: str


def list_codes() -> list[CodeRow]:
    """List the stable error codes."""
    return [CodeRow(code=code, status=status, meaning=meaning) for code, status, meaning in CODES]


def list_operations(schema: Mapping[str, Any]) -> list[OperationRow]:
    """List the operations of an OpenAPI document, by tag and path."""
    rows = [
        _operation(method, path, item[method])
        for path, item in schema["paths"].items()
        for method in METHODS
        if method in item
    ]
    return sorted(rows, key=lambda row: (row.tag, row.path, row.method))


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> OperationRow:
    parameters = (
        ParameterRow(
            name=parameter["name"],
            place=parameter["in"],
            kind=_kind(parameter.get("schema", {})),
            is_required=parameter.get("required", False),
        )
        for parameter in operation.get("parameters", ())
    )
    return OperationRow(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        tag=(operation.get("tags") or ["health"])[0],
        parameters=tuple(parameters),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "oneOf" in schema:
        return " or ".join(_kind(option) for option in schema["oneOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    limits = [
        f"{word} {schema[key]:g}"
        for key, word in (("minimum", "from"), ("maximum", "to"))
        if key in schema
    ]
    return " ".join([str(schema.get("type", "any")), *limits])
