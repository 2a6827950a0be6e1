"""The files of a SQLite log: their names, their schema, and the lock of their one writer.

A directory enters; paths and connections leave. A file is named after the first position that it
holds, so that names sort as the lines do, and it appears under its name only when it is complete.
"""

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bellrock.errors import LogInUse

_SUFFIX = ".sqlite"
_DIGITS = "[0-9]" * 20
_FORMAT = 1
_SCHEMA = """
CREATE TABLE block (
    first INTEGER PRIMARY KEY,  -- position of its first line
    count INTEGER NOT NULL,     -- how many lines
    lines BLOB NOT NULL         -- NDJSON, every line with its newline
)
"""


class LogFile(NamedTuple):
    """One file of a log and the first position that it holds, or will hold."""

    first: int
    path: Path


def log_files(directory: Path) -> list[LogFile]:
    """List the files of a log in the order of their lines; none where there is no directory."""
    return sorted(LogFile(int(path.stem), path) for path in directory.glob(f"{_DIGITS}{_SUFFIX}"))


def create_log_file(directory: Path, first: int) -> LogFile:
    """Create the empty file whose lines begin at `first`, durably and under its name at once."""
    unfinished = directory / "unfinished"
    for leftover in directory.glob("unfinished*"):
        leftover.unlink()
    with closing(open_for_writing(unfinished)) as connection:
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
    path = directory / f"{first:020d}{_SUFFIX}"
    unfinished.replace(path)
    _sync_directory(directory)
    return LogFile(first, path)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a file so that a commit is durable when it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file, also one that another process writes, without any right to change it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def prove_writable(connection: sqlite3.Connection) -> None:
    """Write what is already there, durably, so that a full or broken disk shows itself."""
    connection.execute(f"PRAGMA user_version = {_FORMAT}")


def end_of_file(connection: sqlite3.Connection, first: int) -> int:
    """Return the position after the last line of a file that begins at `first`."""
    row = connection.execute(
        "SELECT first + count FROM block ORDER BY first DESC LIMIT 1"
    ).fetchone()
    return first if row is None else int(row[0])


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


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
