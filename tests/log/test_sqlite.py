"""What is the SQLite log's own: its files, its lock, other processes, crashes and full disks."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bellrock.errors import LogDamaged, LogInUse, LogUnavailable
from bellrock.log.files import open_for_reading
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter

_APPEND_UNTIL_KILLED = Path(__file__).with_name("append_until_killed.py")


@contextmanager
def files_may_not_grow_beyond(size: int) -> Iterator[None]:
    """Let every write beyond `size` bytes fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def whole_numbers(output: bytes) -> list[int]:
    """Read the lines of numbers; the last one may have been cut off."""
    return [int(line) for line in output.split(b"\n")[:-1]]


def read_all(directory: Path) -> list[bytes]:
    with closing(SqliteLogReader(directory)) as reader:
        return reader.read(0, 1_000_000).lines


def test_a_log_that_does_not_exist_yet_reads_as_empty(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "yet"
    with closing(SqliteLogReader(directory)) as reader:
        assert reader.end() == 0
        assert reader.read(0, 5) == ([], 0)
        with closing(SqliteLogWriter(directory)) as writer:
            writer.append([b"a"])
            assert reader.read(0, 5) == ([b"a"], 1)


def test_a_writer_continues_after_the_last_line(tmp_path: Path) -> None:
    for line in (b"a", b"b", b"c"):
        with closing(SqliteLogWriter(tmp_path)) as writer:
            writer.append([line])
    assert read_all(tmp_path) == [b"a", b"b", b"c"]


def test_files_are_named_after_the_first_position_they_hold(tmp_path: Path) -> None:
    with closing(SqliteLogWriter(tmp_path, rotate_bytes=50_000)) as writer:
        for _ in range(6):
            writer.append([b"x" * 10_000, b"y" * 10_000])
    names = [path.name for path in sorted(tmp_path.glob("*.sqlite"))]
    assert names[0] == "00000000000000000000.sqlite"
    assert len(names) > 1
    for name in names[1:]:
        with closing(SqliteLogReader(tmp_path)) as reader:
            assert reader.read(int(name[:20]), 1).lines == [b"x" * 10_000]
    assert len(read_all(tmp_path)) == 12


def test_a_finished_file_is_complete_without_its_side_files(tmp_path: Path) -> None:
    with (
        closing(SqliteLogReader(tmp_path)) as reader,
        closing(SqliteLogWriter(tmp_path, rotate_bytes=1)) as writer,
    ):
        writer.append([b"a"])
        assert reader.read(0, 1).lines == [b"a"]  # keeps the first file open
        writer.append([b"b"])
        copy = tmp_path / "copy"
        copy.write_bytes((tmp_path / "00000000000000000000.sqlite").read_bytes())
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT lines FROM block").fetchall() == [(b"a\n",)]


def test_a_second_writer_is_refused_and_told_which_process_writes(tmp_path: Path) -> None:
    with (
        closing(SqliteLogWriter(tmp_path)),
        pytest.raises(LogInUse, match=f"process {os.getpid()}.*choose another data directory"),
    ):
        SqliteLogWriter(tmp_path)
    SqliteLogWriter(tmp_path).close()


def test_a_reading_connection_cannot_change_the_log(tmp_path: Path) -> None:
    with closing(SqliteLogWriter(tmp_path)) as writer:
        writer.append([b"a"])
        path = tmp_path / "00000000000000000000.sqlite"
        with (
            closing(open_for_reading(path)) as connection,
            pytest.raises(sqlite3.OperationalError, match="readonly"),
        ):
            connection.execute("DELETE FROM block")


def test_a_position_before_the_first_file_is_an_error_that_says_where_the_log_begins(
    tmp_path: Path,
) -> None:
    with closing(SqliteLogWriter(tmp_path, rotate_bytes=1)) as writer:
        writer.append([b"a"])
        writer.append([b"b"])
    (tmp_path / "00000000000000000000.sqlite").unlink()
    with closing(SqliteLogReader(tmp_path)) as reader:
        assert reader.read(1, 5).lines == [b"b"]
        assert reader.read(0, 5) == ([b"b"], 2)  # the oldest that is left
    (tmp_path / "00000000000000000001.sqlite").rename(tmp_path / "00000000000000000007.sqlite")
    with (
        closing(SqliteLogReader(tmp_path)) as reader,
        pytest.raises(LogUnavailable, match="begins at position 7, so position 5 is gone"),
    ):
        reader.read(5, 5)


def test_a_full_disk_refuses_the_append_whole_and_the_log_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with closing(SqliteLogWriter(tmp_path)) as writer:
        writer.append([b"before"])
        with files_may_not_grow_beyond(100_000):
            with pytest.raises(LogUnavailable, match="Check that the disk has room"):
                writer.append([b"x" * 1000] * 3000)
            assert read_all(tmp_path) == [b"before"]
        writer.append([b"after"])
    assert read_all(tmp_path) == [b"before", b"after"]


def test_the_probe_fails_on_a_disk_that_takes_nothing_and_passes_when_it_does(
    tmp_path: Path,
) -> None:
    with closing(SqliteLogWriter(tmp_path)) as writer:
        writer.append([b"before"])
        with files_may_not_grow_beyond(1), pytest.raises(LogUnavailable):
            writer.probe()
        writer.probe()


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="file/log: the log cannot be written"):
        SqliteLogWriter(tmp_path / "file" / "log")


def test_a_damaged_file_is_a_clear_error_to_writers_and_readers(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000000.sqlite").write_bytes(b"not a database" * 1000)
    for _ in range(2):  # the second one would find the lock of the first, had it kept it
        with pytest.raises(LogDamaged, match=r"damaged from line 0 on .*not a database"):
            SqliteLogWriter(tmp_path)
    with closing(SqliteLogReader(tmp_path)) as reader:
        with pytest.raises(LogDamaged, match=r"damaged from line 0 on .*not a database"):
            reader.read(0, 1)
        with pytest.raises(LogDamaged, match=r"damaged from line 0 on .*not a database"):
            reader.end()


def test_what_a_crash_left_of_a_new_file_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "unfinished").write_bytes(b"half")
    (tmp_path / "unfinished-wal").write_bytes(b"half")
    with closing(SqliteLogWriter(tmp_path)) as writer:
        writer.append([b"a"])
    assert read_all(tmp_path) == [b"a"]
    assert not list(tmp_path.glob("unfinished*"))


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "copy.sqlite").write_bytes(b"mine")
    with closing(SqliteLogWriter(tmp_path)) as writer:
        writer.append([b"a"])
    assert read_all(tmp_path) == [b"a"]
    assert (tmp_path / "copy.sqlite").read_bytes() == b"mine"


def test_whatever_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_there(
    tmp_path: Path,
) -> None:
    durable = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, _APPEND_UNTIL_KILLED, tmp_path], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            acknowledged = 0
            while acknowledged < durable + 2000:
                acknowledged = int(process.stdout.readline())
            process.kill()
            *_, acknowledged = acknowledged, *whole_numbers(process.stdout.read())
        lines = read_all(tmp_path)
        durable = len(lines)
        assert durable >= acknowledged
        assert durable % 50 == 0
        assert lines == [b'{"line":%d}' % number for number in range(durable)]
