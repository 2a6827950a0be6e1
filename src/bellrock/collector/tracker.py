"""The tracker's scripts and their source maps: files enter once, answers leave, compressed where wanted.

`t.js` carries no version, so browsers ask again after an hour, and get 304 if nothing changed. The same script
under the name of its content, `t.0123456789abcdef.js`, never changes: pages that name its hash use that.
"""

import gzip
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256, sha384
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from bellrock.collector.exchange import ANYWHERE, Answer, answer

TRACKER = files("bellrock") / "assets" / "tracker"
_nothing = re.compile(rb"0(\.0*)?")
_SCRIPT = b"text/javascript; charset=utf-8"
_MAP = b"application/json"
_IMMUTABLE = b"public, max-age=31536000, immutable"
_TYPES = {
    "t.js": _SCRIPT,
    "t.js.map": _MAP,
    "t.attribution.js": _SCRIPT,
    "t.attribution.js.map": _MAP,
}


class Asset(NamedTuple):
    """One file, ready to be sent. `bodies` is by content coding, the best first and `b""`, as it is, last."""

    content_type: bytes
    bodies: Mapping[bytes, bytes]
    digest: bytes
    caching: bytes = b"public, max-age=3600, stale-while-revalidate=86400"

    def answer(self, headers: Mapping[bytes, bytes]) -> Answer:
        """Answer a GET or HEAD with these headers: 200, or 304 if the browser has this version."""
        accepted = _accepted(headers.get(b"accept-encoding", b""))
        coding = next(coding for coding in self.bodies if coding in accepted)
        etag = b'"%s"' % b"-".join(filter(None, [self.digest, coding]))
        common = [
            (b"etag", etag),
            (b"cache-control", self.caching),
            (b"vary", b"accept-encoding"),
            ANYWHERE,
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if _matches(headers.get(b"if-none-match", b""), etag):
            return answer(304, common)
        if coding:
            common.append((b"content-encoding", coding))
        return answer(200, [*common, (b"content-type", self.content_type)], self.bodies[coding])


def load_tracker(directory: Traversable = TRACKER) -> dict[str, Asset]:
    """Load what is there of both builds and their source maps; the result is by URL path."""
    assets = {
        f"/{name}": _asset(directory, name, content_type)
        for name, content_type in _TYPES.items()
        if (directory / name).is_file()
    }
    fixed = {
        f"/{versioned(path[1:], asset.bodies[b''])}": asset._replace(caching=_IMMUTABLE)
        for path, asset in assets.items()
        if asset.content_type == _SCRIPT
    }
    return assets | fixed


def versioned(name: str, plain: bytes) -> str:
    """Return the name under which this content of a script, and no other, is served."""
    return f"{name.removesuffix('.js')}.{sha256(plain).hexdigest()[:16]}.js"


def snippet(origin: str, site: str, name: str = "t.js", directory: Traversable = TRACKER) -> str:
    """Return the line of HTML that loads exactly this script; FileNotFoundError if it is not built."""
    plain = (directory / name).read_bytes()
    digest = b64encode(sha384(plain).digest()).decode()
    return (
        f'<script defer src="{origin}/{versioned(name, plain)}" data-site="{site}"\n'
        f'  integrity="sha384-{digest}" crossorigin="anonymous"></script>'
    )


def _asset(directory: Traversable, name: str, content_type: bytes) -> Asset:
    plain = (directory / name).read_bytes()
    bodies = {b"gzip": gzip.compress(plain, mtime=0), b"": plain}
    brotli = directory / f"{name}.br"  # made by the build: Python has none of its own
    if brotli.is_file():
        bodies = {b"br": brotli.read_bytes(), **bodies}
    return Asset(content_type, bodies, sha256(plain).hexdigest()[:16].encode())


def _accepted(header: bytes) -> set[bytes]:
    """Return the content codings that are accepted, `b""` always among them."""
    accepted = {b""}
    for choice in header.lower().split(b","):
        coding, _, quality = choice.replace(b" ", b"").partition(b";q=")
        if not _nothing.fullmatch(quality):
            accepted.add(coding)
    return accepted


def _matches(header: bytes, etag: bytes) -> bool:
    known = [tag.strip().removeprefix(b"W/") for tag in header.split(b",")]
    return etag in known or b"*" in known
