"""The embedded store: one DuckDB file that one process opens.

Enters: what one step of the pipeline yields (deltas, changed state, claims, the log position), written
in one transaction. Leaves: sums of additive rows. What always holds: a crash leaves the file as it was
after the last whole step. Fresh deltas are merged into the settled tables by `settle`, which changes
no sum. A cursor serves one thread, so each thread gets its own.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from bellrock.claims.contract import Owner
from bellrock.errors import BellrockError, StoreInUse
from bellrock.histogram import SCHEME
from bellrock.schema.dimensions import NAMES as DIMENSIONS
from bellrock.schema.document import RELATIONS
from bellrock.schema.measures import ADDITIVE_NAMES
from bellrock.store.contract import TIME_BUCKETS, Condition, Selection
from bellrock.store.step import StoredStep

SCHEMA_VERSION = 1

_KEY_TYPES = {"minute": "BIGINT", "cell": "SMALLINT"}


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


class DuckDBStore:
    """Reader and writer of one store file; raises StoreInUse where another process has it open."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(str(path))
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
        self._require_format(path)
        self._create()

    def close(self) -> None:
        """Write the file to its end and close it."""
        with suppress(duckdb.Error):
            self._connection.execute("CHECKPOINT")
        for cursor in self._cursors:
            cursor.close()
        self._connection.close()
        # Whoever still holds this store at the interpreter's end must not hold what DuckDB then misses.
        self._cursors.clear()
        self._threads = threading.local()
        del self._connection

    # --- writing: one thread, the engine's ---

    def commit(self, step: StoredStep) -> None:
        """Write all that one step yields, or nothing."""
        with self._transaction() as cursor:
            for relation, frame in step.deltas.items():
                if len(frame):
                    _insert(cursor, f"{relation}_fresh", frame)
            if len(step.claims):
                _insert(cursor, "claims", step.claims)
            if step.base:
                cursor.execute("DELETE FROM state")
            cursor.execute("INSERT INTO state VALUES (?, ?)", [step.position, step.state])
            cursor.execute(
                "UPDATE progress SET position = ?, watermark = ?", [step.position, step.watermark]
            )

    def settle(self) -> None:
        """Merge the fresh deltas into the settled tables: fewer rows, the same sums."""
        with self._transaction() as cursor:
            for relation, (key, additive) in RELATIONS.items():
                sums = ", ".join(f'CAST(sum("{c}") AS BIGINT) AS "{c}"' for c in additive)
                some = " OR ".join(f'sum("{c}") <> 0' for c in additive)
                cursor.execute(
                    f"INSERT INTO {relation}_settled SELECT {_quoted(key)}, {sums}"
                    f" FROM {relation}_fresh GROUP BY ALL HAVING {some}"
                )
                cursor.execute(f"DELETE FROM {relation}_fresh")

    def progress(self) -> tuple[int, int | None]:
        """The log position that the store covers, and the newest `at` in it (ms since 1970)."""
        [(position, watermark)] = self._rows("SELECT position, watermark FROM progress")
        return int(position), watermark

    def state(self) -> list[bytes]:
        """The pipeline's state: a base and the changes since, in order."""
        return [bytes(data) for (data,) in self._rows("SELECT data FROM state ORDER BY position")]

    def owners(self, orders: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], Owner]:
        """The owners of orders, given as (site, hash), as far as they are claimed."""
        places = ", ".join("(?, ?)" for _ in orders)
        rows = self._rows(
            f"SELECT site, hash, session, minute, impression FROM claims WHERE (site, hash) IN ({places})",
            *(value for order in orders for value in order),
        )
        return {(site, bytes(digest)): Owner(*owner) for site, digest, *owner in rows}

    # --- reading: any thread ---

    def measures(self, selection: Selection, by: Sequence[str]) -> pl.DataFrame:
        """See `StoreReader.measures`."""
        sums = ", ".join(
            f'CAST(coalesce(sum("{m}"), 0) AS BIGINT) AS "{m}"' for m in ADDITIVE_NAMES
        )
        some = " OR ".join(f'sum("{m}") <> 0' for m in ADDITIVE_NAMES)
        return self._select("minutes", selection, by, sums, f"HAVING {some}")

    def timers(
        self, selection: Selection, by: Sequence[str], timers: Sequence[str]
    ) -> pl.DataFrame:
        """See `StoreReader.timers`."""
        sums = 'CAST(sum("count") AS BIGINT) AS "count", CAST(sum("sum") AS BIGINT) AS "sum"'
        wanted = Selection(
            selection.site,
            selection.start,
            selection.end,
            (*selection.where, Condition("timer", tuple(timers))),
        )
        return self._select(
            "timers",
            wanted,
            (*by, "timer", "cell"),
            sums,
            'HAVING sum("count") <> 0 OR sum("sum") <> 0',
        )

    def issues(self, selection: Selection) -> pl.DataFrame:
        """See `StoreReader.issues`."""
        sums = 'CAST(sum("lines") AS BIGINT) AS "lines"'
        return self._select("issues", selection, ("minute", "issue"), sums, "")

    def newest(self, site: str) -> int | None:
        """See `StoreReader.newest`."""
        [(minute,)] = self._rows("SELECT max(minute) FROM minutes WHERE site = ?", site)
        return None if minute is None else int(minute)

    def whole(self, relation: str) -> pl.DataFrame:
        """Every row of a relation, summed by key: what a canonical text is made of."""
        key, additive = RELATIONS[relation]
        sums = ", ".join(f'CAST(sum("{c}") AS BIGINT) AS "{c}"' for c in additive)
        return _frame(
            self._cursor().sql(f"SELECT {_quoted(key)}, {sums} FROM {relation} GROUP BY ALL")
        )

    # --- inside ---

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._cursor()
        cursor.begin()
        try:
            yield cursor
            cursor.commit()
        except BaseException:
            with suppress(duckdb.Error):
                cursor.rollback()
            raise

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        # All rows at once: a result that is not fetched to its end blocks its cursor.
        return self._cursor().execute(sql, values).fetchall()

    def _select(
        self, relation: str, selection: Selection, by: Sequence[str], sums: str, having: str
    ) -> pl.DataFrame:
        columns = [_column(name) for name in by]
        where, values = _where(selection)
        group = "GROUP BY " + ", ".join(str(i + 1) for i in range(len(by))) if by else ""
        sql = f"SELECT {', '.join([*columns, sums])} FROM {relation} WHERE {where} {group} {having}"
        return _frame(self._cursor().sql(sql, params=values))

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._threads.cursor = self._connection.cursor()
            self._cursors.append(cursor)
        return cursor

    def _require_format(self, path: Path) -> None:
        """Refuse a store of another format before anything is made in it."""
        run = self._connection.execute
        run("CREATE TABLE IF NOT EXISTS format (version INTEGER, histogram VARCHAR)")
        run(
            f"INSERT INTO format SELECT {SCHEMA_VERSION}, '{SCHEME}' WHERE NOT EXISTS (SELECT 1 FROM format)"
        )
        [found] = self._rows("SELECT version, histogram FROM format")
        if found != (SCHEMA_VERSION, SCHEME):
            self.close()
            raise BellrockError(
                f"{path} has the format {found}, this bellrock writes {(SCHEMA_VERSION, SCHEME)}."
                " Use the bellrock that wrote it, or fold its log into a new --data directory."
            )

    def _create(self) -> None:
        run = self._connection.execute
        for relation, (key, additive) in RELATIONS.items():
            columns = {c: _KEY_TYPES.get(c, "VARCHAR") for c in key} | dict.fromkeys(
                additive, "BIGINT"
            )
            body = ", ".join(f'"{c}" {t}' for c, t in columns.items())
            for part in ("fresh", "settled"):
                run(f"CREATE TABLE IF NOT EXISTS {relation}_{part} ({body})")
            run(
                f"CREATE VIEW IF NOT EXISTS {relation} AS"
                f" SELECT * FROM {relation}_settled UNION ALL SELECT * FROM {relation}_fresh"
            )
        run("CREATE TABLE IF NOT EXISTS state (position BIGINT, data BLOB)")
        run(
            "CREATE TABLE IF NOT EXISTS claims"
            " (site VARCHAR, hash BLOB, session VARCHAR, minute BIGINT, impression VARCHAR,"
            " PRIMARY KEY (site, hash))"
        )
        run("CREATE TABLE IF NOT EXISTS progress (position BIGINT, watermark BIGINT)")
        run("INSERT INTO progress SELECT 0, NULL WHERE NOT EXISTS (SELECT 1 FROM progress)")


def _frame(answer: duckdb.DuckDBPyRelation) -> pl.DataFrame:
    frame = pl.from_arrow(answer.to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    cursor.register("incoming", frame.to_arrow())
    cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")


def _column(name: str) -> str:
    width = TIME_BUCKETS.get(name)
    if width is None:
        return f'coalesce("{name}", \'\') AS "{name}"' if name in DIMENSIONS else f'"{name}"'
    return f'CAST("minute" - "minute" % {width} AS BIGINT) AS "{name}"'


def _where(selection: Selection) -> tuple[str, list[object]]:
    clauses = ['"site" = ?', '"minute" >= ?', '"minute" < ?']
    values: list[object] = [selection.site, selection.start, selection.end]
    for condition in selection.where:
        places = ", ".join("?" for _ in condition.values)
        clauses.append(
            f"coalesce(\"{condition.dimension}\", '') {'NOT IN' if condition.negated else 'IN'} ({places})"
        )
        values.extend(condition.values)
    return " AND ".join(clauses), values
