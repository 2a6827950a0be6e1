"""Readers with names, and a log with a bound: what goes, what stays, and when browsers are refused."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.files import log_files
from bellrock.log.readers import Readers
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from end_to_end.installation import BELLROCK, settings, until

BOUND = 400_000
_LINE = b"x" * 999


def writer(directory: Path) -> SqliteLogWriter:
    return SqliteLogWriter(directory, keep_bytes=BOUND)


def fill(log: SqliteLogWriter, lines: int) -> None:
    for _ in range(lines // 10):
        log.append([_LINE] * 10)


def size(directory: Path) -> int:
    return sum(file.size() for file in log_files(directory))


def test_a_log_without_readers_stays_at_its_bound_and_loses_its_oldest_lines(
    tmp_path: Path,
) -> None:
    with closing(writer(tmp_path)) as log:
        fill(log, 2000)
        files = log_files(tmp_path)
        assert files[0].first > 1000
        assert len(files) > 4
        # What lies in the side file of the one that is written comes on top, and is bounded itself.
        assert sum(file.path.stat().st_size for file in files) <= BOUND
    with closing(SqliteLogReader(tmp_path)) as reader:
        first = reader.read(0, 1)
        assert first.position == files[0].first + 1
        assert len(reader.read(0, 10_000).lines) == 2000 - files[0].first
        with pytest.raises(LogUnavailable, match=f"begins at position {files[0].first}"):
            reader.read(1, 1)


def test_a_log_without_a_bound_keeps_everything(tmp_path: Path) -> None:
    with closing(SqliteLogWriter(tmp_path, rotate_bytes=50_000)) as log:
        fill(log, 2000)
    assert log_files(tmp_path)[0].first == 0
    assert size(tmp_path) > 2_000_000


def test_lines_that_a_reader_has_not_passed_stay_and_appends_are_refused_until_it_has(
    tmp_path: Path,
) -> None:
    with (
        closing(SqliteLogReader(tmp_path, "engine")) as engine,
        closing(SqliteLogReader(tmp_path, "lake")) as lake,
        closing(writer(tmp_path)) as log,
    ):
        engine.passed(0)
        lake.passed(0)
        with pytest.raises(LogUnavailable, match="'engine' still needs the lines from position 0"):
            fill(log, 2000)
        end = engine.end()
        with pytest.raises(LogUnavailable, match="log_keep_gib"):
            log.probe()
        engine.passed(end)
        with pytest.raises(LogUnavailable, match="'lake' still needs"):
            log.append([_LINE])
        chunk = lake.read(0, end)
        assert len(chunk.lines) == end
        lake.passed(chunk.position // 2)
        log.append([b"room"])
        assert log_files(tmp_path)[0].first <= end // 2
        assert lake.read(end, 10).lines == [b"room"]


def test_no_more_is_deleted_than_the_bound_asks_for(tmp_path: Path) -> None:
    with closing(SqliteLogReader(tmp_path, "engine")) as engine, closing(writer(tmp_path)) as log:
        while not (files := log_files(tmp_path))[1:] or files[0].first == 0:
            fill(log, 10)
            engine.passed(engine.end())
        assert size(tmp_path) > BOUND * 3 // 4


def test_a_reader_that_goes_back_holds_the_log_from_there(tmp_path: Path) -> None:
    with closing(SqliteLogReader(tmp_path, "engine")) as engine, closing(writer(tmp_path)) as log:
        engine.passed(200)
        engine.passed(5)
        with pytest.raises(LogUnavailable, match="from position 5 on"):
            fill(log, 2000)
        assert log_files(tmp_path)[0].first == 0


def test_a_reader_that_is_forgotten_holds_nothing(tmp_path: Path) -> None:
    readers = Readers(tmp_path)
    readers.record("lake", 0)
    assert readers.drop("lake")
    assert not readers.drop("lake")
    with closing(writer(tmp_path)) as log:
        fill(log, 2000)
    assert log_files(tmp_path)[0].first > 0


@pytest.mark.parametrize("content", [b"", b"0000000000000000", b"00000000000000000042 00000000\n"])
def test_a_record_that_cannot_be_read_holds_everything(tmp_path: Path, content: bytes) -> None:
    readers = Readers(tmp_path)
    readers.record("engine", 41)
    assert readers.positions() == {"engine": 41}
    (tmp_path / "readers" / "engine").write_bytes(content)
    assert readers.positions() == {"engine": 0}
    readers.record("engine", 43)
    assert readers.positions() == {"engine": 43}


@pytest.mark.parametrize("name", ["", "..", "a/b", "Engine", "-a", "a" * 64])
def test_a_name_that_is_none_of_a_reader_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="Use a to z"):
        Readers(tmp_path).record(name, 0)


def test_a_reader_without_a_name_leaves_no_record(tmp_path: Path) -> None:
    with closing(SqliteLogReader(tmp_path)) as reader:
        reader.passed(7)
    assert Readers(tmp_path).positions() == {}


def test_a_reader_in_a_file_that_is_deleted_reads_it_to_its_end(tmp_path: Path) -> None:
    with closing(writer(tmp_path)) as log, closing(SqliteLogReader(tmp_path)) as reader:
        fill(log, 10)
        assert reader.read(0, 5).position == 5
        fill(log, 2000)
        assert log_files(tmp_path)[0].first > 10
        assert reader.read(5, 5) == ([_LINE] * 5, 10)


def test_what_a_crash_left_of_a_deleted_file_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "00000000000000000000.sqlite-wal"
    with closing(SqliteLogWriter(tmp_path, rotate_bytes=1)) as log:
        log.append([b"a"])
        log.append([b"b"])
    (tmp_path / "00000000000000000000.sqlite").unlink()
    left.write_bytes(b"left")
    writer(tmp_path).close()
    assert not left.exists()


def test_a_collector_at_the_bound_answers_503_until_the_reader_has_gone_on(tmp_path: Path) -> None:
    config = settings(tmp_path, 1.0)
    Readers(config.log_directory).record("engine", 0)
    environment = {**os.environ, "BELLROCK_LOG_KEEP_GIB": "0.001"}
    command = [*BELLROCK, "collect", "--data", config.data, "--sites", config.sites]
    with (
        (tmp_path / "collector.txt").open("wb") as output,
        subprocess.Popen(
            [*command, "--collect", config.collect],
            env=environment, stdout=output, stderr=output,
        ) as process,
        httpx.Client(
            base_url=config.collect_address.url, transport=httpx.HTTPTransport(retries=8)
        ) as browser,
    ):  # fmt: skip
        try:
            kept = 0
            while (answer := browser.post("/b", content=beacon(kept))).status_code == 204:
                kept += 1
            assert 100 < kept < 1000
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "'engine' still needs the lines from position 0" in answer.text
            assert browser.get("/health").status_code == 503
            Readers(config.log_directory).record("engine", kept)
            until(lambda: browser.get("/health").status_code == 200, "the collector to go on")
            assert browser.post("/b", content=beacon(kept)).status_code == 204
        finally:
            process.kill()
    with closing(SqliteLogReader(config.log_directory)) as reader:
        chunk = reader.read(0, 10_000)
    assert chunk.position == kept + 1
    assert len(chunk.lines) < kept


def beacon(number: int) -> bytes:
    return b'{"number":%d,"padding":"%s"}' % (number, b"x" * 4000)
