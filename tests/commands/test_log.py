"""`bellrock log`, as people and scripts meet it, on logs that are whole, damaged, read and written."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bellrock.errors import FAILED, REFUSED
from bellrock.log.export import merged
from bellrock.log.files import log_files
from bellrock.log.readers import Readers
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from command import Ran, Run, forget_settings, status_of

AT = 1_795_474_800_000  # 2026-11-23T23:00Z
LINES = [b'{"at":%d,"raw":"line %d"}' % (AT + number * 1000, number) for number in range(300)]
SITES = str(Path(__file__).parents[1] / "golden" / "shared.sites.toml")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> Run:
    """Run a command of `log` on the data directory."""
    forget_settings(monkeypatch)

    def run(*arguments: str) -> Ran:
        status = status_of(monkeypatch, "log", *arguments, "--data", str(tmp_path))
        out, err = capsysbinary.readouterr()
        return Ran(status, out.decode(), err.decode())

    return run


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three files with a hundred lines each."""
    directory = tmp_path / "log"
    for start in range(0, len(LINES), 100):
        with closing(SqliteLogWriter(directory, rotate_bytes=1)) as writer:
            writer.append(LINES[start : start + 40])
        with closing(SqliteLogWriter(directory)) as writer:
            writer.append(LINES[start + 40 : start + 60])
            writer.append(LINES[start + 60 : start + 100])
    return directory


def texts(lines: list[bytes]) -> str:
    return b"".join(line + b"\n" for line in lines).decode()


def test_stat_shows_files_readers_and_the_bound(
    run: Run, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Readers(log).record("engine", 120)
    monkeypatch.setenv("BELLROCK_LOG_KEEP_GIB", "0.5")
    ran = run("stat")
    assert ran.status in {0, None}
    words = [line.split() for line in ran.out.splitlines()]
    first = next(line for line in words if line[:1] == ["00000000000000000000.sqlite"])
    assert first[1:4] == ["0", "100", "100"]
    assert first[5:] == ["2026-11-23", "23:00:00", "2026-11-23", "23:01:39"]
    assert ["engine", "120", "180"] in words
    assert words[-1][1:] == ["bytes", "of", "536870912"]
    assert "verified" not in ran.out


def test_stat_verifies_every_line_and_names_what_is_damaged(run: Run, log: Path) -> None:
    assert "every line verified" in run("stat", "--verify").out
    file = log_files(log)[0].path
    file.write_bytes(file.read_bytes().replace(b"line 42", b"lime 42"))
    assert run("stat").status in {0, None}  # it looks at the ends alone
    ran = run("stat", "--verify")
    assert ran.status == FAILED
    assert f"{file}: damaged from line 40 on" in ran.err
    assert "every line" in ran.out
    assert "00000000000000000200.sqlite" in ran.out


def test_tail_prints_the_last_lines(run: Run, log: Path) -> None:
    assert run("tail").out == texts(LINES[-10:])
    assert run("tail", "-n", "150").out == texts(LINES[150:])
    assert run("tail", "-n", "0").out == ""
    assert run("tail", "-n", "1000").out == texts(LINES)


def test_tail_follows_what_is_appended(log: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bellrock",
        "log",
        "tail",
        "-n",
        "1",
        "-f",
        "--data",
        log.parent,
    ]
    with (
        closing(SqliteLogWriter(log)) as writer,
        subprocess.Popen(command, stdout=subprocess.PIPE) as tail,
    ):
        assert tail.stdout is not None
        assert tail.stdout.readline() == LINES[-1] + b"\n"
        writer.append([b"new", b"newer"])
        assert tail.stdout.readline() + tail.stdout.readline() == b"new\nnewer\n"
        tail.terminate()


@pytest.mark.parametrize(
    ("arguments", "first", "end"),
    [
        ((), 0, 300),
        (("--from", "120"), 120, 300),
        (("--to", "130"), 0, 130),
        (("--from", "120", "--to", "130"), 120, 130),
        (("--from", "2026-11-23T23:02:00Z"), 120, 300),
        (("--from", "2026-11-23T23:01:59.001Z", "--to", "2026-11-23T23:02:01"), 120, 121),
        (("--from", "2026-11-24T00:02:00+01:00", "--to", "125"), 120, 125),
        (("--to", "2026-01-01"), 0, 0),
        (("--from", "2030-01-01"), 300, 300),
        (("--from", "200", "--to", "100"), 200, 200),
        (("--to", "9999"), 0, 300),
    ],
)
def test_export_prints_lines_between_positions_or_times(
    run: Run, log: Path, arguments: tuple[str, ...], first: int, end: int
) -> None:
    assert run("export", *arguments).out == texts(LINES[first:end])


def test_export_begins_with_the_oldest_line_that_is_left(run: Run, log: Path) -> None:
    log_files(log)[0].path.unlink()
    assert run("export").out == texts(LINES[100:])
    assert run("export", "--from", "2026-11-23").out == texts(LINES[100:])
    assert run("export", "--to", "110").out == texts(LINES[100:110])
    ran = run("export", "--from", "50")
    assert ran.status == FAILED
    assert "begins at position 100, so position 50 is gone" in ran.err


def test_an_export_is_what_fold_takes(run: Run, log: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.ndjson"
    assert run("export", "--output", str(file)).out == ""
    folded = subprocess.run(
        [sys.executable, "-m", "bellrock", "fold", file, "--sites", SITES, "--close"],
        capture_output=True,
        check=True,
    )
    documents = [msgspec.json.decode(line) for line in folded.stdout.splitlines()]
    assert sum(document["lines"] for document in documents) == 300  # none is a beacon


def test_export_stops_at_damage_and_says_so(run: Run, log: Path) -> None:
    log_files(log)[1].path.unlink()
    ran = run("export")
    assert (ran.status, ran.out) == (FAILED, texts(LINES[:100]))
    assert "damaged lines 100 to 199" in ran.err


def test_the_log_can_be_looked_at_while_it_is_written(run: Run, log: Path) -> None:
    with closing(SqliteLogWriter(log)) as writer:
        writer.append([b"new"])
        assert run("export", "--from", "299").out == texts([LINES[299], b"new"])
        assert " 301 " in run("stat", "--verify").out


def test_a_reader_can_be_forgotten(run: Run, log: Path) -> None:
    Readers(log).record("lake", 5)
    assert run("forget", "lake").out == "lake is forgotten.\n"
    assert Readers(log).positions() == {}
    ran = run("forget", "lake")
    assert ran.status == REFUSED
    assert "no reader has the name 'lake'" in ran.err


@pytest.mark.parametrize("command", [("stat",), ("tail",), ("export",), ("forget", "engine")])
def test_where_there_is_no_log_that_is_said(run: Run, command: tuple[str, ...]) -> None:
    ran = run(*command)
    assert (ran.status, ran.out) == (REFUSED, "")
    assert "there is no log yet. Start bellrock once, or name --data." in ran.err


@pytest.mark.parametrize("command", [("stat",), ("tail",), ("forget", "engine")])
def test_what_only_a_log_in_the_data_directory_can_tell_is_refused_for_others(
    run: Run, command: tuple[str, ...]
) -> None:
    ran = run(*command, "--log", "kafka://ada:hidden@127.0.0.1:1/beacons?sasl.mechanism=PLAIN")
    assert ran.status == REFUSED
    assert "hidden" not in ran.err
    assert "is not in the data directory" in ran.err


@pytest.mark.parametrize("place", ["yesterday", "-5", "12a"])
def test_a_place_that_is_none_is_refused(run: Run, log: Path, place: str) -> None:
    ran = run("export", f"--from={place}")
    assert ran.status == REFUSED
    assert "is neither a position nor a time" in ran.err


def test_a_file_that_cannot_be_written_is_named(run: Run, log: Path, tmp_path: Path) -> None:
    ran = run("export", "--output", str(tmp_path / "not" / "there"))
    assert ran.status == REFUSED
    assert "Name another --output." in ran.err


class Partitions:
    """A log of partitions, each of which is one on disk."""

    def __init__(self, folder: Path, *parts: list[bytes]) -> None:
        self.partitions = {}
        for number, lines in enumerate(parts):
            with closing(SqliteLogWriter(folder / str(number))) as writer:
                writer.append(lines)
            self.partitions[str(number)] = SqliteLogReader(folder / str(number))

    def close(self) -> None:
        for reader in self.partitions.values():
            reader.close()


def test_partitions_are_merged_by_time_and_each_keeps_its_order(tmp_path: Path) -> None:
    def line(at: int, name: str) -> bytes:
        return b'{"at":%d,"raw":"%s"}' % (at, name.encode())

    one = [line(1, "a"), line(5, "b"), line(3, "late"), line(9, "c")]
    other = [line(2, "A"), b"no json", line(4, "B"), line(6, "C")]
    log = Partitions(tmp_path, one, other, [])
    with closing(log):
        found = list(merged(log))  # type: ignore[arg-type]  # as far as it is used here
    order = [one[0], other[0], other[1], other[2], one[1], one[2], other[3], one[3]]
    assert found == order
