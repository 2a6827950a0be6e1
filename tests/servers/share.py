"""Shares the small server of a folder until a line comes in; says where it is.

python share.py FOLDER
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.process import free_ports, running
from servers.shared import shared

SMALL_SERVER = str(Path(__file__).with_name("small_server.py"))


@contextmanager
def small_server(folder: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    command = [sys.executable, SMALL_SERVER, str(port)]
    with running(command, folder, ready="READY", stop_within=0.2):
        yield str(port)


if __name__ == "__main__":
    with shared(small_server, Path(sys.argv[1])) as address:
        print(address, flush=True)
        sys.stdin.readline()
