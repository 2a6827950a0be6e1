"""A shop and a collector that only listens, on free ports; Chromium to visit them."""

import asyncio
import json
import threading
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from aiohttp import web

from bellrock.demo.shop import ShopOptions, create_app


class Listener:
    """Serves the built tracker, and keeps the beacons that it sends."""

    def __init__(self) -> None:
        self.beacons: list[dict[str, Any]] = []

    async def tracker(self, _request: web.Request) -> web.Response:
        script = (files("bellrock") / "assets" / "tracker" / "t.js").read_text(encoding="utf-8")
        return web.Response(text=script, content_type="text/javascript")

    async def beacon(self, request: web.Request) -> web.Response:
        told = json.loads(await request.read())
        self.beacons += told if isinstance(told, list) else [told]
        return web.Response(status=204, headers={"Access-Control-Allow-Origin": "*"})

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/t.js", self.tracker), web.post("/b", self.beacon)])
        return app


class Site:
    """The addresses of a running shop, and what its visitors' browsers have sent."""

    def __init__(self, shop: str, listener: Listener) -> None:
        self.shop = shop
        self.listener = listener


@pytest.fixture
def site() -> Iterator[Site]:
    listener = Listener()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    def serve(app: web.Application) -> str:
        runner, address = asyncio.run_coroutine_threadsafe(_serve(app), loop).result(10)
        runners.append(runner)
        return address

    collector = serve(listener.app())
    shop = serve(create_app(ShopOptions(collector=collector, dashboard="http://127.0.0.1:9")))
    yield Site(shop, listener)
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    # Connections that were told to close do so in a later turn of the loop.
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _serve(app: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"
