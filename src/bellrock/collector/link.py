"""What a worker and the process that writes the log say to each other, over a socket between the two.

Messages enter, and leave at the other end in their order. Each is MessagePack after its length; both ends
are the same program, so they have no version.
"""

import asyncio
import socket
from typing import Any

import msgspec

_LENGTH_BYTES = 4
_BUFFER_BYTES = 2**20


class Block(msgspec.Struct, tag=True, array_like=True, gc=False):
    """From a worker: entries of many requests, to be kept together."""

    number: int
    entries: list[bytes]


class Settled(msgspec.Struct, tag=True, array_like=True, gc=False):
    """To a worker: a block is durable, or will never be, for the reason `refused`."""

    number: int
    refused: str | None


class Question(msgspec.Struct, tag=True, array_like=True, gc=False):
    """From a worker, which asks how the log is."""

    number: int


class State(msgspec.Struct, tag=True, array_like=True, gc=False):
    """To a worker: whether the log takes lines, and what all have counted, as they have told."""

    number: int
    accepts: bool
    counts: dict[str, Any]


class Tally(msgspec.Struct, tag=True, array_like=True, gc=False):
    """From a worker: what it has counted."""

    counts: dict[str, Any]


Message = Block | Settled | Question | State | Tally

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode


class Link:
    """One end of the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """To be made by `over`."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, connected: socket.socket) -> "Link":
        """Take over a socket."""
        return cls(*await asyncio.open_connection(sock=connected, limit=_BUFFER_BYTES))

    def send(self, message: Message) -> None:
        """Send; in vain if the other end is gone."""
        if not self._writer.is_closing():
            data = _encode(message)
            self._writer.write(len(data).to_bytes(_LENGTH_BYTES, "big") + data)

    async def receive(self) -> Message | None:
        """Return the next message; None when the other end is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            message: Message = _decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return message

    def close(self) -> None:
        """Close this end, when what was sent is on its way."""
        self._writer.close()
