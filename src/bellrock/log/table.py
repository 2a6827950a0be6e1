"""The lines in a file of a SQLite log: rows of consecutive lines, each with its checksum.

Lines enter at the end; they leave by position. What always holds: a line that leaves is the one that
entered at that position. Where a file cannot give it any more, LogDamaged says which lines and why.
"""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from bellrock.errors import LogDamaged
from bellrock.log.contract import as_block
from bellrock.log.files import LogFile, open_for_reading

FORMAT = 2
"""Of the files that are written. Those of format 1 have no checksums; they can be read."""

_SCHEMA = """
CREATE TABLE block (
    first INTEGER PRIMARY KEY,  -- position of its first line
    count INTEGER NOT NULL,     -- how many lines
    lines BLOB NOT NULL,        -- NDJSON, every line with its newline
    crc INTEGER NOT NULL        -- CRC-32 of `first:count:` in ASCII digits, followed by the lines
)
"""
_CHECKSUM = {1: "NULL", FORMAT: "crc"}
_LINES_PER_ROW = 1024  # a reader splits whole rows, so a row is no larger than a step is
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Row(NamedTuple):
    """`size` consecutive lines, as NDJSON."""

    first: int
    size: int
    lines: bytes

    @property
    def end(self) -> int:
        """The position after its last line."""
        return self.first + self.size

    def checksum(self) -> int:
        """The CRC-32 of all that it says."""
        return crc32(self.lines, crc32(b"%d:%d:" % (self.first, self.size)))


def create_table(connection: sqlite3.Connection) -> None:
    """Make an empty file one that takes lines."""
    connection.execute(_SCHEMA)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def encode(lines: Sequence[bytes], first: int) -> list[tuple[int, int, bytes, int]]:
    """Rows of lines that begin at a position; raises ValueError if a line is empty or holds a newline."""
    rows = []
    for start in range(0, len(lines), _LINES_PER_ROW):
        part = lines[start : start + _LINES_PER_ROW]
        row = Row(first + start, len(part), as_block(part))
        rows.append((*row, row.checksum()))
    return rows


def append(connection: sqlite3.Connection, rows: Sequence[tuple[int, int, bytes, int]]) -> None:
    """Add encoded rows, all together and durably."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def prove_writable(connection: sqlite3.Connection) -> None:
    """Write what is already there, durably, so that a full or broken disk shows itself."""
    connection.execute(f"PRAGMA user_version = {FORMAT}")


class Table:
    """The lines of a file, as a connection to it sees them."""

    def __init__(self, file: LogFile, connection: sqlite3.Connection | None = None) -> None:
        """Read on a connection, or on one of its own; raises LogDamaged, sqlite3.Error."""
        self.file = file
        self._connection = connection or open_for_reading(file.path)
        try:
            self.format = self._format()
        except BaseException:
            self._connection.close()
            raise
        self._rows_of = (
            # A damaged value may have any type.
            "SELECT first, CAST(count AS INTEGER), CAST(lines AS BLOB),"
            f" {_CHECKSUM[self.format]} FROM block WHERE first >="
            " (SELECT coalesce(max(first), 0) FROM block WHERE first <= ?) ORDER BY first"
        )

    def end(self) -> int:
        """The position after its last line; raises LogDamaged, sqlite3.Error."""
        with naming(self.file.path, self.file.first):
            (last,) = self._connection.execute("SELECT max(first) FROM block").fetchone()
        if last is None:
            return self.file.first
        with closing(self.rows(last)) as rows:
            return next(rows).end

    def lines(self, position: int, limit: int) -> list[bytes]:
        """Up to `limit` lines from a position on, none at the end.

        Raises sqlite3.Error, and LogDamaged where the very first is damaged; it ends before a later one.
        """
        lines: list[bytes] = []
        with closing(self.rows(position)) as rows:
            try:
                for row in rows:
                    lines += row.lines.split(b"\n")[max(position - row.first, 0) : -1]
                    if len(lines) >= limit:
                        break
            except LogDamaged:
                if not lines:
                    raise
        return lines[:limit]

    def rows(self, position: int) -> Generator[Row]:
        """The rows from the one that holds a position on; a transaction is open until it is closed."""
        expected = position
        with closing(self._connection.cursor()) as cursor, naming(self.file.path, position):
            for first, count, lines, checksum in cursor.execute(self._rows_of, (position,)):
                row = Row(first, count, lines)
                if not self._whole(row, checksum):
                    raise damaged(self.file.path, first, None, "the checksum is another")
                if first > expected or (first < expected and expected != position):
                    raise damaged(self.file.path, expected, first, "the row is missing")
                if row.end > position:
                    yield row
                    expected = row.end

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _whole(self, row: Row, checksum: object) -> bool:
        if row.lines is None or row.size is None or row.size < 1:
            return False
        if self.format == 1:
            return row.lines.count(b"\n") == row.size
        return checksum == row.checksum()

    def _format(self) -> int:
        with naming(self.file.path, self.file.first):
            (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in _CHECKSUM:
            raise damaged(
                self.file.path,
                self.file.first,
                None,
                f"it has the format {found}, which this version of bellrock does not know",
            )
        return int(found)


@contextmanager
def naming(path: Path, position: int) -> Iterator[None]:
    """Where SQLite finds a file broken, raise LogDamaged that says so, and from which line on."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code & 0xFF in _BROKEN:
            raise damaged(path, position, None, str(error)) from error
        raise


def damaged(path: Path, first: int, end: int | None, reason: str) -> LogDamaged:
    """The error for lines that a file should hold; `end` is the position after the last, if it is known."""
    which = f"from line {first} on" if end is None else f"lines {first} to {end - 1}"
    return LogDamaged(
        f"{path}: damaged {which} ({reason}). Restore this file from a backup; "
        "`bellrock log stat --verify` looks through all of the log."
    )
