"""The log of one machine: SQLite files in a directory, one writing process, any number of readers.

Lines enter as blocks, one transaction per append, in WAL mode with a sync at every commit; they
leave by position, also in other processes while the writer writes. A crash at any point leaves
every line that was acknowledged and no part of one that was not. Files rotate at a size, and the oldest
are deleted at the log's bound, when all named readers have passed them.

An error of the disk leaves in doubt what is on it: after a sync that failed, the kernel may take the pages
for written, and a second sync succeeds without them. So the writer never writes behind what it has not
itself begun: it lets go of the file, and whatever a new connection then finds in the side file is first copied
to the main one and synced there. Until that works, every append is refused.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from bellrock.errors import LogDamaged, LogUnavailable
from bellrock.log.contract import Chunk
from bellrock.log.files import (
    LogFile,
    clear_leftovers,
    create_log_file,
    lock_log,
    log_files,
    open_for_writing,
    settle,
    sync_directory,
)
from bellrock.log.readers import Readers
from bellrock.log.retention import Retention
from bellrock.log.table import (
    FORMAT,
    Table,
    append,
    create_table,
    damaged,
    encode,
    naming,
    prove_writable,
)

ROTATE_BYTES = 256 * 2**20
_SETTLE_BYTES = 4 * 2**20  # in the side file, which is then used again from its beginning


class SqliteLogWriter:
    """The one writer of a log directory."""

    def __init__(
        self, directory: Path, rotate_bytes: int = ROTATE_BYTES, keep_bytes: int | None = None
    ) -> None:
        """Open or create the log and continue after its last durable line.

        `keep_bytes` is about how large it may become; None is without a bound. Raises LogInUse if another
        writer has it, LogUnavailable if it cannot be opened.
        """
        self._directory = directory
        self._retention = Retention(directory, keep_bytes)
        self._rotate_bytes = self._retention.rotate_bytes(rotate_bytes)
        self._connection: sqlite3.Connection | None = None
        self._first = self._end = self._unsettled = 0
        self._outdated = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = lock_log(directory)
        except OSError as error:
            raise _unavailable(directory, "written", error) from error
        try:
            clear_leftovers(directory)
            self._open_last_file()
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, OSError | sqlite3.Error):
                raise _unavailable(directory, "written", error) from error
            raise

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines at the end, durably and all together; raises LogUnavailable, ValueError."""
        try:
            connection = self._ready()
            rows = encode(lines, self._end)
            append(connection, rows)
        except (OSError, sqlite3.Error) as error:
            self._abandon()
            raise _unavailable(self._directory, "written", error) from error
        self._end += len(lines)
        self._unsettled += sum(len(block) for _, _, block, _ in rows)

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
        """A connection that may be written on: in doubt about nothing, and with room."""
        connection = self._connection or self._open_last_file()
        size = _size(connection)
        if self._end > self._first and (size >= self._rotate_bytes or self._outdated):
            settle(connection)  # so that a finished file is complete alone
            self._abandon()
            connection = self._open(self._create(self._end))
            size = 0
        elif self._unsettled >= _SETTLE_BYTES:
            settle(connection, empty=False)
            self._unsettled = 0
        self._retention.require_room(size)
        return connection

    def _open_last_file(self) -> sqlite3.Connection:
        files = log_files(self._directory)
        return self._open(files[-1] if files else self._create(0))

    def _create(self, first: int) -> LogFile:
        return create_log_file(self._directory, first, create_table)

    def _open(self, file: LogFile) -> sqlite3.Connection:
        with naming(file.path, file.first):
            connection = open_for_writing(file.path)
        table = Table(file, connection)
        try:
            _require_settled(connection, file)
            self._first, self._end = file.first, table.end()
            self._outdated = table.format != FORMAT
            if self._outdated and self._end == self._first:
                connection.execute("DROP TABLE block")
                create_table(connection)
                self._outdated = False
            sync_directory(self._directory)
        except BaseException:
            connection.close()
            raise
        self._retention.look()
        self._unsettled = 0
        self._connection = connection
        return connection

    def _abandon(self) -> None:
        # After an error a connection's state is in doubt: only what a new one finds is certain.
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


class SqliteLogReader:
    """A reader of a log directory, which need not exist yet."""

    def __init__(self, directory: Path, name: str | None = None) -> None:
        """Read the log in `directory`; opens nothing until it is asked.

        Lines that a reader with a name has not `passed` are not deleted, once it has passed any position.
        """
        self._directory, self._name = directory, name
        self._readers = Readers(directory)
        self._table: Table | None = None

    def read(self, position: int, limit: int) -> Chunk:
        """Return up to `limit` lines from `position` on, 0 being the oldest; raises LogUnavailable."""
        lines: list[bytes] = []
        try:
            position = position or self._beginning()
            while len(lines) < limit:
                start = position + len(lines)
                found = self._read_open_file(start, limit - len(lines))
                if not found and not self._turn_to(start):
                    break
                lines += found
        except LogDamaged:
            if not lines:  # whoever comes back for more than these meets it then
                raise
        except (OSError, sqlite3.Error) as error:
            raise _unavailable(self._directory, "read", error) from error
        return Chunk(lines, position + len(lines))

    def end(self) -> int:
        """Return the position after the last durable line."""
        files = log_files(self._directory)
        if not files:
            return 0
        try:
            with closing(Table(files[-1])) as table:
                return table.end()
        except sqlite3.Error as error:
            raise _unavailable(self._directory, "read", error) from error

    def passed(self, position: int) -> None:
        """Record, under the reader's name, that nothing before `position` is needed any more."""
        if self._name is None:
            return
        try:
            self._readers.record(self._name, position)
        except OSError as error:
            raise _unavailable(self._directory, "written", error) from error

    def close(self) -> None:
        """Release the file that is open, if one is."""
        if self._table is not None:
            self._table.close()
        self._table = None

    def _beginning(self) -> int:
        files = log_files(self._directory)
        return files[0].first if files else 0

    def _read_open_file(self, position: int, limit: int) -> list[bytes]:
        if self._table is None or position < self._table.file.first:
            return []
        return self._table.lines(position, limit)

    def _turn_to(self, position: int) -> bool:
        """Open the file of `position`; false if it is open and has nothing there yet.

        Raises LogUnavailable where there is nothing and never will be.
        """
        files = log_files(self._directory)
        holding = [file for file in files if file.first <= position]
        if files and not holding:
            raise LogUnavailable(
                f"{self._directory}: the log begins at position {files[0].first}, so position "
                f"{position} is gone. Start from that position, or restore the older files."
            )
        if not holding:
            return False
        if self._table is None or self._table.file != holding[-1]:
            self.close()
            self._table = Table(holding[-1])
            return True
        return self._has_more(self._table, position, files[len(holding) :])

    def _has_more(self, table: Table, position: int, later: Sequence[LogFile]) -> bool:
        """Whether a file that had nothing at a position has something now; it must, where others follow."""
        end = table.end()
        if end > position:
            return True
        if later:
            following = f"they are in no file; the next one is {later[0].path.name}"
            raise damaged(table.file.path, end, later[0].first, following)
        if end < position:
            raise LogDamaged(
                f"{self._directory}: the log ends at position {end}, so position {position} was never "
                "reached. It was cut off or restored from an older copy: restore a newer one."
            )
        return False


def _require_settled(connection: sqlite3.Connection, file: LogFile) -> None:
    if not settle(connection):
        raise sqlite3.OperationalError(f"another program has been reading {file.path} for seconds")


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page)


def _unavailable(directory: Path, done: str, error: Exception) -> LogUnavailable:
    return LogUnavailable(
        f"{directory}: the log cannot be {done} ({error}). "
        "Check that the disk has room and that this user owns the files."
    )
