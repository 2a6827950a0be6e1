"""One connection: bytes enter, requests go to the handler one at a time, and their answers leave in order.

A request is handed on only when the one before it is answered and the other side has read enough of
that, so what a connection holds is bounded. Nothing is created in the loop for a request, no task, no
future and no timer: docs/adr/0009-http-by-httptools.md has what that saves.
"""

import asyncio
from collections import deque
from typing import NamedTuple, cast

import structlog

from bellrock.collector.addresses import UNKNOWN, pack
from bellrock.collector.exchange import Answer, Handler, Request, text
from bellrock.collector.limits import IDLE_SECONDS, READ_BYTES, RECEIVE_SECONDS
from bellrock.collector.reading import RequestReader

# One for all connections: a loop fills it and has it read before it fills it again.
_arrived = memoryview(bytearray(READ_BYTES))
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILED = text(500, "The collector failed at this request; its journal says why.")

_journal = structlog.get_logger(__name__)


class _Answering(NamedTuple):
    """What an answer must know of its request."""

    keep_alive: bool
    head: bool


class Connection(asyncio.BufferedProtocol):
    """The asyncio protocol of one connection."""

    def __init__(self, handle: Handler, connections: set["Connection"]) -> None:
        """Hand requests to `handle`; be in `connections` for as long as the connection is open."""
        self._handle, self._connections = handle, connections
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()  # when the last answer left, or the request began
        self._answering: _Answering | None = None  # the request that is being answered
        self._queue: deque[Request] = deque()
        self._may_write = True
        self._finishing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._reader = RequestReader(_address(transport.get_extra_info("peername")))
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio names it
        """Forget the connection; an answer that is still to come goes nowhere."""
        self._connections.discard(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio names it
        """Say where what comes is to be put."""
        return _arrived

    def buffer_updated(self, nbytes: int) -> None:
        """Read what has come."""
        if not self._reader.receiving:
            self._since = self._loop.time()
        requests = self._reader.feed(_arrived[:nbytes])
        if len(requests) == 1 and not self._owing and self._may_write:
            self._begin(requests[0])  # as nearly always, at once
            return
        self._queue += requests
        self._go_on()

    def eof_received(self) -> bool:
        """Stay open, though no more will come, if answers are owed to requests that came whole."""
        self._finishing = True
        self._reader = RequestReader()  # what has begun will never be whole
        return self._owing

    def pause_writing(self) -> None:
        """Begin no request: the other side does not read its answers."""
        self._may_write = False

    def resume_writing(self) -> None:
        """Go on."""
        self._may_write = True
        self._go_on()

    def finish(self) -> None:
        """Close as soon as every request that has begun is answered."""
        self._finishing = True
        if not self._owing and not self._reader.receiving:
            self._transport.close()

    def sweep(self, now: float) -> None:
        """Give up, at the time `now` of the loop, on another side that takes too long."""
        allowed = RECEIVE_SECONDS if self._reader.receiving else IDLE_SECONDS
        if self._answering is None and now - self._since > allowed:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    @property
    def _owing(self) -> bool:
        return self._answering is not None or bool(self._queue)

    def _go_on(self) -> None:
        """Begin the next request if it may begin, and read on if no other waits."""
        if self._queue and self._answering is None and self._may_write:
            self._begin(self._queue.popleft())
        if self._queue:
            self._transport.pause_reading()
            return
        self._transport.resume_reading()
        if self._reader.expects_continue and self._answering is None:
            self._reader.expects_continue = False
            self._transport.write(_CONTINUE)

    def _begin(self, request: Request) -> None:
        # Not the request itself: it is large, and there are hundreds that wait for their answers.
        self._answering = answering = _Answering(request.keep_alive, request.method == "HEAD")
        try:
            self._handle(request, self._answer)
        except Exception:  # noqa: BLE001  # one request must not end the others
            _journal.exception("request failed", method=request.method, path=request.path)
            if self._answering is answering:
                self._answer(_FAILED)

    def _answer(self, answer: Answer) -> None:
        answering, self._answering = self._answering, None
        assert answering is not None, "a request is answered once"
        if self._transport.is_closing():
            return
        self._since = self._loop.time()
        more = bool(self._queue) or self._reader.receiving
        last = not answering.keep_alive or (self._finishing and not more)
        self._transport.write(answer.rendered(close=last, head=answering.head))
        if last:
            self._transport.close()
        elif self._queue or self._reader.expects_continue:
            # Not called from here, where it would nest as deep as the queue is long.
            self._loop.call_soon(self._go_on)


def _address(peername: object) -> bytes:
    """The address of the other end, which on a local socket has none."""
    return pack(str(peername[0])) if isinstance(peername, tuple) else UNKNOWN
