"""The least that a server can do: every read is answered 204, whatever it was."""

import os
import select
import socket
from pathlib import Path

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


def run(port: int, _folder: Path, core: int) -> None:
    """Answer until the process ends."""
    os.sched_setaffinity(0, {core})
    poll = select.epoll()
    listening = socket.create_server(("127.0.0.1", port), backlog=4096)
    poll.register(listening.fileno(), select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listening.fileno():
                connection, _ = listening.accept()
                connections[connection.fileno()] = connection
                poll.register(connection.fileno(), select.EPOLLIN)
            elif not _answered(connections[number]):
                connections.pop(number).close()


def _answered(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(16384) and connection.send(_ANSWER))
    except ConnectionError:  # the sender has given up
        return False
