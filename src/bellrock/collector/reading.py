"""Reading HTTP/1.1: the bytes of one connection enter, whole requests leave in order.

httptools, which is the parser of Node.js, knows the protocol and is strict about it; this counts, so
that no stranger makes the collector hold more than the limits. What cannot be read leaves as a
request too, which says so and is the last of its connection.
"""

from http import HTTPStatus

import httptools

from bellrock.collector.exchange import Request
from bellrock.collector.limits import BODY_BYTES, DISCARDED_BYTES, HEAD_BYTES, HEADERS

_FORWARDED = b"x-forwarded-for"


class RequestReader:
    """The requests of one connection; the methods named `on_` are what the parser calls."""

    def __init__(self, peer: bytes = b"") -> None:
        """Begin with a connection that has sent nothing; `peer` is the address of its other end."""
        self._peer = peer
        self.receiving = False  # a request has begun and is not complete
        self.expects_continue = False  # its sender waits to be told that it may send the body
        self._parser = httptools.HttpRequestParser(self)
        self._whole: list[Request] = []
        self._ended = False  # the last request that this connection may send is complete
        self._headers: dict[bytes, bytes] = {}
        self._pending_bytes = 0  # since the request began, or since the last part of its body

    def feed(self, data: bytes | memoryview) -> list[Request]:
        """Return the requests that are complete with `data`; after the last one there are no more."""
        if self._ended:
            return []
        self._pending_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # The request that asked for it is complete, and the last one.
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        if self._pending_bytes > HEAD_BYTES or len(self._headers) > HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        whole, self._whole = self._whole, []
        return whole

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.receiving = not self._ended
        self._in_head = True
        self._url = b""
        self._headers = {}
        self._body = bytearray()
        self._body_bytes = self._pending_bytes = 0

    def on_url(self, part: bytes) -> None:
        """Take a part of the target."""
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but none that follows the body."""
        if self._in_head:
            name = name.lower()
            if name == _FORWARDED and name in self._headers:
                # Of all headers that are read, this one may stand on several lines: one for each proxy.
                value = self._headers[name] + b"," + value
            self._headers[name] = value.rstrip()

    def on_headers_complete(self) -> None:
        """Note that the body follows."""
        self._in_head = False
        if len(self._headers) > HEADERS:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._headers.get(b"expect", b"").lower() == b"100-continue":
            self.expects_continue = self._parser.get_http_version() == "1.1"

    def on_body(self, part: bytes) -> None:
        """Take a part of the body, and of one that is over the limit only its length."""
        self.expects_continue, self._pending_bytes = False, 0
        self._body_bytes += len(part)
        if self._body_bytes <= BODY_BYTES:
            self._body += part
        elif self._body_bytes > BODY_BYTES + DISCARDED_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """Let the request leave."""
        parser, headers = self._parser, self._headers
        upgrade = parser.should_upgrade()
        if upgrade and (b"content-length" in headers or b"transfer-encoding" in headers):
            # The parser took the body for the other protocol: it must not pass for an empty one.
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        # An HTTP/1.0 client may not know that a 204 has no body, and wait for the end instead.
        keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        path, query = _target(self._url)
        body = bytes(self._body)
        # Nothing of it stays with the connection, of which there are thousands: what is freed at once is
        # taken again at once, and lies in the processor's cache.
        self._headers, self._body, self._url = {}, bytearray(), b""
        self._deliver(
            Request(
                parser.get_method().decode(),
                path,
                headers,
                body,
                keep_alive and not upgrade,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE if self._body_bytes > BODY_BYTES else None,
                query,
                self._peer,
            )
        )

    def _refuse(self, status: HTTPStatus) -> None:
        self._deliver(Request("", "", {}, b"", keep_alive=False, refused=status))

    def _deliver(self, request: Request) -> None:
        if not self._ended:
            self.receiving = self.expects_continue = False
            self._ended = not request.keep_alive
            self._whole.append(request)


def _target(url: bytes) -> tuple[str, str]:
    """The path and the query of a request's target."""
    path, _, query = url.partition(b"?")
    if not path.startswith(b"/"):  # as a proxy asks: http://collector/b
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return path.decode("latin-1"), query.decode("latin-1")
