"""Kinesis as moto has it, in memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.process import free_ports, running


@contextmanager
def kinesis(folder: Path) -> Iterator[str]:
    """Start it; yields its URL. It refuses nothing for being busy, and forgets nothing with time."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, folder, ready="Running on"):
        yield f"http://127.0.0.1:{port}"
