"""What an engine tells Prometheus is what the lines were, in Prometheus' own text format."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bellrock.claims.memory import MemoryClaims
from bellrock.marks.memory import MemoryMarks
from bellrock.metrics import Metrics, issue_lines
from bellrock.operators.balance import Balance
from bellrock.operators.state import State
from bellrock.pipeline import Pipeline
from bellrock.progress import Progress
from bellrock.runners.embedded.server import watch
from bellrock.runners.fold import fold_lines
from bellrock.sites import Sites
from bellrock.store.duckdb import DuckDBStore
from runners.engines import cut, drain, engine_on, hostile
from sizes import small_sizes
from strategies import IMPRESSIONS, MINUTE, SESSIONS, SITES, START, beacon, encode

Figures = dict[str, float]
"""Samples by name, with the value of their one label behind a space."""

LINES = [
    encode(START, beacon(0)),
    encode(START, beacon(0)),  # a duplicate
    encode(START + 1, beacon(1, "load", timers={"lcp": -1, "hero": 3})),
    encode(START + 1, beacon(0, session=SESSIONS[1])),
    encode(START + 1, beacon(0, session=SESSIONS[1], impression=IMPRESSIONS[1])),
    encode(START + 2, beacon(0, "vitals", session=SESSIONS[2])),  # its page impression never counts
    encode(START + 2, beacon(0, site="nowhere")),
    b"not json",
    encode(START + 2, {"v": 1, "site": "shop"}),
]
THEN = encode(START + 20 * MINUTE, beacon(2, "vitals"))
LAST = encode(START + 35 * MINUTE, beacon(3, "vitals"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBStore]:
    with closing(DuckDBStore(path)) as opened:
        yield opened


def figures(metrics: Metrics) -> Figures:
    """What Prometheus reads of it."""
    found: Figures = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            name = " ".join([sample.name, *sample.labels.values()])
            assert name not in found
            found[name.removeprefix("bellrock_")] = sample.value
    return found


def parts(found: Figures, name: str) -> Figures:
    """Samples of one metric by their label."""
    return {
        key.removeprefix(f"{name} "): value
        for key, value in found.items()
        if key.startswith(f"{name} ")
    }


def after_steps(
    lines: Sequence[bytes], store: DuckDBStore, sites: Sites, most_lines: int
) -> Figures:
    metrics = Metrics()
    with small_sizes(most_lines=most_lines, small_state=4 << 20):
        drain(engine_on(lines, store, sites, metrics=metrics))
    return figures(metrics)


def test_before_the_first_step_nothing_has_happened(store: DuckDBStore) -> None:
    found = after_steps([], store, SITES, 10)
    assert found["lines_total"] == found["step_seconds_count"] == found["step_lines_count"] == 0
    assert found["open_sessions"] == found["open_impressions"] == found["unaccounted_lines"] == 0
    assert parts(found, "issue_lines_total") == {}
    assert set(parts(found, "accounted_lines").values()) == {0}


@pytest.mark.parametrize("most_lines", [1, 4, 100])
def test_the_figures_after_some_steps_are_those_of_the_lines(
    store: DuckDBStore, most_lines: int
) -> None:
    found = after_steps(LINES, store, SITES, most_lines)
    assert found["lines_total"] == 9
    assert parts(found, "issue_lines_total") == {
        "duplicate.beacon": 1, "timer.range": 1, "site.unknown": 1, "malformed": 1, "schema": 1,
    }  # fmt: skip
    assert (found["open_sessions"], found["open_impressions"]) == (3, 4)
    assert found["state_bytes"] > 0
    assert parts(found, "accounted_lines") == {
        "lines": 9, "beacons": 4, "duplicates": 1, "orphans": 0, "fatal": 3, "waiting": 1,
    }  # fmt: skip
    assert found["unaccounted_lines"] == 0


def test_steps_are_counted_by_their_lines_and_timed(store: DuckDBStore) -> None:
    found = after_steps([*LINES, *[THEN] * 4], store, SITES, 12)
    assert (found["step_lines_count"], found["step_lines_sum"]) == (2, 13)
    assert (found["step_lines_bucket 10.0"], found["step_lines_bucket 100.0"]) == (1, 2)
    assert found["step_seconds_count"] == 2
    assert 0 < found["step_seconds_sum"] < 60


def test_when_sessions_end_they_are_open_no_more_and_what_waited_is_an_orphan(
    store: DuckDBStore,
) -> None:
    found = after_steps([*LINES, THEN, LAST], store, SITES, 3)
    assert (found["open_sessions"], found["open_impressions"]) == (1, 1)
    assert parts(found, "issue_lines_total")["orphan"] == 1
    assert parts(found, "accounted_lines") == {
        "lines": 11, "beacons": 6, "duplicates": 1, "orphans": 1, "fatal": 3, "waiting": 0,
    }  # fmt: skip
    assert found["unaccounted_lines"] == 0


def test_an_engine_that_is_started_again_stands_where_the_store_does_and_counts_anew(
    path: Path,
) -> None:
    standing = ("open_sessions", "open_impressions", "state_bytes", "unaccounted_lines")
    with closing(DuckDBStore(path)) as store:
        before = after_steps(LINES, store, SITES, 4)
    with closing(DuckDBStore(path)) as store:
        after = after_steps(LINES, store, SITES, 4)
        assert parts(after, "accounted_lines") == parts(before, "accounted_lines")
        assert [after[name] for name in standing] == [before[name] for name in standing]
        assert after["open_sessions"] == 3
        assert (after["lines_total"], after["step_lines_count"]) == (0, 0)
        assert parts(after, "issue_lines_total") == {}
        found = after_steps([*LINES, THEN], store, SITES, 4)
        assert found["lines_total"] == 1
        assert parts(found, "accounted_lines")["lines"] == 10


@pytest.mark.parametrize("seed", range(2))
def test_of_any_lines_the_figures_are_those_of_their_fold(store: DuckDBStore, seed: int) -> None:
    sites, lines = hostile(seed, 400)
    found = after_steps(lines, store, sites, 30)
    wanted: Counter[str] = Counter()
    for document in map(msgspec.json.decode, fold_lines(lines, sites).splitlines()):
        if document["kind"] == "issues":
            wanted[document["issue"]] += document["lines"]
    assert len(wanted) > 5
    assert parts(found, "issue_lines_total") == wanted
    folding = Pipeline(sites, MemoryClaims(), MemoryMarks(), State())
    balances = [folding.step(part).balance for part in cut(lines, 30)]
    assert parts(found, "accounted_lines") == {
        name: sum(getattr(balance, name) for balance in balances)
        for name in Balance.__struct_fields__
    }
    assert found["unaccounted_lines"] == 0
    assert found["open_sessions"] == len(folding.state.sessions) > 0
    assert found["open_impressions"] == len(folding.state.impressions) > 0


def test_what_is_watched_is_asked_for_at_each_look(store: DuckDBStore) -> None:
    metrics, progress = Metrics(), Progress()
    watch(metrics, store, progress)
    orders = [{"id": f"o-{n % 2}", "value": 1, "currency": "EUR"} for n in range(3)]
    lines = [
        encode(START, beacon(n, "order", impression=IMPRESSIONS[n], order=order))
        for n, order in enumerate(orders)
    ]
    empty = figures(metrics)
    assert (empty["fresh_rows"], empty["claims"], empty["marks"], empty["lag_seconds"]) == (
        0,
        0,
        0,
        0,
    )
    now = START / 1000 + 2.5
    drain(engine_on(lines, store, SITES, progress=progress, wall_clock=lambda: now))
    found = figures(metrics)
    assert (found["claims"], found["lag_seconds"]) == (2, 2.5)
    assert found["fresh_rows"] == store.fresh_rows > 0
    assert found["store_bytes"] == store.size() > 0
    store.settle()
    assert figures(metrics)["fresh_rows"] == 0


def test_every_metric_is_of_bellrock_and_described(store: DuckDBStore) -> None:
    metrics = Metrics()
    watch(metrics, store, Progress())
    families = list(text_string_to_metric_families(metrics.text().decode()))
    assert {family.name for family in families} == {metric.name for metric in metrics.described()}
    for family in families:
        assert family.name.startswith("bellrock_")
        assert family.type in {"counter", "gauge", "histogram"}
        assert family.documentation


def test_two_engines_have_figures_of_their_own(store: DuckDBStore) -> None:
    one, other = Metrics(), Metrics()
    drain(engine_on(LINES, store, SITES, metrics=one))
    assert figures(one)["lines_total"] == 9
    assert figures(other)["lines_total"] == 0


def test_issue_lines_are_summed_by_kind() -> None:
    assert issue_lines([("field", 2), ("orphan", 1), ("field", 3)]) == {"field": 5, "orphan": 1}
    assert issue_lines([]) == {}
