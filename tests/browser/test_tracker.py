"""The tracker in a real browser: what arrives is what the page measured, and nothing is lost."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from . import alone
from .shop import Beacon, Shop
from .visits import READY, arrived, assert_each_once, soon, visit

ID = re.compile(r"[A-Za-z0-9_-]{22}")


def measured(page: Page) -> dict[str, float]:
    """The page's own timers, also those that the navigation entry holds."""
    found: dict[str, float] = page.evaluate(
        """() => {
          const [entry] = performance.getEntriesByType("navigation");
          return {...measured, ttfb: entry.responseStart,
                  dcl: entry.domContentLoadedEventStart, load: entry.loadEventStart};
        }"""
    )
    return found


def assert_same_times(vitals: Beacon, own: dict[str, float]) -> None:
    for timer in ("ttfb", "fcp", "lcp", "dcl", "load"):
        assert vitals["timers"][timer] == pytest.approx(own[timer], abs=0.001), timer
    assert vitals["timers"]["cls"] == pytest.approx(own["cls"], abs=1e-6)


def test_a_page_that_is_navigated_away_from_sends_what_it_measured(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    own = measured(page)
    network = visitor.new_cdp_session(page)
    kinds: list[str] = []
    network.on("Network.requestWillBeSent", lambda event: kinds.append(event["type"]))
    network.send("Network.enable")
    page.click("text=next")
    vitals = arrived(shop, page, "vitals")
    arrived(shop, page, "load", 2)

    first = vitals[0]["impression"]
    told = [b for b in shop.beacons() if b["impression"] == first]
    stages = [b["type"] for b in told if b["type"] != "event"]
    assert stages[:3] == ["navigation", "load", "vitals"]
    assert_same_times(vitals[0], own)
    assert own["lcp"] > own["fcp"] > 0
    assert_each_once(shop.beacons())
    assert "Fetch" in kinds, "the requests were not seen"
    assert "Preflight" not in kinds


def test_no_beacon_is_lost_when_tabs_are_closed(visitor: BrowserContext, shop: Shop) -> None:
    helper = visitor.new_page()
    own = {}
    for number in range(5):
        page = visit(visitor, shop, f"/tab/{number}")
        own[page.url] = measured(page)
        page.close()
    vitals = arrived(shop, helper, "vitals", 5)

    assert sorted(b["page"]["url"] for b in vitals) == sorted(own)
    for beacon in vitals:
        assert_same_times(beacon, own[beacon["page"]["url"]])
        assert beacon["transport"] == "fetchLater"
    assert len(shop.beacons("navigation")) == len(shop.beacons("load")) == 5
    assert_each_once(shop.beacons())


def test_a_tab_closed_before_its_load_event_has_told_its_navigation(
    visitor: BrowserContext, shop: Shop
) -> None:
    helper = visitor.new_page()
    page = visitor.new_page()
    page.goto(shop.address("/home"), wait_until="domcontentloaded")
    page.close()
    [navigation] = arrived(shop, helper, "navigation")
    assert navigation["seq"] == 0
    assert navigation["timers"]["ttfb"] > 0


def test_tabs_of_one_visitor_share_a_session_and_nothing_else(
    chromium: Browser, visitor: BrowserContext, shop: Shop
) -> None:
    visit(visitor, shop, "/page/a")
    visit(visitor, shop, "/page/b")
    other = chromium.new_context()
    visit(other, shop, "/page/c")
    other.close()

    a, b, c = shop.beacons("navigation")
    assert a["session"] == b["session"] != c["session"]
    assert len({a["impression"], b["impression"], c["impression"]}) == 3
    assert all(ID.fullmatch(x[name]) for x in (a, b, c) for name in ("session", "impression"))
    assert a["visitor"] == c["visitor"] == {"newToday": True, "newThisMonth": True}
    assert b["visitor"] == {"newToday": False, "newThisMonth": False}


def test_the_addresses_that_are_sent_hold_no_query_and_no_fragment(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.attributes = 'data-parameters="utm_source" data-label="home"'
    visit(visitor, shop, "/home?utm_source=mail&token=secret#part").click("text=next")
    home, following = arrived(shop, visitor.pages[0], "navigation", 2)
    assert home["page"] == {
        "url": shop.address("/home?utm_source=mail"),
        "label": "home",
        "navigation": "navigate",
    }
    assert following["page"]["referrer"] == shop.address("/home")


def test_a_slow_click_is_sent_as_inp_although_it_leads_away(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    page.evaluate(
        """() => document.querySelector("h1").addEventListener("click", () => {
          const end = performance.now() + 150;
          while (performance.now() < end);
          location.href = "/next";
        })"""
    )
    page.click("h1")
    page.wait_for_url("**/next")
    first = shop.beacons("navigation")[0]["impression"]

    def inp() -> float:
        told = [b for b in shop.beacons("vitals") if b["impression"] == first]
        return max((b["timers"].get("inp", 0.0) for b in told), default=0.0)

    shop.wait(lambda: inp() > 0, lambda: page.wait_for_timeout(20))
    assert 150 <= inp() < 2000


def test_an_order_pushed_just_before_leaving_arrives(visitor: BrowserContext, shop: Shop) -> None:
    page = visit(visitor, shop)
    page.evaluate(
        """() => {
          bellrock.push(["order", {id: 4711, value: 49.9, currency: "EUR", items: 2}]);
          location.href = "/next";
        }"""
    )
    page.wait_for_url("**/next")
    [order] = arrived(shop, page, "order")
    assert order["order"] == {"id": "4711", "value": 49.9, "currency": "EUR", "items": 2}


def test_what_the_page_pushes_before_the_tracker_has_loaded_is_in_its_first_beacon(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.head = """<script>
      window.bellrock = window.bellrock || [];
      bellrock.push(["test", {name: "speed", group: "B"}], ["page", {label: "listing"}]);
      bellrock.push(["delivery", {enabled: true, served: false}]);
      bellrock.push(["timer", {name: "hero", value: 123.4567}]);
      bellrock.push(["ready", (told) => { window.told = told; }]);
      bellrock.push(["nonsense"], null);
    </script>"""
    page = visit(visitor, shop)
    [navigation] = shop.beacons("navigation")
    [load] = shop.beacons("load")
    assert navigation["test"]["name"] == "speed"
    assert navigation["test"]["group"] == "B"
    assert 0 <= navigation["test"]["rb"] < 64
    assert navigation["page"]["label"] == "listing"
    assert navigation["delivery"] == {"enabled": True, "served": False}
    assert load["timers"]["hero"] == 123.457
    assert page.evaluate("told") == {
        "test": "speed",
        "group": "B",
        "session": navigation["session"],
        "impression": navigation["impression"],
    }


def test_the_trackers_own_split_is_sticky_and_readable_by_the_page(
    visitor: BrowserContext, shop: Shop
) -> None:
    shop.attributes = 'data-test="speed" data-groups="A:0.5,B:0.5"'
    page = visit(visitor, shop)
    for _ in range(4):
        page.reload()
    arrived(shop, page, "navigation", 5)
    tests = [b["test"] for b in shop.beacons("navigation")]
    stored: Any = page.evaluate('JSON.parse(localStorage["bellrock.split.speed"])')
    assert tests == [{"name": "speed", **stored}] * 5
    assert shop.beacons("navigation")[1]["page"]["navigation"] == "reload"


def test_an_error_that_repeats_is_one_event(visitor: BrowserContext, shop: Shop) -> None:
    shop.head = """<script>
      setTimeout(() => {
        for (let i = 0; i < 20; i++) setTimeout(() => { throw new TypeError("broken basket"); });
        Promise.reject(new Error("late stock"));
      }, 300);
    </script>"""
    page = visit(visitor, shop)
    arrived(shop, page, "event", 2)
    page.wait_for_timeout(200)
    events = [b["event"] for b in shop.beacons("event")]
    assert [e["name"] for e in events] == ["error", "error"]
    assert sorted(e["props"]["message"] for e in events) == [
        "Error: late stock",
        "Uncaught TypeError: broken basket",
    ]


def test_before_consent_nothing_is_sent_or_stored(visitor: BrowserContext, shop: Shop) -> None:
    shop.attributes = 'data-consent="required" data-test="speed" data-groups="A:1,B:1"'
    page = visitor.new_page()
    page.goto(shop.address("/home"))
    page.wait_for_function(READY)
    page.wait_for_timeout(200)
    assert shop.beacons() == []
    assert page.evaluate("localStorage.length") == 0

    page.evaluate('bellrock.push(["consent", true])')
    arrived(shop, page, "load")
    assert [(b["seq"], b["type"]) for b in shop.beacons()] == [(0, "navigation"), (1, "load")]
    assert page.evaluate("localStorage.length") == 3


def test_what_a_collector_that_was_down_could_not_take_arrives_when_it_is_up(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    shop.stop_collector()
    for number in range(3):
        with page.expect_event("requestfailed"):
            page.evaluate(f'bellrock.push(["event", {{name: "down", value: {number}}}])')
    shop.start_collector()
    page.evaluate('bellrock.push(["event", {name: "up"}])')
    events = arrived(shop, page, "event", 4)
    assert [b["event"].get("value") for b in events] == [0, 1, 2, None]
    page.close()
    arrived(shop, visitor.new_page(), "vitals")
    assert_each_once(shop.beacons())


def test_a_page_restored_from_the_back_forward_cache_is_an_impression_of_its_own(
    visitor: BrowserContext, shop: Shop
) -> None:
    page = visit(visitor, shop)
    page.evaluate("window.alive = true")
    page.click("text=next")
    arrived(shop, page, "load", 2)
    page.go_back(wait_until="commit")
    page.wait_for_function("window.alive")
    arrived(shop, page, "load", 3)
    page.close()
    vitals = arrived(shop, visitor.new_page(), "vitals", 3)

    home, following, restored = shop.beacons("navigation")
    assert restored["page"]["navigation"] == "back-forward-cache"
    assert restored["page"]["url"] == home["page"]["url"]
    assert home["session"] == following["session"] == restored["session"]
    assert restored["impression"] != home["impression"]
    last = next(b for b in vitals if b["impression"] == restored["impression"])
    assert last["timers"]["ttfb"] == 0
    assert 0 < last["timers"]["lcp"] < 1000
    assert "load" not in last["timers"]
    assert_each_once(shop.beacons())


def test_a_prerendered_page_sends_nothing_before_it_is_seen(
    chromium_command: list[str], tmp_path: Path, shop: Shop
) -> None:
    # Chromium prerenders nothing while a driver is attached: here the page itself is the visitor.
    shop.head = """<script>
      if (location.pathname === "/home") {
        const rules = document.createElement("script");
        rules.type = "speculationrules";
        const next = {urls: ["/next"], eagerness: "immediate"};
        rules.textContent = JSON.stringify({prerender: [next]});
        document.head.append(rules);
        setTimeout(() => { location.href = "/next"; }, 2500);
      }
    </script>"""
    with alone.chromium(chromium_command, tmp_path / "profile").browse(shop.address("/home")):
        soon(shop, "load", 2)

    home, following = shop.beacons("navigation")
    assert home["page"]["navigation"] == "navigate"
    assert following["page"]["url"] == shop.address("/next")
    assert following["page"]["navigation"] == "prerender"
    # It was fetched and loaded long before it was seen, and nothing of that was sent.
    assert following["timers"]["ttfb"] == 0
    assert shop.beacons("load")[1]["timers"]["load"] == 0
    assert following["at"] - home["at"] > 2
    assert_each_once(shop.beacons())
