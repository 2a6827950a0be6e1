"""A shop for one test: pages with the tracker in them, and a real collector with its log.

The pages are at `localhost`, tracker and collector at `127.0.0.1` and another port: two origins as in real
use. The pages are served by a thread of their own, because the browser is driven from the test's, and the
collector by a process, which can be stopped and started.
"""

import asyncio
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import msgspec
from aiohttp import web

from bellrock.collector import CollectorConfig, run
from bellrock.collector.config import Policy
from bellrock.log.sqlite import SqliteLogReader

Beacon: TypeAlias = dict[str, Any]

PATIENCE = 60.0
IMAGE_DELAY = 0.3
# Chromium takes a picture of few bytes for a background, and not for the largest content.
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400">'
    f'<rect width="600" height="400" fill="rebeccapurple"/><!--{"padding " * 2000}--></svg>'
)

# The page's own view of itself, to be compared with what the tracker sends.
MEASURE = """
window.measured = {cls: 0};
new PerformanceObserver((list) => {
  for (const {startTime, url} of list.getEntries()) Object.assign(measured, {lcp: startTime, url});
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
  for (const {name, startTime} of list.getEntries())
    if (name === "first-contentful-paint") measured.fcp = startTime;
}).observe({type: "paint", buffered: true});
new PerformanceObserver((list) => {
  for (const {value} of list.getEntries()) measured.cls += value;
}).observe({type: "layout-shift", buffered: true});
"""

# What a page that opens the others finds; `page` is the window of one.
WALK = """
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const loaded = async (page, path) => {
  while (page.location?.pathname !== path || page.document?.readyState !== "complete") await sleep(5);
};
"""


class Shop:
    """The addresses of a running shop, and what its collector has in its log."""

    def __init__(self, log: Path, policy: Policy) -> None:
        self.attributes = ""
        self.snippet = ""
        self.head = ""
        self.body = ""
        self.walk = ""
        self.headers: dict[str, str] = {}
        self.script = "t.js"
        self.port = 0
        self._config = CollectorConfig(
            host="127.0.0.1", port=_free_port(), log_directory=log, policies={"shop": policy}
        )
        self._collector: multiprocessing.process.BaseProcess | None = None

    @property
    def collector(self) -> str:
        """The collector's origin."""
        return f"http://{self._config.host}:{self._config.port}"

    def address(self, path: str) -> str:
        """The address of a page."""
        return f"http://localhost:{self.port}{path}"

    def beacons(self, type_: str | None = None) -> list[Beacon]:
        """The beacons of a type, or all, in the order of the log; `at` is when, in s."""
        with closing(SqliteLogReader(self._config.log_directory)) as reader:
            lines = [msgspec.json.decode(line) for line in reader.read(0, 1 << 20).lines]
        found = [{**line["beacon"], "at": line["at"] / 1000} for line in lines]
        return [b for b in found if type_ in (None, b["type"])]

    def wait(self, done: Callable[[], bool], idle: Callable[[], None]) -> None:
        """Wait until `done()`; `idle` lets the browser go on. Fails after a minute, with what came."""
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                got = [(b["impression"], b["seq"], b["type"]) for b in self.beacons()]
                raise AssertionError(f"not all beacons arrived within {PATIENCE:g} s: {got}")
            idle()

    def start_collector(self) -> None:
        """Start the collector, and wait until it answers."""
        process = multiprocessing.get_context("spawn").Process(target=run, args=(self._config,))
        process.start()
        self._collector = process
        for _ in range(400):
            try:
                httpx.get(f"{self.collector}/health").raise_for_status()
            except httpx.TransportError:
                assert process.is_alive(), "the collector did not start"
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the collector did not answer")

    def stop_collector(self) -> None:
        """Stop it; its log stays."""
        if self._collector is not None:
            self._collector.terminate()
            self._collector.join(PATIENCE)
            self._collector.kill()
            self._collector.join()
        self._collector = None

    def application(self) -> web.Application:
        """The pages."""
        app = web.Application()
        app.router.add_get("/picture.svg", self._serve_picture)
        app.router.add_get("/walk", self._serve_walk)
        app.router.add_get("/{page:.*}", self._serve_page)
        return app

    async def _serve_picture(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(IMAGE_DELAY)
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=PICTURE, content_type="image/svg+xml", headers=headers)

    async def _serve_walk(self, _request: web.Request) -> web.Response:
        html = f"<!doctype html><title>walk</title><script type=module>{WALK}{self.walk}</script>"
        return web.Response(text=html, content_type="text/html")

    async def _serve_page(self, request: web.Request) -> web.Response:
        tracker = self.snippet or (
            f'<script defer src="{self.collector}/{self.script}" data-site="shop" {self.attributes}>'
            "</script>"
        )
        html = (
            f"<!doctype html><title>{request.path}</title><script>{MEASURE}</script>{self.head}"
            f"{tracker}<h1>{request.path}</h1><a href=/next>next</a>{self.body}"
            "<img src=/picture.svg><p>end of the page"
        )
        return web.Response(text=html, content_type="text/html", headers=self.headers)


@contextmanager
def open_shop(directory: Path, policy: Policy = "ignore") -> Iterator[Shop]:
    """Serve a shop on a free port of 127.0.0.1, with a collector whose log is in that directory."""
    shop = Shop(directory / "log", policy)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(shop.application())
    started = threading.Event()

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        shop.port = runner.addresses[0][1]
        started.set()

    def serve() -> None:
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        # Connections that were told to close do so in a later turn of the loop.
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        if not started.wait(PATIENCE):
            raise RuntimeError("the shop did not start")
        shop.start_collector()
        yield shop
    finally:
        shop.stop_collector()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
