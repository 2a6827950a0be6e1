"""A real store with rows that a test writes by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bellrock.schema.access import Access
from bellrock.schema.site import Site, Test
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

Row = dict[str, Any]
StoreOf = Callable[..., DuckDBStore]

KEY: Row = {
    "site": "shop-a",
    "test": "speed",
    "group": "A",
    "browser": "Chrome",
    "device": "mobile",
    "bot": "",
}


@pytest.fixture
def sites() -> dict[str, Site]:
    speed = Test("speed", "A", {"A": 0.5, "B": 0.5})
    return {
        "shop-a": Site(
            key="shop-a",
            currency="EUR",
            order_key=bytes(32),
            dimensions=("country",),
            timers=("hero",),
            tests=(speed,),
        ),
        "shop-b": Site(key="shop-b", currency="JPY", order_key=bytes(32)),
    }


@pytest.fixture
def admin() -> Access:
    return Access("session:1", "admin", "admin", None)


@pytest.fixture
def store_of(tmp_path: Path) -> Iterator[StoreOf]:
    """Make a store of rows for `minutes` and `timers`; what one leaves out is as in `KEY`, or 0."""
    store = DuckDBStore(tmp_path / "store.duckdb")

    def make(minutes: list[Row] = [], timers: list[Row] = []) -> DuckDBStore:  # noqa: B006
        deltas = {
            name: pl.DataFrame([KEY | row for row in rows])
            for name, rows in (("minutes", minutes), ("timers", timers))
            if rows
        }
        store.commit(StoredStep(deltas, pl.DataFrame(), b"", base=True, position=1, watermark=0))
        return store

    yield make
    store.close()
