"""The API's documents: what the page says is what the code does."""

from pathlib import Path

import httpx2

from harmonyhub.web.reference import CODES, list_operations

API_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
SCHEMA = {
    "paths": {
        "/b": {
            "get": {
                "tags": ["two"],
                "summary": "S",
                "parameters": [
                    {"name": "n", "in": "query", "schema": {"type": "integer", "minimum": 1}},
                    {"name": "k", "in": "path", "required": True, "schema": {"$ref": "#/x/Kind"}},
                    {"name": "o", "in": "query", "schema": {"oneOf": [{"enum": ["a"]}, {}]}},
                ],
            }
        },
        "/a": {"post": {"tags": ["one"]}},
    }
}


def test_the_document_lists_every_code() -> None:
    """docs/api.md has the row of each stable error code."""
    text = API_PAGE.read_text("utf-8")
    missing = [
        code for code, status, said in CODES if f"| `{code}` | {status} | {said} |" not in text
    ]
    assert [] == missing


async def test_the_document_names_every_address(client: httpx2.AsyncClient) -> None:
    """docs/api.md names each address of the OpenAPI document, by its fixed parts."""
    text = API_PAGE.read_text("utf-8")
    schema = (await client.get("/api/v1/openapi.json")).json()
    for row in list_operations(schema):
        parts = [part for part in row.path.removeprefix("/api/v1").split("/") if "{" not in part]
        assert [part for part in parts if part not in text] == [], row.path
        assert row.summary


def test_operations_come_by_tag_with_their_parameters() -> None:
    """Types are told in words: ranges, references, choices."""
    first, second = list_operations(SCHEMA)
    assert ("POST", "/a", "one") == (first.method, first.path, first.tag)
    assert ["integer from 1", "Kind", "a or any"] == [row.kind for row in second.parameters]
    assert [False, True, False] == [row.is_required for row in second.parameters]
