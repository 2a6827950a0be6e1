"""The plan of a site's indices in a real cluster: kept there, known to everybody, never beside what is written."""

from collections.abc import Iterator
from uuid import uuid4

import polars as pl
import pytest

from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import Selection
from bellrock.store.search import SearchStore, open_search_store, periods
from bellrock.store.search.periods import BEGINNING, Change
from bellrock.store.search.templates import index_template
from store.search.faults import requests_of
from store.search.test_writing import minutes

MINUTE = 29_000_000
SINCE = (MINUTE // 1440 + 2) * 1440


@pytest.fixture
def stores(opensearch_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SearchStore]]:
    """Two of the same indices, for which a few documents a day are many."""
    monkeypatch.setattr(periods, "MOST_DOCUMENTS", 100)
    url = f"opensearch://{opensearch_url.removeprefix('http://')}/test-{uuid4()}"
    opened = [open_search_store(url) for _ in range(2)]
    yield opened
    opened[0]._client.indices.delete(index=f"{opened[0]._prefix}*")
    for store in opened:
        store.close()


def later(days: int) -> Deltas:
    """Documents of some days later."""
    rows = minutes(3).minutes
    none = {name: getattr(NO_DELTAS, name) for name in RELATIONS}
    return Deltas(**(none | {"minutes": rows.with_columns(minute=rows["minute"] + days * 1440)}))


def test_a_site_that_has_grown_gets_shorter_periods_from_a_later_day_on(
    stores: list[SearchStore],
) -> None:
    one, two = stores
    assert one.indices.plan("shop", MINUTE) == BEGINNING  # nothing is written
    one.write({"minute": minutes(30)}, 1)
    one.refresh()
    planned = one.indices.plan("shop", MINUTE + 60)
    assert planned == (*BEGINNING, Change(SINCE, "week"))
    assert two.indices.plan("shop", MINUTE + 61) == planned
    for n, store in enumerate((one, two)):  # `one` knows the schedule from before the change
        store.write({"minute": minutes(30)}, 2 + n)
    two.write({"minute": later(3)}, 5)
    two.refresh()
    assert [index.period for index in two.indices.of_site("shop")] == ["week", "year"]
    assert two._client.count(index=two.alias("shop"))["count"] == 33


def test_an_index_of_an_older_bellrock_gets_the_fields_that_are_new(
    stores: list[SearchStore],
) -> None:
    store, _ = stores
    [index] = store.indices.of([("shop", MINUTE)])
    client, template = store._client, index_template(store._prefix)
    del template["template"]["mappings"]["_meta"]  # it said nothing of itself
    fields = template["template"]["mappings"]["properties"]
    for new in ("transport", "navigations", "vitals"):
        del fields[new]
    client.indices.put_index_template(name=store._prefix, body=template)
    client.indices.create(index=index.text(store._prefix))
    row = ("shop", MINUTE, "Chrome", "fetchLater", 3, 2, 1, 6)
    rows = pl.DataFrame([row], NO_DELTAS.delivery.schema, orient="row")
    none = {name: getattr(NO_DELTAS, name) for name in RELATIONS}
    store.write({"minute": Deltas(**(none | {"delivery": rows}))}, 1)
    store.refresh()
    assert store.delivery(Selection("shop", MINUTE, MINUTE + 1)).rows() == [row[2:]]


def test_a_writer_that_begins_anew_asks_little_of_what_is_there(stores: list[SearchStore]) -> None:
    one, two = stores
    keys = [f"shop-{n}" for n in range(50)]
    found = minutes(1)
    every = Deltas(
        **{
            name: getattr(NO_DELTAS, name)
            for name in RELATIONS
            if name not in {"minutes", "timers"}
        },
        minutes=pl.concat([found.minutes.with_columns(site=pl.lit(key)) for key in keys]),
        timers=pl.concat(
            [found.timers.with_columns(site=pl.lit(k), timer=pl.lit("own")) for k in keys]
        ),
    )
    one.write({"minute": every}, 1)
    asked = requests_of(two)
    two.write({"minute": every}, 2)
    assert [method for method, _ in asked] == ["POST", "GET", "GET", "GET", "POST"]
    assert asked[-1][1] == "/_bulk"
    two.write({"minute": every}, 3)
    assert len(asked) == 6


def test_two_that_plan_at_once_agree(stores: list[SearchStore]) -> None:
    one, two = stores
    one.write({"minute": minutes(30)}, 1)
    one.refresh()
    one.indices.plan("shop", MINUTE + 60)
    stale = BEGINNING, {"op_type": "create", "refresh": "true"}
    real = two.indices._stored
    answers = iter([stale])
    two.indices._stored = lambda site: next(answers, None) or real(site)  # type: ignore[method-assign]
    assert two.indices.plan("shop", MINUTE + 2000) == (*BEGINNING, Change(SINCE, "week"))


def test_retention_deletes_whole_indices_of_the_site_alone(stores: list[SearchStore]) -> None:
    store, _ = stores
    for days in (-400, 0):
        store.write({"minute": later(days)}, 1)
    store.write({"minute": minutes(1, site="shop-b")}, 1)
    assert len(store.indices.of_site("shop")) == 2
    assert store.indices.expire("shop", MINUTE - 1000 * 1440) == []
    gone = store.indices.expire("shop", MINUTE - 30 * 1440)
    assert [index.text("p") for index in gone] == ["p.shop@year-2024-01-01"]
    assert len(store.indices.of_site("shop")) == 1
    assert len(store.indices.of_site("shop-b")) == 1
