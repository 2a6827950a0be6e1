"""The boomerang library, as npm has it, in a real browser: its pages move to bellrock by one address."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .shop import Beacon, Shop, open_shop

LIBRARY = Path(__file__).parents[2] / "tracker/node_modules/boomerangjs"
# In the order of its own plugins.json.
PLUGINS = (
    "continuity auto-xhr spa history rt painttiming navtiming mobile memory eventtiming bfcache"
)
START = """
BOOMR.init({beacon_url: "%s/boomerang/shop?test=speed", beacon_type: "%s",
  instrument_xhr: true, Continuity: {enabled: true}, %s});
BOOMR.addVar({"h.pg": "home", "h.ab": "B"});
"""


# A page that says itself when it is ready: when all is painted, however busy the machine is.
PAINTED = """
const look = () => measured.fcp && measured.url?.endsWith("picture.svg") && document.readyState === "complete"
  ? BOOMR.page_ready() : setTimeout(look, 20);
look();
"""


def build() -> str:
    """The library with its plugins, put together as its own build does."""
    names = ["boomerang.js", *(f"plugins/{name}.js" for name in PLUGINS.split()), "plugins/zzz-last-plugin.js"]  # fmt: skip
    return "\n".join((LIBRARY / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def library() -> str:
    if not LIBRARY.is_dir():
        pytest.fail("boomerangjs is not installed: run `npm ci` in tracker, as `make` does")
    return build()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as shop:
        yield shop


@pytest.fixture
def visitor(chromium: Browser, library: str) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    context.route("**/boomerang.js", lambda route: route.fulfill(body=library, content_type="text/javascript"))  # fmt: skip
    yield context
    context.close()


def visit(
    visitor: BrowserContext,
    shop: Shop,
    method: str = "AUTO",
    options: str = "",
    path: str = "/home",
) -> Page:
    start = START % (shop.collector, method, options)
    shop.snippet = f"<script src=/boomerang.js></script><script>{start}</script>"
    page = visitor.new_page()
    page.goto(shop.address(path))
    page.wait_for_load_state()
    return page


def arrived(shop: Shop, page: Page, type_: str, count: int = 1) -> list[Beacon]:
    shop.wait(lambda: len(shop.beacons(type_)) >= count, lambda: page.wait_for_timeout(20))
    return shop.beacons(type_)


def loaded(shop: Shop, page: Page, path: str) -> Beacon:
    """The load beacon of a page, as soon as it has come."""

    def found() -> list[Beacon]:
        return [b for b in shop.beacons("load") if b["page"]["url"] == shop.address(path)]

    shop.wait(lambda: bool(found()), lambda: page.wait_for_timeout(20))
    return found()[0]


def navigation(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => {
          const [entry] = performance.getEntriesByType("navigation");
          return {...measured, ttfb: entry.responseStart,
                  dcl: entry.domContentLoadedEventStart, load: entry.loadEventStart};
        }"""
    )
    return found


def test_a_visit_becomes_beacons_that_agree_with_the_page(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.body = f"<script>{PAINTED}</script>"
    page = visit(visitor, shop, options="autorun: false", path="/home?token=secret#part")
    load = loaded(shop, page, "/home")
    own = navigation(page)

    assert (load["v"], load["site"], load["seq"], load["transport"]) == (1, "shop", 0, "beacon")
    assert load["page"] == {
        "url": shop.address("/home"),
        "label": "home",
        "navigation": "navigate",
    }
    assert load["test"] == {"name": "speed", "group": "B"}
    assert load["impression"].startswith(load["session"].rpartition("-")[0])
    for timer in ("ttfb", "dcl", "load", "fcp", "lcp"):
        assert load["timers"][timer] == pytest.approx(own[timer], abs=2), timer
    assert load["timers"]["cls"] == pytest.approx(own["cls"], abs=0.001)


def test_what_the_library_says_when_a_page_is_left_completes_its_impression(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    load = loaded(shop, page, "/home")
    page.click("h1")
    page.wait_for_timeout(300)
    page.click("text=next")
    (left,) = arrived(shop, page, "vitals")
    assert (left["session"], left["impression"]) == (load["session"], load["impression"])
    assert left["seq"] > load["seq"]
    following = loaded(shop, page, "/next")
    assert following["session"] == load["session"]
    assert following["impression"] != load["impression"]


@pytest.mark.parametrize(
    ("method", "options", "transport"),
    [
        ("GET", "", None),
        ("POST", "beacon_disable_sendbeacon: true", "xhr"),
        ("POST", "", "beacon"),
    ],
)
def test_every_way_in_which_the_library_sends_arrives(
    visitor: BrowserContext, shop: Shop, method: str, options: str, transport: str | None
) -> None:
    page = visit(visitor, shop, method, options)
    load = loaded(shop, page, "/home")
    assert load.get("transport") == transport
    assert load["timers"]["load"] > 0


def test_a_soft_navigation_is_an_impression_of_its_own_and_a_request_is_an_event(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop, options="History: {enabled: true, auto: true}")
    hard = loaded(shop, page, "/home")
    page.evaluate("""() => {
      history.pushState({}, "", "/soft");
      const picture = new Image();
      picture.src = "/picture.svg?soft";
      document.body.append(picture);
    }""")
    soft = loaded(shop, page, "/soft")
    assert soft["page"] == {
        "url": shop.address("/soft"),
        "label": "home",
        "navigation": "soft-navigation",
    }
    assert soft["impression"] != hard["impression"]
    assert soft["impression"].startswith(hard["impression"])
    assert (soft["session"], soft["seq"]) == (hard["session"], 0)
    assert soft["timers"]["load"] > 0


def test_a_request_of_the_page_is_an_event(visitor: BrowserContext, shop: Shop) -> None:
    page = visit(visitor, shop, options="AutoXHR: {alwaysSendXhr: true}")
    load = loaded(shop, page, "/home")
    page.evaluate("""() => {
      const asked = new XMLHttpRequest();
      asked.open("GET", "/picture.svg?id=7");
      asked.send();
    }""")
    (event,) = arrived(shop, page, "event")
    assert event["event"]["name"] == "xhr"
    assert event["event"]["value"] > 0
    assert event["page"]["url"] == shop.address("/home")
    assert event["impression"] == load["impression"]
    assert event["seq"] > load["seq"]
