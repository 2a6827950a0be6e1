"""What every log promises (`bellrock.log.contract`), asked of every implementation."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.log.contract import LogReader, LogWriter
from bellrock.log.memory import MemoryLog
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import append_recorded, last_at, stamp


class Log(NamedTuple):
    """One empty log: its only writer, and a way to make readers."""

    writer: LogWriter
    reader: Callable[[], LogReader]


def memory_log(_directory: Path) -> Log:
    log = MemoryLog()
    return Log(log, lambda: log)


def sqlite_log(directory: Path) -> Log:
    return Log(SqliteLogWriter(directory), lambda: SqliteLogReader(directory))


def rotating_sqlite_log(directory: Path) -> Log:
    """Every append gets a file of its own."""
    return Log(SqliteLogWriter(directory, rotate_bytes=1), lambda: SqliteLogReader(directory))


@pytest.fixture(params=[memory_log, sqlite_log, rotating_sqlite_log])
def new_log(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Log]:
    return lambda: request.param(tmp_path_factory.mktemp("log"))


@pytest.fixture
def log(new_log: Callable[[], Log]) -> Iterator[Log]:
    log = new_log()
    with closing(log.writer):
        yield log


def read_all(log: Log, position: int = 0) -> list[bytes]:
    with closing(log.reader()) as reader:
        return reader.read(position, 1_000_000).lines


def test_an_empty_log_ends_at_zero_and_has_no_lines(log: Log) -> None:
    with closing(log.reader()) as reader:
        assert reader.end() == 0
        assert reader.read(0, 10) == ([], 0)


def test_lines_come_back_in_the_order_of_their_append(log: Log) -> None:
    log.writer.append([b'{"at":1}', b'{"at":2}'])
    log.writer.append([b'{"at":3}'])
    assert read_all(log) == [b'{"at":1}', b'{"at":2}', b'{"at":3}']


def test_a_chunk_says_the_position_after_its_lines(log: Log) -> None:
    log.writer.append([b"a", b"b", b"c"])
    log.writer.append([b"d", b"e"])
    with closing(log.reader()) as reader:
        assert reader.read(1, 3) == ([b"b", b"c", b"d"], 4)
        assert reader.read(4, 3) == ([b"e"], 5)
        assert reader.read(5, 3) == ([], 5)
        assert reader.end() == 5


def test_a_reader_sees_what_is_appended_after_it_came_to_the_end(log: Log) -> None:
    with closing(log.reader()) as reader:
        assert reader.read(0, 10).lines == []
        log.writer.append([b"a"])
        assert reader.read(0, 10) == ([b"a"], 1)
        log.writer.append([b"b"])
        assert reader.read(1, 10) == ([b"b"], 2)


def test_a_reader_may_go_back(log: Log) -> None:
    log.writer.append([b"a"])
    log.writer.append([b"b"])
    with closing(log.reader()) as reader:
        assert reader.read(1, 10).lines == [b"b"]
        assert reader.read(0, 10).lines == [b"a", b"b"]


def test_an_append_of_nothing_changes_nothing(log: Log) -> None:
    log.writer.append([])
    assert read_all(log) == []


@pytest.mark.parametrize("line", [b"", b"\n", b"a\nb", b"a\n"])
def test_a_line_that_would_not_come_back_as_one_is_refused_with_its_append(
    log: Log, line: bytes
) -> None:
    with pytest.raises(ValueError, match="newline"):
        log.writer.append([b"good", line])
    log.writer.append([b"next"])
    assert read_all(log) == [b"next"]


@settings(deadline=None)
@given(text=st.text())
def test_what_is_encoded_as_json_never_holds_a_newline(text: str) -> None:
    assert b"\n" not in msgspec.json.encode({text: [text]})


def test_a_log_that_works_passes_its_probe_unchanged(log: Log) -> None:
    log.writer.append([b"a"])
    log.writer.probe()
    assert read_all(log) == [b"a"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    appends=st.lists(st.lists(st.binary(min_size=1).filter(lambda b: b"\n" not in b)), max_size=8),
    limit=st.integers(1, 7),
)
def test_any_way_to_append_and_to_read_gives_the_same_lines(
    new_log: Callable[[], Log], appends: list[list[bytes]], limit: int
) -> None:
    log = new_log()
    with closing(log.writer), closing(log.reader()) as reader:
        seen: list[bytes] = []
        for lines in appends:
            log.writer.append(lines)
            chunk = reader.read(len(seen), limit)
            seen += chunk.lines
        while lines := reader.read(len(seen), limit).lines:
            assert len(lines) <= limit
            seen += lines
        assert seen == [line for lines in appends for line in lines]
        assert reader.end() == len(seen)


def test_a_large_append_comes_back_whole(log: Log) -> None:
    lines = [b'{"at":%d}' % number for number in range(5000)]
    log.writer.append(lines)
    assert read_all(log) == lines
    assert read_all(log, 4321) == lines[4321:]


def test_the_last_at_is_that_of_the_last_line_that_has_one(log: Log) -> None:
    with closing(log.reader()) as reader:
        assert last_at(reader) == 0
        log.writer.append([*stamp([b',"beacon":{}}'], 17), *[b"no json"] * 1500])
        assert last_at(reader) == 17


def test_recorded_lines_keep_their_own_times(log: Log) -> None:
    lines = [b'{"at":%d,"raw":"x"}' % (5 + number // 2) for number in range(2500)]
    assert append_recorded(log.writer, lines) == 5 + 2499 // 2
    assert read_all(log) == lines


@pytest.mark.parametrize("line", [b'{"at":4}', b"{}", b"no json", b'{"at":"9"}'])
def test_recorded_lines_that_go_back_in_time_are_refused(log: Log, line: bytes) -> None:
    with pytest.raises(ValueError, match="5 or later"):
        append_recorded(log.writer, [b'{"at":5}', line], after=3)
    assert read_all(log) == []
