"""A DuckDB file and the cursors of its threads.

Enters: a path. Leaves: cursors, one for each thread, because a cursor serves one thread; transactions. The
file belongs to one process. DuckDB writes the file anew from its write-ahead log at a checkpoint, and
commits wait meanwhile; so checkpoints are made on request, by the thread that has the time.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import duckdb

from bellrock.errors import BellrockError, StoreInUse

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # A query runs in the thread that asks; the other cores belong to folding and collecting.
    "threads": 1,
    # Buffers, sorting and grouping; what needs more goes to disk.
    "memory_limit": "512MB",
    # Only what runs away from whoever should make a checkpoint comes to this.
    "checkpoint_threshold": "1GB",
}


class Database:
    """One open file; raises StoreInUse where another process has it open."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        try:
            if not path.exists():
                _make(path)
            self._connection = duckdb.connect(str(path), config=_SETTINGS)
        except duckdb.IOException as error:
            if "could not set lock" not in str(error).lower():
                raise BellrockError(
                    f"{path} cannot be opened: {error}. Mend that, or use another --data directory."
                ) from error
            raise StoreInUse(
                f"{path} is open in another process. Stop that engine, or use another --data directory."
            ) from error
        self._threads = threading.local()
        self._cursors: list[duckdb.DuckDBPyConnection] = []

    def close(self) -> None:
        """Write the file to its end and close it."""
        with suppress(duckdb.Error):
            self._connection.execute("CHECKPOINT")
        for cursor in self._cursors:
            cursor.close()
        self._connection.close()
        # Whoever still holds this at the interpreter's end must not hold what DuckDB then misses.
        self._cursors.clear()
        self._threads = threading.local()
        del self._connection

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor of this thread."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._threads.cursor = self._connection.cursor()
            self._cursors.append(cursor)
        return cursor

    @contextmanager
    def transaction(
        self, committing: AbstractContextManager[object] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The thread's cursor in a transaction, committed inside of `committing`, or taken back whole."""
        cursor = self.cursor()
        cursor.begin()
        try:
            yield cursor
            with committing or nullcontext():
                cursor.commit()
        except BaseException:
            with suppress(duckdb.Error):
                cursor.rollback()
            raise

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Every row of an answer: one that is not fetched to its end would block the cursor."""
        return self.cursor().execute(sql, values).fetchall()

    def checkpoint(self) -> bool:
        """Write the write-ahead log into the file; whether it was possible now."""
        try:
            self.cursor().execute("CHECKPOINT")
        except duckdb.TransactionException:
            return False
        return True

    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        return _bytes(self.path) + self.log_size()

    def log_size(self) -> int:
        """Bytes of the write-ahead log alone."""
        return _bytes(self.path.with_name(f"{self.path.name}.wal"))


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _make(path: Path) -> None:
    """Make an empty file, under its name only when it is whole.

    DuckDB refuses a file whose making was cut off, and would for ever.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    duckdb.connect(str(unfinished), config=_SETTINGS).close()
    unfinished.rename(path)
