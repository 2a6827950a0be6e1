"""Overview and Distribution in a real browser, over each store: the same page, the same numbers, every chart drawn.

The past of the demonstration is folded once. The embedded engine serves it from its own file; the dashboard over a
search store serves the documents that were written of it.
"""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import polars as pl
import pytest
from playwright.sync_api import Browser, Page

from bellrock.accounts import Accounts
from bellrock.config import Config
from bellrock.demo.prepare import declare_site
from bellrock.log.sqlite import SqliteLogReader, SqliteLogWriter
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.progress import Progress
from bellrock.runners.embedded.engine import Engine
from bellrock.schema.document import RELATIONS
from bellrock.simulate.past import write_past
from bellrock.simulate.visitors import Traffic
from bellrock.sites import load_sites
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.search import SearchStore, open_search_store
from bellrock.store.tables import LEVELS, ROLLED_UP
from end_to_end.installation import BELLROCK, PATIENCE, free_port, until

USER, PASSWORD = "demo", "correct horse battery"
MINUTES = 20
DRAWN = """() => {
  const places = [...document.querySelectorAll(".drawing")];
  const drawn = (place) => place.ariaBusy !== "true" && place.querySelector("svg, canvas");
  return places.length > 0 && places.every(drawn);
}"""
FIGURES = """() => Object.fromEntries([...document.querySelectorAll("[data-metric]")].map(
  (place) => [`${place.dataset.metric} ${place.dataset.group}`, place.dataset.value]))"""


class Folded(NamedTuple):
    """A data directory with the demonstration's past in its store."""

    folder: Path
    impressions: dict[str, int]  # of people, by group


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> Folded:
    folder = tmp_path_factory.mktemp("data")
    declare_site(folder / "sites.toml")
    now_ms = int(time.time() * 1000)
    with closing(SqliteLogWriter(folder / "log")) as log:
        write_past(log, Traffic(rate=5, seed=7), begin_ms=now_ms - MINUTES * 60_000, end_ms=now_ms)
    with (
        closing(SqliteLogReader(folder / "log")) as log,
        closing(DuckDBStore(folder / "store.duckdb")) as store,
    ):
        engine = Engine(log, store, load_sites(folder / "sites.toml"), Progress())
        while engine.position < log.end():
            engine.step()
        people = store.whole("minutes").filter(pl.col("bot") == "")
        sums = people.group_by("group").agg(pl.col("impressions").sum())
    with Accounts(folder / "accounts.sqlite") as accounts:
        accounts.add_user(USER, PASSWORD, "admin")
    return Folded(folder, dict(sums.rows()))


def write_documents(folded: Folded, search: SearchStore) -> None:
    """What the runner on Flink would have written."""
    with closing(DuckDBStore(folded.folder / "store.duckdb")) as store:
        rows = {name: store.whole(name) for name in RELATIONS}
    documents = {}
    for level, width in LEVELS.items():
        minute = pl.col("minute") - pl.col("minute") % width
        found = {
            name: rows[name].with_columns(minute).group_by(key).agg(pl.col(additive).sum())
            for name, (key, additive) in RELATIONS.items()
            if level == "minute" or name in ROLLED_UP
        }
        none = {name: getattr(NO_DELTAS, name) for name in RELATIONS}
        documents[level] = Deltas(**(none | found))
    search.write(documents, 1)
    search.refresh()


@contextmanager
def embedded(request: pytest.FixtureRequest, folded: Folded) -> Iterator[list[str]]:
    yield []


@contextmanager
def opensearch(request: pytest.FixtureRequest, folded: Folded) -> Iterator[list[str]]:
    address = request.getfixturevalue("opensearch_url").removeprefix("http://")
    url = f"opensearch://{address}/test-{uuid4()}"
    with closing(open_search_store(url)) as search:
        write_documents(folded, search)
        yield ["--store", url]
        search._client.indices.delete(index=f"{search._prefix}*")


STORES = [embedded, opensearch]


@contextmanager
def served(folded: Folded, more: list[str], folder: Path) -> Iterator[str]:
    """`bellrock serve` over the past; the dashboard's address."""
    config = Config(dashboard=f"127.0.0.1:{free_port()}", collect=f"127.0.0.1:{free_port()}")
    output = folder / "serve.txt"
    command = ["serve", "--data", str(folded.folder), "--dashboard", config.dashboard]
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*BELLROCK, *command, "--collect", config.collect, *more], stdout=file, stderr=file
        )
    try:
        until(lambda: b"dashboard  http" in output.read_bytes(), f"serve, see {output}")
        yield config.dashboard_address.url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module", params=STORES, ids=lambda make: make.__name__)
def dashboard(
    request: pytest.FixtureRequest, folded: Folded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with ExitStack() as stack:
        more = stack.enter_context(request.param(request, folded))
        yield stack.enter_context(served(folded, more, tmp_path_factory.mktemp("serve")))


@pytest.fixture
def page(dashboard: str, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    context = chromium.new_context()
    answer = context.request.post(
        f"{dashboard}/api/v1/login", data={"name": USER, "password": PASSWORD}
    )
    assert answer.status == 204

    def visit(path: str) -> Page:
        opened = context.new_page()
        opened.goto(dashboard + path)
        opened.wait_for_function(DRAWN)
        return opened

    yield visit
    context.close()


def test_the_overview_has_the_numbers_of_the_fold(
    page: Callable[[str], Page], folded: Folded
) -> None:
    opened = page("/overview")
    opened.locator('[data-metric="impressions"]').first.wait_for()
    figures = opened.evaluate(FIGURES)
    found = {g: int(float(figures[f"impressions {g}"])) for g in ("A", "B")}
    assert found == {g: folded.impressions[g] for g in ("A", "B")}
    assert min(found.values()) > 100
    for group in "AB":
        assert 0 < float(figures[f"lcp.p75 {group}"]) < 60_000


def test_the_distribution_draws_every_chart(page: Callable[[str], Page]) -> None:
    opened = page("/distribution")
    drawn = opened.locator(".drawing svg path, .drawing canvas")
    assert drawn.count() > 0


def test_the_pages_that_people_see_say_nothing_of_an_error(page: Callable[[str], Page]) -> None:
    for path in ("/overview", "/distribution"):
        assert page(path).get_by_role("alert").count() == 0


def test_how_new_the_figures_are_is_a_lag_or_the_newest_minute(
    request: pytest.FixtureRequest, page: Callable[[str], Page]
) -> None:
    badge = page("/overview").locator('[data-live="live"]')
    badge.wait_for()
    if "opensearch" in request.node.name:
        # Who is the first to listen to a site sees it when the store has been asked.
        badge = badge.filter(has_text=re.compile(r"live, newest minute .*\d\d:\d\d"))
        badge.wait_for()
        assert badge.get_attribute("data-lag") is None
    else:
        assert badge.inner_text().strip() == "live, 0.0 s behind"


def test_without_a_table_of_marks_the_routes_of_bots_say_so(
    request: pytest.FixtureRequest, dashboard: str
) -> None:
    with httpx.Client(base_url=dashboard) as http:
        assert (
            http.post("/api/v1/login", json={"name": USER, "password": PASSWORD}).status_code == 204
        )
        answer = http.get("/api/v1/bots")
    if "opensearch" in request.node.name:
        assert answer.status_code == 404
        assert "Set `marks`" in answer.json()["detail"]
    else:
        assert answer.status_code == 200
