"""The shop over HTTP, without a browser."""

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiohttp import test_utils

from bellrock.demo.shop import ShopOptions, create_app
from bellrock.demo.slowness import Delays, Slowness
from bellrock.simulate.catalogue import PRODUCTS

QUICK = Slowness(page_ms=(0, 1), hero_ms=(0, 1), asset_ms=(0, 1))
T = TypeVar("T")


def visit(action: Callable[[Any], Awaitable[T]], slowness: Slowness = QUICK) -> T:
    options = ShopOptions(
        collector="http://127.0.0.1:8080/", dashboard="http://127.0.0.1:8090", slowness=slowness
    )

    async def go() -> T:
        server = test_utils.TestServer(create_app(options))
        async with test_utils.TestClient(server) as client:
            return await action(client)

    return asyncio.run(go())


async def text(client: Any, path: str) -> str:
    async with client.get(path) as answer:
        return str(await answer.text())


@pytest.mark.parametrize(
    ("path", "label"),
    [("/", "home"), ("/listing", "listing"), ("/product/fog-globe", "product"), ("/cart", "cart"),
     ("/confirmation?order=BR-1&cents=5990&items=1", "confirmation")],
)  # fmt: skip
def test_every_page_names_its_label_and_loads_the_tracker(path: str, label: str) -> None:
    page = visit(lambda client: text(client, path))
    assert f'data-label="{label}"' in page
    assert '<script defer src="http://127.0.0.1:8080/t.js" data-site="demo-shop">' in page


def test_every_product_has_a_page_and_a_picture() -> None:
    async def all_of_them(client: Any) -> list[int]:
        paths = [f"/product/{one.key}" for one in PRODUCTS]
        paths += [f"/pictures/{one.key}.svg" for one in PRODUCTS]
        return [(await client.get(path)).status for path in paths]

    assert set(visit(all_of_them)) == {200}


def test_a_large_picture_is_a_whole_png_that_takes_time_to_load() -> None:
    async def picture(client: Any) -> bytes:
        async with client.get("/pictures/scene-205.png") as answer:
            assert answer.content_type == "image/png"
            return bytes(await answer.read())

    png = visit(picture)
    width, height = struct.unpack(">II", png[16:24])
    rows = zlib.decompress(png[png.index(b"IDAT") + 4 : -16])
    assert len(rows) == height * (1 + 3 * width)
    assert len(png) > 100_000


def test_an_order_goes_from_cart_to_confirmation_and_empties_the_cart() -> None:
    async def buy(client: Any) -> tuple[str, str, str]:
        await client.post("/cart", data={"product": "signal-lamp"})
        await client.post("/cart", data={"product": "wick-set"})
        async with client.post("/order") as answer:
            page, address = await answer.text(), str(answer.url)
        return page, address, await text(client, "/cart")

    page, address, cart = visit(buy)
    assert "cents=9690" in address
    assert "items=2" in address
    assert "&quot;value&quot;: 96.9" in page
    assert "&quot;currency&quot;: &quot;EUR&quot;" in page
    assert "empty" in cart


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/product/nothing", "/pictures/scene-1.png", "/pictures/x.svg", "/static/x.css",
     "/static/..%2fshop.py", "/confirmation", "/confirmation?order=%3Cb%3E&cents=1&items=1",
     "/confirmation?order=BR-1&cents=-5&items=1"],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_answered_with_a_page(path: str) -> None:
    async def status(client: Any) -> tuple[int, str]:
        async with client.get(path) as answer:
            return answer.status, await answer.text()

    code, page = visit(status)
    assert code == 404
    assert "Not here" in page


def test_an_unchanged_asset_is_not_sent_again() -> None:
    async def twice(client: Any) -> int:
        async with client.get("/static/shop.css") as answer:
            tag = answer.headers["ETag"]
        async with client.get("/static/shop.css", headers={"If-None-Match": tag}) as answer:
            return int(answer.status)

    assert visit(twice) == 304


def test_equal_seeds_are_equally_slow_within_the_limits() -> None:
    one, same = Delays(Slowness(), seed=3), Delays(Slowness(), seed=3)
    drawn = [one.page() for _ in range(200)]
    assert drawn == [same.page() for _ in range(200)]
    assert 0.25 <= min(drawn) < 0.3
    assert 0.55 < max(drawn) <= 0.6
