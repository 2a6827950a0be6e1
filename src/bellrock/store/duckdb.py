"""The embedded store: one DuckDB file that one process opens.

Enters: what one step of the pipeline yields (deltas, changed state, claims, marks, the log position), written
in one transaction. Leaves: sums of additive rows. What always holds: a crash leaves the file as it was
after the last whole step. Settling and compaction run beside steps and queries and change no sum.
"""

import struct
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl
import pyarrow as pa

from bellrock.claims.contract import Owner
from bellrock.marks.book import MarkEntry, State
from bellrock.operators.balance import Balance
from bellrock.schema.document import RELATIONS
from bellrock.store.compaction import compact_next, days_of, first_open_minute, settle_steps
from bellrock.store.contract import Selection
from bellrock.store.database import Database
from bellrock.store.fresh import Fresh, FreshStep, encode_deltas, joined, whole_frames
from bellrock.store.migrations import prepare
from bellrock.store.question import Question
from bellrock.store.reading import answer, as_frame
from bellrock.store.step import StoredStep
from bellrock.store.tables import COUNTS, quoted, sums


class DuckDBStore:
    """Reader and writer of one store file; raises StoreInUse where another process has it open."""

    def __init__(self, path: Path) -> None:
        """Open the file, made where it is missing, brought to this version where it is older."""
        self._database = Database(path)
        try:
            prepare(self._database)
        except BaseException:
            self._database.close()
            raise
        self._fresh = Fresh(self._database.rows("SELECT number, deltas FROM fresh ORDER BY number"))
        self._settling = threading.Lock()  # one thread at a time makes rows fewer
        self._watermark = self.progress()[1]
        [(self._states,)] = self._database.rows("SELECT coalesce(max(number), 0) FROM state")
        self._settled_watermark: int | None = None
        self._editing = threading.Lock()
        self._edition = 0

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._database.path

    def close(self) -> None:
        """Settle, write the file to its end and close it."""
        self.settle()
        self._database.close()

    # --- steps: one thread, the engine's ---

    def commit(self, step: StoredStep) -> None:
        """Write all that one step yields, or nothing."""
        fresh = FreshStep(self._fresh.next_number(), whole_frames(step.deltas))
        with self._database.transaction() as cursor:
            if fresh.frames:
                _insert(cursor, "fresh", _blob(fresh.number, encode_deltas(fresh.frames)))
            for table, rows in (("claims", step.claims), ("marks", step.marks)):
                if len(rows):
                    _insert(cursor, table, rows.to_arrow())
            self._write_states(cursor, "", [step.state], base=step.base)
            if step.partitions:
                for name, part in step.partitions.items():
                    self._write_states(cursor, name, part.states, base=part.base)
                cursor.execute("DELETE FROM partitions")
                positions = [str(part.position) for part in step.partitions.values()]
                rows = pa.table({"partition": list(step.partitions), "position": positions})
                _insert(cursor, "partitions", rows)
            counted = "".join(f', "{name}" = "{name}" + ?' for name in COUNTS)
            cursor.execute(
                f"UPDATE progress SET position = ?, watermark = ?{counted}",
                [step.position, step.watermark, *(getattr(step.balance, c) for c in COUNTS)],
            )
        self._fresh.add(fresh)
        self._watermark = step.watermark

    def progress(self) -> tuple[int, int | None]:
        """The number of log lines that the store covers, and the newest `at` in it (ms since 1970)."""
        [(position, watermark)] = self._database.rows("SELECT position, watermark FROM progress")
        return int(position), watermark

    def positions(self) -> dict[str, int]:
        """The position of each partition that the store covers; none where the log has but one."""
        rows = self._database.rows("SELECT partition, position FROM partitions")
        return {name: int(position) for name, position in rows}

    def balance(self) -> Balance:
        """The balance of all steps together."""
        [counts] = self._database.rows(f"SELECT {quoted(COUNTS)} FROM progress")
        return Balance(*counts)

    def state(self, partition: str = "") -> list[bytes]:
        """The state of a partition: a base and the changes since, in order."""
        rows = self._database.rows(
            "SELECT data FROM state WHERE partition = ? ORDER BY number", partition
        )
        return [bytes(data) for (data,) in rows]

    def owners(self, orders: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], Owner]:
        """The owners of orders, given as (site, hash), as far as they are claimed."""
        places = ", ".join("?" for _ in orders)
        rows = self._database.rows(
            f"SELECT site, hash, session, minute, impression FROM claims WHERE hash IN ({places})",
            *(digest for _, digest in orders),
        )
        found = {(site, bytes(digest)): Owner(*owner) for site, digest, *owner in rows}
        return {order: found[order] for order in orders if order in found}

    # --- housekeeping: any thread, beside steps and queries ---

    @property
    def fresh_rows(self) -> int:
        """How many rows wait to be settled; they are in memory."""
        return self._fresh.rows

    def settle(self) -> None:
        """Merge the fresh deltas into the settled tables: fewer rows, the same sums."""
        with self._settling:
            watermark = self._watermark  # of steps that are all among those below
            steps = self._fresh.steps()
            if steps:
                moving = self._fresh.moving(steps[-1].number)
                with self._database.transaction(moving) as cursor:
                    settle_steps(cursor, steps)
            self._settled_watermark = watermark

    def compact(self) -> bool:
        """Do one piece of the work that settled rows of final minutes give; false where none is left."""
        with self._settling, self._database.transaction() as cursor:
            return compact_next(cursor, first_open_minute(self._settled_watermark))

    def checkpoint(self) -> bool:
        """Write the write-ahead log into the file; whether it was possible now."""
        return self._database.checkpoint()

    def log_size(self) -> int:
        """Bytes on disk that the file does not have yet."""
        return self._database.log_size()

    def size(self) -> int:
        """Bytes on disk."""
        return self._database.size()

    def count(self, table: Literal["claims", "marks"]) -> int:
        """How many there are."""
        return int(self._database.rows(f"SELECT count(*) FROM {table}")[0][0])

    # --- marks: any thread ---

    def marks(self) -> list[MarkEntry]:
        """See `MarkBook.marks`."""
        rows = self._database.rows("SELECT * FROM marks ORDER BY site, agent")
        return [MarkEntry(*row) for row in rows]

    def set_mark(self, site: str, agent: str, state: State) -> bool:
        """See `MarkBook.set_mark`."""
        with self._editing:
            changed = self._database.rows(
                "UPDATE marks SET state = ? WHERE site = ? AND agent = ? RETURNING 1",
                state,
                site,
                agent,
            )
            self._edition += len(changed)
        return bool(changed)

    def edition(self) -> int:
        """Grows whenever `set_mark` has changed something."""
        return self._edition

    # --- reading: any thread ---

    def measures(self, selection: Selection, by: Sequence[str]) -> pl.DataFrame:
        """See `StoreReader.measures`."""
        return self._ask(Question("minutes", selection, tuple(by)))

    def timers(
        self, selection: Selection, by: Sequence[str], timers: Sequence[str]
    ) -> pl.DataFrame:
        """See `StoreReader.timers`."""
        among = (("timer", tuple(timers)),)
        return self._ask(Question("timers", selection, (*by, "timer", "cell"), among))

    def clusters(
        self, selection: Selection, by: Sequence[str], populations: Sequence[str]
    ) -> pl.DataFrame:
        """See `StoreReader.clusters`."""
        among = (("population", tuple(populations)),)
        return self._ask(Question("clusters", selection, (*by, "population"), among))

    def cluster_timers(
        self,
        selection: Selection,
        by: Sequence[str],
        populations: Sequence[str],
        timers: Sequence[str],
    ) -> pl.DataFrame:
        """See `StoreReader.cluster_timers`."""
        among = (("population", tuple(populations)), ("timer", tuple(timers)))
        by = (*by, "population", "timer")
        return self._ask(Question("cluster_timers", selection, by, among))

    def issues(self, selection: Selection) -> pl.DataFrame:
        """See `StoreReader.issues`."""
        return self._ask(Question("issues", selection, ("minute", "issue")))

    def delivery(self, selection: Selection) -> pl.DataFrame:
        """See `StoreReader.delivery`."""
        return self._ask(Question("delivery", selection, ("browser", "transport")))

    def newest(self, site: str) -> int | None:
        """See `StoreReader.newest`."""
        found = self._database.rows("SELECT max(minute) FROM minutes WHERE site = ?", site)
        fresh = joined(self._fresh.steps(), "minutes").filter(pl.col("site") == site)
        minutes = [found[0][0], fresh["minute"].max()]
        return max((int(minute) for minute in minutes if minute is not None), default=None)

    def whole(self, relation: str) -> pl.DataFrame:
        """Every row of a relation, summed by key: what a canonical text is made of."""
        self.settle()
        key, additive = RELATIONS[relation]
        sql = f"SELECT {quoted(key)}, {sums(additive)} FROM {relation} GROUP BY ALL"
        return as_frame(self._database.cursor().sql(sql))

    def _write_states(
        self,
        cursor: duckdb.DuckDBPyConnection,
        partition: str,
        states: Sequence[bytes],
        *,
        base: bool,
    ) -> None:
        if base:
            cursor.execute("DELETE FROM state WHERE partition = ?", [partition])
        for state in states:
            self._states += 1
            row = _blob(self._states, state)
            _insert(cursor, "state", row.append_column("partition", pa.array([partition])))

    def _ask(self, question: Question) -> pl.DataFrame:
        cursor = self._database.cursor()
        with self._fresh.lock:
            cursor.begin()
            days = days_of(cursor, question.relation)  # the first statement takes the snapshot
            steps = self._fresh.steps()
        try:
            return answer(cursor, question, days, steps)
        finally:
            cursor.rollback()


def _insert(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    incoming: pa.Table,  # noqa: ARG001  # DuckDB finds it by its name
) -> None:
    """Add rows whose columns stand as in the table."""
    cursor.execute(f"INSERT INTO {table} SELECT * FROM incoming")


def _blob(number: int, data: bytes) -> pa.Table:
    """A row of `fresh` or `state`, without a copy of the bytes."""
    offsets = pa.py_buffer(struct.pack("<qq", 0, len(data)))
    column = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(data)])
    return pa.table([pa.array([number], pa.int64()), column], names=["number", "data"])
