"""The shop's server: slow on purpose, as the shops are that want to become faster.

Enters: requests. Leaves: pages and pictures, each after the time that a slow server would take. Always
holds: it keeps nothing: the cart is a cookie, an order is in the address of its confirmation page.
"""

import asyncio
import re
import secrets
from hashlib import sha256

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bellrock.demo import pages
from bellrock.demo.pages import Frame, Order
from bellrock.demo.pictures import drawing, scene
from bellrock.demo.slowness import Delays, Slowness
from bellrock.simulate.catalogue import BY_KEY, PRODUCTS, Product

_CART = "cart"
_MOST_IN_CART = 20
_ORDER = re.compile(r"[A-Z0-9-]{1,32}")
_HUES = {205, 190} | {product.hue for product in PRODUCTS}
_TYPES = {".css": "text/css", ".js": "text/javascript"}


class ShopOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the shop listens, and the addresses of collector and dashboard as browsers see them."""

    host: str = "127.0.0.1"
    port: int = 8102
    collector: str
    dashboard: str
    slowness: Slowness = Slowness()
    seed: int = 1


async def run(options: ShopOptions) -> None:
    """Serve the shop until cancelled; OSError if the port is taken."""
    runner = web.AppRunner(create_app(options), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def create_app(options: ShopOptions) -> web.Application:
    """The shop as an aiohttp application."""
    frame = Frame(options.collector.rstrip("/"), options.dashboard)
    shop = _Shop(frame, Delays(options.slowness, options.seed))
    app = web.Application(middlewares=[_missing(frame)])
    app.add_routes(
        [
            web.get("/", shop.home),
            web.get("/listing", shop.listing),
            web.get("/product/{key}", shop.product),
            web.get("/cart", shop.cart),
            web.post("/cart", shop.put_into_cart),
            web.post("/order", shop.order),
            web.get("/confirmation", shop.confirmation),
            web.get("/pictures/{name}", shop.picture),
            web.get("/static/{name}", shop.static),
            web.get("/sw.js", shop.worker),
        ]
    )
    return app


class _Shop:
    """The handlers, which share the frame of all pages and the sequence of delays."""

    def __init__(self, frame: Frame, delays: Delays) -> None:
        self._frame = frame
        self._delays = delays

    async def home(self, _request: web.Request) -> web.Response:
        return await self._page(pages.home(self._frame))

    async def listing(self, _request: web.Request) -> web.Response:
        return await self._page(pages.listing(self._frame))

    async def product(self, request: web.Request) -> web.Response:
        one = BY_KEY.get(request.match_info["key"])
        if one is None:
            raise web.HTTPNotFound
        return await self._page(pages.product(self._frame, one))

    async def cart(self, request: web.Request) -> web.Response:
        return await self._page(pages.cart(self._frame, _chosen(request)))

    async def put_into_cart(self, request: web.Request) -> web.Response:
        one = BY_KEY.get(str((await request.post()).get("product")))
        chosen = [*_chosen(request), *([one] if one else [])][-_MOST_IN_CART:]
        await asyncio.sleep(self._delays.page())
        response = web.Response(status=303, headers={"Location": "/cart"})
        value = ".".join(product.key for product in chosen)
        response.set_cookie(_CART, value, httponly=True, samesite="Lax")
        return response

    async def order(self, request: web.Request) -> web.Response:
        chosen = _chosen(request)
        await asyncio.sleep(self._delays.page())
        if not chosen:
            return web.Response(status=303, headers={"Location": "/cart"})
        cents = sum(product.cents for product in chosen)
        key = f"BR-{secrets.token_hex(6).upper()}"
        address = f"/confirmation?order={key}&cents={cents}&items={len(chosen)}"
        response = web.Response(status=303, headers={"Location": address})
        response.del_cookie(_CART)
        return response

    async def confirmation(self, request: web.Request) -> web.Response:
        order = _order(request)
        if order is None:
            raise web.HTTPNotFound
        return await self._page(pages.confirmation(self._frame, order))

    async def picture(self, request: web.Request) -> web.Response:
        name, _, kind = request.match_info["name"].rpartition(".")
        if kind == "svg" and name in BY_KEY:
            await asyncio.sleep(self._delays.asset())
            return _asset(request, drawing(BY_KEY[name]).encode(), "image/svg+xml")
        hue = name.removeprefix("scene-")
        if kind != "png" or not hue.isdecimal() or int(hue) not in _HUES:
            raise web.HTTPNotFound
        await asyncio.sleep(self._delays.hero())
        return _asset(request, await asyncio.to_thread(scene, int(hue)), "image/png")

    async def static(self, request: web.Request) -> web.Response:
        file = pages.STATIC / request.match_info["name"]
        if file.suffix not in _TYPES or file.parent != pages.STATIC or not file.is_file():
            raise web.HTTPNotFound
        await asyncio.sleep(self._delays.asset())
        return _asset(request, file.read_bytes(), _TYPES[file.suffix])

    async def worker(self, request: web.Request) -> web.Response:
        # At the root, because a Service Worker sees only what lies below its own address.
        return _asset(request, (pages.STATIC / "sw.js").read_bytes(), _TYPES[".js"])

    async def _page(self, text: str) -> web.Response:
        await asyncio.sleep(self._delays.page())
        return web.Response(
            text=text, content_type="text/html", headers={"Cache-Control": "no-cache"}
        )


def _missing(frame: Frame) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return web.Response(text=pages.missing(frame), status=404, content_type="text/html")

    return answer


def _asset(request: web.Request, body: bytes, kind: str) -> web.Response:
    tag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=kind, headers=headers)


def _chosen(request: web.Request) -> list[Product]:
    keys = request.cookies.get(_CART, "").split(".")
    return [BY_KEY[key] for key in keys if key in BY_KEY]


def _order(request: web.Request) -> Order | None:
    key, cents, items = (request.query.get(name, "") for name in ("order", "cents", "items"))
    if not _ORDER.fullmatch(key) or not re.fullmatch(r"\d{1,9}", cents, re.ASCII):
        return None
    return Order(key, int(cents), int(items) if re.fullmatch(r"\d{1,3}", items, re.ASCII) else 1)
