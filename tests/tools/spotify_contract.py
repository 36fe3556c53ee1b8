"""Judges recorded calls by Spotify's published contract, in both directions.

Use: take the fixture `shared`, start the fake with `is_recording=True`, let the code under test
work, then `assert [] == judge(await fake.control.exchanges(), load_contract(shared / NEW_APPS))`.
Hollow answers break the contract on purpose, as Spotify's do: turn them off first with
`await fake.control.set_hollow(is_hollow=False)`.

It takes about 20 ms for a page of fifty tracks.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.testing import MockRequest, MockResponse

from harmonyhub.drills.fake_spotify.journal import Exchange

NEW_APPS = Path("data/spotify/openapi.devmode.yaml")
OLD_APPS = Path("data/spotify/openapi.yaml")
HOST = "https://api.spotify.com"
# The contract describes them for some operations, or for none, though all have them.
OFTEN_UNDESCRIBED = frozenset({304, 400, 404, 500, 502, 503})


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
    for described in schemas["PlaylistTrackObject"]["properties"].values():
        described.pop("discriminator", None)
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
    kind = one.answer_headers.get("Content-Type", "application/json").partition(";")[0]
    is_plain_refusal = one.status == 403 and kind == "text/plain"  # seen, and not described
    if one.status == 0 or is_plain_refusal:
        return
    response = MockResponse(
        one.answer_body.encode(),
        status_code=one.status,
        content_type=kind,
    )
    try:
        contract.validate_response(request, response)
    except ResponseNotFound as error:
        if one.status not in OFTEN_UNDESCRIBED:
            yield "answer", _describe(error)
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
