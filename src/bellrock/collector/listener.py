"""An address that is listened on, and all connections to it.

Enters: a handler of requests. Always holds: after `close` no connection is open, and whoever was
promised an answer has it, unless the log took longer than `_FINISH_SECONDS` to give one.
"""

import asyncio

from bellrock.collector.connection import Connection
from bellrock.collector.exchange import Handler

_BACKLOG = 4096
_SWEEP_SECONDS, _SWEPT_AT_ONCE = 1.0, 256
_FINISH_SECONDS = 10.0
_LEAVE_SECONDS = 0.5  # to send the answers that are there
_LOOK_SECONDS = 0.01


class Listener:
    """A listening socket and its connections."""

    def __init__(self, server: asyncio.Server, connections: set[Connection]) -> None:
        """To be made by `open`."""
        self._server, self._connections = server, connections

    @classmethod
    async def open(
        cls, handle: Handler, host: str, port: int, *, shared: bool = False
    ) -> "Listener":
        """Listen, and let `handle` answer each request; port 0 is any that is free. Raises OSError.

        Those that listen on one address `shared` get each a part of its connections.
        """
        connections: set[Connection] = set()
        # To asyncio `::` is every address of IPv6 alone; to all others, and to `None`, of IPv4 too.
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(handle, connections),
            None if host == "::" else host,
            port,
            backlog=_BACKLOG,
            reuse_port=shared,
        )
        return cls(server, connections)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.sockets[0].getsockname()[1])

    async def sweep(self) -> None:
        """Give up on connections that take too long, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for number, connection in enumerate(list(self._connections)):
                connection.sweep(now)
                if number % _SWEPT_AT_ONCE == 0:  # requests must not wait for ten thousand of them
                    await asyncio.sleep(0)

    async def close(self, *, at_once: bool = False) -> None:
        """Take no new connections, answer every request that has begun, and close.

        `at_once` is for when these can only be refused: then nobody is waited for who has yet to send one.
        """
        self._server.close()
        loop = asyncio.get_running_loop()
        until = loop.time() + (_LEAVE_SECONDS if at_once else _FINISH_SECONDS)
        while self._connections and loop.time() < until:
            # Again each time, because a connection that was accepted last is made only now.
            for connection in list(self._connections):
                connection.finish()
            await asyncio.sleep(_LOOK_SECONDS)
        for connection in list(self._connections):
            connection.abort()
