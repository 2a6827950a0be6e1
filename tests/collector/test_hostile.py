"""A collector as strangers may treat it, over the network: it goes on, keeps what is good, and does not grow.

How much it slows down others meanwhile is measured by `make bench-collector`.
"""

import gzip
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import psutil
import pytest

from bellrock.log.sqlite import SqliteLogReader
from collector.test_process import free_port

_SERVE = Path(__file__).with_name("serve_impatiently.py")
_GROWTH = 24 * 2**20  # of a process whose allocator keeps some of what it had
_IDLE_CONNECTIONS = 1000  # ten times as many in `make bench-collector`
_SMUGGLED = b'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n{"smuggled":1}'
_POST = b"POST /b HTTP/1.1\r\nHost: a\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
_numbers = count()


class Victim:
    """A collector in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.port, self._log = free_port(), directory / "log"
        self.process = psutil.Popen([sys.executable, str(_SERVE), str(self.port), str(self._log)])
        until(self.answers)

    def answers(self) -> bool:
        try:
            return self.post(b"{}") == 204
        except OSError:
            assert self.process.poll() is None
            return False

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def send(self, *parts: bytes) -> bytes:
        """Send over one connection; all that comes back until it is closed."""
        with self.connect() as connection:
            for part in parts:
                try:
                    connection.sendall(part)
                except OSError:
                    break  # it has been closed, with or without an answer
            return rest(connection)

    def post(self, body: bytes, *headers: bytes) -> int:
        """The status of a whole request."""
        lines = [b"Connection: close", b"Content-Length: %d" % len(body), *headers]
        return status(self.send(_POST + b"\r\n".join([*lines, b"", body])))

    def keeps_what_is_good(self) -> bool:
        """Whether a beacon is answered 204, and in the log."""
        number = next(_numbers)
        return (
            self.post(b'{"good":%d}' % number) == 204 and b'{"good":%d}' % number in self.logged()
        )

    def logged(self) -> list[bytes]:
        """The beacons in the log."""
        with closing(SqliteLogReader(self._log)) as reader:
            lines = reader.read(0, 1_000_000).lines
        return [line.partition(b',"beacon":')[2][:-1] for line in lines]

    def memory(self) -> int:
        """Resident bytes."""
        return int(self.process.memory_info().rss)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """One for all tests, which each leave it as it was."""
    found = Victim(tmp_path_factory.mktemp("victim"))
    try:
        yield found
        assert found.process.poll() is None
    finally:
        found.process.terminate()
        found.process.wait()


def until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def rest(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionError:
        pass  # what was sent and not read makes a reset of the end
    return received


def status(answer: bytes) -> int:
    """The status of the one answer that there is, and 0 for none."""
    assert answer.count(b"HTTP/1.1 ") <= 1
    return int(answer[9:12] or 0)


def chunks(body: bytes, size: int = 1) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        _POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
        _POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        _POST + b"Content-Length: 2, 200\r\n\r\n{}",
        _POST + b"Content-Length: +2\r\n\r\n{}",
        _POST + b"Content-Length : 2\r\n\r\n{}",
        _POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
        _POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        _POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        _POST + b"A: b\r\n Content-Length: 2\r\n\r\n{}",
        _POST + b"Content-Length: 2\n\n{}",
        b"POST /b HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}",
        _POST + b"A: b\rContent-Length: 2\r\n\r\n{}",
        _POST + b"A\0: b\r\nContent-Length: 2\r\n\r\n{}",
        _CHUNKED + b"2\n{}\r\n0\r\n\r\n",
        _CHUNKED + b"2;a=\n{}\r\n0\r\n\r\n",
        _CHUNKED + b"2\r\n{}0\r\n\r\n",
        _CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        _CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        _CHUNKED + b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        _CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n",
        _POST + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_could_hide_a_request_is_refused_with_all_that_follows_it(
    victim: Victim, sent: bytes
) -> None:
    before = victim.logged()
    assert status(victim.send(sent + _SMUGGLED)) == 400
    assert status(victim.send(sent, _SMUGGLED)) == 400
    assert victim.logged() == before
    assert victim.keeps_what_is_good()


def test_a_request_in_the_extension_or_the_trailer_of_a_chunk_is_no_request(victim: Victim) -> None:
    hidden = b"POST /b HTTP/1.1, {smuggled}"
    sent = _CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
    sent += b'2;x="%b"\r\n{}\r\n0\r\nX: %b\r\n\r\n' % (hidden, hidden)
    before = len(victim.logged())
    assert status(victim.send(sent)) == 204
    assert victim.logged()[before:] == [b"{}"]


def test_chunks_of_a_byte_that_come_byte_by_byte_are_a_body_like_any_other(victim: Victim) -> None:
    number = next(_numbers)
    sent = _CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + chunks(b'{"good":%d}' % number)
    with victim.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in sent:
            connection.sendall(bytes([byte]))
        assert status(rest(connection)) == 204
    assert b'{"good":%d}' % number in victim.logged()


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST", _POST, _POST + b"Content-Length: 9\r\n\r\n{", _CHUNKED, _CHUNKED + b"5\r\n{"],
)
def test_who_sends_a_byte_now_and_then_is_cut_off_and_holds_up_nobody(
    victim: Victim, begun: bytes
) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(victim.connect()) for _ in range(50)]
        for connection in slow:
            connection.sendall(begun or b"\r\n")
        assert victim.keeps_what_is_good()
        until(lambda: all(not _trickles(connection) for connection in slow))
    assert victim.keeps_what_is_good()


def _trickles(connection: socket.socket) -> bool:
    """Send one more byte; false if the other side has closed."""
    try:
        connection.sendall(b"1")
        connection.setblocking(False)
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(30)


def test_a_thousand_who_only_connect_hold_up_nobody_and_are_cut_off(victim: Victim) -> None:
    before = victim.memory()
    with ExitStack() as stack:
        idle = [stack.enter_context(victim.connect()) for _ in range(_IDLE_CONNECTIONS)]
        assert victim.keeps_what_is_good()
        assert victim.memory() - before < _GROWTH
        for connection in idle:
            assert rest(connection) == b""
    assert victim.keeps_what_is_good()


def test_a_body_without_end_is_refused_and_cut_off(victim: Victim) -> None:
    part = b"x" * 65_536
    for head, one in (
        (_POST + b"Content-Length: 999999999999\r\n\r\n", part),
        (_CHUNKED, b"10000\r\n%b\r\n" % part),
    ):
        before = victim.memory()
        assert status(victim.send(head, *[one] * 200)) in {413, 0}  # 0: reset before it was read
        assert victim.memory() - before < _GROWTH
    assert victim.keeps_what_is_good()


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"GET /", b"x" * 4096),
        (_POST, b"name: %b\r\n" % (b"x" * 4000)),
        (_POST, b"a:b\r\n" * 800),
        (_CHUNKED + b"1;", b"x" * 4096),
        (_CHUNKED + b"1\r\nx\r\n0\r\n", b"name: %b\r\n" % (b"x" * 4000)),
    ],
)
def test_a_head_an_extension_or_a_trailer_without_end_is_refused_and_cut_off(
    victim: Victim, begun: bytes, more: bytes
) -> None:
    before = victim.memory()
    assert status(victim.send(begun, *[more] * 500)) in {431, 0}
    assert victim.memory() - before < _GROWTH
    assert victim.keeps_what_is_good()


def bomb(layers: int) -> bytes:
    packed = bytes(2**26)
    for _ in range(layers):
        packed = gzip.compress(packed, mtime=0)
    return packed[: 64 * 1024]


def hostile_bodies() -> dict[str, tuple[bytes, tuple[bytes, ...], int]]:
    """Bodies, their headers, and how they are answered."""
    packed = (b"Content-Encoding: gzip",)
    many = gzip.compress(b"", mtime=0) * 3000
    return {
        "a bomb": (bomb(1), packed, 413),
        "a bomb in a bomb": (bomb(2), packed, 204),  # what is unpacked once is no JSON
        "three thousand packed texts": (many, packed, 204),
        "30,000 arrays": (b"[" * 30_000 + b"]" * 30_000, (), 204),
        "30,000 arrays without end": (b"[" * 64_000, (), 204),
        "10,000 objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, (), 204),
        "an array of 30,000": (b"[" + b"1," * 30_000 + b"1]", (), 413),
        "a number of 60,000 digits": (b'{"a":' + b"9" * 60_000 + b"}", (), 204),
        "20,000 escapes": (b'{"a":"' + b'\\"' * 20_000, (), 204),
        "10,000 members of one name": (b'{"a":1' + b',"a":1' * 10_000 + b"}", (), 204),
        "lone surrogates": (b'{"a":"' + b"\\ud800" * 10_000 + b'"}', (), 204),
        "no UTF-8": (b"\xff" * 65_536, (), 204),
    }


@pytest.mark.parametrize("name", hostile_bodies())
def test_a_body_that_is_meant_to_fill_memory_or_time_is_answered_and_forgotten(
    victim: Victim, name: str
) -> None:
    body, headers, expected = hostile_bodies()[name]
    assert victim.post(body, *headers) == expected
    before = victim.memory()
    for _ in range(30):
        assert victim.post(body, *headers) == expected
    assert victim.memory() - before < _GROWTH
    assert victim.keeps_what_is_good()


def test_noise_of_every_kind_leaves_no_memory_taken_and_loses_no_beacon(victim: Victim) -> None:
    rng = random.Random(4711)

    def noise() -> None:
        for _ in range(150):
            sent = rng.choice([_POST, _CHUNKED, _SMUGGLED, b"", b"GET / HTTP/1.1\r\n"])
            with victim.connect() as connection:
                connection.sendall(sent + rng.randbytes(rng.choice([1, 100, 5000])))
                if rng.random() < 0.5:
                    connection.shutdown(socket.SHUT_WR)
                    rest(connection)
        assert victim.keeps_what_is_good()

    noise()
    before = victim.memory()
    for _ in range(4):
        noise()
    assert victim.memory() - before < _GROWTH
