"""Damage to the files of a log: it is named, with its lines, and nothing is passed over in silence."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from bellrock.errors import LogDamaged, LogUnavailable
from bellrock.log.files import log_files
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.log.survey import survey

VERSION_1 = Path(__file__).with_name("version_1")
LINES = [b'{"at":%d,"beacon":{"number":%d}}' % (1_795_474_800_000 + n, n) for n in range(6000)]
FILES = (0, 2000, 4000)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three files, in rows of 100 lines."""
    directory = tmp_path / "log"
    for first in FILES:
        with closing(SqliteLogWriter(directory, rotate_bytes=1 if first else 10**9)) as writer:
            for start in range(first, first + 2000, 100):
                writer.append(LINES[start : start + 100])
                writer._rotate_bytes = 10**9
    assert [file.first for file in log_files(directory)] == list(FILES)
    return directory


def read_from(directory: Path, position: int) -> list[bytes]:
    """Everything from a position on, in small steps."""
    lines: list[bytes] = []
    with closing(SqliteLogReader(directory)) as reader:
        while (chunk := reader.read(position, 333)).lines:
            lines += chunk.lines
            position = chunk.position
    return lines


def change(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement, values)


def test_a_log_that_is_whole_is_found_whole(log: Path) -> None:
    assert read_from(log, 0) == LINES
    reports = survey(log, verify=True)
    assert [(one.first, one.end, one.damage) for one in reports] == [
        (first, first + 2000, None) for first in FILES
    ]
    assert reports[0].first_at == 1_795_474_800_000
    assert reports[2].last_at == 1_795_474_805_999


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_are_named_or_do_not_matter(log: Path, seed: int) -> None:
    chance = Random(seed)
    file = log_files(log)[1].path
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice((1, 8, 200))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    try:
        found = read_from(log, 0)
    except LogUnavailable as error:
        assert str(log) in str(error)
    else:
        assert found == LINES  # free space, a counter of changes


@pytest.mark.parametrize("value", [b"X", b"\n", b'"'])
def test_a_changed_line_is_found_and_named_with_its_file(log: Path, value: bytes) -> None:
    file = log_files(log)[1].path
    data = file.read_bytes()
    place = data.index(b'"number":2345') + 9
    file.write_bytes(data[:place] + value + data[place + 1 :])
    with closing(SqliteLogReader(log)) as reader:
        assert reader.read(0, 10_000) == (LINES[:2300], 2300)
        for position in (2300, 2350, 2399):
            with pytest.raises(
                LogDamaged, match=rf"{file}: damaged from line 2300 on \(the checks"
            ):
                reader.read(position, 1)
        assert reader.read(2400, 10_000).lines == LINES[2400:]
    [damage] = [one.damage for one in survey(log, verify=True) if one.damage]
    assert "from line 2300 on" in damage
    assert "Restore this file from a backup" in damage


def test_a_row_that_is_missing_is_named(log: Path) -> None:
    file = log_files(log)[0].path
    change(file, "DELETE FROM block WHERE first = 700")
    with pytest.raises(LogDamaged, match=r"damaged lines 700 to 799 .the row is missing"):
        read_from(log, 0)
    with closing(SqliteLogReader(log)) as reader:
        with pytest.raises(LogDamaged, match="damaged lines 750 to 799"):
            reader.read(750, 1)
        assert reader.read(800, 3).lines == LINES[800:803]


def test_a_row_without_a_checksum_is_damage(log: Path) -> None:
    file = log_files(log)[0].path
    change(file, "PRAGMA writable_schema = ON")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE other AS SELECT * FROM block")
        connection.execute("UPDATE other SET crc = NULL WHERE first = 700")
        connection.execute("DROP TABLE block")
        connection.execute("ALTER TABLE other RENAME TO block")
    with pytest.raises(LogDamaged, match="from line 700 on"):
        read_from(log, 0)


def test_rows_that_change_places_are_damage(log: Path) -> None:
    file = log_files(log)[0].path
    change(file, "UPDATE block SET first = -1 WHERE first = 700")
    change(file, "UPDATE block SET first = 700 WHERE first = 800")
    change(file, "UPDATE block SET first = 800 WHERE first = -1")
    with pytest.raises(LogDamaged, match="from line 700 on"):
        read_from(log, 0)


def test_the_end_of_a_file_that_is_missing_is_named(log: Path) -> None:
    change(log_files(log)[0].path, "DELETE FROM block WHERE first >= 1900")
    with pytest.raises(LogDamaged, match=r"damaged lines 1900 to 1999 .they are in no file"):
        read_from(log, 0)
    assert "lines 1900 to 1999" in str(survey(log)[0].damage)


@pytest.mark.parametrize("keep", [0, 1000, 4096, 20_000, 100_000])
def test_a_file_that_is_cut_off_is_named(log: Path, keep: int) -> None:
    file = log_files(log)[1].path
    file.write_bytes(file.read_bytes()[:keep])
    with closing(SqliteLogReader(log)) as reader:
        assert reader.read(0, 2000).lines == LINES[:2000]
    with pytest.raises(LogDamaged, match=str(file)):
        read_from(log, 0)
    assert read_from(log, 4000) == LINES[4000:]
    assert [bool(one.damage) for one in survey(log, verify=True)] == [False, True, False]


def test_a_file_that_is_missing_in_the_middle_is_named_with_its_lines(log: Path) -> None:
    log_files(log)[1].path.unlink()
    with pytest.raises(
        LogDamaged, match=r"damaged lines 2000 to 3999 .they are in no file; the next one is 0*4000"
    ):
        read_from(log, 0)
    with pytest.raises(LogDamaged, match="2000 to 3999"):
        read_from(log, 3000)
    assert read_from(log, 4000) == LINES[4000:]
    assert "lines 2000 to 3999" in str(survey(log)[0].damage)


def test_a_file_of_a_format_to_come_is_refused(log: Path) -> None:
    change(log_files(log)[2].path, "PRAGMA user_version = 3")
    with pytest.raises(LogDamaged, match="it has the format 3, which this version"):
        read_from(log, 0)
    with pytest.raises(LogDamaged, match="it has the format 3"):
        SqliteLogWriter(log)


def test_a_writer_does_not_go_on_behind_damage(log: Path) -> None:
    file = log_files(log)[2].path
    data = file.read_bytes()
    place = data.index(b'"number":5999')
    file.write_bytes(data[:place] + b"?" + data[place + 1 :])
    for _ in range(2):  # the second one would find the lock of the first, had it kept it
        with pytest.raises(LogDamaged, match="from line 5900 on"):
            SqliteLogWriter(log)


def test_a_position_behind_the_end_is_named(log: Path) -> None:
    with closing(SqliteLogReader(log)) as reader:
        assert reader.read(6000, 1).lines == []
        with pytest.raises(LogDamaged, match="ends at position 6000, so position 6001 was never"):
            reader.read(6001, 1)


def test_files_of_format_1_can_be_read_and_are_written_on_in_format_2(tmp_path: Path) -> None:
    log = tmp_path / "log"
    shutil.copytree(VERSION_1, log)
    lines = read_from(log, 0)
    assert lines == [
        b'{"at":%d,"raw":"line %d of version 1"}' % (1_795_474_800_000 + n, n) for n in range(90)
    ]
    with closing(SqliteLogWriter(log)) as writer:
        writer.append([b"new"])
        writer.append([b"newer"])
    assert read_from(log, 0) == [*lines, b"new", b"newer"]
    assert [file.first for file in log_files(log)] == [0, 30, 90]
    assert [one.damage for one in survey(log, verify=True)] == [None] * 3
    change(log / "00000000000000000000.sqlite", "UPDATE block SET count = 29")
    with pytest.raises(LogDamaged):
        read_from(log, 0)


def test_an_empty_file_of_format_1_becomes_one_of_format_2(tmp_path: Path) -> None:
    log = tmp_path / "log"
    shutil.copytree(VERSION_1, log)
    change(log / "00000000000000000030.sqlite", "DELETE FROM block")
    with closing(SqliteLogWriter(log)) as writer:
        writer.append([b"new"])
    assert [file.first for file in log_files(log)] == [0, 30]
    assert read_from(log, 30) == [b"new"]
    change(
        log / "00000000000000000030.sqlite",
        "UPDATE block SET lines = CAST('old' || char(10) AS BLOB)",
    )
    with pytest.raises(LogDamaged, match="checksum"):
        read_from(log, 30)
