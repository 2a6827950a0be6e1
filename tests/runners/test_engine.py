"""The engine folds a log into a store step by step, and whoever comes after it goes on from there."""

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from structlog.testing import capture_logs

from bellrock.claims.memory import MemoryClaims
from bellrock.errors import StoreInUse
from bellrock.marks.memory import MemoryMarks
from bellrock.metrics import Metrics
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline, Step
from bellrock.progress import Progress
from bellrock.runners.embedded import engine as module
from bellrock.runners.embedded import folding
from bellrock.runners.embedded.engine import Engine
from bellrock.runners.embedded.server import run
from bellrock.runners.fold import Ledger, fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.sites import Sites
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from end_to_end.installation import settings, until
from runners.engines import cut, drain, engine_on, folded, hostile, log_of, running
from runners.marked import held, put_marks
from simulation import scenario
from sizes import small_sizes
from stored import difference, documents, holding
from strategies import MINUTE, SESSIONS, SITES, START, beacon, encode

LINES = scenario.lines()


# --- who may run ---


def test_a_second_engine_on_a_data_directory_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    config = settings(tmp_path, 0.2)
    put_marks(config.store_file, [])
    told = (
        rf"{config.store_file} is open in another process\. Stop that engine, or use another --data"
    )
    with held(config.store_file), pytest.raises(StoreInUse, match=told):
        run(config)


# --- running ---


def test_what_comes_while_it_runs_is_folded_and_settled_when_it_is_told_to_stop(
    store: DuckDBStore,
) -> None:
    log = log_of([])
    engine = Engine(log, store, SITES, Progress(), step_seconds=0.01)
    with small_sizes(most_lines=10, small_state=4000), running(engine) as process:
        for lines in cut(LINES, 50):
            log.append(lines)
            until(lambda: engine.position == log.end(), "every line to be folded")
        assert store.fresh_rows > 0
        process.stop.set()
        process.result()
    assert store.fresh_rows == 0
    assert not difference(holding(store, SITES), folded(LINES, SITES))


def test_a_step_that_was_begun_when_it_is_told_to_stop_is_committed_and_no_other_is_begun(
    path: Path,
) -> None:
    class Stopping(DuckDBStore):
        def commit(self, step: StoredStep) -> None:
            stop.set()
            super().commit(step)

    stop = threading.Event()
    with small_sizes(most_lines=10, small_state=4000), closing(Stopping(path)) as store:
        engine = engine_on(LINES, store, SITES)
        engine.run(stop)
        assert (engine.position, store.fresh_rows) == (10, 0)
        assert not difference(holding(store, SITES), folded(LINES[:10], SITES))
        engine.run(stop)
        assert engine.position == 10


def test_an_engine_waits_for_housekeeping_that_has_fallen_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(DuckDBStore):
        most = 0

        def commit(self, step: StoredStep) -> None:
            self.most = max(self.most, self.fresh_rows)
            super().commit(step)

    monkeypatch.setattr(module, "_MOST_FRESH", 30)
    with small_sizes(most_lines=5, small_state=4000), closing(Watched(path)) as store:
        with running(engine_on(LINES, store, SITES, step_seconds=0.001)) as process:
            until(lambda: process.engine.position == len(LINES), "every line to be folded")
        process.result()
        assert 0 < store.most <= 30
        assert not difference(holding(store, SITES), folded(LINES, SITES))


# --- going on ---


def crowd(count: int) -> list[bytes]:
    """A line of each of many sessions, which stay open, in half an hour."""
    return [
        encode(START + n * 29 * MINUTE // count, beacon(session=f"session-{n:016d}"))
        for n in range(count)
    ]


def test_changes_that_outgrow_a_quarter_of_the_base_become_a_new_one(store: DuckDBStore) -> None:
    lines, small = crowd(3000), 1000
    with small_sizes(most_lines=2900, small_state=small):
        engine = engine_on(lines, store, SITES)
        engine.step()
    [before] = map(len, store.state())
    bases = []
    with small_sizes(most_lines=5, small_state=small):
        while engine.step():
            base, *changes = map(len, store.state())
            assert sum(changes) <= base / 4
            bases += [] if changes else [base]
    assert 2 <= len(bases) <= 10
    assert before < bases[0] < bases[-1]
    assert before / 4 > 10 * small
    restored = State()
    restored.restore(store.state())
    assert len(restored.sessions) == len(lines)


def test_few_changes_are_worth_no_base_however_small_it_is(store: DuckDBStore) -> None:
    with small_sizes(most_lines=5, small_state=1 << 20):
        steps = drain(engine_on(LINES, store, SITES))
    parts = store.state()
    assert len(parts) == len(steps) > 20
    assert sum(map(len, parts)) < 1 << 20


@pytest.mark.parametrize("seed", range(2))
def test_an_engine_that_is_started_again_and_again_goes_on_from_bases_and_changes(
    path: Path, seed: int
) -> None:
    sites, lines = hostile(seed, 240)
    kinds = set()
    with small_sizes(most_lines=10, small_state=40_000):
        while True:
            with closing(DuckDBStore(path)) as store:
                kinds.add(min(len(store.state()), 3))
                engine = engine_on(lines, store, sites)
                if [engine.step() for _ in range(3)][-1] == 0:
                    break
    assert kinds == {0, 1, 2, 3}
    with closing(DuckDBStore(path)) as store:
        assert not difference(holding(store, sites), folded(lines, sites))


def test_a_log_of_many_hours_that_waits_is_folded_in_no_more_steps_than_its_lines_need(
    tmp_path: Path,
) -> None:
    """However many minutes and sessions' ends are between its lines."""
    assert (scenario.DAY + 61 * scenario.HOUR - START) // scenario.HOUR > 48
    for size in (len(LINES) + 1, 50):
        with (
            small_sizes(most_lines=size, small_state=4 << 20),
            closing(DuckDBStore(tmp_path / f"{size}.duckdb")) as store,
        ):
            steps = drain(engine_on(LINES, store, SITES))
            assert steps == [len(lines) for lines in cut(LINES, size)]
            assert documents(store, SITES) == fold_lines(LINES, SITES)
            assert not difference(holding(store, SITES), folded(LINES, SITES))


def test_an_engine_that_is_started_again_tells_of_no_lag_before_it_has_folded_something(
    path: Path,
) -> None:
    """Of a shop that sleeps, the newest line is hours old; but it did not wait for hours."""
    lines = [encode(START, beacon()), encode(START + 8 * 60 * MINUTE, beacon(1, "load"))]
    for expected, now in ((0.5, START + 500), (2.0, START + 8 * 60 * MINUTE + 2000)):
        with closing(DuckDBStore(path)) as store:
            progress, clock = Progress(), lambda now=now: now / 1000
            position, watermark = store.progress()
            log = lines[: position + 1]
            engine = engine_on(log, store, SITES, progress=progress, wall_clock=clock)
            assert (progress.step.position, progress.step.watermark_ms) == (position, watermark)
            assert progress.step.lag_seconds == 0
            assert engine.step() == 1
            assert progress.step.lag_seconds == expected


# --- what people decide ---


def impressions_by_bot(store: DuckDBStore) -> dict[str, int]:
    sums = store.whole("minutes").group_by("bot").agg(pl.col("impressions").sum())
    return {bot: impressions for bot, impressions in sums.iter_rows() if impressions}


def test_what_people_decide_about_a_bot_holds_from_the_next_step_on(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    put_marks(path, [("shop", "Fetcher/1.0")])
    at, log = scenario.DAY + 30 * 24 * scenario.HOUR, log_of([])

    def visit(site: str) -> None:
        session = f"session-{log.end():016d}"
        log.append([encode(at, beacon(site=site, session=session), ua="Fetcher/1.0")])

    with closing(DuckDBStore(path)) as store:
        engine = Engine(log, store, SITES, Progress())
        for state, expected in (
            (None, {"behaviour": 1, "": 1}),
            ("lifted", {"behaviour": 1, "": 3}),
            ("everywhere", {"behaviour": 3, "": 3}),
            ("active", {"behaviour": 4, "": 4}),
        ):
            if state:
                deciding = threading.Thread(
                    target=store.set_mark, args=("shop", "Fetcher/1.0", state)
                )
                deciding.start()
                deciding.join()
            visit("shop")
            visit("kiosk")
            assert engine.step() == 2
            assert impressions_by_bot(store) == expected


# --- accounting ---


class Forgetful(Pipeline):
    """A pipeline with a defect: it loses the last line of each step, and knows how many it was given."""

    def step(self, lines: Sequence[bytes]) -> Step:
        step = super().step(lines[:-1])
        balance = msgspec.structs.replace(step.balance, lines=len(lines))
        return msgspec.structs.replace(step, balance=balance)


def test_lines_that_are_unaccounted_for_are_an_error_in_the_journal_and_a_figure_for_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unaccounted = "\nbellrock_unaccounted_lines {}.0\n"
    log, metrics = log_of(LINES[:30]), Metrics()
    with closing(DuckDBStore(path)) as store, small_sizes(most_lines=15, small_state=4000):
        monkeypatch.setattr(folding, "Pipeline", Forgetful)
        engine = Engine(log, store, SITES, Progress(), metrics=metrics)
        for steps in (1, 2):
            with capture_logs() as journal:
                engine.step()
            [told] = journal
            assert (told["log_level"], told["event"]) == ("error", "lines are unaccounted for")
            parts = ("beacons", "duplicates", "orphans", "fatal", "waiting")
            assert told["lines"] - sum(told[part] for part in parts) == 1
            assert unaccounted.format(steps) in metrics.text().decode()
    monkeypatch.undo()
    log.append(LINES[30:])
    with closing(DuckDBStore(path)) as store, capture_logs() as journal:
        later = Metrics()
        engine = Engine(log, store, SITES, Progress(), metrics=later)
        assert unaccounted.format(2) in later.text().decode()
        engine.step()
        assert journal == []
        assert unaccounted.format(2) in later.text().decode()


def test_of_a_sound_pipeline_nothing_is_logged(store: DuckDBStore) -> None:
    sites, lines = hostile(1, 300)
    with small_sizes(most_lines=20, small_state=4000), capture_logs() as journal:
        drain(engine_on(lines, store, sites))
    assert journal == []
    assert store.balance().difference == 0
    assert store.balance().lines == sum(bool(line.strip()) for line in lines)


# --- another declaration ---

WITHOUT_SHOP: Sites = {"kiosk": SITES["kiosk"]}
ONE_GROUP = msgspec.structs.replace(SITES["shop"].tests[0], control="B", groups={"B": 1.0})
SHOPPERS, CROWD = 18, 75
"""Lines after which sessions are open: those of shoppers, and those of a bot, without timers of the site."""


def otherwise(**values: Any) -> Sites:
    """The sites, each of them declared otherwise."""
    return {key: msgspec.structs.replace(site, **values) for key, site in SITES.items()}


def rows_of(relation: str, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The rows that say something, in order."""
    key, additive = RELATIONS[relation]
    said = frame.filter(pl.any_horizontal(pl.col(additive) != 0))
    return said.select(*key, *additive).sort(key).rows()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        pytest.param(SITES, otherwise(dimensions=("os", "served")), SHOPPERS, id="dimensions"),
        pytest.param(SITES, otherwise(labels=("cart",)), SHOPPERS, id="labels"),
        pytest.param(SITES, otherwise(tests=()), SHOPPERS, id="no test"),
        pytest.param(SITES, otherwise(tests=(ONE_GROUP,)), SHOPPERS, id="groups"),
        pytest.param(SITES, otherwise(currency="USD"), SHOPPERS, id="currency"),
        pytest.param(SITES, otherwise(order_key=bytes(32)), SHOPPERS, id="order key"),
        pytest.param(SITES, WITHOUT_SHOP, CROWD, id="a site is gone"),
        pytest.param(WITHOUT_SHOP, SITES, SHOPPERS, id="a site is new"),
    ],
)
def test_sites_may_be_declared_otherwise_between_two_engines_on_one_store(
    path: Path, before: Sites, after: Sites, lines: int
) -> None:
    """What was folded stays, and what an open page impression has given is taken back whole."""
    first, rest = LINES[:lines], LINES[lines:]
    claims, marks, state, ledger = MemoryClaims(), MemoryMarks(), State(), Ledger()
    for sites, part in ((before, first), (after, rest)):
        ledger.add(Pipeline(sites, claims, marks, state).step(part).deltas)
    for sites, log in ((before, first), (after, LINES)):
        with small_sizes(most_lines=25, small_state=4000), closing(DuckDBStore(path)) as store:
            drain(engine_on(log, store, sites))
            assert store.balance().difference == 0
    with closing(DuckDBStore(path)) as store:
        for name in RELATIONS:
            assert rows_of(name, store.whole(name)) == rows_of(name, getattr(ledger.sums(), name))
        minutes = store.whole("minutes").select("beacons", "impressions", "sessions")
        assert (minutes.to_numpy() >= 0).all()


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(otherwise(timers=()), id="none"),
        pytest.param(otherwise(timers=("cta", "hero")), id="one more before it"),
        pytest.param(WITHOUT_SHOP, id="the site is gone"),
    ],
)
def test_a_timer_of_a_site_that_an_open_session_has_may_be_declared_otherwise(
    path: Path, after: Sites
) -> None:
    lines = [
        encode(START, beacon(3, page={"label": "home"}, timers={"hero": 3})),
        encode(START, beacon(0, page={"label": "product"})),
        encode(START + 40 * MINUTE, beacon(site="kiosk", session=SESSIONS[1])),
    ]
    for sites, log in ((SITES, lines[:1]), (after, lines)):
        with closing(DuckDBStore(path)) as store:
            drain(engine_on(log, store, sites))
    with closing(DuckDBStore(path)) as store:
        timers = store.whole("timers").filter(pl.col("count") != 0)
        assert timers.select("timer", "count").rows() == [("hero", 1)]
        ended = store.whole("cluster_timers").filter(pl.col("population") == "all")
        assert ended.select("timer", "n").rows() == [("hero", 1)]
