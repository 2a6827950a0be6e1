"""The dashboard's files, as the build left them.

Enters: the folder of the build, read whole at start. Leaves: its page for every address of the
dashboard, and its assets, compressed once, with an ETag; hashed names may be kept for ever. Where
there is no build, the pages say so.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from bellrock.api.problems import Refusal
from bellrock.api.services import AS_IT_IS

PAGES = ("/", "/overview", "/distribution", "/login")
BUILD = Path(__file__).parent.parent / "assets" / "dashboard"

# The framework adds the charset, UTF-8, to the types that are text.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True)
class Asset:
    """A file with all that a response needs."""

    plain: bytes
    packed: bytes
    media_type: str
    etag: str
    cache: str


def dashboard_handlers(build: Path = BUILD) -> list[HTTPRouteHandler]:
    """A handler for the pages and every file of the build; all are public: they hold no data."""
    assets = {
        f"/{path.relative_to(build).as_posix()}": _asset(path)
        for path in sorted(build.rglob("*"))
        if path.suffix in _TYPES and path.is_file()
    }
    index = assets.pop("/index.html", None)
    if index is None:
        return [_missing(build)]
    assets |= dict.fromkeys(PAGES, index)

    @get(sorted(assets), sync_to_thread=False, opt={"public": True, AS_IT_IS: True})
    def file(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _response(assets[request.scope["path"].rstrip("/") or "/"], request)

    return [file]


def _asset(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(
        plain=plain,
        packed=gzip.compress(plain, mtime=0),
        media_type=_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(plain).hexdigest()[:20]}"',
        cache=_FOR_EVER if path.parent.name == "assets" else _ASK_AGAIN,
    )


def _response(asset: Asset, request: Request[Any, Any, Any]) -> Response[bytes]:
    headers = {"ETag": asset.etag, "Cache-Control": asset.cache, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=asset.media_type, headers=headers)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = asset.packed if packed else asset.plain
    return Response(body, media_type=asset.media_type, headers=headers)


def _missing(build: Path) -> HTTPRouteHandler:
    @get(list(PAGES), sync_to_thread=False, opt={"public": True})
    def missing() -> None:
        raise Refusal(
            503,
            f"The dashboard is not built: {build} has no index.html. Run `make demo`, or install"
            " the wheel, which contains it.",
        )

    return missing
