"""The stores that are asked, each with what a test needs to write deltas to it.

DuckDB takes them as they are; the search stores get whole documents of every level made of them, as the runner
on Flink makes them.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import uuid4

import polars as pl
import pytest

import strategies
from bellrock.operators.summaries import NO_DELTAS, Deltas
from bellrock.schema.document import RELATIONS
from bellrock.store.contract import Selection, StoreReader
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.search import SearchStore, open_search_store
from bellrock.store.step import StoredStep
from bellrock.store.tables import LEVELS, ROLLED_UP
from strategies import START

Row = dict[str, Any]
MINUTE = START // strategies.MINUTE
KEY: Row = {
    "site": "shop", "minute": MINUTE, "test": "speed", "group": "A", "browser": "Chrome",
    "device": "desktop", "bot": "",
}  # fmt: skip
DELIVERY_KEY: Row = {
    "site": "shop", "minute": MINUTE, "browser": "Chrome", "transport": "fetchLater",
}  # fmt: skip
ALWAYS = Selection("shop", 0, 1 << 40)


def frame(relation: str, rows: Sequence[Row]) -> pl.DataFrame:
    schema = getattr(NO_DELTAS, relation).schema
    zero = dict.fromkeys(schema) | dict.fromkeys(RELATIONS[relation].additive, 0)
    return pl.DataFrame([zero | row for row in rows], schema=schema, orient="row")


def summed(relation: str, rows: pl.DataFrame, level: str) -> pl.DataFrame:
    key, additive = RELATIONS[relation]
    minute = pl.col("minute") - pl.col("minute") % LEVELS[level]
    return rows.with_columns(minute).group_by(key).agg(pl.col(additive).sum())


class Store(StoreReader, Protocol):
    def add(self, deltas: Deltas) -> None: ...

    def whole(self, relation: str) -> pl.DataFrame: ...

    def close(self) -> None: ...


class Embedded(DuckDBStore):
    steps = 0

    def add(self, deltas: Deltas) -> None:
        self.steps += 1
        frames = {name: getattr(deltas, name) for name in RELATIONS}
        step = StoredStep(frames, pl.DataFrame(), b"", base=True, position=self.steps, watermark=0)
        self.commit(step)


class Search(SearchStore):
    def __init__(self, opened: SearchStore) -> None:
        super().__init__(opened._client, opened._prefix)
        self.deltas, self.version = NO_DELTAS, 0

    def add(self, deltas: Deltas) -> None:
        self.version += 1
        both = ((name, [getattr(d, name) for d in (self.deltas, deltas)]) for name in RELATIONS)
        self.deltas = Deltas(**{name: pl.concat(rows) for name, rows in both})
        documents = {}
        for level in LEVELS:
            names = ROLLED_UP if level != "minute" else RELATIONS
            found = {name: summed(name, getattr(self.deltas, name), level) for name in names}
            none = {name: getattr(NO_DELTAS, name) for name in RELATIONS}
            documents[level] = Deltas(**(none | found))
        self.write(documents, self.version)
        self.refresh()

    def close(self) -> None:
        self._client.indices.delete(index=f"{self._prefix}*")
        super().close()


def embedded(request: pytest.FixtureRequest) -> Store:
    folder = request.getfixturevalue("tmp_path_factory").mktemp("store")
    return Embedded(folder / "store.duckdb")


def search(product: str, request: pytest.FixtureRequest) -> Store:
    address = request.getfixturevalue(f"{product}_url").removeprefix("http://")
    return Search(open_search_store(f"{product}://{address}/test-{uuid4()}"))


def opensearch(request: pytest.FixtureRequest) -> Store:
    return search("opensearch", request)


def elasticsearch(request: pytest.FixtureRequest) -> Store:
    return search("elasticsearch", request)


def write(store: Store, **rows: Sequence[Row]) -> None:
    keys: dict[str, Row] = {
        "minutes": KEY, "timers": KEY, "clusters": KEY | {"population": "all"},
        "cluster_timers": KEY | {"population": "all"}, "issues": {}, "delivery": DELIVERY_KEY,
    }  # fmt: skip
    frames = {
        name: frame(name, [keys[name] | row for row in rows.get(name, ())]) for name in RELATIONS
    }
    store.add(Deltas(**frames))
