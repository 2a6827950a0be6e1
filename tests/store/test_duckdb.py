"""The embedded store: a step whole or not at all, sums that settling does not change, one owner."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import strategies
from bellrock.canonical import canonical_text
from bellrock.claims.contract import Claim, Owner
from bellrock.claims.duckdb import EmbeddedClaims
from bellrock.claims.memory import MemoryClaims
from bellrock.errors import BellrockError, StoreInUse
from bellrock.marks.book import MarkEntry
from bellrock.marks.contract import Mark
from bellrock.marks.duckdb import EmbeddedMarks
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.balance import Balance
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep
from bellrock.store.tables import VERSION
from conformance.stores import ALWAYS, KEY, MINUTE, Row, frame
from strategies import SITES, START, beacon, encode

NO_CLAIMS = EmbeddedClaims(lambda _: {}).pending()
NO_MARKS = EmbeddedMarks(list, lambda: 0).pending()
BALANCE = Balance(lines=5, beacons=1, duplicates=1, orphans=1, fatal=1, waiting=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore(path)
    yield store
    store.close()


def write(
    store: DuckDBStore,
    minutes: Sequence[Row] = (),
    timers: Sequence[Row] = (),
    issues: Sequence[Row] = (),
    clusters: Sequence[Row] = (),
    cluster_timers: Sequence[Row] = (),
    delivery: Sequence[Row] = (),
    *,
    claims: pl.DataFrame = NO_CLAIMS,
    marks: pl.DataFrame = NO_MARKS,
    state: bytes = b"changes",
    base: bool = False,
    position: int = 1,
    watermark: int | None = START,
) -> None:
    deltas = {
        "minutes": frame("minutes", [KEY | row for row in minutes]),
        "timers": frame("timers", [KEY | row for row in timers]),
        "issues": frame("issues", issues),
        "clusters": frame("clusters", [KEY | {"population": "all"} | row for row in clusters]),
        "cluster_timers": frame(
            "cluster_timers", [KEY | {"population": "all"} | row for row in cluster_timers]
        ),
        "delivery": frame("delivery", delivery),
    }
    store.commit(
        StoredStep(deltas, claims, state, base, position, watermark, marks, balance=BALANCE)
    )


def claims_of(*orders: tuple[str, str]) -> pl.DataFrame:
    pending = EmbeddedClaims(lambda _: {})
    for order, session in orders:
        pending.claim([Claim("shop", order.encode(), Owner(session, 5, "i1"))])
    return pending.pending()


def marks_of(*agents: str) -> pl.DataFrame:
    pending = EmbeddedMarks(list, lambda: 0)
    pending.mark([Mark("shop", agent, 9, 25, 24) for agent in agents])
    return pending.pending()


def content(store: DuckDBStore) -> Any:
    """All that a step writes."""
    rows = [sorted(store.whole(name).rows(), key=repr) for name in RELATIONS]
    owners = store.owners([("shop", b"o-1"), ("shop", b"o-2")])
    return rows, owners, store.marks(), store.state(), store.progress(), store.balance()


# --- writing ---


def test_a_new_store_is_empty_and_at_the_begin_of_the_log(store: DuckDBStore) -> None:
    assert content(store) == ([[]] * len(RELATIONS), {}, [], [], (0, None), Balance())
    assert store.newest("shop") is None


def test_a_step_is_there_whole_and_still_is_after_opening_again(path: Path) -> None:
    store = DuckDBStore(path)
    write(
        store,
        [{"beacons": 2, "label": "home"}],
        [{"timer": "lcp", "cell": 320, "count": 1, "sum": 812_000}],
        [{"site": "?", "minute": MINUTE, "issue": "malformed", "lines": 3}],
        [{"sessions": 1}],
        [{"timer": "lcp", "k": 1, "s15": 1}],
        [{"site": "shop", "minute": MINUTE, "browser": "IE", "transport": "xhr", "beacons": 2}],
        claims=claims_of(("o-1", "s1")),
        marks=marks_of("Fetcher/1.0"),
        position=7,
    )
    before = content(store)
    store.close()
    store = DuckDBStore(path)
    assert content(store) == before
    store.close()
    (
        (minutes, timers, clusters, cluster_timers, issues, delivery),
        owners,
        marks,
        state,
        *progress,
    ) = before
    assert len(minutes) == len(timers) == len(clusters) == len(cluster_timers) == 1
    assert issues == [("?", MINUTE, "malformed", 3)]
    assert delivery == [("shop", MINUTE, "IE", "xhr", 0, 0, 0, 2)]
    assert owners == {("shop", b"o-1"): Owner("s1", 5, "i1")}
    assert marks == [MarkEntry("shop", "Fetcher/1.0", 9, 25, 24, "active")]
    assert (state, progress) == ([b"changes"], [(7, START), BALANCE])


def test_a_step_that_fails_leaves_nothing_and_the_next_one_works(store: DuckDBStore) -> None:
    write(store, [{"beacons": 1}], claims=claims_of(("o-1", "s1")), position=1)
    before = content(store)
    with pytest.raises(duckdb.Error):
        write(
            store,
            [{"beacons": 5}],
            [{"timer": "lcp", "cell": 1, "count": 1, "sum": 1}],
            [{"site": "?", "minute": 1, "issue": "schema", "lines": 1}],
            claims=claims_of(("o-2", "s2")),
            marks=marks_of("Fetcher/1.0"),
            base=True,
            watermark=1 << 63,  # more than the last table that is written can hold
            position=2,
        )
    assert content(store) == before
    write(store, [{"beacons": 5}], claims=claims_of(("o-2", "s2")), position=2)
    assert store.progress() == (2, START)
    assert store.measures(ALWAYS, ())["beacons"].to_list() == [6]
    assert store.owners([("shop", b"o-2")]) == {("shop", b"o-2"): Owner("s2", 5, "i1")}


def test_the_state_is_the_last_base_and_the_changes_since_in_order(store: DuckDBStore) -> None:
    write(store, state=b"1", position=1)
    write(store, state=b"2", position=2)
    assert store.state() == [b"1", b"2"]
    write(store, state=b"base", base=True, position=10)
    for position in (11, 12, 13):
        write(store, state=b"%d" % position, position=position)
    assert store.state() == [b"base", b"11", b"12", b"13"]


def test_a_step_before_any_time_has_no_watermark(store: DuckDBStore) -> None:
    write(store, position=3, watermark=None)
    assert store.progress() == (3, None)


# --- settling ---


def rows_of(store: DuckDBStore, table: str) -> int:
    [(rows,)] = store._database.rows(f"SELECT count(*) FROM {table}")
    return int(rows)


def test_settling_merges_rows_drops_zeros_and_changes_no_sum(store: DuckDBStore) -> None:
    for sign in (1, 1, -1):
        write(
            store,
            [{"beacons": 3 * sign}, {"group": "B", "events": 1}, {"group": "C", "loads": sign}],
            [{"timer": "lcp", "cell": 5, "count": sign, "sum": 9 * sign}],
            [{"site": "shop", "minute": MINUTE, "issue": "field", "lines": 1}],
        )
    write(
        store, [{"group": "C", "loads": -1}], [{"timer": "lcp", "cell": 5, "count": -1, "sum": -9}]
    )
    before = store.measures(ALWAYS, ["group"]).sort("group")
    store.settle()
    assert store.measures(ALWAYS, ["group"]).sort("group").equals(before)
    assert before.select("group", "beacons", "events", "loads").rows() == [
        ("A", 3, 0, 0),
        ("B", 0, 3, 0),
    ]
    assert len(store.timers(ALWAYS, [], ["lcp"])) == 0
    assert store.issues(ALWAYS)["lines"].to_list() == [3]
    for relation, settled in (("minutes", 2), ("timers", 0), ("issues", 1)):
        assert rows_of(store, f"{relation}_settled") == settled
    assert rows_of(store, "fresh") == store.fresh_rows == 0


def test_settling_that_fails_leaves_all_as_it_was_and_the_next_step_works(
    store: DuckDBStore,
) -> None:
    write(store, [{"revenue": 1 << 62}] * 2)
    with pytest.raises(duckdb.ConversionException):
        store.settle()
    write(store, [{"revenue": -(1 << 62)}], position=2)
    store.settle()
    assert store.measures(ALWAYS, ())["revenue"].to_list() == [1 << 62]
    assert store.progress() == (2, START)


def test_settling_again_and_later_rows_add_up(store: DuckDBStore) -> None:
    for _ in range(3):
        write(store, [{"beacons": 1}], [{"timer": "lcp", "cell": 5, "count": 1, "sum": 9}])
        store.settle()
        store.settle()
    write(store, [{"beacons": 1}])
    assert store.measures(ALWAYS, ())["beacons"].to_list() == [4]
    assert store.timers(ALWAYS, (), ["lcp"]).rows() == [("lcp", 5, 3, 27)]


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), log=strategies.logs(max_size=16))
def test_a_log_folded_into_a_store_is_the_fold_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, log: list[bytes]
) -> None:
    """Settled and opened again at any time, going on from the state that is stored."""
    path = tmp_path_factory.mktemp("store") / "store.duckdb"
    position = 0
    for batch in data.draw(strategies.cuts(log)):
        store = DuckDBStore(path)
        claims, state = EmbeddedClaims(store.owners), State()
        marks = EmbeddedMarks(store.marks, store.edition)
        state.restore(store.state())
        folding = Pipeline(SITES, claims, marks, state)
        step = folding.step(batch)
        position += len(batch)
        base = data.draw(st.booleans())
        store.commit(
            StoredStep(
                {name: getattr(step.deltas, name) for name in RELATIONS},
                claims.pending(),
                state.snapshot() if base else step.changes,
                base,
                position,
                state.watermark,
                marks.pending(),
                step.balance,
            )
        )
        for tidy in data.draw(st.lists(st.sampled_from([store.settle, store.compact]))):
            tidy()
        store.close()
    store = DuckDBStore(path)
    whole = Deltas(**{name: store.whole(name) for name in RELATIONS})
    assert canonical_text(whole, SITES) == fold_lines(log, SITES)
    assert store.progress()[0] == len(log)
    store.close()


# --- opening ---


def test_a_second_process_is_refused_with_the_reason(path: Path, store: DuckDBStore) -> None:
    write(store, [{"beacons": 1}])
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from bellrock.errors import StoreInUse\nfrom bellrock.store.duckdb import DuckDBStore\n"
        "try: DuckDBStore(Path(sys.argv[1]))\n"
        "except StoreInUse as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith(f"{path} is open in another process. Stop that engine")
    assert store.measures(ALWAYS, ())["beacons"].to_list() == [1]


def test_another_trouble_with_the_file_is_not_taken_for_another_process(tmp_path: Path) -> None:
    path = tmp_path / "clock" / "store.duckdb"
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(BellrockError, match=r"clock/store.duckdb cannot be opened") as told:
        DuckDBStore(path)
    assert not isinstance(told.value, StoreInUse)


@pytest.mark.parametrize(
    "found", [(0, "ll32-v1"), (VERSION + 1, "ll32-v1"), (1, "ll16-v1"), (VERSION, "ll16-v1")]
)
def test_a_store_of_another_format_is_refused_and_left_alone(
    path: Path, found: tuple[int, str]
) -> None:
    connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE format (version INTEGER, histogram VARCHAR)")
    connection.execute("INSERT INTO format VALUES (?, ?)", found)
    connection.close()
    with pytest.raises(BellrockError, match=f"has the format .{found[0]}, '{found[1]}'"):
        DuckDBStore(path)
    connection = duckdb.connect(str(path))
    assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("format",)]
    connection.close()


# --- reading ---


def test_the_store_of_a_fold_has_its_sums(store: DuckDBStore) -> None:
    lines = [encode(START, beacon(0, timers={"lcp": 812.3})), encode(START + 1, beacon(1, "load"))]
    step = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State()).step(lines)
    deltas = {name: getattr(step.deltas, name) for name in RELATIONS}
    store.commit(StoredStep(deltas, NO_CLAIMS, step.changes, False, 2, START + 1))
    found = store.measures(ALWAYS, ["device", "firstLoad"]).row(0, named=True)
    assert {name: value for name, value in found.items() if value} == {
        "device": "other", "beacons": 2, "impressions": 1, "loads": 1, "sessions": 1,
        "bounces": 1, "session_impressions": 1,
    }  # fmt: skip
    assert store.timers(ALWAYS, (), ["lcp"]).rows() == [("lcp", 320, 1, 812_300)]


def test_the_owners_of_many_orders_are_found_at_once(store: DuckDBStore) -> None:
    orders = [f"o-{number}" for number in range(2000)]
    write(store, claims=claims_of(*((order, f"s-{order}") for order in orders[::2])))
    found = store.owners([("shop", order.encode()) for order in orders])
    assert found == {
        ("shop", order.encode()): Owner(f"s-{order}", 5, "i1") for order in orders[::2]
    }
