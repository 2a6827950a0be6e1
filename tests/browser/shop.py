"""A shop for one test: pages with the tracker in them, and a collector that remembers what it got.

The pages are at `localhost` and tracker and collector at `127.0.0.1`, two origins as in real use.
The server runs in a thread of its own, because the browser is driven from the test's.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web

Beacon: TypeAlias = dict[str, Any]

PATIENCE = 10.0
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


class Shop:
    """The addresses of a running shop, and what its collector got."""

    def __init__(self, tracker: Path) -> None:
        self.attributes = ""
        self.head = ""
        self.unavailable = 0
        self.methods: list[str] = []
        self.port = 0
        self._tracker = tracker
        self._lock = threading.Lock()
        self._beacons: list[Beacon] = []

    def address(self, path: str) -> str:
        """The address of a page."""
        return f"http://localhost:{self.port}{path}"

    def beacons(self, type_: str | None = None) -> list[Beacon]:
        """The beacons of a type, or all, in the order of their arrival; `at` is when, in s."""
        with self._lock:
            return [b for b in self._beacons if type_ in (None, b["type"])]

    def wait(self, done: Callable[[], bool], idle: Callable[[], None]) -> None:
        """Wait until `done()`; `idle` lets the browser go on. Fails after 10 s, with what came."""
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                got = [(b["impression"], b["seq"], b["type"]) for b in self.beacons()]
                raise AssertionError(f"not all beacons arrived within {PATIENCE:g} s: {got}")
            idle()

    def application(self) -> web.Application:
        """The pages, the tracker and the collector."""
        app = web.Application()
        app.router.add_get("/t.js", self._serve_tracker)
        app.router.add_get("/picture.svg", self._serve_picture)
        app.router.add_route("*", "/b", self._collect)
        app.router.add_get("/{page:.*}", self._serve_page)
        return app

    async def _serve_tracker(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(self._tracker)

    async def _serve_picture(self, _request: web.Request) -> web.Response:
        await asyncio.sleep(IMAGE_DELAY)
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=PICTURE, content_type="image/svg+xml", headers=headers)

    async def _serve_page(self, request: web.Request) -> web.Response:
        source = f"http://127.0.0.1:{self.port}/t.js"
        html = (
            f"<!doctype html><title>{request.path}</title><script>{MEASURE}</script>{self.head}"
            f'<script defer src="{source}" data-site="shop" {self.attributes}></script>'
            f"<h1>{request.path}</h1><a href=/next>next</a>"
            "<img src=/picture.svg><p>end of the page"
        )
        return web.Response(text=html, content_type="text/html")

    async def _collect(self, request: web.Request) -> web.Response:
        headers = {"Access-Control-Allow-Origin": "*"}
        with self._lock:
            self.methods.append(request.method)
        body = json.loads(await request.text())
        with self._lock:
            if self.unavailable:
                self.unavailable -= 1
                return web.Response(status=503, headers=headers)
            at = time.monotonic()
            self._beacons += [{**b, "at": at} for b in (body if isinstance(body, list) else [body])]
        return web.Response(status=204, headers=headers)


@contextmanager
def open_shop(tracker: Path) -> Iterator[Shop]:
    """Serve a shop on a free port of 127.0.0.1."""
    shop = Shop(tracker)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(shop.application())
    started = threading.Event()

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        shop.port = runner.addresses[0][1]
        started.set()

    def run() -> None:
        loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    if not started.wait(PATIENCE):
        raise RuntimeError("the shop did not start")
    try:
        yield shop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
