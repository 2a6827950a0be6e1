"""The tracker's script and its source map: files enter once, answers leave, zipped where wanted.

The names carry no version, so browsers ask again after an hour, and get 304 if nothing changed.
"""

import gzip
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from bellrock.collector.exchange import Answer, answer

TRACKER = files("bellrock") / "assets" / "tracker"
_nothing = re.compile(rb"0(\.0*)?")
_TYPES = {"t.js": b"text/javascript; charset=utf-8", "t.js.map": b"application/json"}


class Asset(NamedTuple):
    """One file, ready to be sent."""

    content_type: bytes
    plain: bytes
    gzipped: bytes
    digest: bytes

    def answer(self, headers: Mapping[bytes, bytes]) -> Answer:
        """Answer a GET or HEAD with these headers: 200, or 304 if the browser has this version."""
        zipped = _accepts_gzip(headers.get(b"accept-encoding", b""))
        etag = b'"%s%s"' % (self.digest, b"-gzip" if zipped else b"")
        common = [
            (b"etag", etag),
            (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
            (b"vary", b"accept-encoding"),
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if _matches(headers.get(b"if-none-match", b""), etag):
            return answer(304, common)
        body = self.gzipped if zipped else self.plain
        if zipped:
            common.append((b"content-encoding", b"gzip"))
        return answer(200, [*common, (b"content-type", self.content_type)], body)


def load_tracker(directory: Traversable = TRACKER) -> dict[str, Asset]:
    """Load what is there of `t.js` and `t.js.map`; the result is by URL path."""
    return {
        f"/{name}": _asset((directory / name).read_bytes(), content_type)
        for name, content_type in _TYPES.items()
        if (directory / name).is_file()
    }


def _asset(plain: bytes, content_type: bytes) -> Asset:
    digest = sha256(plain).hexdigest()[:16].encode()
    return Asset(content_type, plain, gzip.compress(plain, mtime=0), digest)


def _accepts_gzip(header: bytes) -> bool:
    for choice in header.lower().split(b","):
        name, _, quality = choice.replace(b" ", b"").partition(b";q=")
        if name == b"gzip":
            return _nothing.fullmatch(quality) is None
    return False


def _matches(header: bytes, etag: bytes) -> bool:
    known = [tag.strip().removeprefix(b"W/") for tag in header.split(b",")]
    return etag in known or b"*" in known
