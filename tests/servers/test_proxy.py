"""The proxy hands on what meets no fault, and makes each fault what it is called."""

import gzip
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import msgspec
import pytest

from servers import weather
from servers.proxy import Answer, Fault, Forward, Proxy, Request

BULK = b"".join(b'{"index":{"_index":"i","_id":"%d"}}\n{"n":%d}\n' % (n, n) for n in range(4))


class Echo(BaseHTTPRequestHandler):
    """Stores every item of a bulk request; tells what it got."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(body)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        items = [{"index": {"status": 200}} for _ in body.splitlines()[::2]]
        said = msgspec.json.encode({"errors": False, "items": items})
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    Echo.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def send(proxy: Proxy, body: bytes, timeout: float = 10.0, **headers: str) -> tuple[int, Any]:
    with closing(HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)) as connection:
        connection.request("POST", "/_bulk", body, headers)
        answer = connection.getresponse()
        return answer.status, msgspec.json.decode(answer.read())


def through(upstream: str, fault: Fault) -> Proxy:
    proxy = Proxy(upstream, fault)
    proxy.start()
    return proxy


def handed_on(request: Request, forward: Forward) -> Answer:
    return forward(request)


def test_what_meets_no_fault_is_handed_on(upstream: str) -> None:
    proxy = through(upstream, handed_on)
    assert send(proxy, BULK) == (200, {"errors": False, "items": [{"index": {"status": 200}}] * 4})
    assert Echo.seen == [BULK]
    proxy.stop()


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_bulk_half_is_carried_out_and_half_is_refused_each_in_its_place(
    upstream: str, packed: bool
) -> None:
    proxy = through(upstream, weather.half_refused)
    body, headers = (gzip.compress(BULK), {"content-encoding": "gzip"}) if packed else (BULK, {})
    status, said = send(proxy, body, **headers)
    assert status == 200
    assert said["errors"]
    assert [item["index"]["status"] for item in said["items"]] == [200, 429, 200, 429]
    assert [line[-2:-1] for line in Echo.seen[0].splitlines()[1::2]] == [b"0", b"2"]
    proxy.stop()


def test_a_lost_answer_is_that_of_a_request_that_was_carried_out(upstream: str) -> None:
    proxy = through(upstream, weather.answer_lost)
    with pytest.raises(RemoteDisconnected):
        send(proxy, BULK)
    assert Echo.seen == [BULK]
    proxy.stop()


def test_an_answer_that_takes_too_long_is_never_given(upstream: str) -> None:
    proxy = through(upstream, weather.answered_too_late)
    with pytest.raises(TimeoutError):
        send(proxy, BULK, timeout=0.5)
    assert Echo.seen == [BULK]
    proxy.stop()


def test_a_proxy_that_is_away_refuses_connections_and_comes_back(upstream: str) -> None:
    proxy = through(upstream, handed_on)
    with closing(HTTPConnection("127.0.0.1", proxy.port, timeout=10)) as kept:
        post(kept)
        with proxy.away():
            with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
                probe.connect(("127.0.0.1", proxy.port))
            with pytest.raises((OSError, RemoteDisconnected)):
                post(kept)
    assert send(proxy, BULK)[0] == 200
    proxy.stop()


def post(connection: HTTPConnection) -> None:
    connection.request("POST", "/", BULK)
    connection.getresponse().read()
