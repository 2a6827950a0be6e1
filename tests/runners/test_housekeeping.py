"""Housekeeping goes on beside steps and queries: rows become fewer, the file is written, and no sum changes."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from bellrock.errors import LogUnavailable
from bellrock.log.contract import Chunk
from bellrock.log.memory import MemoryLog
from bellrock.progress import Progress
from bellrock.runners.embedded import housekeeping as module
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.embedded.housekeeping import Housekeeping
from bellrock.schema.document import RELATIONS
from bellrock.sites import Sites
from bellrock.store.contract import Selection
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.tables import ROLLED_UP
from end_to_end.installation import until
from runners.engines import PATIENCE, cut, drain, engine_on, folded, hostile, running
from simulation import scenario
from sizes import small_sizes
from stored import Folding, difference, holding
from strategies import SITES

LINES = scenario.lines()
MOST_LINES = 20


@pytest.fixture
def small() -> Iterator[None]:
    with small_sizes(most_lines=MOST_LINES, small_state=12_000, housekeeping_every=0.001):
        yield


Answer = tuple[str, tuple[int, ...]]
"""A site, and the sum of each of its additive measures."""


def ask(store: DuckDBStore, site: str) -> Answer:
    found = store.measures(Selection(site, 0, 1 << 40), ())
    return site, found.row(0) if len(found) else (0,) * found.width


def answers(lines: Sequence[bytes], sites: Sites) -> set[Answer]:
    """What a query may be answered before and after each step."""
    folding, additive = Folding(sites), RELATIONS["minutes"].additive
    found = {(site, (0,) * len(additive)) for site in sites}
    for step in cut(lines, MOST_LINES):
        folding.fold(step)
        sums = folding._ledger.sums().minutes.group_by("site").agg(pl.col(additive).sum())
        found |= {(site, tuple(values)) for site, *values in sums.iter_rows()}
    return found


def rows_in(store: DuckDBStore, part: str) -> int:
    names = ROLLED_UP if part in {"hour", "day"} else RELATIONS
    return sum(store._database.rows(f"SELECT count(*) FROM {name}_{part}")[0][0] for name in names)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "housekeeping"]


# --- a round ---


@pytest.mark.parametrize("seed", [2, 4])  # these span more than ten hours
def test_rounds_beside_steps_and_queries_change_no_sum(path: Path, small: None, seed: int) -> None:
    sites, lines = hostile(seed, 400)
    round_is_over = threading.Semaphore(0)
    seen: set[Answer] = set()

    def step() -> None:
        for number, _ in enumerate(iter(engine.step, 0)):
            if number % 4 == 3:
                assert round_is_over.acquire(timeout=PATIENCE)

    def keep_asking() -> None:
        while not stepping.done():
            seen.update(ask(store, site) for site in sites)

    with closing(DuckDBStore(path)) as store, ThreadPoolExecutor(2) as threads:
        engine = engine_on(lines, store, sites)
        housekeeping = Housekeeping(store)
        stepping = threads.submit(step)
        asking = threads.submit(keep_asking)
        while not stepping.done():
            housekeeping.round()
            round_is_over.release()
        stepping.result()
        asking.result()
        housekeeping.round()
        assert store.fresh_rows == 0
        assert not store.compact()
        assert rows_in(store, "hour") > 0
        assert not difference(holding(store, sites), folded(lines, sites))
    assert len(seen) > len(sites)
    assert seen <= answers(lines, sites)


def test_a_round_leaves_everything_in_the_file_and_nothing_in_its_write_ahead_log(
    path: Path, tmp_path: Path, store: DuckDBStore
) -> None:
    drain(engine_on(LINES, store, SITES))
    log = path.with_name(f"{path.name}.wal")
    assert log.stat().st_size > 0
    Housekeeping(store).round()
    assert not log.exists() or log.stat().st_size == 0
    copy = tmp_path / "copy.duckdb"
    shutil.copyfile(path, copy)
    with closing(DuckDBStore(copy)) as copied:
        assert not difference(holding(copied, SITES), folded(LINES, SITES))


@pytest.mark.parametrize(("long_log", "written"), [(1 << 40, False), (0, True)])
def test_rounds_that_follow_at_once_write_the_file_only_if_its_log_is_long(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch, long_log: int, written: bool
) -> None:
    monkeypatch.setattr(module, "_LONG_LOG", long_log)
    housekeeping = Housekeeping(store)
    housekeeping.round()
    engine_on(LINES, store, SITES).step()
    housekeeping.round()
    assert (store.log_size() == 0) is written


def test_a_round_moves_what_is_final_and_leaves_what_is_open(store: DuckDBStore) -> None:
    drain(engine_on(LINES, store, SITES))
    assert store.fresh_rows > 0
    Housekeeping(store).round()
    assert store.fresh_rows == 0
    settled = rows_in(store, "settled")
    assert 0 < settled < rows_in(store, "minute")
    assert 0 < rows_in(store, "day") < rows_in(store, "hour") < rows_in(store, "minute")
    Housekeeping(store).round()
    assert rows_in(store, "settled") == settled


# --- when it is done ---


def test_a_round_is_due_after_a_time(store: DuckDBStore, small: None) -> None:
    drain(engine_on(LINES, store, SITES))
    with Housekeeping(store, every=0.003):
        until(lambda: store.fresh_rows == 0, "a round")
    assert not difference(holding(store, SITES), folded(LINES, SITES))


def test_a_round_is_due_when_much_has_gathered(
    store: DuckDBStore, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain(engine_on(LINES, store, SITES))
    monkeypatch.setattr(module, "MANY_ROWS", store.fresh_rows)
    with Housekeeping(store, every=1e9):
        until(lambda: store.fresh_rows == 0, "a round")


def test_no_round_is_due_before_its_time_nor_at_the_end(path: Path, small: None) -> None:
    class Watched(DuckDBStore):
        looks = 0

        @property
        def fresh_rows(self) -> int:
            self.looks += 1
            return super().fresh_rows

    with closing(Watched(path)) as store:
        drain(engine_on(LINES, store, SITES))
        before = store.fresh_rows
        with Housekeeping(store, every=1e9):
            until(lambda: store.looks > 3, "some looks")
        assert store.fresh_rows == before > 0


# --- how it ends ---


class PausingStore(DuckDBStore):
    """A store whose second piece of work takes as long as it is told to."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.pieces, self.in_the_middle = 0, threading.Event()
        self.go_on: threading.Event | None = None

    def compact(self) -> bool:
        self.pieces += 1
        if self.pieces == 2:
            self.in_the_middle.set()
            assert self.go_on
            assert self.go_on.wait(PATIENCE)
        return super().compact()


def test_a_piece_that_was_begun_is_finished_and_no_other_is_begun(path: Path, small: None) -> None:
    with closing(PausingStore(path)) as store:
        drain(engine_on(LINES, store, SITES))
        with Housekeeping(store, every=0) as housekeeping:
            store.go_on = housekeeping._stop
            assert store.in_the_middle.wait(PATIENCE)
        assert store.pieces == 2
        assert store._database.rows("SELECT count(*) FROM minutes_hour") != [(0,)]
        left = 0
        while store.compact():
            left += 1
        assert left > 10
        assert not difference(holding(store, SITES), folded(LINES, SITES))


def test_a_store_that_fails_ends_the_engine_with_what_happened(path: Path, small: None) -> None:
    with closing(DuckDBStore(path)) as store:
        store._database.rows("DROP TABLE rolled")
        with running(engine_on(LINES, store, SITES, step_seconds=0.001)) as run:
            with pytest.raises(duckdb.CatalogException, match="rolled does not exist"):
                run.result()
            assert not run.stop.is_set()
        assert threads() == []
        position, _ = store.progress()
        assert not difference(holding(store, SITES), folded(LINES[:position], SITES))


def test_what_fails_last_of_all_is_told_too(path: Path, small: None) -> None:
    """Nobody looks any more at what the thread did after the engine's last step, but the block's end."""
    with closing(DuckDBStore(path)) as store:
        drain(engine_on(LINES, store, SITES))
        store._database.rows("DROP TABLE rolled")
        with (
            pytest.raises(duckdb.CatalogException, match="rolled does not exist"),
            Housekeeping(store, every=0) as housekeeping,
        ):
            housekeeping._thread.join(PATIENCE)


def test_a_step_that_fails_ends_the_engine_with_what_happened_and_housekeeping_with_it(
    store: DuckDBStore, small: None
) -> None:
    class Failing(MemoryLog):
        def read(self, position: int, limit: int) -> Chunk:
            if position >= 3 * MOST_LINES:
                raise LogUnavailable("the disk is gone")
            return super().read(position, limit)

    log = Failing()
    log.append(LINES)
    with running(Engine(log, store, SITES, Progress())) as run:
        with pytest.raises(LogUnavailable, match="the disk is gone"):
            run.result()
        assert threads() == []
    assert not difference(holding(store, SITES), folded(LINES[: 3 * MOST_LINES], SITES))
