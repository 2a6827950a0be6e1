"""One connection's bytes through the parser and the collector's rules, held against the oracle."""

import asyncio
from collections.abc import Callable, Sequence

from bellrock.collector.addresses import networks, pack
from bellrock.collector.app import Collector
from bellrock.collector.counts import Counts
from bellrock.collector.exchange import Answer, Request
from bellrock.collector.origin import Origins
from bellrock.collector.reading import RequestReader
from bellrock.errors import LogUnavailable
from fuzz.oracle import Expected, expect, verify

_KEPT, _TOO_LARGE, _FULL = 204, 413, 503


class Shelf:
    """A group commit that keeps at once what it is given, or nothing while it is `full`."""

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.full = False

    def keep(self, entries: Sequence[bytes], told: Callable[[LogUnavailable | None], None]) -> None:
        if self.full:
            raise LogUnavailable("the disk is full")
        self.entries += entries
        told(None)

    async def accepts_writes(self) -> bool:
        return not self.full

    async def summed(self, counts: Counts) -> Counts:
        return counts


class Check:
    """A collector behind a proxy that it trusts, and what it is given."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        origins = Origins(networks(["127.0.0.1"]), "CF-IPCountry")
        self._collector = Collector(self._shelf, {}, {}, origins)
        self.requests = self.judged = self.kept = 0

    async def __call__(self, sent: bytes, size: int, *, full: bool = False) -> None:
        """Send the bytes, `size` at once; raises AssertionError where a rule does not hold."""
        requests = read(sent, size)
        assert requests == read(sent, len(sent) or 1), "another split gives other requests"
        assert all(request.keep_alive for request in requests[:-1]), "the last was not the last"
        self._shelf.full = full
        for request in requests:
            self.requests += 1
            self._verify(request, await self._answer(request))

    async def _answer(self, request: Request) -> Answer:
        answers: list[Answer] = []
        self._shelf.entries.clear()
        self._collector(request, answers.append)
        while not answers:  # `/health` is answered a moment later
            await asyncio.sleep(0)
        assert len(answers) == 1, "a request is answered once"
        return answers[0]

    def _verify(self, request: Request, answer: Answer) -> None:
        entries = self._shelf.entries
        if (request.method, request.path) != ("POST", "/b") or request.refused:
            assert answer.status != _KEPT or request.method == "OPTIONS"
            assert not entries
            return
        expected = expect(request.body, request.headers.get(b"content-encoding", b""))
        if answer.status == _KEPT:
            self.kept += len(entries)
        else:
            assert not entries
        if expected is None:
            assert answer.status in {_KEPT, _TOO_LARGE, _FULL}
            return
        self.judged += 1
        self._judge(request, answer.status, expected)

    def _judge(self, request: Request, status: int, expected: Expected) -> None:
        if expected.elements is None:
            assert status == _TOO_LARGE
        elif self._shelf.full and expected.elements:
            assert status == _FULL
        else:
            assert status == _KEPT
            for entry, element in zip(self._shelf.entries, expected.elements, strict=True):
                verify(entry, element, expected.source, request.headers)


def read(sent: bytes, size: int) -> list[Request]:
    """The requests of a connection that sends so many bytes at once."""
    reader = RequestReader(pack("127.0.0.1"))
    view = memoryview(sent)
    return [
        request for at in range(0, len(sent), size) for request in reader.feed(view[at : at + size])
    ]
