"""The app under granian, beside a thread that plays the engine: live events, and a clean stop."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from bellrock.accounts import Accounts
from bellrock.api.app import create_app
from bellrock.api.services import Rhythm
from bellrock.progress import Progress
from bellrock.schema.site import Site
from bellrock.store.duckdb import DuckDBStore
from bellrock.store.step import StoredStep

AT = datetime(2026, 11, 23, 5, 42, 5, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)


class Running:
    """A server in a thread of its own."""

    def __init__(self, app: Litestar, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._server = Server(
            app, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
        self._loop.close()

    def start(self) -> None:
        self._thread.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.address}/api/v1/health")
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("the server did not start")

    def stop(self) -> bool:
        """Stop it; whether it stopped soon."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stop)
            self._thread.join(10)
        return not self._thread.is_alive()


@pytest.fixture
def engine(store: DuckDBStore, progress: Progress) -> Callable[[int], None]:
    """Fold one more page impression of a group, as an engine's step would."""

    def step(position: int) -> None:
        row = {
            "site": "shop-a", "test": "speed", "group": "B", "browser": "Chrome", "bot": "",
            "device": "mobile", "minute": AT_MS // 60_000, "impressions": 1, "sessions": 1,
        }  # fmt: skip
        deltas = {"minutes": pl.DataFrame([row])}
        store.commit(StoredStep(deltas, pl.DataFrame(), b"", False, position, AT_MS))
        progress.advance(position, AT_MS, AT_MS + 250)

    return step


@pytest.fixture
def running(
    store: DuckDBStore,
    sites: dict[str, Site],
    accounts: Accounts,
    progress: Progress,
    clock: Callable[[], float],
    unused_port: int,
) -> Iterator[Running]:
    rhythm = Rhythm(throttle=0.5, comment=1.5)
    running = Running(
        create_app(store, store, sites, accounts, progress, clock, rhythm=rhythm), unused_port
    )
    running.start()
    yield running
    progress.close()
    assert running.stop()


@contextmanager
def listening(running: Running, token: dict[str, str]) -> Iterator[Iterator[str]]:
    """The lines of a live stream that are not empty."""
    url = f"{running.address}/api/v1/live?site=shop-a"
    with httpx.stream("GET", url, headers=token, timeout=10) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["x-accel-buffering"] == "no"
        yield (line for line in stream.iter_lines() if line)


def event(lines: Iterator[str]) -> dict[str, Any]:
    assert next(lines) == "event: live"
    found: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
    return found


def test_the_first_event_comes_at_once(running: Running, token: dict[str, str]) -> None:
    with listening(running, token) as lines:
        assert event(lines) == {
            "site": "shop-a",
            "now": "2026-11-23T05:42:17.000Z",
            "watermark": None,
            "lag_seconds": 0.0,
            "position": 0,
            "window_minutes": 30,
            "groups": [
                {"group": "A", "impressions": 10, "sessions": 4},
                {"group": "B", "impressions": 23, "sessions": 7},
            ],
            "impressions_last_minute": 11,
        }


def test_a_step_that_folded_something_is_told_and_others_are_not(
    running: Running,
    token: dict[str, str],
    engine: Callable[[int], None],
    progress: Progress,
) -> None:
    with listening(running, token) as lines:
        event(lines)
        engine(5)
        told = event(lines)
        assert (told["position"], told["lag_seconds"]) == (5, 0.25)
        assert told["watermark"] == "2026-11-23T05:42:05.000Z"
        assert told["groups"][1] == {"group": "B", "impressions": 24, "sessions": 8}
        progress.advance(5, AT_MS, AT_MS + 9_000)
        assert next(lines) == ": nothing new"


def test_where_others_fold_the_lag_is_null_and_the_watermark_a_minute(
    running: Running, token: dict[str, str], progress: Progress
) -> None:
    progress.advance(1, AT_MS // 60_000 * 60_000, None)
    with listening(running, token) as lines:
        told = event(lines)
    assert (told["watermark"], told["lag_seconds"]) == ("2026-11-23T05:42:00.000Z", None)


def test_events_are_throttled_and_the_newest_wins(
    running: Running, token: dict[str, str], engine: Callable[[int], None]
) -> None:
    with listening(running, token) as lines:
        event(lines)
        started = time.monotonic()
        for position in range(1, 6):
            engine(position)
        assert event(lines)["position"] == 5
        assert time.monotonic() - started >= 0.4


def test_a_stream_ends_when_its_token_is_revoked(
    running: Running, token: dict[str, str], accounts: Accounts
) -> None:
    with listening(running, token) as lines:
        event(lines)
        accounts.revoke_token(token["Authorization"].removeprefix("Bearer "))
        assert list(lines) == []


def test_streams_end_and_the_server_stops_when_progress_is_closed(
    running: Running, token: dict[str, str], progress: Progress
) -> None:
    with listening(running, token) as first, listening(running, token) as second:
        event(first)
        event(second)
        progress.close()
        started = time.monotonic()
        assert running.stop()
        assert time.monotonic() - started < 5
        assert list(first) == list(second) == []


def test_queries_are_answered_while_the_engine_writes(
    running: Running, token: dict[str, str], engine: Callable[[int], None]
) -> None:
    query = {"site": "shop-a", "metrics": ["impressions"], "date_range": "30m"}

    def write() -> None:
        for position in range(1, 21):
            engine(position)

    writing = threading.Thread(target=write)
    writing.start()
    seen: list[int] = []
    while writing.is_alive() or not seen:
        answer = httpx.post(f"{running.address}/api/v1/query", json=query, headers=token)
        seen.append(answer.json()["results"][0]["metrics"][0])
    writing.join()
    assert seen == sorted(seen)
    last = httpx.post(f"{running.address}/api/v1/query", json=query, headers=token).json()
    assert last["results"][0]["metrics"] == [33 + 20]
