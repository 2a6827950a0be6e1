"""What every log promises (`bellrock.log.contract`), asked of every implementation.

Lines that name no session are of shard 0, so the log of many partitions that is asked here is its first
partition, where order holds; what is asked of all partitions together comes at the end.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.errors import ConfigurationError
from bellrock.log.blocks import shard_of
from bellrock.log.contract import LogReader, LogWriter, PartitionedLog, WholeLogReader
from bellrock.log.memory import MemoryLog
from bellrock.log.open import Place, place_of
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.stamp import append_recorded, last_at, stamp

PARTITIONS = 4

NewLog = Callable[[], "Log"]
NewPlace = Callable[[], Place]


class Log(NamedTuple):
    """One empty log: a writer, and a way to make readers of its first partition."""

    writer: LogWriter
    reader: Callable[[], LogReader]


class WholeLog(NamedTuple):
    """One empty log of one partition."""

    writer: LogWriter
    reader: Callable[[], WholeLogReader]


def memory_log(_directory: Path) -> WholeLog:
    log = MemoryLog()
    return WholeLog(log, lambda: log)


def sqlite_log(directory: Path) -> WholeLog:
    return WholeLog(SqliteLogWriter(directory), lambda: SqliteLogReader(directory))


def rotating_sqlite_log(directory: Path) -> WholeLog:
    """Every append gets a file of its own."""
    return WholeLog(SqliteLogWriter(directory, rotate_bytes=1), lambda: SqliteLogReader(directory))


EMBEDDED = [memory_log, sqlite_log, rotating_sqlite_log]


@pytest.fixture
def kafka(kafka_servers: str) -> NewPlace:
    """Makes new topics."""

    def new() -> Place:
        place = place_of(f"kafka://{kafka_servers}/log-{uuid4()}")
        place.create(PARTITIONS, 1)
        return place

    return new


@pytest.fixture
def kinesis(kinesis_url: str) -> NewPlace:
    """Makes new streams."""

    def new() -> Place:
        place = place_of(f"kinesis://eu-central-1/log-{uuid4()}?endpoint={kinesis_url}")
        place.create(PARTITIONS, 1)
        return place

    return new


@pytest.fixture(params=["kafka", "kinesis"])
def new_place(request: pytest.FixtureRequest) -> NewPlace:
    place: NewPlace = request.getfixturevalue(request.param)
    return place


@pytest.fixture(params=[*EMBEDDED, "kafka", "kinesis"])
def new_log(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewLog]:
    with ExitStack() as opened:

        def new() -> Log:
            if callable(request.param):
                return Log(*request.param(tmp_path_factory.mktemp("log")))
            place = request.getfixturevalue(request.param)()

            def reader() -> LogReader:
                log = opened.enter_context(closing(place.log()))
                return next(iter(log.partitions.values()))

            return Log(place.writer(), reader)

        yield new


@pytest.fixture
def log(new_log: NewLog) -> Iterator[Log]:
    log = new_log()
    with closing(log.writer):
        yield log


@pytest.fixture(params=EMBEDDED)
def whole_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WholeLog]:
    log = request.param(tmp_path)
    with closing(log.writer):
        yield log


def read_on(reader: LogReader, position: int = 0, limit: int = 1000) -> list[bytes]:
    """Everything from a position to the end."""
    lines: list[bytes] = []
    while (chunk := reader.read(position, limit)).lines:
        lines += chunk.lines
        position = chunk.position
    return lines


def read_all(log: Log | WholeLog, position: int = 0) -> list[bytes]:
    with closing(log.reader()) as reader:
        return read_on(reader, position)


def test_an_empty_log_has_no_lines(log: Log) -> None:
    with closing(log.reader()) as reader:
        assert reader.read(0, 10) == ([], 0)


def test_an_empty_log_of_one_partition_ends_at_zero(whole_log: WholeLog) -> None:
    with closing(whole_log.reader()) as reader:
        assert reader.end() == 0


def test_lines_come_back_in_the_order_of_their_append(log: Log) -> None:
    log.writer.append([b'{"at":1}', b'{"at":2}'])
    log.writer.append([b'{"at":3}'])
    assert read_all(log) == [b'{"at":1}', b'{"at":2}', b'{"at":3}']


def test_a_chunk_says_where_to_read_on(log: Log) -> None:
    log.writer.append([b"a", b"b", b"c"])
    log.writer.append([b"d", b"e"])
    with closing(log.reader()) as reader:
        first = reader.read(0, 1)
        second = reader.read(first.position, 10)
        assert first.lines + second.lines == [b"a", b"b", b"c", b"d", b"e"]
        assert 0 < first.position < second.position
        assert reader.read(second.position, 10) == ([], second.position)
        assert reader.read(first.position, 10) == second


def test_a_position_is_good_for_other_readers_too(log: Log) -> None:
    log.writer.append([b"a"])
    log.writer.append([b"b"])
    with closing(log.reader()) as reader:
        position = reader.read(0, 1).position
    assert read_all(log, position) == [b"b"]
    log.writer.append([b"c"])
    assert read_all(log, position) == [b"b", b"c"]


def test_positions_of_one_partition_are_numbers_of_lines(whole_log: WholeLog) -> None:
    log = whole_log
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
        lines, position = reader.read(0, 10)
        assert lines == [b"a"]
        log.writer.append([b"b"])
        assert reader.read(position, 10).lines == [b"b"]


def test_a_reader_may_go_back(log: Log) -> None:
    log.writer.append([b"a"])
    log.writer.append([b"b"])
    with closing(log.reader()) as reader:
        position = reader.read(0, 1).position
        assert reader.read(position, 10).lines == [b"b"]
        assert read_on(reader) == [b"a", b"b"]


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
        position = 0
        for lines in appends:
            log.writer.append(lines)
            chunk = reader.read(position, limit)
            seen += chunk.lines
            position = chunk.position
        seen += read_on(reader, position, limit)
        assert seen == [line for lines in appends for line in lines]


def test_position_0_is_the_oldest_line_that_is_left(whole_log: WholeLog) -> None:
    whole_log.writer.append([b"a"])
    whole_log.writer.append([b"b"])
    with closing(whole_log.reader()) as reader:
        reader.passed(1)  # nothing is deleted where nobody asked for a bound
        assert reader.read(0, 1) == ([b"a"], 1)
        assert read_on(reader) == [b"a", b"b"]


def test_a_read_of_one_partition_has_no_more_lines_than_its_limit(whole_log: WholeLog) -> None:
    whole_log.writer.append([b"a", b"b", b"c"])
    with closing(whole_log.reader()) as reader:
        assert reader.read(0, 2).lines == [b"a", b"b"]


def test_a_large_append_comes_back_whole(log: Log) -> None:
    lines = [b'{"at":%d}' % number for number in range(5000)]
    log.writer.append(lines)
    assert read_all(log) == lines


def test_reading_may_begin_in_the_midst_of_an_append(whole_log: WholeLog) -> None:
    lines = [b'{"at":%d}' % number for number in range(5000)]
    whole_log.writer.append(lines)
    assert read_all(whole_log, 4321) == lines[4321:]


def test_the_last_at_is_that_of_the_last_line_that_has_one(whole_log: WholeLog) -> None:
    log = whole_log
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


# --- logs of many partitions ---


def visit(session: int, number: int) -> bytes:
    return b'{"at":%d,"beacon":{"session":"session-%010d","seq":%d}}' % (number, session, number)


def by_session(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        found.setdefault(line[line.index(b"session-") :][:18], []).append(line)
    return found


def read_partitions(log: PartitionedLog) -> dict[str, list[bytes]]:
    return {name: read_on(partition) for name, partition in log.partitions.items()}


def test_a_sessions_lines_are_in_one_partition_in_the_order_of_their_appends(
    new_place: NewPlace,
) -> None:
    place, number = new_place(), count()
    lines = [visit(session, next(number)) for _ in range(20) for session in range(50)]
    with closing(place.writer()) as writer:
        for start in range(0, len(lines), 137):
            writer.append(lines[start : start + 137])
    with closing(place.log()) as log:
        assert len(log.partitions) == PARTITIONS
        found = read_partitions(log)
    assert all(found.values())
    assert sorted(line for part in found.values() for line in part) == sorted(lines)
    wanted = by_session(lines)
    for part in found.values():
        for session, own in by_session(part).items():
            assert own == wanted[session]


def test_each_record_has_lines_of_one_shard_and_a_position_of_its_own(new_place: NewPlace) -> None:
    place = new_place()
    with closing(place.writer()) as writer:
        writer.append([visit(session, 1) for session in range(200)])
        writer.append([visit(session, 2) for session in range(200)])
    with closing(place.log()) as log:
        for partition in log.partitions.values():
            records = partition.records(0, 1000)
            assert len(records) > 2
            assert all(len({shard_of(line) for line in lines}) == 1 for lines, _ in records)
            positions = [record.position for record in records]
            assert positions == sorted(set(positions))
            assert partition.records(positions[1], 1000) == records[2:]


def test_a_read_goes_beyond_its_limit_by_less_than_a_record(new_place: NewPlace) -> None:
    place = new_place()
    with closing(place.writer()) as writer:
        for _ in range(3):
            writer.append([b"a", b"b"])
    with closing(place.log()) as log:
        first = next(iter(log.partitions.values()))
        assert [len(first.read(0, limit).lines) for limit in (1, 2, 3, 4, 5, 9)] == [
            2,
            2,
            4,
            4,
            6,
            6,
        ]


def test_writers_may_write_side_by_side(new_place: NewPlace) -> None:
    place = new_place()
    with closing(place.writer()) as one, closing(place.writer()) as other:
        for number in range(10):
            (one, other)[number % 2].append([visit(1, number)])
    with closing(place.log()) as log:
        lines = [line for part in read_partitions(log).values() for line in part]
    assert lines == [visit(1, number) for number in range(10)]


def test_what_would_be_too_long_for_a_record_is_split(new_place: NewPlace) -> None:
    place = new_place()
    lines = [b'{"at":%d,"raw":"%s"}' % (number, b"x" * 3000) for number in range(1000)]
    with closing(place.writer()) as writer:
        writer.append(lines)
    with closing(place.log()) as log:
        records = next(iter(log.partitions.values())).records(0, 10_000)
    assert len(records) > 10
    assert [line for record in records for line in record.lines] == lines


def test_a_line_that_is_longer_than_a_block_is_one_by_itself(new_place: NewPlace) -> None:
    place = new_place()
    long = b"x" * 600_000
    with closing(place.writer()) as writer:
        writer.append([b"a", long, b"b"])
    with closing(place.log()) as log:
        records = next(iter(log.partitions.values())).records(0, 10)
    assert [record.lines for record in records] == [[b"a"], [long], [b"b"]]


def test_a_log_that_is_not_there_is_an_error_that_says_how_to_make_it(
    kafka_servers: str, kinesis_url: str
) -> None:
    for url in (
        f"kafka://{kafka_servers}/nowhere",
        f"kinesis://eu-central-1/nowhere?endpoint={kinesis_url}",
    ):
        for opened in (place_of(url).writer, place_of(url).log):
            with pytest.raises(ConfigurationError, match="Make it with: bellrock log create k"):
                opened()


def test_a_log_that_is_there_is_not_made_again(new_place: NewPlace) -> None:
    with pytest.raises(ConfigurationError, match="there is such a"):
        new_place().create(PARTITIONS, 1)
