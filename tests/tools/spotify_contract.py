"""Judges recorded calls by Spotify's published contract, in both directions.

Use: start the fake with `is_recording=True` (or `await fake.control.record()`), let the code under
test work, then `assert [] == judge(await fake.control.exchanges(), contract)`. Hollow answers break
the contract on purpose, as Spotify's do: `await fake.control.set_hollow(is_hollow=False)` first.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from harmonyhub.drills.fake_spotify.journal import Exchange

HOST = "https://api.spotify.com"
# The contract does not describe them: known gaps, see the notes beside it.
UNDESCRIBED_STATUSES = frozenset({304, 400, 404, 500, 502, 503})


@cache
def load_contract(path: Path) -> OpenAPI:
    """Load the published contract, once: it takes a second.

    Its `required` lists still name properties that were taken out for new apps; those names bind
    nobody and are dropped.
    """
    with path.open(encoding="utf-8") as file:
        document = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    # The judge knows no OAuth 2.0; what is left of it on the line is a bearer token.
    document["components"]["securitySchemes"]["oauth_2_0"] = {"type": "http", "scheme": "bearer"}
    schemas = document["components"]["schemas"]
    # `track` and `episode` are no names of schemas, and no mapping leads there: shapes decide.
    del schemas["PlaylistTrackObject"]["properties"]["item"]["discriminator"]
    for schema in schemas.values():
        if "required" in schema:
            known = set(_properties(schema, schemas))
            schema["required"] = [name for name in schema["required"] if name in known]
            if not schema["required"]:
                del schema["required"]
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def judge(exchanges: Iterable[Exchange], contract: OpenAPI) -> list[str]:
    """List what breaks the contract: one line each, with the direction and the call."""
    return [
        f"{direction} {one.method} {one.path}: {found}"
        for one in exchanges
        for direction, found in _judge_one(one, contract)
    ]


def _judge_one(one: Exchange, contract: OpenAPI) -> Iterator[tuple[str, str]]:
    request = MockRequest(
        HOST,
        one.method.lower(),
        one.path,
        args=dict(one.query),
        headers={"Authorization": "Bearer x"} if one.has_token else {},
        content_type=one.headers.get("content-type", "application/json").partition(";")[0],
        data=one.body.encode() or None,
    )
    try:
        contract.validate_request(request)
    except OpenAPIError as error:
        yield "request", _describe(error)
    if one.status == 0 or one.status in UNDESCRIBED_STATUSES:
        return
    response = MockResponse(
        one.answer_body.encode(),
        status_code=one.status,
        content_type=one.answer_headers.get("Content-Type", "application/json").partition(";")[0],
    )
    try:
        contract.validate_response(request, response)
    except OpenAPIError as error:
        yield "answer", _describe(error)


def _describe(error: BaseException) -> str:
    details = [
        f"{'.'.join(map(str, each.absolute_path))}: {each.message[:200]}"
        for each in getattr(error.__cause__, "schema_errors", ())
    ]
    return "; ".join([str(error), *details][:4])


def _properties(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield from schema.get("properties", {})
    for part in schema.get("allOf", ()):
        name = part.get("$ref", "").rpartition("/")[2]
        yield from _properties(schemas[name] if name else part, schemas)
