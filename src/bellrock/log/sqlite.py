"""The log of one machine: SQLite files in a directory, one writing process, any number of readers.

Lines enter as blocks, one transaction per append, in WAL mode with a sync at every commit; they
leave by position, also in other processes while the writer writes. A crash at any point leaves
every line that was acknowledged and no part of one that was not. Files rotate at a size.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from bellrock.errors import LogUnavailable
from bellrock.log.contract import Chunk, as_block
from bellrock.log.files import (
    LogFile,
    create_log_file,
    end_of_file,
    lock_log,
    log_files,
    open_for_reading,
    open_for_writing,
    prove_writable,
)

ROTATE_BYTES = 256 * 2**20
_LINES_PER_ROW = 1024  # a reader splits whole rows, so a row is no larger than a step is


class SqliteLogWriter:
    """The one writer of a log directory."""

    def __init__(self, directory: Path, rotate_bytes: int = ROTATE_BYTES) -> None:
        """Open or create the log and continue after its last durable line.

        Raises LogInUse if another writer has it, LogUnavailable if it cannot be opened.
        """
        self._directory = directory
        self._rotate_bytes = rotate_bytes
        self._connection: sqlite3.Connection | None = None
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = lock_log(directory)
        except OSError as error:
            raise _unavailable(directory, "written", error) from error
        try:
            self._open_last_file()
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise _unavailable(directory, "written", error) from error

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end, durably and all together; raises LogUnavailable, ValueError."""
        try:
            connection = self._ready()
            rows = list(_rows(lines, self._end))
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO block VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            self._abandon()
            raise _unavailable(self._directory, "written", error) from error
        self._end += len(lines)

    def probe(self) -> None:
        """Raise LogUnavailable if the log could take nothing now."""
        try:
            prove_writable(self._ready())
        except (OSError, sqlite3.Error) as error:
            self._abandon()
            raise _unavailable(self._directory, "written", error) from error

    def close(self) -> None:
        """Release the files and the lock."""
        self._abandon()
        os.close(self._lock)

    def _ready(self) -> sqlite3.Connection:
        connection = self._connection or self._open_last_file()
        if self._end == self._first or _size(connection) < self._rotate_bytes:
            return connection
        # Folds the side files back into the main one, so that a finished file is complete alone.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._abandon()
        return self._open(create_log_file(self._directory, self._end))

    def _open_last_file(self) -> sqlite3.Connection:
        files = log_files(self._directory)
        return self._open(files[-1] if files else create_log_file(self._directory, 0))

    def _open(self, file: LogFile) -> sqlite3.Connection:
        self._connection = open_for_writing(file.path)
        self._first, self._end = file.first, end_of_file(self._connection, file.first)
        return self._connection

    def _abandon(self) -> None:
        # After an error a connection's state is in doubt: only what a new one finds is certain.
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


class SqliteLogReader:
    """A reader of a log directory, which need not exist yet."""

    def __init__(self, directory: Path) -> None:
        """Read the log in `directory`; opens nothing until it is asked."""
        self._directory = directory
        self._first: int | None = None
        self._connection: sqlite3.Connection | None = None

    def read(self, position: int, limit: int) -> Chunk:
        """Return up to `limit` lines from `position` on; raises LogUnavailable."""
        lines: list[bytes] = []
        try:
            while len(lines) < limit:
                start = position + len(lines)
                found = self._read_open_file(start, limit - len(lines))
                if not found and not self._open_file_of(start):
                    break
                lines += found
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(self._directory, "read", error) from error
        return Chunk(lines, position + len(lines))

    def end(self) -> int:
        """Return the position after the last durable line."""
        files = log_files(self._directory)
        if not files:
            return 0
        try:
            with closing(open_for_reading(files[-1].path)) as connection:
                return end_of_file(connection, files[-1].first)
        except sqlite3.Error as error:
            raise _unavailable(self._directory, "read", error) from error

    def close(self) -> None:
        """Release the file that is open, if one is."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._first = None

    def _read_open_file(self, position: int, limit: int) -> list[bytes]:
        lines: list[bytes] = []
        if self._connection is None or self._first is None or position < self._first:
            return lines
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(
                "SELECT first, lines FROM block WHERE first + count > :position AND first >="
                " (SELECT coalesce(max(first), 0) FROM block WHERE first <= :position)"
                " ORDER BY first",
                {"position": position},
            )
            for first, block in cursor:
                lines += block.split(b"\n")[max(position - first, 0) : -1]
                if len(lines) >= limit:
                    break
        return lines[:limit]

    def _open_file_of(self, position: int) -> bool:
        """Open the file that holds `position` or will hold it; false if it is open already."""
        files = log_files(self._directory)
        holding = [file for file in files if file.first <= position]
        if files and not holding:
            raise LogUnavailable(
                f"{self._directory}: the log begins at position {files[0].first}, so position "
                f"{position} is gone. Start from that position, or restore the older files."
            )
        if not holding or holding[-1].first == self._first:
            return False
        self.close()
        self._connection = open_for_reading(holding[-1].path)
        self._first = holding[-1].first
        return True


def _rows(lines: Sequence[bytes], first: int) -> Iterator[tuple[int, int, bytes]]:
    for start in range(0, len(lines), _LINES_PER_ROW):
        part = lines[start : start + _LINES_PER_ROW]
        yield first + start, len(part), as_block(part)


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page)


def _unavailable(directory: Path, done: str, error: Exception) -> LogUnavailable:
    return LogUnavailable(
        f"{directory}: the log cannot be {done} ({error}). "
        "Check that the disk has room and that this user owns the files."
    )
