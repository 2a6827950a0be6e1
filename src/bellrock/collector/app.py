"""What the collector does with a request: it enters, beacons go to the log, one answer leaves.

`POST /b` answers 204 only after the log has every element durably, 413 and 503 if it has none of
them. It never asks for cookies, sets none, and keeps no address. `GET /t.js` is the tracker;
`GET /health` says whether the log takes lines.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from bellrock.collector.body import unpack
from bellrock.collector.commit import GroupCommit
from bellrock.collector.config import Policy
from bellrock.collector.elements import Element, elements
from bellrock.collector.entry import Sender, entry, read_sender
from bellrock.collector.exchange import Answer, Handler, Request, Respond, answer, text
from bellrock.collector.limits import (
    BODY_BYTES,
    ELEMENTS,
    HEAD_BYTES,
    HEADERS,
    UNPACKED_BYTES,
    TooLarge,
)
from bellrock.collector.privacy import respect_objection
from bellrock.collector.tracker import Asset
from bellrock.errors import LogUnavailable

_ANYWHERE = (b"access-control-allow-origin", b"*")
_KEPT = answer(204, [_ANYWHERE])
_PREFLIGHT = answer(
    204,
    [
        _ANYWHERE,
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, content-encoding"),
        (b"access-control-max-age", b"86400"),
    ],
)
_TOO_LARGE = text(
    413,
    f"A request may have {BODY_BYTES // 1024} KiB, {UNPACKED_BYTES // 1024} KiB unpacked, "
    f"and {ELEMENTS} beacons. None of these were kept.",
)
_REFUSALS = {
    400: text(400, "This is no HTTP/1.1, or asks for an upgrade. Nothing of it was kept."),
    413: _TOO_LARGE,
    431: text(431, f"A request may have {HEADERS} headers, in {HEAD_BYTES // 1024} KiB."),
}
_NOTHING_HERE = text(404, "There is nothing here. Beacons go to POST /b.")


@dataclass
class Counts:
    """What has happened since the start."""

    accepted: int = 0  # elements that the log has
    dropped: int = 0  # beacons not kept because their sender objects
    rejected: Counter[int] = field(default_factory=Counter)  # requests, by status


class Collector:
    """The handler of every request."""

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
        self._asked: set[asyncio.Task[None]] = set()
        self._routes: dict[str, dict[str, Handler]] = {
            "/b": {"POST": self._collect, "OPTIONS": _allow},
            "/health": {"GET": self._health, "HEAD": self._health},
        }
        for path, asset in tracker.items():
            self._routes[path] = dict.fromkeys(("GET", "HEAD"), _serve(asset))

    def __call__(self, request: Request, respond: Respond) -> None:
        """Call `respond` once with the answer, at once or later."""
        if request.refused is not None:
            self._reject(_REFUSALS[request.refused], respond)
            return
        handlers = self._routes.get(request.path, {})
        if handler := handlers.get(request.method):
            handler(request, respond)
        else:
            self._reject(_misdirected(handlers), respond)

    def _collect(self, request: Request, respond: Respond) -> None:
        def told(error: LogUnavailable | None) -> None:
            if error is not None:
                self._reject(_unavailable(error), respond)
                return
            self.counts.accepted += len(entries)
            self.counts.dropped += dropped
            respond(_KEPT)

        try:
            entries, dropped = self._entries(request)
            if entries:
                self._commit.keep(entries, told)
            else:
                told(None)
        except TooLarge:
            self._reject(_TOO_LARGE, respond)
        except LogUnavailable as error:
            told(error)

    def _entries(self, request: Request) -> tuple[list[bytes], int]:
        """What is to be kept of a request, and how many beacons are not."""
        found = elements(unpack(request.body, request.headers.get(b"content-encoding", b"")))
        sender = read_sender(request.headers, self._country_header)
        entries = [entry(element, sender) for element in self._permitted(found, sender)]
        return entries, len(found) - len(entries)

    def _permitted(self, found: list[Element], sender: Sender) -> Iterator[Element]:
        """Yield what the sites may keep of a request's elements."""
        for element in found:
            if not (element.is_beacon and sender.objects):
                yield element
            elif (kept := respect_objection(element.text, self._policies)) is not None:
                yield Element(kept, is_beacon=True)

    def _health(self, _request: Request, respond: Respond) -> None:
        task = asyncio.ensure_future(self._report_health(respond))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _report_health(self, respond: Respond) -> None:
        accepts = await self._commit.accepts_writes()
        report = {
            "status": "ok" if accepts else "unavailable",
            "accepted": self.counts.accepted,
            "dropped": self.counts.dropped,
            "rejected": {str(status): count for status, count in self.counts.rejected.items()},
        }
        kind = (b"content-type", b"application/json")
        headers = [_ANYWHERE, kind, (b"cache-control", b"no-store")]
        health = answer(200 if accepts else 503, headers, msgspec.json.encode(report))
        if accepts:
            respond(health)
        else:
            self._reject(health, respond)

    def _reject(self, refusal: Answer, respond: Respond) -> None:
        self.counts.rejected[refusal.status] += 1
        respond(refusal)


def _allow(_request: Request, respond: Respond) -> None:
    respond(_PREFLIGHT)


def _serve(asset: Asset) -> Handler:
    def serve(request: Request, respond: Respond) -> None:
        respond(asset.answer(request.headers))

    return serve


def _misdirected(handlers: Mapping[str, Handler]) -> Answer:
    if not handlers:
        return _NOTHING_HERE
    allowed = ", ".join(handlers)
    return text(405, f"This address takes {allowed}.", (b"allow", allowed.encode()))


def _unavailable(error: LogUnavailable) -> Answer:
    return text(503, str(error), (b"retry-after", b"5"))
