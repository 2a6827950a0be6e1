"""The engine as a named reader of its log: what it has committed may go, what it has not stays."""

from contextlib import closing
from pathlib import Path

import pytest

from bellrock.errors import LogUnavailable
from bellrock.log.files import log_files
from bellrock.log.readers import Readers
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.metrics import Metrics
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.store.duckdb import DuckDBStore
from runners.engines import drain, folded, hostile
from stored import difference, holding

SITES, LINES = hostile(7, 3000)
PIECES = [LINES[start : start + 100] for start in range(0, len(LINES), 100)]


def engine_on(log: SqliteLogReader, store: DuckDBStore) -> Engine:
    return Engine(log, store, SITES, Progress(), wall_clock=lambda: 0.0)


def position(log: Path) -> int:
    return Readers(log).positions()["engine"]


def test_an_engine_holds_the_log_from_its_start_and_lets_go_of_what_it_has_committed(
    tmp_path: Path, store: DuckDBStore
) -> None:
    log = tmp_path / "log"
    size = sum(map(len, LINES))
    with (
        closing(SqliteLogWriter(log, keep_bytes=size // 2)) as writer,
        closing(SqliteLogReader(log, "engine")) as reader,
    ):
        engine = engine_on(reader, store)
        assert position(log) == 0
        refused = 0
        for lines in PIECES:
            try:
                writer.append(lines)
            except LogUnavailable:
                refused += 1
                assert log_files(log)[0].first <= position(log)
                assert drain(engine)
                assert position(log) == engine.position == reader.end()
                writer.append(lines)
        drain(engine)
        assert refused > 1
        assert engine.position == len(LINES)
        assert log_files(log)[0].first > 0
    assert not difference(holding(store, SITES), folded(LINES, SITES))


def test_a_new_store_begins_with_the_oldest_line_that_is_left(
    tmp_path: Path, store: DuckDBStore
) -> None:
    log = tmp_path / "log"
    with closing(SqliteLogWriter(log, keep_bytes=sum(map(len, LINES)) // 2)) as writer:
        for lines in PIECES:
            writer.append(lines)
    first = log_files(log)[0].first
    assert first > 0
    with closing(SqliteLogReader(log, "engine")) as reader:
        engine = engine_on(reader, store)
        assert sum(drain(engine)) == len(LINES) - first
        assert engine.position == position(log) == len(LINES)
    assert store.balance().lines == len(LINES) - first
    found, wanted = holding(store, SITES), folded(LINES[first:], SITES)
    assert found.documents == wanted.documents


def test_an_engine_with_an_older_store_holds_the_log_from_there_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with closing(SqliteLogWriter(log)) as writer:
        writer.append(LINES[:500])
    for name in ("one", "other"):
        with (
            closing(SqliteLogReader(log, "engine")) as reader,
            closing(DuckDBStore(tmp_path / f"{name}.duckdb")) as store,
        ):
            engine = engine_on(reader, store)
            assert position(log) == 0
            drain(engine)
            assert position(log) == 500


def test_a_store_whose_lines_are_gone_is_refused(tmp_path: Path, store: DuckDBStore) -> None:
    log = tmp_path / "log"
    with closing(SqliteLogWriter(log)) as writer:
        writer.append(LINES[:100])
    with closing(SqliteLogReader(log, "engine")) as reader:
        drain(engine_on(reader, store))
        assert Readers(log).drop("engine")
    for file in log_files(log):
        file.path.rename(file.path.with_name("00000000000000000200.sqlite"))
    with closing(SqliteLogReader(log, "engine")) as reader:
        engine = engine_on(reader, store)
        with pytest.raises(LogUnavailable, match="position 100 is gone"):
            engine.step()


def test_lines_are_counted_as_they_were_folded_wherever_the_log_begins(
    tmp_path: Path, store: DuckDBStore
) -> None:
    log = tmp_path / "log"
    with closing(SqliteLogWriter(log, rotate_bytes=1)) as writer:
        writer.append(LINES[:100])
        writer.append(LINES[100:150])
    log_files(log)[0].delete()
    metrics = Metrics()
    with closing(SqliteLogReader(log)) as reader:
        drain(Engine(reader, store, SITES, Progress(), metrics=metrics, wall_clock=lambda: 0.0))
    assert b"bellrock_lines_total 50.0" in metrics.text()
