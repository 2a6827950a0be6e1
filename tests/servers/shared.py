"""One server for all processes of a test run: the first that asks starts it, and stops it after the last.

Whoever uses the server holds a shared lock; its starter, when done itself, waits for an exclusive one. The
kernel keeps the locks, so nothing has to be counted, and whoever dies has let go.

The other way were pytest-xdist's groups: each server in one worker. They would tie all tests of all
servers to one worker as soon as one test asks for two, and take from the rest the stealing of work.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_SH, flock
from pathlib import Path
from tempfile import mkdtemp

Start = Callable[[Path], AbstractContextManager[str]]
"""Starts a server in an empty folder; yields its address."""


@contextmanager
def shared(start: Start, folder: Path) -> Iterator[str]:
    """The address of the one server that belongs to a folder, for every process that names the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "address"
    with (folder / "users").open("w") as users, ExitStack() as started:
        with (folder / "starting").open("w") as starting:
            flock(starting, LOCK_EX)
            flock(users, LOCK_SH)
            if not address.exists():
                own = Path(mkdtemp(dir=folder))
                address.write_text(started.enter_context(start(own)))
                started.callback(address.unlink)
                started.callback(flock, users, LOCK_EX)
        yield address.read_text()
