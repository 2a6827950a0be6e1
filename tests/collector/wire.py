"""A listener on this machine and clients that write and read bytes, for tests of what is on the wire."""

import asyncio
import struct
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from socket import SO_LINGER, SOL_SOCKET
from typing import NamedTuple

import uvloop

from bellrock.collector.exchange import Handler, Request, Respond, answer
from bellrock.collector.listener import Listener

GET = b"GET /%d HTTP/1.1\r\n\r\n"


class Handled(NamedTuple):
    """A request, and how to answer it."""

    request: Request
    respond: Respond

    def echo(self) -> None:
        """Answer with the path and the body."""
        self.respond(answer(200, body=self.request.path.encode() + self.request.body))


class Desk:
    """A handler that leaves its requests until the test answers them."""

    def __init__(self) -> None:
        self.handled: list[Handled] = []

    def __call__(self, request: Request, respond: Respond) -> None:
        self.handled.append(Handled(request, respond))

    @property
    def paths(self) -> list[str]:
        return [each.request.path for each in self.handled]

    async def has(self, number: int) -> Handled:
        """Return the request of that number as soon as it has come."""
        await until(lambda: len(self.handled) > number)
        return self.handled[number]


def echo(request: Request, respond: Respond) -> None:
    """A handler that answers each request at once."""
    Handled(request, respond).echo()


class Client:
    """One connection, at the level of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def to(cls, listener: Listener) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", listener.port))

    def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))

    def leave(self, *, reset: bool) -> None:
        """Break off, with a word of it to the other side or with a reset."""
        linger = struct.pack("ii", reset, 0)
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
        self.writer.transport.abort()

    async def head(self) -> bytes:
        """Read to the end of a head."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[int, bytes]:
        """Read a whole answer; its status and its body."""
        head = await self.head()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        return int(head[9:12]), await self._reader.readexactly(length)

    async def rest(self) -> bytes:
        """Read until the other side closes."""
        return await self._reader.read()

    async def is_closed(self) -> bool:
        """Wait until the other side closes, and say whether it did so without a word."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def listening(handle: Handler) -> AsyncIterator[Listener]:
    """Listen while the context lasts."""
    listener = await Listener.open(handle, "127.0.0.1", 0)
    try:
        yield listener
    finally:
        await listener.close()


async def until(happened: Callable[[], object]) -> None:
    """Let the loop turn until something is true."""
    while not happened():
        await asyncio.sleep(0.001)


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story on the loop that the collector runs on, and end it if it hangs."""

    async def run() -> None:
        try:
            await asyncio.wait_for(story(), 20)
        except BaseException:
            # What a failed test leaves open is a warning, which is an error, at which uvloop never ends.
            warnings.simplefilter("ignore", ResourceWarning)
            raise

    uvloop.run(run())
