"""The dashboard over a search store: what it tells of what happens now, what it says when the store is away."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.config import Config
from bellrock.errors import ConfigurationError, StoreUnavailable
from bellrock.progress import Progress
from bellrock.runners import dashboard
from bellrock.runners.dashboard import open_marks, open_store, watch
from bellrock.schema.site import Site
from bellrock.store.search import SearchStore
from bellrock.store.search.client import Patience, connect, parse_cluster
from bellrock.store.search.reading import Activity
from store.search.test_writing import MINUTE, minutes

NOW = 29_000_000 * 60.0 + 30


class Looks:
    """What a store says at each look; then the watching ends."""

    def __init__(self, stop: threading.Event, *said: Activity | StoreUnavailable) -> None:
        self._said, self._stop = iter(said), stop

    def activity(self, since: int, sites: list[str]) -> Activity:
        assert since == 29_000_000 - 30
        assert sites == ["shop", "shop-b"]
        found = next(self._said, None)
        if found is None:
            self._stop.set()
            return Activity(None, 0, 0)
        if isinstance(found, StoreUnavailable):
            raise found
        return found


def test_only_what_comes_in_is_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "POLL_SECONDS", 0.0)
    stop, progress = threading.Event(), Progress()
    first, more = Activity(28_999_990, 5, 9), Activity(29_000_000, 6, 9)
    looks = Looks(stop, Activity(None, 0, 0), first, first, StoreUnavailable("away"), first, more)
    with progress.listening("shop-b"), progress.listening("shop"):
        watch(looks, progress, stop, lambda: NOW)
    assert progress.step.position == progress.step.number == 2


def test_the_newest_minute_is_told_and_no_lag_which_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dashboard, "POLL_SECONDS", 0.0)
    stop, progress = threading.Event(), Progress()
    looks = Looks(stop, Activity(28_999_990, 5, 9))
    with progress.listening("shop-b"), progress.listening("shop"):
        watch(looks, progress, stop, lambda: NOW)
    assert progress.step.watermark_ms == 28_999_990 * 60_000
    assert progress.step.lag_seconds is None


def test_nothing_is_asked_for_as_long_as_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "POLL_SECONDS", 0.0)
    stop, progress = threading.Event(), Progress()
    looks = Looks(stop, Activity(28_999_990, 5, 9))
    watching = threading.Thread(target=watch, args=(looks, progress, stop, lambda: NOW))
    watching.start()
    time.sleep(0.5)
    assert progress.step.number == 0
    with progress.listening("shop"), progress.listening("shop-b"), progress.listening("shop"):
        watching.join(10)
    assert not watching.is_alive()
    assert progress.step.watermark_ms == 28_999_990 * 60_000
    assert not progress.sites


def test_activity_is_counted_of_late_and_the_newest_minute_is_that_of_the_store(
    opensearch_url: str,
) -> None:
    url = f"opensearch://{opensearch_url.removeprefix('http://')}/test-{uuid4()}"
    with closing(open_store(Config(store=url))) as store:
        assert store.activity(MINUTE) == Activity(None, 0, 0), "there is no index yet"
        store.write({"minute": minutes(5, beacons=3)}, 1)
        store.refresh()
        assert store.activity(MINUTE + 3) == Activity(MINUTE + 4, 2, 6)
        assert store.activity(MINUTE + 30) == Activity(MINUTE + 4, 0, 0)
        many = [f"shop-{n}" for n in range(70)]
        assert store.activity(MINUTE + 3, [*many, "shop"]) == Activity(MINUTE + 4, 2, 6)
        assert store.activity(MINUTE, many) == Activity(None, 0, 0)
        store._client.indices.delete(index=f"{store._prefix}*")


@pytest.fixture
def away(unused_tcp_port: int) -> Iterator[SearchStore]:
    cluster = parse_cluster(f"opensearch://127.0.0.1:{unused_tcp_port}")
    with closing(SearchStore(connect(cluster), reading=Patience(deadline=0.1))) as store:
        yield store


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_while_the_store_is_away_questions_are_answered_503(
    away: SearchStore, tmp_path: Path
) -> None:
    sites = {"shop": Site(key="shop", currency="EUR", order_key=bytes(32))}
    with Accounts(tmp_path / "accounts.sqlite") as accounts:
        headers = {"Authorization": f"Bearer {accounts.add_token('shop', 'report')}"}
        app = create_app(away, None, sites, accounts, Progress(), lambda: NOW)
        with TestClient(app, raise_server_exceptions=False) as client:
            body = {"site": "shop", "metrics": ["impressions"], "date_range": "1h"}
            answer = client.post("/api/v1/query", json=body, headers=headers)
            health = client.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "store cannot be read now" in answer.json()["detail"]
    assert health.status_code == 200


def test_a_store_s_url_is_checked_and_no_marks_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the setting store"):
        open_store(Config(store="http://127.0.0.1:9200"))
    assert open_marks(Config()) is None
