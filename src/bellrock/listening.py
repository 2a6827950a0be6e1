"""Listening: an HTTP server in the caller's event loop, on an address that nobody else listens on."""

import asyncio
import signal
import socket
from collections.abc import Callable

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from bellrock.errors import ConfigurationError

_WAITING_REQUESTS = 4096


def http_server(app: object, host: str, port: int) -> Server:
    """An HTTP server of an ASGI app with lifespan events; `serve` runs it, `stop` ends that."""
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.error,
        backlog=_WAITING_REQUESTS,
        backpressure=_WAITING_REQUESTS,
    )


def stopping(server: Server, *parts: Callable[[], object]) -> Callable[[], None]:
    """What stops other parts of a process and then its server; SIGTERM and SIGINT do it, too.

    To be called in the running event loop.
    """

    def stop() -> None:
        for part in parts:
            part()
        server.stop()  # type: ignore[no-untyped-call]  # granian's, and the only way

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stop


def refuse_taken_address(host: str, port: int) -> None:
    """Raise ConfigurationError where something listens on the address already.

    granian shares its port (SO_REUSEPORT): without this a second server would start silently and take
    half of the requests of the first.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port}",
                f"cannot be listened on ({error.strerror})",
                "Stop what listens on that port, or choose another address.",
            ) from error
