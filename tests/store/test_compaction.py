"""Rows become fewer and move to coarser tables: no answer may ever change by it."""

import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bellrock.operators.sessions import GAP_MINUTES, LONGEST_MINUTES
from bellrock.operators.summaries import NO_DELTAS
from bellrock.schema.document import RELATIONS
from bellrock.store import compaction
from bellrock.store import duckdb as store_module
from bellrock.store.compaction import first_open_minute
from bellrock.store.contract import TIME_BUCKETS, Condition, Selection
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.fresh import joined
from bellrock.store.question import Piece, Question, cover
from bellrock.store.step import StoredStep
from bellrock.store.tables import LEVELS, ROLLED_UP

Row = dict[str, Any]
DAY = 29_000_160  # the first minute of a day
NOTHING = pl.DataFrame()
DIMENSIONS: Row = {
    "group": ["A", "B"],
    "browser": ["Chrome", "Safari"],
    "country": [None, "", "DE"],
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "store.duckdb")
    yield opened
    opened.close()


def commit(store: DuckDBStore, now: int, **deltas: Sequence[Row]) -> None:
    """A step at the minute `now`."""
    position, _ = store.progress()
    frames = {
        name: pl.DataFrame([{"site": "shop", **row} for row in rows])
        for name, rows in deltas.items()
    }
    store.commit(StoredStep(frames, NOTHING, b"", False, position + 1, now * 60_000))


def tidy(store: DuckDBStore) -> int:
    """Settle, and compact all that can be; how many pieces that were."""
    store.settle()
    pieces = 0
    while store.compact():
        pieces += 1
    return pieces


def rows_of(store: DuckDBStore, relation: str) -> dict[str, int]:
    levels = ("settled", *(LEVELS if relation in ROLLED_UP else ("minute",)))
    return {
        level: store._database.rows(f"SELECT count(*) FROM {relation}_{level}")[0][0]
        for level in levels
    }


# --- the law ---

minutes = st.integers(DAY - 90, DAY + 3 * 1440)
edges = st.sampled_from([DAY + n * 60 + off for n in (0, 1, 24, 25, 48) for off in (-1, 0, 1, 30)])
times = st.one_of(minutes, edges)


def keys(relation: str) -> st.SearchStrategy[Row]:
    of = {name: st.sampled_from(values) for name, values in DIMENSIONS.items()}
    of |= {
        "site": st.sampled_from(["shop", "kiosk"]),
        "minute": times,
        "population": st.sampled_from(["all", "repeat"]),
        "timer": st.sampled_from(["lcp", "hero"]),
        "cell": st.sampled_from([-1, 7, 320]),
        "issue": st.sampled_from(["field", "orphan"]),
        "transport": st.sampled_from(["", "xhr"]),
    }
    return st.fixed_dictionaries({n: s for n, s in of.items() if n in RELATIONS[relation].key})


def rows(relation: str) -> st.SearchStrategy[list[Row]]:
    measures = {name: st.integers(-3, 3) for name in RELATIONS[relation].additive[:2]}
    row = st.tuples(keys(relation), st.fixed_dictionaries(measures)).map(lambda p: p[0] | p[1])
    return st.lists(row, max_size=6)


steps = st.fixed_dictionaries({name: rows(name) for name in RELATIONS})
ranges = st.tuples(times, times).map(sorted)
conditions = st.lists(
    st.sampled_from(list(DIMENSIONS)).flatmap(
        lambda name: st.builds(
            Condition,
            st.just(name),
            st.lists(st.sampled_from([v or "" for v in DIMENSIONS[name]]), min_size=1).map(tuple),
            st.booleans(),
        )
    ),
    max_size=2,
)
bys = st.tuples(
    st.lists(st.sampled_from(list(TIME_BUCKETS)), max_size=1),
    st.lists(st.sampled_from(list(DIMENSIONS)), max_size=2, unique=True),
).map(lambda pair: (*pair[0], *pair[1]))


def expected(
    frames: Sequence[pl.DataFrame], relation: str, selection: Selection, by: Sequence[str]
) -> pl.DataFrame:
    """The answer, from all rows ever written, one by one."""
    key, additive = RELATIONS[relation]
    schema = getattr(NO_DELTAS, relation).schema
    table = pl.concat([pl.DataFrame(schema=schema), *frames], how="diagonal")
    table = table.filter(
        (pl.col("site") == selection.site)
        & (pl.col("minute") >= selection.start)
        & (pl.col("minute") < selection.end)
    )
    for condition in selection.where:
        meets = pl.col(condition.dimension).fill_null("").is_in(list(condition.values))
        table = table.filter(~meets if condition.negated else meets)
    buckets = [
        (pl.col("minute") - pl.col("minute") % width).alias(name)
        for name, width in TIME_BUCKETS.items()
    ]
    table = table.with_columns(*buckets, *(pl.col(n).fill_null("") for n in DIMENSIONS if n in key))
    sums = [pl.col(name).fill_null(0).sum() for name in additive]
    summed = table.group_by(by).agg(sums) if by else table.select(sums)
    return summed.filter(pl.any_horizontal(pl.col(additive) != 0))


def asked(
    store: DuckDBStore, relation: str, selection: Selection, by: Sequence[str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The store's answer, and what it is by."""
    both = ["all", "repeat"]
    if relation == "minutes":
        return store.measures(selection, by), tuple(by)
    if relation == "timers":
        return store.timers(selection, by, ["lcp", "hero"]), (*by, "timer", "cell")
    if relation == "clusters":
        return store.clusters(selection, by, both), (*by, "population")
    if relation == "cluster_timers":
        found = store.cluster_timers(selection, by, both, ["lcp", "hero"])
        return found, (*by, "population", "timer")
    plain = Selection(selection.site, selection.start, selection.end)
    if relation == "delivery":
        return store.delivery(plain), ("browser", "transport")
    return store.issues(plain), ("minute", "issue")


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return sorted(one.rows(), key=repr) == sorted(other.select(one.columns).rows(), key=repr)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), told=st.lists(steps, min_size=1, max_size=5))
def test_every_answer_is_that_of_the_rows_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, told: list[dict[str, list[Row]]]
) -> None:
    """Whatever was settled, compacted and opened again at any time, and however late rows come."""
    path = tmp_path_factory.mktemp("store") / "store.duckdb"
    store = DuckDBStore(path)
    written: dict[str, list[pl.DataFrame]] = {name: [] for name in RELATIONS}
    for step in told:
        now = data.draw(times) + data.draw(st.sampled_from([0, 300, 5000]))
        commit(store, now, **{name: rows for name, rows in step.items() if rows})
        for name, found in step.items():
            schema = getattr(NO_DELTAS, name).schema
            written[name].append(
                pl.DataFrame(found, schema={c: schema[c] for c in found[0]} if found else schema)
            )
        store.settle() if data.draw(st.booleans()) else None
        for _ in range(data.draw(st.sampled_from([0, 1, 3, 500]))):
            if not store.compact():
                break
        if data.draw(st.integers(0, 4)) == 4:
            store.close()
            store = DuckDBStore(path)
    for relation in RELATIONS:
        for _ in range(3):
            start, end = data.draw(ranges)
            where = () if relation in {"issues", "delivery"} else tuple(data.draw(conditions))
            usable = tuple(c for c in where if c.dimension in RELATIONS[relation].key)
            selection = Selection("shop", start, end, usable)
            answer, by = asked(store, relation, selection, data.draw(bys))
            assert same(answer, expected(written[relation], relation, selection, by))
    store.close()


# --- what is final ---


def test_a_minute_is_final_when_the_longest_session_that_began_in_it_must_have_ended() -> None:
    """Law: it ends at the first boundary M >= floor_minute(first) + 240, before lines of minute M."""
    began = DAY
    last_boundary = began + LONGEST_MINUTES
    assert LONGEST_MINUTES > GAP_MINUTES
    assert first_open_minute((last_boundary * 60_000) - 1) == began
    assert first_open_minute(last_boundary * 60_000) == began + 1
    assert first_open_minute(None) <= 0


def test_final_hours_leave_one_row_for_each_document_and_days_follow_when_they_are_over(
    store: DuckDBStore,
) -> None:
    for now in range(DAY, DAY + 2 * 1440, 10):
        commit(store, now, minutes=[{"minute": now, "group": g, "beacons": 1} for g in "AAB"])
        if now % 50 == 0:
            store.settle()
    assert rows_of(store, "minutes")["minute"] == 0
    tidy(store)
    final = 48 * 60 - LONGEST_MINUTES - 60  # the hour that is not over stays where it is
    # 10 minutes apart, two groups each
    assert rows_of(store, "minutes") == {
        "settled": 2 * (2 * 144 - final // 10), "minute": 2 * final // 10, "hour": 2 * final // 60, "day": 2,
    }  # fmt: skip
    commit(store, DAY + 3 * 1440, minutes=[])
    tidy(store)
    assert rows_of(store, "minutes") == {"settled": 0, "minute": 576, "hour": 96, "day": 4}
    assert tidy(store) == 0


def test_rows_that_come_late_to_a_day_that_is_rolled_up_are_added_to_it(store: DuckDBStore) -> None:
    commit(store, DAY + 2 * 1440, minutes=[{"minute": DAY + 5, "beacons": 1}])
    tidy(store)
    commit(store, DAY + 2 * 1440, minutes=[{"minute": DAY + 5, "beacons": 1}])
    tidy(store)
    assert rows_of(store, "minutes") == {"settled": 0, "minute": 2, "hour": 2, "day": 2}
    for by in ([], ["time:minute"], ["time:hour"], ["time:day"]):
        found = store.measures(Selection("shop", 0, 1 << 40), by)
        assert found["beacons"].to_list() == [2]


def test_a_piece_of_work_is_one_hour_or_one_day_of_one_relation(store: DuckDBStore) -> None:
    hours = [{"minute": DAY + 60 * hour, "beacons": 1} for hour in range(24)]
    issues = [{"minute": DAY, "issue": "field", "lines": 1}]
    commit(store, DAY + 2 * 1440, minutes=hours, issues=issues)
    assert tidy(store) == 24 + 1 + 1


def test_nothing_moves_before_it_is_settled(store: DuckDBStore) -> None:
    """What is final is known of settled steps: a fresh one may change a minute that a later one ends."""
    commit(store, DAY, minutes=[{"minute": DAY, "beacons": 1}])
    store.settle()
    commit(store, DAY + 1440, minutes=[{"minute": DAY, "beacons": 1}])
    assert not store.compact()
    tidy(store)
    assert rows_of(store, "minutes")["minute"] == 1


# --- crashes ---


class Crash(Exception):
    pass


@pytest.mark.parametrize("relation", ["minutes", "issues", "delivery"])
def test_a_crash_between_any_two_statements_leaves_every_sum(
    tmp_path: Path, relation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies before each statement in turn; the next one finishes the work."""
    path, measure = tmp_path / "store.duckdb", RELATIONS[relation].additive[0]
    store = DuckDBStore(path)
    rows = {"issues": {"issue": "field"}, "delivery": {"browser": "IE", "transport": "xhr"}}
    row = rows.get(relation, {"group": "A"})
    for _ in range(2):
        deltas = [{"minute": DAY + n * 30, **row, measure: 1} for n in range(96)]
        commit(store, DAY + 3 * 1440, **{relation: deltas})
    crashes = 0
    for work, after in product((compaction.settle_steps, compaction.compact_next), range(9)):
        with monkeypatch.context() as dying:
            dying.setattr(store_module, work.__name__, _dying(work, after))
            try:
                tidy(store)
            except Crash:
                crashes += 1
        # What a killed process leaves is what was committed: the file is opened anew.
        store._database.close()
        store = DuckDBStore(path)
        assert _sum(store, relation, measure) == 192
    tidy(store)
    assert crashes >= 7
    assert _sum(store, relation, measure) == 192
    assert rows_of(store, relation)["minute"] == 96
    store.close()


def _sum(store: DuckDBStore, relation: str, measure: str) -> int:
    selection = Selection("shop", DAY, DAY + 3 * 1440)
    if relation == "issues":
        return int(store.issues(selection)[measure].sum())
    if relation == "delivery":
        return int(store.delivery(selection)[measure].sum())
    sums = {int(store.measures(selection, by)[measure].sum()) for by in ([], ["time:minute"])}
    (found,) = sums
    return found


def _dying(work: Any, after: int) -> Any:
    """The same work, by a cursor that dies after some statements."""

    class Dying:
        def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
            self._cursor, self._left = cursor, after

        def execute(self, *arguments: Any) -> Any:
            if not self._left:
                raise Crash
            self._left -= 1
            incoming = sys._getframe(1).f_locals.get("incoming")  # noqa: F841  # DuckDB looks for it
            return self._cursor.execute(*arguments)

    return lambda cursor, *rest: work(Dying(cursor), *rest)


# --- covering a span ---


def pieces(
    start: int, end: int, by: str | None, days: int = 1 << 40, hours: int = 1 << 40
) -> list[tuple[str, int, int]]:
    question = Question("minutes", Selection("shop", start, end), (by,) if by else ())
    found = cover(question, days, hours)
    for before, after in pairwise(found):
        assert before.end == after.start
    assert not found or (found[0].start, found[-1].end) == (start, end)
    return [(p.level, p.start - DAY, p.end - DAY) for p in found]


def test_a_span_is_covered_by_days_hours_and_minutes_without_gap_or_overlap() -> None:
    assert pieces(DAY - 61, DAY + 1440 + 61, None) == [
        ("minute", -61, -60), ("hour", -60, 0), ("day", 0, 1440), ("hour", 1440, 1500),
        ("minute", 1500, 1501),
    ]  # fmt: skip
    assert pieces(DAY, DAY + 2880, "time:day") == [("day", 0, 2880)]
    assert pieces(DAY, DAY + 2880, "time:hour") == [("hour", 0, 2880)]
    assert pieces(DAY, DAY + 2880, "time:minute") == [("minute", 0, 2880)]
    assert pieces(DAY + 1, DAY + 59, None) == [("minute", 1, 59)]
    assert pieces(DAY + 1, DAY + 1, None) == []


def test_days_that_are_not_rolled_up_are_covered_by_hours() -> None:
    assert pieces(DAY, DAY + 2880, None, days=DAY + 1440) == [
        ("day", 0, 1440),
        ("hour", 1440, 2880),
    ]
    assert pieces(DAY, DAY + 2880, None, days=0) == [("hour", 0, 2880)]


def test_hours_that_are_not_rolled_up_are_covered_by_minutes() -> None:
    assert pieces(DAY, DAY + 2880, None, hours=DAY + 1440 + 90) == [
        ("day", 0, 1440),
        ("hour", 1440, 1500),
        ("minute", 1500, 2880),
    ]
    assert pieces(DAY, DAY + 120, "time:hour", hours=DAY) == [("minute", 0, 120)]


def test_issues_are_minutes() -> None:
    question = Question("issues", Selection("shop", DAY, DAY + 2880), ("minute", "issue"))
    assert cover(question, 0) == [Piece("minute", DAY, DAY + 2880)]


def test_no_fresh_steps_have_no_rows_but_every_column() -> None:
    for relation in RELATIONS:
        assert joined([], relation).schema == getattr(NO_DELTAS, relation).schema
