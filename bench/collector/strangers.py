"""Strangers at their worst, all at once, while good traffic is measured: in a process of its own.

There are 10,000 connections that say nothing, 500 that send a byte a second of a head or of a body, and ten
times a second each of: a bomb in gzip, 30,000 nested arrays, a request in a request, a chunk without end.
"""

from __future__ import annotations  # `Synchronized` is generic to mypy alone

import gzip
import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

from bellrock.collector.server import admit_many_connections

IDLE, SLOW, A_SECOND = 10_000, 500, 10
_TICK = 0.1
_RECENT = 100
_POST = b"POST /b HTTP/1.1\r\nHost: a\r\n"
_BOMB = gzip.compress(bytes(2**26), mtime=0)[:65_536]
_DEEP = b"[" * 30_000 + b"]" * 30_000
_ODD = (
    _POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(_BOMB) + _BOMB,
    _POST + b"Content-Length: %d\r\n\r\n" % len(_DEEP) + _DEEP,
    _POST
    + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"x" * 65_536,
)


@contextmanager
def strangers(port: int, core: int) -> Iterator[int]:
    """Have them while the context lasts; gives how many connections were open when it began."""
    context = get_context("spawn")
    ready, leave, opened = context.Event(), context.Event(), context.Value("i", 0)
    process = context.Process(target=_be_strangers, args=(port, core, ready, leave, opened))
    process.start()
    try:
        ready.wait(60)
        yield int(opened.value)
    finally:
        leave.set()
        process.join(10)
        process.kill()


def _be_strangers(
    port: int, core: int, ready: Event, leave: Event, opened: Synchronized[int]
) -> None:
    os.sched_setaffinity(0, {core})
    os.nice(19)  # on the sender's core: it must not be late for them
    admit_many_connections()
    idle = list(_connected(port, IDLE))
    slow = list(_connected(port, SLOW))
    for number, connection in enumerate(slow):
        connection.sendall(_POST + (b"Content-Length: 9\r\n\r\n" if number % 2 else b"name: "))
    opened.value = len(idle) + len(slow)
    ready.set()
    turn, recent = 0, deque[socket.socket]()
    while not leave.wait(_TICK):
        turn += 1
        for connection in slow[turn % 10 :: 10]:
            with suppress(OSError):
                connection.send(b"1")
        for connection, odd in zip(_connected(port, len(_ODD)), _ODD, strict=False):
            recent.append(connection)  # the answer is not waited for
            with suppress(OSError):
                connection.sendall(odd)
        while len(recent) > _RECENT:
            recent.popleft().close()


def _connected(port: int, count: int) -> Iterator[socket.socket]:
    """As many as this process may have open."""
    for _ in range(count):
        try:
            yield socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            return
