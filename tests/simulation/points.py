"""Every step of input and output as a numbered point: what is asked of SQLite and of DuckDB.

While `points` is in force, connections that are opened stand behind a `_Connection`, which reaches a point
before each statement and, where no frame of the caller is needed, after it. Nothing else of the program is
changed. DuckDB finds the rows to be inserted in the caller's frame, so its `execute` is handed out as it is.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import duckdb

Reached = Callable[[str], None]
"""Told of each point: which one it is."""

_BOTH_SIDES = {
    "duckdb": {"begin", "commit", "rollback"},
    "sqlite": {"execute", "executemany", "close"},
}
_BEFORE = {"duckdb": {"execute", "sql", "close"}, "sqlite": set()}


class _Connection:
    """A connection or a cursor, and the points around what it is asked."""

    def __init__(self, kind: str, inner: Any, reached: Reached) -> None:
        self._kind, self._inner, self._reached = kind, inner, reached

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._inner, name)
        if name == "cursor":
            return lambda: _Connection(self._kind, asked(), self._reached)
        if name in _BEFORE[self._kind]:
            self._reached(f"{self._kind} {name}")
        if name not in _BOTH_SIDES[self._kind]:
            return asked

        def ask(*values: Any) -> Any:
            self._reached(f"{self._kind} {name}")
            answer = asked(*values)
            self._reached(f"{self._kind} {name} done")
            return answer

        return ask

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inner)


@contextmanager
def points(reached: Reached) -> Iterator[None]:
    """Tell `reached` of every point; it may raise, and the program ends there."""
    opened: list[Any] = []

    def opening(kind: str, connect: Callable[..., Any]) -> Callable[..., Any]:
        def open_it(*values: Any, **options: Any) -> _Connection:
            reached(f"{kind} connect")
            opened.append(connect(*values, **options))
            return _Connection(kind, opened[-1], reached)

        return open_it

    with (
        patch.object(duckdb, "connect", opening("duckdb", duckdb.connect)),
        patch.object(sqlite3, "connect", opening("sqlite", sqlite3.connect)),
    ):
        try:
            yield
        finally:
            for connection in opened:
                with suppress(sqlite3.Error, duckdb.Error):
                    connection.close()
