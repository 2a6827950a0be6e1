"""The app over a real store that holds the rows of golden/query/rows.json, at their time."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.api.limits import Limits
from bellrock.progress import Progress
from bellrock.schema.site import Site, Test
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

GOLDEN = Path(__file__).parent.parent / "golden" / "query"
PASSWORD = "correct horse battery"
KEY = {"site": "shop-a", "test": "speed", "device": "mobile", "bot": ""}

Client = TestClient[Litestar]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.fixture
def rows() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / "rows.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def clock(rows: dict[str, Any]) -> Callable[[], float]:
    now = seconds(rows["now"])
    assert datetime.fromtimestamp(now, UTC).year == 2026
    return lambda: now


@pytest.fixture
def store(tmp_path: Path, rows: dict[str, Any]) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "store.duckdb")
    deltas = {
        name: pl.DataFrame(
            [KEY | row | {"minute": int(seconds(row["minute"]) // 60)} for row in rows[name]]
        )
        for name in ("minutes", "timers")
    }
    opened.commit(StoredStep(deltas, pl.DataFrame(), b"", base=True, position=1, watermark=0))
    yield opened
    opened.close()


@pytest.fixture
def sites() -> dict[str, Site]:
    speed = Test("speed", "A", {"A": 0.5, "B": 0.5})
    return {
        "shop-a": Site(
            key="shop-a",
            currency="EUR",
            order_key=b"secret order key of 32 bytes ...",
            dimensions=("country", "label"),
            labels=("home", "product"),
            timers=("hero",),
            tests=(speed,),
        ),
        "shop-b": Site(key="shop-b", currency="JPY", order_key=bytes(32)),
    }


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    with Accounts(tmp_path / "accounts.sqlite") as opened:
        yield opened


@pytest.fixture
def progress() -> Progress:
    return Progress()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def dashboard(tmp_path: Path) -> Path:
    """A build like Vite's: a page, hashed assets, a file at the root."""
    build = tmp_path / "dashboard"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_text("<!doctype html><title>bellrock</title>")
    (build / "assets" / "index-Ab12.js").write_text("console.log('bellrock');" * 100)
    (build / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    return build


@pytest.fixture
def app(
    store: DuckDBStore,
    sites: dict[str, Site],
    accounts: Accounts,
    progress: Progress,
    clock: Callable[[], float],
    limits: Limits,
    dashboard: Path,
) -> Litestar:
    return create_app(
        store, store, sites, accounts, progress, clock, limits=limits, dashboard=dashboard
    )


@pytest.fixture
def client(app: Litestar) -> Iterator[Client]:
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def token(accounts: Accounts) -> dict[str, str]:
    """The headers of a program with a token of shop-a."""
    return {"Authorization": f"Bearer {accounts.add_token('shop-a', 'report')}"}


@pytest.fixture
def foreign_token(accounts: Accounts) -> dict[str, str]:
    """The headers of a program with a token of shop-b."""
    return {"Authorization": f"Bearer {accounts.add_token('shop-b', 'stranger')}"}


@pytest.fixture
def unused_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
