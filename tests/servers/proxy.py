"""A proxy before a server that speaks HTTP, in which requests meet faults: the requests that are not meant are real.

Enters: where the server is, and what decides which fault a request meets. Leaves: the server's answer, another
one, or none. What always holds: whoever is `away` refuses connections, and has cut those that there were.
"""

import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from servers.process import free_ports

_ANSWER_WITHIN = 120.0  # seconds


class Request(NamedTuple):
    """Names of headers are in small letters.

    `port` is the client's; `left` tells whether the client has gone, and waits for it some seconds.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int
    left: Callable[[float], bool]


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


Forward = Callable[[Request], Answer]
"""Hands a request to the server."""

Fault = Callable[[Request, Forward], Answer | None]
"""What becomes of a request; None is no answer: the connection is cut."""


class Proxy:
    """One that listens from `start` on, always at one address."""

    def __init__(self, upstream: str, meet: Fault) -> None:
        """`meet` sees every request, and forwards those that meet no fault."""
        self._upstream, self._meet = urlsplit(upstream), meet
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: _Server | None = None

    def start(self) -> None:
        """Take connections."""
        server = self._server = _Server(self)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and cut those that there are."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.cut()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While it is stopped."""
        self.stop()
        yield
        self.start()

    def answer(self, request: Request) -> Answer | None:
        return self._meet(request, self._forward)

    def _forward(self, request: Request) -> Answer:
        connection = HTTPConnection(
            self._upstream.hostname or "", self._upstream.port, timeout=_ANSWER_WITHIN
        )
        with closing(connection):
            connection.request(request.method, request.path, request.body, dict(request.headers))
            got = connection.getresponse()
            body = got.read()
            return Answer(got.status, dict(got.getheaders()), body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", proxy.port), _Handler)

    def note(self, connection: socket.socket, *, is_open: bool) -> None:
        with self._lock:
            (self._open.add if is_open else self._open.discard)(connection)

    def cut(self) -> None:
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        self.server.note(self.connection, is_open=True)
        try:
            with suppress(OSError):
                super().handle()
        finally:
            self.server.note(self.connection, is_open=False)

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Answers as they are, so that faults can read them; and of one connection each.
        dropped = {"accept-encoding", "connection", "content-length"}
        headers = {name.lower(): text for name, text in self.headers.items()}
        headers = {name: text for name, text in headers.items() if name not in dropped}
        request = Request(
            self.command, self.path, headers, body, self.client_address[1], self._left
        )
        try:
            answer = self.server.proxy.answer(request)
        except (OSError, HTTPException):  # the server itself is away
            answer = None
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815  # as `http.server` calls them

    def _left(self, seconds: float) -> bool:
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable)
