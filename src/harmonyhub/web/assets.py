"""Style sheets and scripts, read once and named by their content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file in memory; `version` is a hash of its content."""

    body: bytes
    media_type: str
    version: str


@cache
def load_assets() -> dict[str, Asset]:
    """Read every static file of the package, by name."""
    assets = {}
    for file in (files("harmonyhub.web") / "static").iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in TYPES:
            body = file.read_bytes()
            version = hashlib.blake2b(body, digest_size=6).hexdigest()
            assets[file.name] = Asset(body=body, media_type=TYPES[suffix], version=version)
    return assets


def asset_url(name: str) -> str:
    """Give the address of a static file; it changes when the file does."""
    return f"/static/{name}?v={load_assets()[name].version}"


@get("/static/{name:str}", include_in_schema=False)
async def show_asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Send one static file; with its version in the address a browser may keep it for ever."""
    asset = load_assets().get(name)
    if asset is None:
        raise NotFoundException(f"There is no static file {name}.")
    etag = f'"{asset.version}"'
    is_named = request.query_params.get("v") == asset.version
    headers = {"ETag": etag, "Cache-Control": FOR_EVER if is_named else ASK_AGAIN}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    return Response(asset.body, headers=headers, media_type=asset.media_type)
