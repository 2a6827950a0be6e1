"""The shop in a real Chromium: group B is faster on repeat pages, and only there."""

from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

PATHS = (
    "/product/harbour-lantern",
    "/product/signal-lamp",
    "/",
    "/product/keepers-torch",
    "/listing",
)

CONTROLLED = "navigator.serviceWorker.controller !== null"
WARM = """async () => {
  for (let wait = 0; wait < 100; wait += 1) {
    const keys = (await (await caches.open("shop-1")).keys()).map((one) => new URL(one.url).pathname);
    if (["/", "/listing", "/product/fresnel-shade"].every((path) => keys.includes(path))) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}"""
RETIRED = """async () => {
  for (let wait = 0; wait < 100; wait += 1) {
    if ((await navigator.serviceWorker.getRegistrations()).length === 0) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}"""
TIMES = """() => new Promise((done) => {
  const { responseStart, workerStart } = performance.getEntriesByType("navigation")[0];
  new PerformanceObserver((list) => {
    const last = list.getEntries().at(-1);
    done({ ttfb: responseStart, lcp: last.startTime, element: last.element?.tagName, workerStart });
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""


def open_page(page: Page, address: str) -> dict[str, Any]:
    page.goto(address, wait_until="load")
    page.wait_for_timeout(150)  # the frame that shows the large picture follows the load event
    return dict(page.evaluate(TIMES))


def enter(page: Page, shop: str, group: str) -> dict[str, Any]:
    """The first page of a visit, and for group B the moment when its accelerator has warmed up."""
    first = open_page(page, f"{shop}/?group={group}")
    if group == "B":
        page.wait_for_function(CONTROLLED)
        page.goto(f"{shop}/listing")
        assert page.evaluate(WARM)
    return first


def test_repeat_pages_of_group_b_are_faster_than_those_of_group_a(
    site: Any, chromium: Browser
) -> None:
    times: dict[str, list[dict[str, Any]]] = {}
    for group in ("A", "B"):
        page = chromium.new_context().new_page()
        enter(page, site.shop, group)
        times[group] = [open_page(page, site.shop + path) for path in PATHS]
        page.context.close()
    for timer in ("ttfb", "lcp"):
        slow, fast = (median(one[timer] for one in times[group]) for group in ("A", "B"))
        assert fast < slow / 2, (timer, times)
    assert all(one["workerStart"] > 0 for one in times["B"])
    assert all(one["workerStart"] == 0 for one in times["A"])


def test_the_large_picture_is_the_largest_contentful_paint(site: Any, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    assert open_page(page, f"{site.shop}/")["element"] == "IMG"
    page.context.close()


def test_the_first_page_of_a_visit_is_not_accelerated(site: Any, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    first = enter(page, site.shop, "B")
    assert first["workerStart"] == 0
    page.context.close()
    told = [one["delivery"] for one in site.listener.beacons if "delivery" in one]
    assert told[0] == {
        "enabled": True, "served": False, "cacheHit": False, "firstLoad": True, "swSupported": True,
    }  # fmt: skip


def test_a_page_from_the_cache_says_so_and_one_of_group_a_does_not(
    site: Any, chromium: Browser
) -> None:
    told = {}
    for group in ("A", "B"):
        page = chromium.new_context().new_page()
        enter(page, site.shop, group)
        site.listener.beacons.clear()
        open_page(page, f"{site.shop}/product/signal-lamp")
        page.context.close()
        told[group] = [
            one["delivery"] for one in site.listener.beacons if "signal" in one["page"]["url"]
        ]
    same = {"firstLoad": False, "swSupported": True}
    assert told["A"][0] == {"enabled": False, "served": False, "cacheHit": False, **same}
    assert told["B"][0] == {"enabled": True, "served": True, "cacheHit": True, **same}


def test_a_switch_to_group_a_removes_the_accelerator_and_begins_a_new_visit(
    site: Any, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    enter(page, site.shop, "B")
    page.goto(f"{site.shop}/listing?group=A", wait_until="load")
    assert page.evaluate(RETIRED)
    after = open_page(page, f"{site.shop}/listing")
    page.context.close()
    assert after["workerStart"] == 0
    groups = {one["session"]: one["test"]["group"] for one in site.listener.beacons}
    assert sorted(groups.values()) == ["A", "B"]


def test_a_visitor_gets_a_group_from_the_tracker_and_keeps_it(site: Any, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    open_page(page, f"{site.shop}/")
    shown = page.locator('[data-show="group"]').inner_text()
    open_page(page, f"{site.shop}/listing")
    page.context.close()
    assert shown in {"A", "B"}
    assert {one["test"]["group"] for one in site.listener.beacons} == {shown}


def test_an_order_is_told_once_per_view_of_its_confirmation_page(
    site: Any, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    open_page(page, f"{site.shop}/product/signal-lamp?group=A")
    page.get_by_role("button", name="Put into the cart").click()
    page.get_by_role("button", name="Order now").click()
    page.wait_for_url("**/confirmation?*")
    page.reload(wait_until="load")
    page.context.close()
    orders = [one["order"] for one in site.listener.beacons if one["type"] == "order"]
    assert len(orders) == 2
    assert orders[0] == orders[1]
    assert orders[0]["value"] == 89.0
    assert orders[0]["currency"] == "EUR"
    labels = {one["page"]["label"] for one in site.listener.beacons}
    assert labels == {"product", "cart", "confirmation"}
    events = [one["event"]["name"] for one in site.listener.beacons if one["type"] == "event"]
    # The tracker's own event of a page's first interaction is no event of the shop.
    assert [name for name in events if name != "interaction"] == ["add-to-cart", "checkout"]


def test_the_hero_timer_is_measured_and_sent(site: Any, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    open_page(page, f"{site.shop}/?group=A")
    page.goto(f"{site.shop}/cart", wait_until="load")
    page.context.close()
    heroes = [
        one["timers"]["hero"] for one in site.listener.beacons if "hero" in one.get("timers", {})
    ]
    assert heroes
    assert min(heroes) > 250  # the server's time for the page alone
