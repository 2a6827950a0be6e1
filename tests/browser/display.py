"""A display of its own, for a browser that cannot do without.

An X server in memory, and a window manager that shows one window at a time, as a browser does with tabs: what comes
to the front hides the others. Both are processes of the context, and end with it.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SERVER = "Xvfb -displayfd 1 -screen 0 1280x1024x24 -nolisten tcp".split()
MANAGER = "ratpoison -f /dev/null".split()
NEEDED = (SERVER[0], MANAGER[0])


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """The environment of programs that are to be shown there, until the context ends."""
    with running(SERVER, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        with server.stdout as numbers:
            number = numbers.readline().decode().strip()
        if not number:
            raise RuntimeError(f"{SERVER[0]} did not start")
        environment = os.environ | {"DISPLAY": f":{number}", "GDK_BACKEND": "x11"}
        with running(MANAGER, environment):
            yield environment


@contextmanager
def running(
    command: list[str], environment: dict[str, str] | None = None, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the context."""
    process = subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
