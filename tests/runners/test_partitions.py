"""The engine folds a log of many partitions into one store, and whoever comes after it goes on from there.

What is compared: the documents, claims and marks of a recorded log with oddities, through the partitions of a
log, and of the fold of the same lines in as many shards. Orders that come in two sessions of different
partitions in one minute belong to either; here there are none of them, because the recording has only the
orders whose pages are in one partition.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from bellrock.errors import ConfigurationError, LogUnavailable
from bellrock.log.blocks import cut as blocks_of
from bellrock.log.blocks import lines_of, shard_of
from bellrock.log.contract import Chunk, PartitionedLog, joined
from bellrock.log.memory import MemoryLog
from bellrock.log.open import place_of
from bellrock.operators.state import State
from bellrock.progress import Progress
from bellrock.runners.embedded import partitions
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.fold import fold_lines
from bellrock.sites import Sites
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from end_to_end.installation import SITES as TOML
from end_to_end.installation import until
from end_to_end.oddities import MINUTE
from end_to_end.recording import START, Recorded, record, without_races
from runners.engines import running
from sizes import small_sizes
from stored import documents, holding

PARTITIONS = 4
FOLD_UNTIL_KILLED = Path(__file__).with_name("fold_until_killed.py")


class MemoryPartition:
    """A partition in memory, of one record for each block."""

    def __init__(self) -> None:
        self._records: list[Chunk] = []
        self.away = False

    def add(self, data: bytes) -> None:
        self._records.append(Chunk(lines_of(data), len(self._records) + 1))

    def records(self, position: int, limit: int) -> list[Chunk]:
        if self.away:
            raise LogUnavailable("away")
        found: list[Chunk] = []
        while sum(len(r.lines) for r in found) < limit and position + len(found) < len(
            self._records
        ):
            found.append(self._records[position + len(found)])
        return found

    def read(self, position: int, limit: int) -> Chunk:
        return joined(self.records(position, limit), position)

    def close(self) -> None: ...


class MemoryPartitions:
    """A log of partitions in memory: its records are the blocks that a real one would have."""

    def __init__(self, count: int = PARTITIONS) -> None:
        self.partitions: Mapping[str, MemoryPartition] = {
            str(number): MemoryPartition() for number in range(count)
        }

    def append(self, lines: Sequence[bytes]) -> None:
        for block in blocks_of(lines):
            self.partitions[str(block.shard % len(self.partitions))].add(block.data)

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    whole = record(7, 5000)
    return whole._replace(lines=list(without_races(whole.lines, partition_of)))


def partition_of(line: bytes) -> int:
    return shard_of(line) % PARTITIONS


def engine(log: PartitionedLog, store: DuckDBStore, sites: Sites) -> Engine:
    return Engine(log, store, sites, Progress(), wall_clock=lambda: 0.0)


def drain(folding: Engine) -> int:
    return sum(iter(folding.step, 0))


def test_the_recording_has_marks_and_orders_and_every_partition_has_its_share(
    recorded: Recorded, tmp_path: Path
) -> None:
    log = MemoryPartitions()
    for lines in recorded.appends():
        log.append(lines)
    with closing(DuckDBStore(tmp_path / "store.duckdb")) as store:
        assert drain(engine(log, store, recorded.sites)) == len(recorded.lines)
        found = holding(store, recorded.sites)
        assert len(found.marks) >= 2
        assert len(found.claims) > 10
        assert b'"behaviour"' in found.documents
        assert store.balance().difference == 0
        assert store.balance().lines == store.progress()[0] == len(recorded.lines)
    for partition in log.partitions.values():
        assert len(partition.read(0, 1 << 30).lines) > len(recorded.lines) / PARTITIONS / 2


@pytest.mark.parametrize("most_lines", [37, 20_000])
def test_the_documents_are_those_of_the_fold_in_shards_however_large_steps_are(
    recorded: Recorded, tmp_path: Path, most_lines: int
) -> None:
    lines = recorded.lines[: 1000 if most_lines < 100 else None]
    log = MemoryPartitions()
    for part in Recorded(recorded.sites, lines).appends():
        log.append(part)
    with (
        small_sizes(most_lines=most_lines, small_state=20_000),
        closing(DuckDBStore(tmp_path / "store.duckdb")) as store,
    ):
        assert drain(engine(log, store, recorded.sites)) == len(lines)
        assert documents(store, recorded.sites) == fold_lines(
            lines, recorded.sites, shards=PARTITIONS
        )


def test_a_step_that_is_not_committed_is_folded_again_and_gives_the_same(
    recorded: Recorded, tmp_path: Path
) -> None:
    class Dying(DuckDBStore):
        def commit(self, step: StoredStep) -> None:
            if self.progress()[0] > 500:
                raise RuntimeError
            super().commit(step)

    lines, log, path = recorded.lines[:1200], MemoryPartitions(), tmp_path / "store.duckdb"
    for part in Recorded(recorded.sites, lines).appends():
        log.append(part)
    with small_sizes(most_lines=300, small_state=20_000):
        with closing(Dying(path)) as store, pytest.raises(RuntimeError):
            drain(engine(log, store, recorded.sites))
        with closing(DuckDBStore(path)) as store:
            assert 500 < store.progress()[0] < 1200
            assert len(store.positions()) == PARTITIONS
            drain(engine(log, store, recorded.sites))
            wanted = fold_lines(lines, recorded.sites, shards=PARTITIONS)
            assert documents(store, recorded.sites) == wanted


def test_kafkas_partitions_are_folded_as_shards_are_though_the_engine_is_killed_in_between(
    recorded: Recorded, tmp_path: Path, kafka_servers: str
) -> None:
    url = f"kafka://{kafka_servers}/folded-{uuid4()}"
    place, sites, path = place_of(url), tmp_path / "sites.toml", tmp_path / "store.duckdb"
    place.create(PARTITIONS, 1)
    sites.write_text(TOML)
    appends, appended = recorded.appends(), 0
    with closing(place.writer()) as writer:
        for until in (1500, 3000, len(recorded.lines)):
            while appended < until:
                lines = next(appends)
                writer.append(lines)
                appended += len(lines)
            if until < len(recorded.lines):
                fold_and_be_killed(url, path, sites, until - 700)
    with closing(DuckDBStore(path)) as store, closing(place.log()) as log:
        assert 1500 < store.progress()[0] < len(recorded.lines)
        drain(engine(log, store, recorded.sites))
        assert store.progress()[0] == len(recorded.lines)
        wanted = fold_lines(recorded.lines, recorded.sites, shards=PARTITIONS)
        assert documents(store, recorded.sites) == wanted
        assert store.balance().difference == 0


def fold_and_be_killed(url: str, path: Path, sites: Path, at: int) -> None:
    """Let a process fold until it has committed so many lines, then kill it in the midst of what comes next."""
    command = [sys.executable, str(FOLD_UNTIL_KILLED), url, str(path), str(sites)]
    environment = {**os.environ, "PYTHONPATH": str(FOLD_UNTIL_KILLED.parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        while int(process.stdout.readline()) < at:
            pass
        process.kill()


def test_kinesis_shards_are_folded_as_shards_are(
    recorded: Recorded, tmp_path: Path, kinesis_url: str
) -> None:
    place = place_of(f"kinesis://eu-central-1/folded-{uuid4()}?endpoint={kinesis_url}")
    place.create(PARTITIONS, 1)
    lines, path = recorded.lines[:1500], tmp_path / "store.duckdb"
    with closing(place.writer()) as writer:
        for part in Recorded(recorded.sites, lines).appends():
            writer.append(part)
    for _ in range(2):
        with (
            closing(DuckDBStore(path)) as store,
            closing(place.log()) as log,
            small_sizes(most_lines=700, small_state=20_000),
        ):
            engine(log, store, recorded.sites).step()
    with closing(DuckDBStore(path)) as store, closing(place.log()) as log:
        assert 0 < store.progress()[0] <= 1500
        drain(engine(log, store, recorded.sites))
        assert documents(store, recorded.sites) == fold_lines(
            lines, recorded.sites, shards=PARTITIONS
        )


def test_an_engine_that_is_behind_does_not_wait_between_its_steps(
    recorded: Recorded, tmp_path: Path
) -> None:
    log = MemoryPartitions()
    for part in Recorded(recorded.sites, recorded.lines[:1000]).appends():
        log.append(part)
    with (
        small_sizes(most_lines=100, small_state=20_000),
        closing(DuckDBStore(tmp_path / "store.duckdb")) as store,
    ):
        folding = Engine(log, store, recorded.sites, Progress(), step_seconds=5.0)
        began = time.monotonic()
        with running(folding) as run:
            until(lambda: folding.position > 800, "most lines to be folded")
            assert time.monotonic() - began < 5 * 8
        run.result()


def test_an_idle_partitions_sessions_end_with_the_time_of_the_others(
    recorded: Recorded, tmp_path: Path
) -> None:
    def visit(session: str, at: int) -> bytes:
        beacon = (
            b'{"v":1,"site":"kiosk","session":"%b","impression":"%b","seq":0,"type":"navigation"}'
            % (
                session.encode(),
                session[::-1].encode(),
            )
        )
        return b'{"at":%d,"ua":"Mozilla/5.0 Chrome/140","beacon":%b}' % (at, beacon)

    log = MemoryPartitions(2)
    idle = visit("a" * 20, START)
    [block] = blocks_of([idle])
    other = next(
        f"{number:020d}"
        for number in range(100)
        if blocks_of([visit(f"{number:020d}", 0)])[0].shard % 2 != block.shard % 2
    )
    log.append([idle])
    with closing(DuckDBStore(tmp_path / "store.duckdb")) as store:
        folding = engine(log, store, recorded.sites)
        drain(folding)
        assert open_sessions(store, log.partitions) == 1
        for minute in range(0, 600, 10):
            log.append([visit(other, START + minute * MINUTE)])
        drain(folding)
        assert open_sessions(store, log.partitions) == 1
        assert store.state(str(block.shard % 2))
        assert sessions_of(store, str(block.shard % 2)) == 0
        assert store.balance().difference == 0


def open_sessions(store: DuckDBStore, partitions: Mapping[str, object]) -> int:
    return sum(sessions_of(store, name) for name in partitions)


def sessions_of(store: DuckDBStore, partition: str) -> int:
    state = State()
    state.restore(store.state(partition))
    return len(state.sessions)


def test_a_log_that_is_away_for_a_moment_ends_no_engine_but_one_that_stays_away_does(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryPartitions()
    log.append(recorded.lines[:100])
    with closing(DuckDBStore(tmp_path / "store.duckdb")) as store:
        folding = engine(log, store, recorded.sites)
        log.partitions["2"].away = True
        with capture_logs() as journal:
            assert folding.step() == folding.step() == 0
        assert [entry["event"] for entry in journal] == ["log unavailable"]
        log.partitions["2"].away = False
        assert drain(folding) == 100
        log.partitions["2"].away = True
        monkeypatch.setattr(partitions, "_PATIENCE", -1.0)
        with pytest.raises(LogUnavailable):
            folding.step()


def test_a_store_of_another_log_is_refused_and_left_alone(
    recorded: Recorded, tmp_path: Path
) -> None:
    path, log, whole = tmp_path / "store.duckdb", MemoryPartitions(), MemoryLog()
    log.append(recorded.lines[:100])
    whole.append(recorded.lines[:100])
    with closing(DuckDBStore(path)) as store:
        drain(engine(log, store, recorded.sites))
        for other in (MemoryPartitions(8), whole):
            with pytest.raises(ConfigurationError, match="log with other partitions"):
                Engine(other, store, recorded.sites, Progress())
        assert store.progress()[0] == 100
    with closing(DuckDBStore(tmp_path / "whole.duckdb")) as store:
        drain(Engine(whole, store, recorded.sites, Progress()))
        with pytest.raises(ConfigurationError, match="log with other partitions"):
            engine(log, store, recorded.sites)
