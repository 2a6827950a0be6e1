"""What passes between a connection and the collector: a request enters, one answer leaves."""

import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

Headers = Sequence[tuple[bytes, bytes]]

_WITHOUT_BODY = frozenset({204, 304})


class Request(NamedTuple):
    """One request. Names of `headers` are in lower case; of two with one name the last counts.

    Lines of `x-forwarded-for` are joined, the last one last. `path` is without the `query`. `peer` is
    the address of the connection's other end, as `addresses` has it. `keep_alive` is false for the last
    request of a connection. One that is `refused` could not be read whole, for the reason that this
    status gives; of it nothing else counts, and where it was not understood at all, method and path are
    empty.
    """

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    keep_alive: bool = True
    refused: HTTPStatus | None = None
    query: str = ""
    peer: bytes = b""


class Answer(NamedTuple):
    """One response: status, status line and headers but for those of the moment, and body."""

    status: int
    head: bytes
    body: bytes = b""

    def rendered(self, *, close: bool = False, head: bool = False) -> bytes:
        """The bytes to send, as the last answer if `close`, to a HEAD request if `head`."""
        return _rendered(self, int(time.time()), close=close, head=head)


Respond = Callable[[Answer], None]
Handler = Callable[[Request, Respond], None]


def answer(status: int, headers: Headers = (), body: bytes = b"") -> Answer:
    """Make an answer; the length of its body is added to its headers."""
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b" % header for header in headers]
    if status not in _WITHOUT_BODY:
        lines.append(b"content-length: %d" % len(body))
    return Answer(status, b"\r\n".join([*lines, b""]), body)


ANYWHERE = (b"access-control-allow-origin", b"*")
"""The header of an answer that pages of every origin may read."""


def text(status: int, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    """Make an answer in plain text, for every origin."""
    common = [ANYWHERE, (b"content-type", b"text/plain; charset=utf-8")]
    return answer(status, [*common, *headers], f"{message}\n".encode())


@lru_cache(maxsize=8)  # nearly all answers of a second are alike
def _rendered(answer: Answer, second: int, *, close: bool, head: bool) -> bytes:
    date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
    closing = b"connection: close\r\n" if close else b""
    return b"%b%b%b\r\n%b" % (answer.head, date, closing, b"" if head else answer.body)
