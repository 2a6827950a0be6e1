"""What every store promises its readers (`bellrock.store.contract`), asked of every implementation."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import strategies
from bellrock.canonical import canonical_text
from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.operators.state import State
from bellrock.operators.summaries import Deltas
from bellrock.pipeline import Pipeline
from bellrock.runners.fold import Ledger, fold_lines
from bellrock.schema.document import RELATIONS
from bellrock.schema.measures import ADDITIVE_NAMES
from bellrock.store.contract import TIME_BUCKETS, Condition, Selection
from conformance.opening import opening
from conformance.stores import (
    ALWAYS,
    MINUTE,
    Embedded,
    Row,
    Store,
    elasticsearch,
    embedded,
    opensearch,
    write,
)
from strategies import SITES


@pytest.fixture(params=[embedded, opensearch, elasticsearch], ids=lambda make: make.__name__)
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    with opening(lambda: request.param(request)) as new:
        yield new


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


@pytest.fixture
def filled(store: Store) -> Store:
    write(
        store,
        minutes=[
            {"beacons": 1, "country": "DE"},
            {"beacons": 2, "country": "DE", "group": "B", "minute": MINUTE + 1},
            {"beacons": 4, "country": "FR", "group": "B"},
            {"beacons": 8, "country": ""},
            {"beacons": 16, "country": None, "browser": "Edge"},
            {"beacons": 32, "site": "kiosk"},
            {"beacons": 64, "group": "gone"},
            {"beacons": -64, "group": "gone"},
            {"beacons": 128, "site": "shop-b"},
        ],
        timers=[
            {"timer": "lcp", "cell": 320, "count": 2, "sum": 1_700_000},
            {"timer": "lcp", "cell": 320, "count": 1, "sum": 800_001, "group": "B"},
            {"timer": "lcp", "cell": -1, "count": 1, "sum": 0},
            {"timer": "hero", "cell": 1, "count": 1, "sum": 50},
            {"timer": "hero", "cell": 1, "count": 1, "sum": 50, "site": "kiosk"},
        ],
        issues=[
            {"site": "shop", "minute": MINUTE, "issue": "field", "lines": 2},
            {"site": "shop", "minute": MINUTE, "issue": "field", "lines": 1},
            {"site": "shop", "minute": MINUTE + 9, "issue": "orphan", "lines": 1},
            {"site": "?", "minute": MINUTE, "issue": "schema", "lines": 5},
        ],
    )
    return store


def beacons(store: Store, *where: Condition, start: int = 0, end: int = 1 << 40) -> int:
    found = store.measures(Selection("shop", start, end, where), ())
    return sum(found["beacons"])


def is_(dimension: str, *values: str, negated: bool = False) -> Condition:
    return Condition(dimension, values, negated)


def histograms(found: pl.DataFrame) -> tuple[list[Any], list[Any]]:
    """What means something: the counts of cells, and the sums of timers."""
    key = [name for name in found.columns if name not in {"cell", "count", "sum"}]
    sums = found.group_by(key).agg(pl.col("sum").sum())
    return sorted(found.drop("sum").rows()), sorted(sums.rows())


def test_a_store_that_nobody_wrote_to_has_nothing(store: Store) -> None:
    assert store.newest("shop") is None
    assert len(store.measures(ALWAYS, ["group"])) == len(store.measures(ALWAYS, ())) == 0
    assert len(store.timers(ALWAYS, ["group"], ["lcp"])) == len(store.issues(ALWAYS)) == 0
    assert len(store.delivery(ALWAYS)) == 0
    assert len(store.clusters(ALWAYS, (), ["all"])) == 0
    assert len(store.cluster_timers(ALWAYS, (), ["all"], ["lcp"])) == 0


def test_a_selection_is_of_one_site(filled: Store) -> None:
    assert beacons(filled) == 31
    assert sum(filled.measures(Selection("kiosk", 0, 1 << 40), ())["beacons"]) == 32
    assert sum(filled.measures(Selection("shop-b", 0, 1 << 40), ())["beacons"]) == 128
    assert len(filled.measures(Selection("nowhere", 0, 1 << 40), ())) == 0


def test_a_selection_begins_with_its_start_and_ends_before_its_end(filled: Store) -> None:
    assert beacons(filled, start=MINUTE, end=MINUTE + 1) == 29
    assert beacons(filled, start=MINUTE + 1, end=MINUTE + 2) == 2
    assert beacons(filled, start=MINUTE, end=MINUTE) == 0


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([is_("country", "DE")], 3),
        ([is_("country", "DE", "FR")], 7),
        ([is_("country", "DE", negated=True)], 28),
        ([is_("country", "")], 24),
        ([is_("country", "", negated=True)], 7),
        ([is_("country", "DE"), is_("group", "B")], 2),
        ([is_("group", "A"), is_("browser", "Edge", negated=True)], 9),
        ([is_("country", "' OR 1=1 --")], 0),
        ([is_("country")], 0),
        ([is_("country", negated=True)], 31),
    ],
)
def test_conditions_must_all_hold_and_absent_is_the_empty_text(
    filled: Store, where: list[Condition], expected: int
) -> None:
    assert beacons(filled, *where) == expected


def test_rows_are_summed_by_dimension_and_absent_is_the_empty_text(filled: Store) -> None:
    found = filled.measures(ALWAYS, ["country", "group"])
    assert found.columns == ["country", "group", *ADDITIVE_NAMES]
    assert set(found.schema.values()) == {pl.String, pl.Int64}
    assert sorted(found.select("country", "group", "beacons").rows()) == [
        ("", "A", 24),
        ("DE", "A", 1),
        ("DE", "B", 2),
        ("FR", "B", 4),
    ]


@pytest.mark.parametrize(("bucket", "width"), [("minute", 1), ("hour", 60), ("day", 1440)])
def test_a_bucket_of_time_is_named_by_its_start(store: Store, bucket: str, width: int) -> None:
    day = MINUTE - MINUTE % 1440
    minutes = [day - 1, day, day + 59, day + 60, day + 1439, day + 1440]
    write(store, minutes=[{"minute": minute, "beacons": 1} for minute in minutes])
    found = store.measures(ALWAYS, [f"time:{bucket}"]).select(f"time:{bucket}", "beacons")
    expected: dict[int, int] = {}
    for minute in minutes:
        start = minute // width * width
        expected[start] = expected.get(start, 0) + 1
    assert dict(found.rows()) == expected
    assert found.schema[f"time:{bucket}"] == pl.Int64


def test_histograms_are_summed_by_timer_and_cell(filled: Store) -> None:
    found = filled.timers(ALWAYS, (), ["lcp"])
    assert found.schema == {
        "timer": pl.String,
        "cell": pl.Int16,
        "count": pl.Int64,
        "sum": pl.Int64,
    }
    assert histograms(found) == ([("lcp", -1, 1), ("lcp", 320, 3)], [("lcp", 2_500_001)])
    by_group = filled.timers(ALWAYS, ["group"], ["lcp", "hero"])
    assert histograms(by_group) == (
        [("A", "hero", 1, 1), ("A", "lcp", -1, 1), ("A", "lcp", 320, 2), ("B", "lcp", 320, 1)],
        [("A", "hero", 50), ("A", "lcp", 1_700_000), ("B", "lcp", 800_001)],
    )


def test_a_histogram_heeds_the_selection(filled: Store) -> None:
    only_b = Selection("shop", 0, 1 << 40, (is_("group", "B"),))
    assert filled.timers(only_b, (), ["lcp", "hero"]).rows() == [("lcp", 320, 1, 800_001)]
    assert len(filled.timers(Selection("shop", 0, MINUTE), (), ["lcp"])) == 0
    assert len(filled.timers(ALWAYS, (), [])) == 0


def test_clusters_are_summed_by_population_and_never_over_it(store: Store) -> None:
    write(
        store,
        clusters=[
            {"sessions": 1, "revenue_sq": 9},
            {"sessions": 2, "revenue_sq": 16, "minute": MINUTE + 5},
            {"sessions": 4, "population": "new"},
            {"sessions": 8, "group": "B"},
        ],
        cluster_timers=[
            {"timer": "lcp", "k": 1, "s15": 3},
            {"timer": "lcp", "k": 1, "s15": 4, "minute": MINUTE + 5},
            {"timer": "inp", "k": 7, "population": "new"},
        ],
    )
    found = store.clusters(ALWAYS, ["group"], ["all"])
    assert found.columns == ["group", "population", *RELATIONS["clusters"].additive]
    assert sorted(found.select("group", "population", "sessions", "revenue_sq").rows()) == [
        ("A", "all", 3, 25),
        ("B", "all", 8, 0),
    ]
    both = store.clusters(ALWAYS, (), ["all", "new"]).select("population", "sessions")
    assert sorted(both.rows()) == [("all", 11), ("new", 4)]
    timers = store.cluster_timers(ALWAYS, ["group"], ["all", "new"], ["lcp", "inp"])
    assert timers.columns == ["group", "population", "timer", *RELATIONS["cluster_timers"].additive]
    assert sorted(timers.select("group", "population", "timer", "k", "s15").rows()) == [
        ("A", "all", "lcp", 2, 7),
        ("A", "new", "inp", 7, 0),
    ]
    assert len(store.cluster_timers(ALWAYS, (), ["all"], ["inp"])) == 0


def test_issues_are_those_of_the_site_by_minute(filled: Store) -> None:
    assert sorted(filled.issues(ALWAYS).rows()) == [
        (MINUTE, "field", 3),
        (MINUTE + 9, "orphan", 1),
    ]
    assert filled.issues(Selection("?", MINUTE, MINUTE + 1)).rows() == [(MINUTE, "schema", 5)]


def test_delivery_is_summed_by_browser_and_transport(store: Store) -> None:
    day = MINUTE - MINUTE % 1440
    minutes = [day - 1, day, day + 59, day + 61, day + 1439, day + 1441]
    write(
        store,
        delivery=[
            *(
                {"minute": minute, "vitals": 1, "beacons": 1 << n}
                for n, minute in enumerate(minutes)
            ),
            {"minute": day + 59, "transport": "", "loads": 3, "beacons": 4},
            {"minute": day + 59, "browser": "Edge", "navigations": 5, "beacons": 5},
            {"minute": day + 59, "site": "kiosk", "navigations": 7, "beacons": 7},
        ],
    )
    found = store.delivery(Selection("shop", day, day + 1441))
    assert found.columns == ["browser", "transport", "navigations", "loads", "vitals", "beacons"]
    assert set(found.schema.values()) == {pl.String, pl.Int64}
    assert sorted(found.rows()) == [
        ("Chrome", "", 0, 3, 0, 4),
        ("Chrome", "fetchLater", 0, 0, 4, 2 + 4 + 8 + 16),
        ("Edge", "fetchLater", 5, 0, 0, 5),
    ]
    assert store.delivery(Selection("shop", day + 61, day + 62)).rows() == [
        ("Chrome", "fetchLater", 0, 0, 1, 8)
    ]
    assert sum(store.delivery(ALWAYS)["beacons"]) == 63 + 9
    assert store.newest("shop") is None, "what counts is in minutes"


def test_the_newest_minute_is_that_of_the_site(filled: Store) -> None:
    assert filled.newest("shop") == MINUTE + 1
    assert filled.newest("kiosk") == MINUTE
    assert filled.newest("nowhere") is None


def test_sums_that_floating_point_does_not_have_are_exact(store: Store) -> None:
    large = (1 << 52) + 1
    write(
        store,
        minutes=[{"revenue": large, "minute": MINUTE + n, "beacons": 1} for n in range(3)],
        clusters=[{"revenue_sq": large, "minute": MINUTE + 4000 * n} for n in range(5)],
    )
    assert store.measures(ALWAYS, ())["revenue"].to_list() == [3 * large]
    assert store.measures(ALWAYS, ["group"]).select("group", "beacons", "revenue").rows() == [
        ("A", 3, 3 * large)
    ]
    assert store.clusters(ALWAYS, (), ["all"])["revenue_sq"].to_list() == [5 * large]


def test_every_thread_may_read_while_one_writes(filled: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: beacons(filled, end=MINUTE + 60) % 31, range(40))
        for _ in range(5):
            write(filled, minutes=[{"beacons": 31}])
        assert set(found) == {0}
    assert beacons(filled) == 6 * 31


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(log=strategies.logs(max_size=24))
def test_a_store_has_the_documents_of_the_fold(
    opened: Callable[[], Store], log: list[bytes]
) -> None:
    store, ledger = opened(), Ledger()
    for deltas in steps(log):
        ledger.add(deltas)
        store.add(deltas)
    whole = Deltas(**{name: store.whole(name) for name in RELATIONS})
    assert canonical_text(whole, SITES) == fold_lines(log, SITES)
    key = RELATIONS["delivery"].key
    assert whole.delivery.sort(key).equals(ledger.sums().delivery.sort(key))


def steps(log: list[bytes]) -> Iterator[Deltas]:
    folding = Pipeline(SITES, MemoryClaims(), MemoryMarks(), State())
    half = len(log) // 2
    for batch in (log[:half], log[half:]):
        yield folding.step(batch).deltas


# --- random documents and questions: every store gives the same frames ---

DAY = MINUTE - MINUTE % 1440
moments = st.sampled_from(
    [DAY - 1, DAY, DAY + 59, DAY + 60, DAY + 61, DAY + 1439, DAY + 1500, DAY + 2880]
)
dimension = st.sampled_from([None, "", "x", "y"])
keys = st.fixed_dictionaries(
    {"minute": moments, "group": st.sampled_from("AB"), "country": dimension, "os": dimension}
)
counts = st.integers(1, 1 << 31)


def rows_of(more: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[Row]]:
    one = st.tuples(keys, st.fixed_dictionaries(more)).map(lambda pair: pair[0] | pair[1])
    return st.lists(one, max_size=8)


populations, timers = st.sampled_from(["all", "new"]), st.sampled_from(["lcp", "hero"])
contents = st.fixed_dictionaries(
    {
        "minutes": rows_of({"beacons": counts, "revenue": st.integers(0, 1 << 52)}),
        "timers": rows_of(
            {
                "timer": timers,
                "cell": st.integers(-1, 900),
                "count": st.integers(1, 1 << 20),
                "sum": counts,
            }
        ),
        "clusters": rows_of({"population": populations, "sessions": counts}),
        "cluster_timers": rows_of(
            {"population": populations, "timer": timers, "k": counts, "sm3": counts}
        ),
        "delivery": st.lists(
            st.fixed_dictionaries(
                {
                    "minute": moments,
                    "browser": st.sampled_from(["Edge", "Other"]),
                    "transport": st.sampled_from(["", "xhr"]),
                    "loads": st.integers(0, 3),
                    "beacons": counts,
                }
            ),
            max_size=8,
        ),
    }
)
spans = st.tuples(st.integers(DAY - 100, DAY + 3000), st.integers(1, 4000))
conditions = st.lists(
    st.builds(
        Condition,
        st.sampled_from(["country", "os", "group"]),
        st.lists(st.sampled_from(["", "x", "A"]), max_size=2).map(tuple),
        st.booleans(),
    ),
    max_size=2,
)
groupings = st.tuples(
    st.lists(st.sampled_from(["group", "country", "os"]), unique=True),
    st.sampled_from([(), *((name,) for name in TIME_BUCKETS)]),
).map(lambda pair: [*pair[0], *pair[1]])


@pytest.fixture
def pair(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Embedded, Iterator[int]]]:
    """Two stores, and spans of ten days of their own for each example: making indices takes its time."""
    other = Embedded(tmp_path_factory.mktemp("other") / "store.duckdb")
    yield store, other, count(0, 10 * 1440)
    other.close()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), content=contents)
def test_every_store_gives_the_same_answers(
    pair: tuple[Store, Embedded, Iterator[int]], data: st.DataObject, content: dict[str, list[Row]]
) -> None:
    store, other, shifts = pair
    shift = next(shifts)
    rows = {
        name: [row | {"minute": row["minute"] + shift} for row in content[name]] for name in content
    }
    # A page impression that has a timer has a beacon.
    keys = [
        {name: row[name] for name in ("minute", "group", "country", "os")} for row in rows["timers"]
    ]
    rows["minutes"] += [key | {"beacons": 1} for key in keys]
    for each in (store, other):
        write(each, **rows)
    other.settle()
    while other.compact():
        pass
    for _ in range(4):
        (start, length), by = data.draw(spans), data.draw(groupings)
        start += shift
        selection = Selection("shop", start, start + length, tuple(data.draw(conditions)))
        assert same(store.measures(selection, by), other.measures(selection, by))
        one, two = (histograms(s.timers(selection, by, ["lcp", "hero"])) for s in (store, other))
        assert one == two
        assert same(store.clusters(selection, by, ["all"]), other.clusters(selection, by, ["all"]))
        asked = (selection, by, ["all", "new"], ["hero", "lcp"])
        assert same(store.cluster_timers(*asked), other.cluster_timers(*asked))
        span = Selection("shop", start, start + length)
        assert same(store.delivery(span), other.delivery(span))
    assert store.newest("shop") == other.newest("shop")


def same(one: pl.DataFrame, two: pl.DataFrame) -> bool:
    return one.schema == two.schema and sorted(one.rows()) == sorted(two.rows())
