"""The chart for OpenSearch Dashboards and Kibana: its own query is asked of a cluster, and drawn by Vega itself."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pytest

from bellrock.histogram import edges
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS
from bellrock.schema.timers import VITALS
from bellrock.store.search import SearchStore, open_search_store
from bellrock.store.search.objects import query, saved_objects

MINUTE = 29_000_000
ROOT = Path(__file__).parents[3]
NODE = next((ROOT / ".venv" / "bin").glob("node"))
LCP = {timer.name: timer for timer in VITALS}["lcp"]
CELLS = {"A": {320: 30, 321: 50, 340: 20, 63: 4, 64: 6}, "B": {330: 10, 300: 5}}
DRAW = """
import { readFileSync } from "node:fs";
import { parse, View, logger, Warn } from "vega";
const { spec, answer } = JSON.parse(readFileSync(0, "utf8"));
delete spec.data[0].url;
spec.data[0].values = answer;
const warnings = [];
const log = logger(Warn); log.warn = (...said) => { warnings.push(said.join(" ")); return log; };
const view = new View(parse(spec), { renderer: "none", logger: log });
await view.runAsync();
const svg = await view.toSVG();
console.log(JSON.stringify({ svg, rows: view.data("cells"), warnings }));
"""


@pytest.fixture(scope="module")
def store(opensearch_url: str) -> Iterator[SearchStore]:
    address = opensearch_url.removeprefix("http://")
    opened = open_search_store(f"opensearch://{address}/test-{uuid4()}")
    rows = [
        {"site": "shop", "minute": MINUTE + late, "group": group, "test": "t", "browser": "Chrome",
         "device": "mobile", "bot": bot, "timer": "lcp", "cell": cell, "count": count, "sum": 1}
        for late in (0, 1) for bot in ("", "declared")
        for group, cells in CELLS.items() for cell, count in cells.items()
    ]  # fmt: skip
    none = {name: getattr(NO_DELTAS, name) for name in RELATIONS}
    timers = pl.DataFrame(rows, schema_overrides=NO_DELTAS.timers.schema)
    timers = pl.concat([NO_DELTAS.timers, timers], how="diagonal")
    opened.write({"minute": Deltas(**(none | {"timers": timers}))}, 1)
    opened.refresh()
    yield opened
    opened._client.indices.delete(index=f"{opened._prefix}*")
    opened.close()


def as_the_page_asks(body: Any, since: int, until: int) -> Any:
    """The query with what the page puts in place of its texts."""
    text = json.dumps(body).replace('"%dashboard_context-must_clause%"', '{"match_all": {}}')
    span = {"gte": since * 60_000, "lt": until * 60_000, "format": "epoch_millis"}
    return json.loads(text.replace('{"%timefilter%": true}', json.dumps(span)))


@pytest.fixture(scope="module")
def drawn(store: SearchStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pattern, visualisation = map(json.loads, saved_objects(store._prefix, LCP).splitlines())
    assert pattern["attributes"] == {"title": f"{store._prefix}.*@*", "timeFieldName": "time"}
    spec = json.loads(json.loads(visualisation["attributes"]["visState"])["params"]["spec"])
    asked = spec["data"][0]["url"]
    answer = store._client.search(
        index=asked["index"], body=as_the_page_asks(asked["body"], MINUTE, MINUTE + 1)
    )
    script = ROOT / "dashboard" / "node_modules" / f".draw-{uuid4()}.mjs"  # where vega is found
    script.write_text(DRAW)
    try:
        told = subprocess.run(
            [NODE, script], input=json.dumps({"spec": spec, "answer": answer}),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    finally:
        script.unlink()
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_the_chart_counts_what_the_documents_of_people_have(drawn: dict[str, Any]) -> None:
    found = {(row["group"], row["cell"]): row["count"] for row in drawn["rows"]}
    assert found == {(g, cell): n for g, cells in CELLS.items() for cell, n in cells.items()}


def test_the_chart_s_cells_have_the_edges_of_the_scheme(drawn: dict[str, Any]) -> None:
    lower, upper = edges(np.array([row["cell"] for row in drawn["rows"]]))
    assert [row["lower"] for row in drawn["rows"]] == pytest.approx(lower)
    assert [row["upper"] for row in drawn["rows"]] == pytest.approx(upper)


def test_the_chart_is_drawn_with_a_line_for_each_group(drawn: dict[str, Any]) -> None:
    assert drawn["warnings"] == []
    assert drawn["svg"].count('class="mark-line role-mark') == len(CELLS)
    assert "NaN" not in drawn["svg"]


def test_the_chart_heeds_the_page_s_span(store: SearchStore) -> None:
    asked = query(store._prefix, LCP)
    body = as_the_page_asks(asked["body"], MINUTE + 2, MINUTE + 9)
    found = store._client.search(index=asked["index"], body=body)
    assert found["aggregations"]["groups"]["buckets"] == []
