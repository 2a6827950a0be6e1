"""The files of a SQLite log: their names, how they are opened, and the lock of their one writer.

A directory enters; paths and connections leave. A file is named after the first position that it
holds, so that names sort as the lines do, and it appears under its name only when it is complete.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bellrock.errors import LogInUse

_SUFFIX = ".sqlite"
_DIGITS = "[0-9]" * 20
_SIDES = ("-wal", "-shm")
_PAGE_BYTES = (
    16 * 1024
)  # of new files: long rows are read faster than in SQLite's usual pages of 4 KiB


class LogFile(NamedTuple):
    """One file of a log and the first position that it holds, or will hold."""

    first: int
    path: Path

    def size(self) -> int:
        """Its bytes on disk, with what is not settled yet."""
        wal, _ = self._sides()
        return self.path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)

    def delete(self) -> None:
        """Delete it for good; whoever has it open can read on."""
        self.path.unlink()
        for side in self._sides():
            side.unlink(missing_ok=True)

    def _sides(self) -> list[Path]:
        return [self.path.with_name(self.path.name + side) for side in _SIDES]


def log_files(directory: Path) -> list[LogFile]:
    """List the files of a log in the order of their lines; none where there is no directory."""
    return sorted(LogFile(int(path.stem), path) for path in directory.glob(f"{_DIGITS}{_SUFFIX}"))


def create_log_file(
    directory: Path, first: int, fill: Callable[[sqlite3.Connection], None]
) -> LogFile:
    """Create the file whose lines begin at `first`, durably and under its name when `fill` is done."""
    clear_leftovers(directory)
    unfinished = directory / "unfinished"
    with closing(open_for_writing(unfinished)) as connection:
        fill(connection)
        settle(connection)
    path = directory / f"{first:020d}{_SUFFIX}"
    unfinished.replace(path)
    sync_directory(directory)
    return LogFile(first, path)


def clear_leftovers(directory: Path) -> None:
    """Delete what a crash left: of a file that was being made, or that was being deleted."""
    for leftover in directory.glob("unfinished*"):
        leftover.unlink()
    for side in _SIDES:
        for path in directory.glob(f"{_DIGITS}{_SUFFIX}{side}"):
            if not path.with_name(path.name.removesuffix(side)).exists():
                path.unlink()


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a file so that a commit is durable when it returns; what it commits is to be settled."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # By itself SQLite settles after a commit, and says nothing if that fails.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def settle(connection: sqlite3.Connection, *, empty: bool = True) -> bool:
    """Copy what was committed from the side file into the main one, durably.

    The side file is emptied, or used again from its beginning. False if a reader was in the way for
    seconds; then it goes on as it is. Raises sqlite3.Error.
    """
    mode = "TRUNCATE" if empty else "RESTART"
    busy, _, _ = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return not busy


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file, also one that another process writes, without any right to change it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def lock_log(directory: Path) -> int:
    """Become the one writer of a log; returns the file descriptor that holds the lock.

    The kernel lets go of the lock when the process ends, however it ends. Raises LogInUse.
    """
    descriptor = os.open(directory / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise LogInUse(
            f"{directory}: another writer (process {owner}) has this log open. "
            "Stop that process, or choose another data directory."
        ) from None
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def sync_directory(directory: Path) -> None:
    """Make names durable; raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
