"""The collector as an ASGI application: requests enter, beacons go to the log, answers leave.

`POST /b` answers 204 only after the log has every element durably, 413 and 503 if it has none of
them. It never asks for cookies, sets none, and keeps no address. `GET /t.js` is the tracker;
`GET /health` says whether the log takes lines.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bellrock.collector.asgi import Answer, Receive, Send
from bellrock.collector.body import Gone, receive_body, unpack
from bellrock.collector.commit import GroupCommit
from bellrock.collector.config import Policy
from bellrock.collector.elements import Element, elements
from bellrock.collector.entry import Sender, entry, read_sender
from bellrock.collector.limits import BODY_BYTES, ELEMENTS, UNPACKED_BYTES, TooLarge
from bellrock.collector.privacy import respect_objection
from bellrock.collector.tracker import Asset
from bellrock.errors import LogUnavailable

_ANYWHERE = (b"access-control-allow-origin", b"*")
_KEPT = Answer(204, [_ANYWHERE])
_PREFLIGHT = Answer(
    204,
    [
        _ANYWHERE,
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, content-encoding"),
        (b"access-control-max-age", b"86400"),
    ],
)

_REJECTIONS = range(400, 600)

RequestHeaders = Mapping[bytes, bytes]
Handler = Callable[[RequestHeaders, Receive], Awaitable[Answer]]


@dataclass
class Counts:
    """What has happened since the start."""

    accepted: int = 0  # elements that the log has
    dropped: int = 0  # beacons not kept because their sender objects
    rejected: Counter[int] = field(default_factory=Counter)  # requests, by status


class Collector:
    """The ASGI application."""

    def __init__(
        self,
        commit: GroupCommit,
        policies: Mapping[str, Policy],
        tracker: Mapping[str, Asset],
        country_header: str | None = None,
    ) -> None:
        """Write through `commit`; the rest is as in `CollectorConfig` and `load_tracker`."""
        self.counts = Counts()
        self._commit, self._policies = commit, policies
        self._country_header = country_header.lower().encode() if country_header else None
        self._routes: dict[str, dict[str, Handler]] = {
            "/b": {"POST": self._collect, "OPTIONS": _allow},
            "/health": {"GET": self._health, "HEAD": self._health},
        }
        for path, asset in tracker.items():
            self._routes[path] = dict.fromkeys(("GET", "HEAD"), _serve(asset))

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        handlers = self._routes.get(scope["path"], {})
        handler = handlers.get(scope["method"])
        try:
            if handler:
                answer = await handler(dict(scope["headers"]), receive)
            else:
                answer = _misdirected(handlers)
        except Gone:
            return
        if answer.status in _REJECTIONS:
            self.counts.rejected[answer.status] += 1
        await answer.send(send, head=scope["method"] == "HEAD")

    async def _collect(self, headers: RequestHeaders, receive: Receive) -> Answer:
        try:
            body = unpack(await receive_body(receive), headers.get(b"content-encoding", b""))
            found = elements(body)
            sender = read_sender(headers, self._country_header)
            entries = [entry(element, sender) for element in self._permitted(found, sender)]
            if entries:
                await self._commit.keep(entries)
        except TooLarge:
            return _TOO_LARGE
        except LogUnavailable as error:
            return _text(503, str(error), (b"retry-after", b"5"))
        self.counts.accepted += len(entries)
        self.counts.dropped += len(found) - len(entries)
        return _KEPT

    def _permitted(self, found: list[Element], sender: Sender) -> Iterator[Element]:
        """Yield what the sites may keep of a request's elements."""
        for element in found:
            if not (element.is_beacon and sender.objects):
                yield element
            elif (kept := respect_objection(element.text, self._policies)) is not None:
                yield Element(kept, is_beacon=True)

    async def _health(self, _headers: RequestHeaders, _receive: Receive) -> Answer:
        accepts = await self._commit.accepts_writes()
        report = {
            "status": "ok" if accepts else "unavailable",
            "accepted": self.counts.accepted,
            "dropped": self.counts.dropped,
            "rejected": {str(status): count for status, count in self.counts.rejected.items()},
        }
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        return Answer(200 if accepts else 503, headers, msgspec.json.encode(report))


async def _allow(_headers: RequestHeaders, _receive: Receive) -> Answer:
    return _PREFLIGHT


def _serve(asset: Asset) -> Handler:
    async def serve(headers: RequestHeaders, _receive: Receive) -> Answer:
        return asset.answer(headers)

    return serve


def _misdirected(handlers: Mapping[str, Handler]) -> Answer:
    if not handlers:
        return _text(404, "There is nothing here. Beacons go to POST /b.")
    allowed = ", ".join(handlers)
    return _text(405, f"This address takes {allowed}.", (b"allow", allowed.encode()))


def _text(status: int, text: str, *headers: tuple[bytes, bytes]) -> Answer:
    kind = (b"content-type", b"text/plain; charset=utf-8")
    return Answer(status, [_ANYWHERE, kind, *headers], f"{text}\n".encode())


_TOO_LARGE = _text(
    413,
    f"A request may have {BODY_BYTES // 1024} KiB, {UNPACKED_BYTES // 1024} KiB unpacked, "
    f"and {ELEMENTS} beacons. None of these were kept.",
)
